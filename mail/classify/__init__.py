"""What an incoming email is. Pure: bytes in, values out; hostile input costs linear time."""
