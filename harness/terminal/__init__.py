"""What a user sees: standard streams, lines and tables, and the board of running nodes."""
