"""Views in the database: their rooms, what is written to them and read from them."""
