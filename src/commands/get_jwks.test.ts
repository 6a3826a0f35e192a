// get_jwks: being written by G
