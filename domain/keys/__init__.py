"""The keys that are traded, their codes, vouchers and units."""
