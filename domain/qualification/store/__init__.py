"""What of qualification touches the world: documents, the issuer's key, lists, the operator."""
