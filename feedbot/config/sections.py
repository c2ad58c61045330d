"""The sections of the configuration that say how feedbot runs, key by key."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, Strict

from feedbot import model
from feedbot.config.addresses import (
    Address,
    ApiUrl,
    ChatId,
    Contact,
    HttpUrl,
    Listen,
    Network,
    ProxyUrl,
    Reachable,
    RootUrl,
    StorageUrl,
    parse_listen,
)
from feedbot.config.amounts import Duration, Pause, Size, Zone, parse_duration
from feedbot.config.texts import FilePath, Name, Pattern, Template, Text, Token

Language = Literal["en", "ru"]
Count = Annotated[int, Field(ge=1, le=1000)]


class Section(BaseModel):
    """What all sections share: types as written, no unknown keys, nothing echoed in an error."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        field_title_generator=lambda name, _: name.replace("_", " ").capitalize(),
    )


class Storage(Section):
    """Where feedbot keeps what it knows."""

    url: StorageUrl = Field(
        default="sqlite:///feedbot.db", description="The store: sqlite:///FILE, beside this file."
    )

    @property
    def path(self) -> Path:
        """The SQLite file."""
        return Path(self.url.removeprefix("sqlite:///"))


class PerHost(Section):
    """How many requests one host gets, and how fast."""

    connections: Annotated[int, Field(ge=1, le=100)] = Field(
        default=1, description="Connections to one host at once; bare and www are one."
    )
    pause: Pause = Field(
        default=parse_duration("1s"), description="Between two requests to one host."
    )


class Http(Section):
    """How pages and feeds are fetched."""

    contact: Contact | None = Field(
        default=None,
        description="A URL or address in the User-Agent, so that a site can reach you.",
    )
    timeout: Duration = Field(
        default=parse_duration("30s"), description="How long one fetch may take."
    )
    per_host: PerHost = Field(default=PerHost(), description="What one host gets.")
    max_bytes: Size = Field(default=3_000_000, description="How much of one page is read at most.")
    allow: Annotated[tuple[Reachable, ...], Strict(False)] = Field(
        default=(),
        description="Networks, addresses and host names that may be fetched from although they are"
        ' not public: ["192.168.1.0/24", "nas.home.arpa"].',
    )
    allow_private_networks: bool = Field(
        default=False,
        description="Whether loopback, private and link-local addresses may be fetched, all of"
        " them.",
    )


class Combined(Section):
    """A feed made of several sources'."""

    name: Name = Field(description="Its permanent name: the feed is NAME.atom.")
    title: Text | None = Field(default=None, description="What readers see; left out: the name.")
    sources: Annotated[tuple[str, ...], Strict(False)] | None = Field(
        default=None, description="Names of its sources; left out: all."
    )
    include: Annotated[tuple[Pattern, ...], Strict(False)] = Field(
        default=(),
        description="Only items with one of these words, or `re:` patterns (RE2), are in it.",
    )
    exclude: Annotated[tuple[Pattern, ...], Strict(False)] = Field(
        default=(),
        description="Items with one of these words, or `re:` patterns (RE2), are not in it.",
    )

    show_changes: bool = Field(
        default=False, description="Whether a changed entry says in this feed what has changed."
    )

    def value(self) -> model.Combined:
        """The feed as the rest of feedbot knows it."""
        return model.Combined(
            self.name,
            self.title or self.name,
            self.sources,
            self.show_changes,
            self.include,
            self.exclude,
        )


class Feeds(Section):
    """The feed files."""

    directory: FilePath = Field(
        default=Path("feeds"),
        description="The folder that gets a NAME.atom, .rss and .json for each source.",
    )
    base_url: RootUrl | None = Field(
        default=None,
        description="Where readers find feedbot; a feed names itself /feeds/NAME.atom below it.",
    )
    entries: Count = Field(default=50, description="How many entries each feed holds.")
    hub: HttpUrl | None = Field(
        default=None, description="A WebSub hub: feeds name it, and it is told of every change."
    )
    combined: Annotated[tuple[Combined, ...], Strict(False)] = Field(
        default=(), description="Feeds made of several sources, beside all.atom, which has all."
    )


