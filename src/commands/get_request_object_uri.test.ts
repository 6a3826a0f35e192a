// get_request_object_uri: being written
