// setup_client
