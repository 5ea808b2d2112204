"""Read models: views thrown away and rebuilt from the log at will. The first come with the HTTP API."""
