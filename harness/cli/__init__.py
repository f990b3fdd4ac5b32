"""The command line: a file per command, options declared once, joined in `commands`."""

from __future__ import annotations

from harness.cli.commands import app, main

__all__ = ["app", "main"]
