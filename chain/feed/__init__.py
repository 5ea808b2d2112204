"""The feed: pages of the log by topic that prove that they left nothing out."""
