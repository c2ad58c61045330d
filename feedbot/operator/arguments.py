"""The operator's commands on the command line: `sources`, `deliveries`, `chats`, `post`, `held`."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from feedbot.model import DeliveryState

if TYPE_CHECKING:
    from feedbot.config import Settings

#: States in which a delivery can be tried again, and given up.
RETRIED = (DeliveryState.FAILED, DeliveryState.DROPPED)
DROPPED = (
    DeliveryState.PENDING,
    DeliveryState.SENDING,
    DeliveryState.IN_DOUBT,
    DeliveryState.FAILED,
)

_Load = Callable[[argparse.Namespace], "Settings"]
_Common = Callable[[], argparse.ArgumentParser]
_Work = Callable[["Settings", argparse.Namespace], Coroutine[Any, Any, int]]


class _Group:
    """A command that has commands of its own."""

    def __init__(self, commands: Any, name: str, text: str, common: _Common, load: _Load) -> None:
        group = commands.add_parser(name, parents=[common()], help=text, description=text)
        self._actions = group.add_subparsers(required=True, metavar="ACTION")
        self._common = common
        self._load = load

    def add(self, name: str, work: _Work, text: str) -> argparse.ArgumentParser:
        """A command of the group; `work` returns its exit code."""
        action: argparse.ArgumentParser = self._actions.add_parser(
            name, parents=[self._common()], help=text, description=text
        )
        action.set_defaults(command=lambda options: asyncio.run(work(self._load(options), options)))
        return action


def add_operator(commands: Any, common: _Common, load: _Load) -> None:
    """Add `sources`, `deliveries`, `chats`, `post` and `held` to the program's commands.

    common: makes a parser of what may stand after any command
    load:   reads the configuration a command line names; raises ConfigError
    """
    _sources(_Group(commands, "sources", "how each source is read", common, load))
    _deliveries(_Group(commands, "deliveries", "what is owed, and what became of it", common, load))
    _chats(_Group(commands, "chats", "who is written to", common, load))
    _posts(_Group(commands, "post", "what was posted, and taking it back", common, load))
    _held(_Group(commands, "held", "new entries that wait for a decision", common, load))


#: What is done with one source, by command.
_BY_HAND = {
    "pause": "fetch nothing of it",
    "resume": "fetch it again; what is new since is news",
    "poll": "look at it now",
    "heal": "find out anew how it is read, now",
    "forget": "delete what is stored of one that is not configured any more",
}


def _by_hand(name: str) -> _Work:
    async def work(settings: Settings, options: argparse.Namespace) -> int:
        from feedbot.operator import handling

        code: int = await getattr(handling, name)(settings, options.name)
        return code

    return work


def _sources(group: _Group) -> None:
    group.add("list", _list_sources, "every source, and what it is read from").add_argument(
        "--json", action="store_true"
    )
    action = group.add("show", _show_source, "how one is read and why, as selectors to paste")
    action.add_argument("name", metavar="NAME")
    action.add_argument("--json", action="store_true")
    for name, text in _BY_HAND.items():
        group.add(name, _by_hand(name), text).add_argument("name", metavar="NAME")


def _deliveries(group: _Group) -> None:
    action = group.add("list", _list, "what is not sent yet or has failed, in the order owed")
    action.add_argument("--chat", metavar="CHAT", help="only this one: its number or @name")
    action.add_argument(
        "--state", choices=[state.value for state in DeliveryState], help="only these"
    )
    action.add_argument(
        "--limit", type=_count, default=100, metavar="N", help="the last N (default: %(default)s)"
    )
    action.add_argument("--json", action="store_true")
    action = group.add("show", _show, "all that is known of one")
    action.add_argument("id", type=int, metavar="ID")
    action.add_argument("--json", action="store_true")
    action = group.add("retry", _retry, "try again what failed or was dropped; resumes its chat")
    _which(action, RETRIED)
    _which(group.add("drop", _drop, "give up what is owed or has failed, for good"), DROPPED)


def _which(action: argparse.ArgumentParser, states: Sequence[DeliveryState]) -> None:
    """Deliveries by their numbers, or by chat and state."""
    action.add_argument("id", type=int, nargs="*", metavar="ID")
    action.add_argument("--chat", metavar="CHAT", help="all of this one: its number or @name")
    names = [state.value for state in states]
    action.add_argument("--state", choices=names, help="all that stand so")
    action.set_defaults(misused=action.error)


def _chosen(options: argparse.Namespace) -> tuple[list[int], str | None, str | None]:
    """What `_which` has read; ends with the usage where it is nothing, or both."""
    if bool(options.id) == bool(options.chat or options.state):
        options.misused("name deliveries by their numbers, or else by --chat, --state or both")
    return options.id, options.chat, options.state


def _chats(group: _Group) -> None:
    group.add("list", _list_chats, "every chat, and how it stands").add_argument(
        "--json", action="store_true"
    )
    action = group.add("pause", _pause, "write nothing to a configured chat; what is owed waits")
    action.add_argument("chat", metavar="CHAT")
    group.add("resume", _resume, "write to a paused chat again").add_argument(
        "chat", metavar="CHAT"
    )

    action = group.add("test", _test, "post one marked message, as all are posted, and delete it")
    action.add_argument("chat", metavar="CHAT")
    action.add_argument(
        "--wait", type=duration, default="30s", metavar="TIME",
        help="how long it may wait its turn (default: %(default)s)",
    )  # fmt: skip


def _posts(group: _Group) -> None:
    action = group.add("list", _list_posts, "the last entries, with their numbers")
    action.add_argument("--source", metavar="NAME", help="only of this one")
    action.add_argument(
        "--limit", type=_count, default=20, metavar="N", help="the last N (default: %(default)s)"
    )
    action.add_argument("--json", action="store_true")
    action = group.add("retract", _retract, "take a post out of every chat and feed, for good")
    action.add_argument("entry", metavar="ENTRY", help="its number, id (tag:…) or link")
    action.add_argument(
        "--wait", type=duration, default="1m", metavar="TIME",
        help="how long to wait for the chats (default: %(default)s)",
    )  # fmt: skip


def _held(group: _Group) -> None:
    group.add("list", _list_held, "how many wait, of which source").add_argument(
        "--json", action="store_true"
    )
    action = group.add("show", _show_held, "what waits of one source")
    action.add_argument("source", metavar="SOURCE")
    action.add_argument("--json", action="store_true")
    action = group.add("post", _post_held, "let them into the feed, and post them")
    action.add_argument("source", metavar="SOURCE")
    action = group.add("seen", _seen_held, "let them into the feed alone, and post nothing")
    action.add_argument("source", metavar="SOURCE")
    action.add_argument("--drop", action="store_true", help="not even into the feed, for good")


def duration(text: str) -> timedelta:
    """A span of time on the command line."""
    from feedbot.config import parse_duration  # brings pydantic along, which --help does not need

    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 1000000")
    return int(text)


async def _list_sources(settings: Settings, options: argparse.Namespace) -> int:
    from feedbot.operator import sources

    return await sources.show_list(settings, as_json=options.json)


async def _show_source(settings: Settings, options: argparse.Namespace) -> int:
    from feedbot.operator import sources

    return await sources.show(settings, options.name, as_json=options.json)


async def _list(settings: Settings, options: argparse.Namespace) -> int:
    from feedbot.operator import deliveries

    return await deliveries.show_list(
        settings, options.chat, options.state, options.limit, as_json=options.json
    )


async def _show(settings: Settings, options: argparse.Namespace) -> int:
    from feedbot.operator import deliveries

    return await deliveries.show(settings, options.id, as_json=options.json)


async def _retry(settings: Settings, options: argparse.Namespace) -> int:
    from feedbot.operator import deliveries

    return await deliveries.retry(settings, *_chosen(options))


async def _drop(settings: Settings, options: argparse.Namespace) -> int:
    from feedbot.operator import deliveries

    return await deliveries.drop(settings, *_chosen(options))


async def _list_chats(settings: Settings, options: argparse.Namespace) -> int:
    from feedbot.operator import chats

    return await chats.show_list(settings, as_json=options.json)


async def _pause(settings: Settings, options: argparse.Namespace) -> int:
    from feedbot.operator import chats

    return await chats.pause(settings, options.chat)


async def _resume(settings: Settings, options: argparse.Namespace) -> int:
    from feedbot.operator import chats

    return await chats.resume(settings, options.chat)


async def _test(settings: Settings, options: argparse.Namespace) -> int:
    from feedbot.operator import trial

    return await trial.test(settings, options.chat, options.wait)


async def _list_posts(settings: Settings, options: argparse.Namespace) -> int:
    from feedbot.operator import posts

    return await posts.show_list(settings, options.source, options.limit, as_json=options.json)


async def _retract(settings: Settings, options: argparse.Namespace) -> int:
    from feedbot.operator import retraction

    return await retraction.retract(settings, options.entry, options.wait)


async def _list_held(settings: Settings, options: argparse.Namespace) -> int:
    from feedbot.operator import held

    return await held.show_list(settings, as_json=options.json)


async def _show_held(settings: Settings, options: argparse.Namespace) -> int:
    from feedbot.operator import held

    return await held.show(settings, options.source, as_json=options.json)


async def _post_held(settings: Settings, options: argparse.Namespace) -> int:
    from feedbot.operator import held

    return await held.decide(settings, options.source, "post")


async def _seen_held(settings: Settings, options: argparse.Namespace) -> int:
    from feedbot.operator import held

    return await held.decide(settings, options.source, "drop" if options.drop else "feed")
