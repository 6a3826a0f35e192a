// id_token_status: being written
