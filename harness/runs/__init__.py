"""Adapters: the spec of a node → calls of the engine → files in the folder that was handed in."""
