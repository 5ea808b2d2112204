"""Who asks, and what it may see."""
