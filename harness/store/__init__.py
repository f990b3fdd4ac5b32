"""The content-addressed store: publish, locks, verification, clean-up, why a node would run."""
