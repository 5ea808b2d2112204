"""The outside parties of identity, over HTTP."""
