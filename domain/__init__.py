"""The business: what may happen in a card-key trade, and what is recorded when it does."""
