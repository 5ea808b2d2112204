"""Read models: views thrown away and rebuilt from the log at will, and replay."""
