"""Stored runs → tidy frames with declared columns. Needs pandas, never torch."""
