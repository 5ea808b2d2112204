"""What is missing before a deployment can be used. ``tests/api/test_bootstrap.py``."""

from chain.errors import ChainError


class NotReadyError(ChainError):
    """The deployment is not there, or lacks something; the text says how to get it."""
