"""What of a package is printed: the certificate (``evidence.md``, 4) and the record (10.1)."""
