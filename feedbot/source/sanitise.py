"""HTML of others made safe to publish: which tags and attributes stay, links absolute."""

from __future__ import annotations

import re

import nh3

from feedbot.source.bounds import MAX_TEXT, first_elements
from feedbot.source.page import absolute

#: What XML 1.0 has no way to write.
XML_FORBIDS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ATTRIBUTES = {tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()}
_SCHEMES = {"http", "https", "mailto"}


def sanitised(html: str, base: str) -> str:
    """`html` with nothing in it that runs, embeds or hides; links are absolute, relative to `base`.

    The tags and attributes are those of nh3's defaults; of the longest texts the first elements.
    """
    return nh3.clean(
        XML_FORBIDS.sub("", first_elements(html[:MAX_TEXT])),
        attributes=_ATTRIBUTES,
        attribute_filter=lambda tag, name, value: _checked(name, value, base),
        url_schemes=_SCHEMES,
        link_rel=None,
    ).strip()


def _checked(name: str, value: str, base: str) -> str | None:
    """An attribute's value, links absolute; None drops it."""
    if name not in ("href", "src", "cite"):
        return value
    return value if value.lower().startswith("mailto:") else absolute(value, base)
