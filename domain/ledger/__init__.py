"""Double-entry postings and reconciliation breaks."""
