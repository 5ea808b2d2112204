"""The import of a real shop's past: Online Retail (``features.md``, section 8)."""
