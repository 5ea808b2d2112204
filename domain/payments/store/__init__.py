"""What touches the world for payments: the file of connections, channels over HTTP."""
