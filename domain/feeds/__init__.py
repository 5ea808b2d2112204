"""Feeds: which events a regulator, an auditor, a merchant or a client is sent."""
