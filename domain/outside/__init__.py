"""Outside parties: how this house talks to them over HTTP, and stands their failures."""
