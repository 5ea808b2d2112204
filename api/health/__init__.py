"""Whether this process lives, has started, and can serve (``reliability.md``, 7.1)."""
