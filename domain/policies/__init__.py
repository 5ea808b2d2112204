"""Policies: what follows from an event by itself, event in, commands out."""
