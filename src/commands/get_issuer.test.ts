// get_issuer: being written by G
