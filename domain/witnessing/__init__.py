"""What outsiders hold a log to: the index of its streams, and what no honest log contains."""
