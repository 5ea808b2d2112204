"""Payments: money that a channel says it has taken."""
