"""How a source reads the sample page: the selectors for each theme."""

from __future__ import annotations

from collections.abc import Mapping

from feedbot.demo.site.model import Theme
from feedbot.model import ListingRule

LISTINGS: Mapping[Theme, ListingRule] = {
    Theme.PARAGRAPHS: ListingRule(
        item="#latest div.event",
        title="p.line a",
        link="p.line a@href",
        date="p.line span.date",
        summary="p.announce",
        date_format="%d.%m.%Y",
    ),
    # Dates are written out here, in the language of the host, so they have to be understood.
    Theme.TABLE: ListingRule(
        item="table.newslist tr",
        title="td.what h3",
        link="td.what h3 a@href",
        date="td.when",
        summary="td.what div.lead",
    ),
}

#: The rule for the page as the seed shows it.
LISTING = LISTINGS[Theme.PARAGRAPHS]
