"""Evidence packages: one file that a court can check without us (``evidence.md``)."""
