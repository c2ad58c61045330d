"""What the configuration names to be watched and counted: sources and counters."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Discriminator, Field, Tag

from feedbot import model
from feedbot.config.addresses import HttpProxyUrl, HttpUrl
from feedbot.config.amounts import Backfill, Burst, Day, Duration, TimeOfDay, Zone, parse_duration
from feedbot.config.sections import Count, Language, Section
from feedbot.config.texts import FilePath, HeaderName, Name, Secret, Text


class Auth(Section):
    """A name and password for a page behind HTTP basic authentication."""

    username: Text = Field(description="The user's name.")
    password: Secret | None = Field(default=None, description="The password.")
    password_file: FilePath | None = Field(
        default=None, description="A file that holds the password, in its place."
    )

    def value(self) -> tuple[str, str]:
        """Name and password; loading has seen to it that there is one."""
        return self.username, self.password.get_secret_value() if self.password else ""


class Listing(Section):
    """Where the rows are: CSS, or `xpath:…`; `a@href` takes an attribute. In JSON: JMESPath."""

    item: str = Field(description="One row of the list.")
    rows: Literal["elements", "following", "dated", "linked", "dated-lines", "linked-lines"] = (
        Field(
            default="elements",
            description="What a row is: an item; an item with what follows it up to the next one"
            " (following), the next with a date (dated), with a link (linked); the lines in an"
            " item, from one with a date (dated-lines), with a link (linked-lines), to the next"
            " such.",
        )
    )
    day: str | None = Field(
        default=None, description="Headings with the date of the rows below them, on the page."
    )
    title: str | None = Field(
        default=None, description="The title, in the row; left out: the row's text."
    )
    link: str | None = Field(
        default=None, description="The link, in the row, e.g. a@href; in JSON url, or /news/{id}."
    )
    date: str | None = Field(default=None, description="The date, in the row.")
    summary: str | None = Field(
        default=None, description="The summary, in the row; left out: its text less date and title."
    )
    image: str | None = Field(default=None, description="An image, in the row, e.g. img@src.")
    author: str | None = Field(default=None, description="Who wrote it, in the row.")
    date_format: str | None = Field(
        default=None, description="The date's form (strptime); left out: dates are understood."
    )

    def value(self) -> model.ListingRule:
        """The rule as the reader of pages knows it."""
        return model.ListingRule(**self.model_dump())


class Source(Section):
    """A page or feed to watch."""

    name: Name = Field(description="Its permanent name: the feed is NAME.atom.")
    was: Name | None = Field(
        default=None,
        description="Its former name: its entries stay, and that feed's address leads to this one.",
    )
    title: Text | None = Field(default=None, description="What readers see; left out: the name.")
    url: HttpUrl = Field(description="The page or feed.")
    kind: Literal["auto", "html", "feed", "json", "sitemap"] = Field(
        default="auto", description="How to read it; auto: as what it turns out to be."
    )
    every: Duration = Field(default=parse_duration("5m"), description="How often to look.")
    every_max: Duration = Field(
        default=parse_duration("6h"),
        description="The longest pause, whatever the server or the feed ask for.",
    )
    adaptive: bool = Field(
        default=False,
        description="Whether the pause follows how often something changes, from `every` to"
        " `every_max`.",
    )
    robots: Literal["obey", "ignore"] = Field(
        default="obey",
        description="Whether the site's robots.txt is obeyed; ignore: on a site of your own.",
    )
    proxy: HttpProxyUrl | None = Field(
        default=None, description="An HTTP proxy to fetch it through; render goes through none."
    )
    timezone: Zone | None = Field(
        default=None, description="The page's time zone (IANA); left out: the one at the top."
    )
    language: Language | None = Field(
        default=None, description="The page's language; left out: the one at the top."
    )
    paused: bool = Field(default=False, description="Whether it rests: nothing is fetched.")
    author: Text | None = Field(default=None, description="The feed's author; left out: the title.")
    headers: dict[HeaderName, Secret] = Field(default={}, description="HTTP headers to send.")
    cookies: dict[HeaderName, Secret] = Field(default={}, description="Cookies to send.")
    auth: Auth | None = Field(default=None, description="Name and password (HTTP basic).")
    confirm_gone: Count = Field(
        default=3, description="Sound polls in a row an entry is absent before it counts as gone."
    )
    confirm_changed: Count = Field(
        default=2, description="Sound polls in a row that show a change before it counts."
    )
    render: bool = Field(
        default=False,
        description="Whether a Chromium makes the page, as a script fills it (feedbot[browser]).",
    )
    article: Literal["wait", "later", "off"] = Field(
        default="wait",
        description="Whether the entries' own pages are read for their text, and whether a message"
        " waits for it, two minutes at most.",
    )
    backfill: Backfill = Field(
        default=0,
        description="How many entries are fetched from older pages on the first run, or since"
        " which day; 0: the first page is all. None of them is announced.",
    )
    max_rows: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=model.MAX_ROWS, description="How many rows of its list are read, the first ones."
    )
    show_changes: bool = Field(
        default=False, description="Whether a changed entry says in the feed what has changed."
    )
    burst: Burst = Field(
        default="auto",
        description="How many new rows at once are announced; of more the operator is asked, but"
        ' for the newest. "auto": by what the source is used to; "off": any number.',
    )
    heal: bool = Field(
        default=True,
        description="Whether the list is looked for when the selectors of `listing` find nothing"
        " any more; what is known of it proves it.",
    )
    listing: Listing | None = Field(default=None, description="Where the rows of an HTML page are.")

    def value(self, timezone: str, language: str) -> model.Source:
        """The source as the rest of feedbot knows it; zone and language are the top's."""
        return model.Source(
            name=self.name,
            was=self.was,
            url=self.url,
            title=self.title or self.name,
            kind=model.SourceKind(self.kind),
            every=self.every,
            every_max=self.every_max,
            adaptive=self.adaptive,
            robots=self.robots,
            proxy=self.proxy.get_secret_value() if self.proxy else None,
            timezone=ZoneInfo(self.timezone or timezone),
            language=self.language or language,
            paused=self.paused,
            author=self.author,
            headers={name: value.get_secret_value() for name, value in self.headers.items()},
            cookies={name: value.get_secret_value() for name, value in self.cookies.items()},
            auth=self.auth.value() if self.auth else None,
            confirm_gone=self.confirm_gone,
            confirm_changed=self.confirm_changed,
            render=self.render,
            show_changes=self.show_changes,
            listing=self.listing.value() if self.listing else None,
            article=self.article,
            backfill=self.backfill,
            burst=self.burst,
            heal=self.heal,
            max_rows=self.max_rows,
        )


