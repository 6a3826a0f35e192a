// access_token_status: being written by G
