"""Orders: from the basket to the end of the escrow."""
