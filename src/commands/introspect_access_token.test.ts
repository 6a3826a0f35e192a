// introspect_access_token: being written
