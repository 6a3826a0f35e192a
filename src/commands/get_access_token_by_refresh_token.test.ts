// get_access_token_by_refresh_token: being written by G
