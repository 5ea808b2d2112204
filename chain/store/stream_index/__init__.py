"""The stream index at work: lists of ranges in files, their merges, and proofs from them."""
