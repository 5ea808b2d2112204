"""Who asks, and what that one may do: tokens, the authorization matrix, reads that are told."""
