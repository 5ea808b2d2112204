"""What webhooks keep and whom they call."""
