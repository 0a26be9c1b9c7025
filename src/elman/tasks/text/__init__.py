"""A language model over characters, bytes or words."""
