// get_rp_jwks: being written
