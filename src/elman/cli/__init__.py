"""The `elman` command: one file a sub-command; each parses, calls and prints, and computes nothing."""

from elman.cli.app import main

__all__ = ["main"]
