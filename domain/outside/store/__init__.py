"""What touches the network: the signed client and the sandbox that it is tried against."""
