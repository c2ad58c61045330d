"""From the store to the feeds: assembled, rendered, written at once, kept in memory for serving.

    store → assemble → render/ → Shelf → files, memory
                                   └→ validators (store)

A feed is a function of the store and the configuration alone, so a crash between a commit and the
file costs nothing: the next start builds every feed again and writes those whose bytes differ.
"""

from feedbot.publish.plan import Plan, everything
from feedbot.publish.publisher import Publisher
from feedbot.publish.shelf import Published

__all__ = ["Plan", "Published", "Publisher", "everything"]
