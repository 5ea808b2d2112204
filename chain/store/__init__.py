"""Where the log meets the world: the database, files, keys, clocks and randomness."""
