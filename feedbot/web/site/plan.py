"""What the public pages show, as configured."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from feedbot.model import Counter, Source

_STATIC = Path(__file__).parent.parent / "static"
#: Media types of the files that are served.
TYPES: Mapping[str, str] = {
    "css": "text/css; charset=utf-8",
    "gif": "image/gif",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "js": "text/javascript; charset=utf-8",
    "png": "image/png",
    "svg": "image/svg+xml",
    "webp": "image/webp",
}


@dataclass(frozen=True, slots=True)
class SiteClock:
    """A clock at the top of the front page."""

    name: str
    timezone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Contact:
    """A way to reach those whose page it is."""

    label: str | None = None
    phone: str | None = None
    email: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that pages need; its name has a hash of its bytes, so it can be kept for ever."""

    name: str
    body: bytes = field(repr=False)

    @classmethod
    def of(cls, name: str, body: bytes) -> Asset:
        """The file under a name of its own."""
        stem, _, ending = name.rpartition(".")
        return cls(f"{stem}-{hashlib.sha256(body).hexdigest()[:12]}.{ending}", body)

    @property
    def type(self) -> str:
        """Its media type."""
        return TYPES[self.name.rpartition(".")[2]]


@dataclass(frozen=True)
class SitePlan:
    """Everything the pages have to know of the configuration.

    sources:  those that are shown, by name
    whole:    whether these are all there are, so that the feed of all sources is theirs
    lead:     the source whose newest entry is the leading article
    channels: public channels ("@name") that are told of everything
    own_css:  CSS that is added to ours
    """

    sources: Mapping[str, Source]
    base_url: str
    title: str = "feedbot"
    description: str = ""
    public: bool = True
    whole: bool = True
    language: str = "en"
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    counters: tuple[Counter, ...] = ()
    lead: str | None = None
    clocks: tuple[SiteClock, ...] = ()
    contacts: tuple[Contact, ...] = ()
    channels: tuple[str, ...] = ()
    hub: str | None = None
    logo: Asset | None = None
    own_css: str = ""

    @cached_property
    def style(self) -> Asset:
        """The stylesheet of every page."""
        body = (_STATIC / "site.css").read_text("utf-8")
        return Asset.of("style.css", f"{body}\n{self.own_css}".encode())

    @cached_property
    def script(self) -> Asset:
        """What lets the clocks tick; without it they show when the page was made."""
        return Asset.of("clocks.js", (_STATIC / "clocks.js").read_bytes())

    @cached_property
    def assets(self) -> Mapping[str, Asset]:
        """Every file that is served, by name."""
        files = [self.style, self.script, *([self.logo] if self.logo else [])]
        return {file.name: file for file in files}
