"""Reading packages and what a reader brings from disk (``evidence.md``, 2.4)."""
