"""Speed as ratios: each candidate runs beside its peer in one process, in turn."""
