"""A declarative harness that reproduces published tables and figures and says how far they hold."""

__version__ = "0.1.0"
