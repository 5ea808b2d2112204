"""API clients, what they read of whom, and what takes two persons to open."""
