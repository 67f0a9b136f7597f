"""Widgets over judgements: filter, see, ask what if, take the rows into the next cell."""

from kirovlib.explorers.explorer import Explorer, explore

__all__ = ["Explorer", "explore"]
