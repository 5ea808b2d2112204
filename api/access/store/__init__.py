"""What access keeps and reads: keys in files and over HTTP, clients and uses in the database."""
