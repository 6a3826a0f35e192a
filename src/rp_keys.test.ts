// rp_keys: being written by G
