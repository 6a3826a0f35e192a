// get_discovery: being written by G
