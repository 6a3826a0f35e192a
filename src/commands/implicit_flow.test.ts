// implicit_flow: being written
