// get_request_object: being written