class Web(Section):
    """The web server of `feedbot run`."""

    listen: Listen = Field(
        default="127.0.0.1:8080", description="The address it listens on, host:port."
    )

    trusted_proxies: Annotated[tuple[Network, ...], Strict(False)] = Field(
        default=(),
        description="Addresses or networks of proxies whose X-Forwarded-* headers are believed.",
    )

    @property
    def address(self) -> Address:
        """`listen` as (host, port)."""
        return parse_listen(self.listen)


class Chat(Section):
    """A channel, group or person that gets messages whatever they say to the bot."""

    id: ChatId = Field(description='The number Telegram gives the chat, or "@name".')
    topic: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = Field(
        default=None, description="The forum topic's number."
    )
    sources: Annotated[tuple[str, ...], Strict(False)] | None = Field(
        default=None, description="Names of the sources it follows; left out: all."
    )
    counters: Annotated[tuple[str, ...], Strict(False)] | None = Field(
        default=None, description="Names of the counters it follows; left out: all."
    )
    silent: bool = Field(default=False, description="Whether messages come without a sound.")
    language: Language | None = Field(
        default=None, description="The language of dates; left out: the source's."
    )
    timezone: Zone | None = Field(
        default=None, description="The time zone of dates (IANA); left out: the source's."
    )
    template: Template | None = Field(
        default=None, description="The wording of a message (Jinja2, Telegram's HTML)."
    )
    text: Literal["title", "summary", "full"] = Field(
        default="summary",
        description="How much of an article is told; full: its whole text.",
    )
    long: Literal["shorten", "split"] = Field(
        default="shorten",
        description="What becomes of a text longer than a message; split: up to ten messages.",
    )
    preview: Literal["large", "small", "none"] | None = Field(
        default=None,
        description="The picture in the preview of the article's page, or no preview;"
        " left out: as Telegram likes.",
    )
    photo: bool = Field(
        default=False,
        description="Whether an item's images are posted, the text as the caption; a text longer"
        " than a caption goes without it.",
    )
    include: Annotated[tuple[Pattern, ...], Strict(False)] = Field(
        default=(),
        description="Only items with one of these words, or `re:` patterns (RE2), are sent.",
    )
    exclude: Annotated[tuple[Pattern, ...], Strict(False)] = Field(
        default=(),
        description="Items with one of these words, or `re:` patterns (RE2), are not sent.",
    )

    backlog: Annotated[int, Field(ge=0, le=1000)] = Field(
        default=0, description="How many earlier entries it is told of when it is added."
    )

    def value(self) -> model.Chat:
        """The chat as the rest of feedbot knows it."""
        fields = {name: getattr(self, name) for name in type(self).model_fields if name != "id"}
        fields["timezone"] = self.timezone and ZoneInfo(self.timezone)
        return model.Chat(address=self.id, **fields)


class Telegram(Section):
    """The bot."""

    token: Token | None = Field(
        default=None, description="The bot's token from @BotFather; left out: nothing is posted."
    )
    token_file: FilePath | None = Field(
        default=None, description="A file that holds the token, in its place."
    )
    api_url: ApiUrl = Field(
        default="https://api.telegram.org", description="The Bot API server's root, without /bot."
    )
    admin_chat: ChatId | None = Field(
        default=None,
        description="The chat that is told when something goes wrong, and where feedbot looks (by a"
        " copy, deleted at once) whether a message arrived.",
    )
    proxy: ProxyUrl | None = Field(default=None, description="An HTTP or SOCKS5 proxy to Telegram.")
    open: bool = Field(
        default=True,
        description="Whether anyone may /start; false: only whom the admin chat lets in.",
    )
    keep_sent: Duration = Field(
        default=parse_duration("90d"),
        description="How long the text of what was sent is kept; that it was sent stays known.",
    )
    keep_trying: Duration = Field(
        default=parse_duration("3d"),
        description="How old a message gets that cannot be delivered, before it is given up.",
    )
    when_unsure: Literal["resend", "skip"] = Field(
        default="resend",
        description="What becomes of a message of which nobody can tell whether it arrived.",
    )
    rate: Count = Field(
        default=30,
        description="Messages a second at most, all chats together; 30 is what Telegram grants.",
    )
    burst: Annotated[int, Field(ge=1, le=10)] = Field(
        default=3,
        description="Messages one chat may get at once, if it got none for so many seconds.",
    )
    chats: Annotated[tuple[Chat, ...], Strict(False)] = Field(
        default=(), description="Chats that get messages whatever they say to the bot."
    )
