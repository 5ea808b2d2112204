"""Identity: who is behind an account, asked of outside parties, and what follows from it."""
