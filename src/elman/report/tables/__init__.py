"""Tables and lists: markup from plain results."""
