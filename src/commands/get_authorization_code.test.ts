// get_authorization_code: being written by G
