"""The checks of ``xiyou doctor`` (``reliability.md``, 7.4), by their numbers there."""
