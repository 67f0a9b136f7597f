"""The order: its clauses as data, one predicate for each, and their evaluation against collected facts."""
