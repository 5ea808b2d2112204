"""The schema, by Alembic. Migrations import nothing of ours and never rewrite an entry."""
