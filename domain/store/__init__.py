"""What this floor reads from its own package's files."""
