"""Nodes of a plan → nodes in the store, side by side, with the others going on when one fails."""
