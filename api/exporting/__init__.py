"""Evidence packages out of a deployment: made, certified, kept and rebuilt."""
