"""Everything feedbot raises on purpose, and what each error is about.

    FeedbotError                 one line for a person: what, where, what to do
    ├── ConfigError              the configuration; carries every problem found in one run
    ├── FetchError               a source could not be fetched; carries URL, cause, status, …
    ├── ParseError               what was fetched is not what was promised (not HTML, no rows, …)
    │   ├── NoRuleError          a page, and nothing says where its rows are
    │   └── OtherListError       a page that had a list, and shows another one
    ├── StoreError               the database
    │   ├── StoreBusyError       another scheduler holds this store
    │   ├── StoreTooNewError     written by a newer feedbot that older ones must not touch
    │   └── StoreUnwritableError read-only, disk full, locked for longer than we wait
    ├── PublishError             a feed file could not be written
    └── ListenError              the web address is taken or not ours

Third-party errors are wrapped where they enter; a message never holds a secret.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


class FeedbotError(Exception):
    """The root: `str(error)` is one line fit for an operator."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in the configuration.

    where: the file or environment variable it came from
    key:   dotted path, e.g. `sources[embassy].listing.item`; "" where it is the whole file
    what:  what is wrong
    cure:  what to write instead ("did you mean `timeout`?")
    """

    where: str
    key: str
    what: str
    cure: str = ""

    def __str__(self) -> str:
        cure = f"; {self.cure}" if self.cure else ""
        key = f"{self.key}: " if self.key else ""
        return f"{self.where}: {key}{self.what}{cure}"


class ConfigError(FeedbotError):
    """The configuration cannot be used; `problems` names everything wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class FetchError(FeedbotError):
    """A fetch failed: nothing of the response may be used.

    url:         what was asked for, without credentials
    status:      the HTTP status where there was one
    retry_after: the earliest time (aware UTC) the server allows a next try, where it said so
    unwanted:    what came is of another type than was asked for
    forbidden:   robots.txt forbids it
    """

    def __init__(
        self,
        url: str,
        cause: str,
        *,
        status: int | None = None,
        retry_after: datetime | None = None,
        unwanted: bool = False,
        forbidden: bool = False,
    ) -> None:
        self.url = url
        self.cause = cause
        self.status = status
        self.retry_after = retry_after
        self.unwanted = unwanted
        self.forbidden = forbidden
        super().__init__(f"{url}: {cause}")


class ParseError(FeedbotError):
    """The body came, but no listing is in it: no sound poll."""


class NoRuleError(ParseError):
    """The body is a page, and nothing says where its rows are."""


class OtherListError(ParseError):
    """The page shows lists, and nothing on them is known, although it had one that was read."""


class StoreError(FeedbotError):
    """The database said no."""


class StoreBusyError(StoreError):
    """Another process schedules and sends for this store."""


class StoreTooNewError(StoreError):
    """The store's `min_compatible` schema is newer than this program knows."""


class StoreUnwritableError(StoreError):
    """The store cannot be written now: read-only, full, or locked."""


class PublishError(FeedbotError):
    """A feed could not be written to its file; the old file is whole."""


class ListenError(FeedbotError):
    """The configured address cannot be listened on."""
