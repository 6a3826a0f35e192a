// get_client_token: being written by G
