"""Webhooks out: telling an endpoint that something of its own has happened."""
