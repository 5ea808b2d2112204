"""A seeded market: a stream of actions that looks like a trade, for demonstrations and tests."""
