"""Evidence packages of the trade: what goes in, what is opened, and the record of issuing."""
