"""Clients of the social networks; each gives what `base` describes, none knows another."""
