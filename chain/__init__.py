"""The log: bytes, hashes, proofs, evidence. Knows nothing of cards or orders."""
