"""Products and the batches of goods that merchants bring."""
