// get_rp: being written
