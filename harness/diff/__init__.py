"""Two folders of results held against each other: specs, environment, numbers, verdicts."""
