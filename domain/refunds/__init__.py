"""Refunds: asked for, decided, carried out."""
