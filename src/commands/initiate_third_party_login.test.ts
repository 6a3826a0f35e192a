// initiate_third_party_login: being written
