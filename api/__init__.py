"""The door: settings, where the parts are joined, and HTTP."""
