"""The bundled sample press site: one page as a reader saw it, made to live on.

    seed text ─ seed.py ─┐
    notices.toml ────────┴─ PressSite (state) ─ render (pages, feeds) ─ answer (HTTP) ─ SampleSite

All but `server` and `faults` are pure: the page's clock is set, never read.
"""

from feedbot.demo.site.faults import Drip, Fault, Faults
from feedbot.demo.site.listing import LISTING, LISTINGS
from feedbot.demo.site.model import Event, Language, Links, Theme
from feedbot.demo.site.notices import correction, demo_events
from feedbot.demo.site.press import PressSite
from feedbot.demo.site.render import Page, render_page
from feedbot.demo.site.seed import SEED
from feedbot.demo.site.server import SampleSite

__all__ = [
    "LISTING",
    "LISTINGS",
    "SEED",
    "Drip",
    "Event",
    "Fault",
    "Faults",
    "Language",
    "Links",
    "Page",
    "PressSite",
    "SampleSite",
    "Theme",
    "correction",
    "demo_events",
    "render_page",
]
