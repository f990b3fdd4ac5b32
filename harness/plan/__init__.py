"""Exhibits → a deduplicated graph of nodes with keys, costs and an order. Never imports torch."""