class Wordings(Section):
    """A counter's wording by CLDR plural category of the number of days."""

    one: Text | None = Field(default=None, description="1 day; in Russian also 21, 31, …")
    few: Text | None = Field(default=None, description="Russian: 2, 3, 4, 22, …")
    many: Text | None = Field(default=None, description="Russian: 0, 5 to 20, 25, …")
    other: Text | None = Field(default=None, description="Everything else.")


def _shape(value: Any) -> str:
    return "<table>" if isinstance(value, dict | Wordings) else "<text>"


class Counter(Section):
    """A count of days since, or until, a day."""

    name: Name = Field(description="Its permanent name.")
    since: Day | None = Field(default=None, description="The day it counts from; this or `until`.")
    until: Day | None = Field(default=None, description="The day it counts down to, ending at 0.")
    text: Annotated[
        Annotated[Text, Tag("<text>")] | Annotated[Wordings, Tag("<table>")], Discriminator(_shape)
    ] = Field(description="The wording with {days}, or a table of plural forms.")
    at: TimeOfDay = Field(
        default=time(9),
        description="The time of day from which the day's count is posted.",
    )
    timezone: Zone | None = Field(
        default=None,
        description="Its time zone (IANA); left out: its source's, else the one at the top.",
    )
    source: str | None = Field(default=None, description="The source it belongs to.")
    feed: Literal["day", "milestone", "none"] = Field(
        default="day",
        description="Its feed, counters/NAME.atom: an entry a day, or for day 0, every hundredth"
        " day and every anniversary; or none.",
    )

    def value(self, source: model.Source | None, timezone: str, language: str) -> model.Counter:
        """The counter as the rest of feedbot knows it; `source` is the one it belongs to."""
        text = self.text
        own = self.timezone and ZoneInfo(self.timezone)
        return model.Counter(
            name=self.name,
            text=text if isinstance(text, str) else text.model_dump(exclude_none=True),
            since=self.since,
            until=self.until,
            at=self.at,
            timezone=own or (source.timezone if source else ZoneInfo(timezone)),
            language=source.language if source else language,
            source=self.source,
            feed=self.feed,
        )
