"""What access keeps: keys in files, clients and revocations in the database, keys over HTTP."""
