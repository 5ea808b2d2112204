"""Views as resources: which columns they show under which names, and whose rows are in reach."""
