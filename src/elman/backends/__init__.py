"""Ways to run a recurrence over a sequence; no backend knows another."""
