// authorization_code_flow: being written by G
