"""Many to one: a class for each sequence."""
