"""What people may tell the bot, and what it answers. One transaction an update; no network here.

A chat that does not follow gets a row only until it has been answered. A person decides for
themselves, a group's administrators for the group, the operator for what the configuration names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.model import DeliveryKind
from feedbot.owing import Owed, owe_notice
from feedbot.store import membership, outbox, subscribers
from feedbot.store.subscribers import Key, Subscriber
from feedbot.telegram.settings import Posting
from feedbot.telegram.texts import language_of, notice, reply

_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,64})(?:@([A-Za-z0-9_]+))?(?=\s|$)")
_DECISION = re.compile(r"(allow|deny)_([0-9]{1,18})")
#: A chat that asks faster than it can be answered gets no more answers than this at a time.
_UNSENT_REPLIES = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """A message to the bot.

    command: its name in lower case without slash and bot; None for any other text
    named:   the command was addressed to this very bot
    key:     address and topic (0: none) to answer to
    public:  "@name" of a public chat, by which the configuration may call it
    kind:    Chat.type
    decides: whether the sender may decide for the chat
    """

    update_id: int
    command: str | None
    named: bool
    key: Key
    kind: str
    title: str
    language: str | None
    decides: bool
    public: str | None = None


def parse_command(text: str, username: str) -> tuple[str | None, bool]:
    """(command, whether it names this bot) at the start of a text; ("", True) is another bot's."""
    found = _COMMAND.match(text)
    if not found:
        return None, False
    if found[2] and found[2].lower() != username.lower():
        return "", True
    return found[1].lower(), bool(found[2])


class Answerer:
    """Carries out one message, within the transaction that marks its update as done."""

    def __init__(
        self, connection: AsyncConnection, asked: Asked, posting: Posting, now: datetime
    ) -> None:
        self._connection = connection
        self._asked = asked
        self._posting = posting
        self._now = now
        self._language = language_of(asked.language, posting.language)

    async def carry_out(self) -> None:
        """Do what is asked, and owe the answer."""
        asked = self._asked
        if asked.command == "":
            return
        row = await self._row()
        if row and row.state == "paused":  # who speaks to us can perhaps be spoken to
            await membership.resume(self._connection, [row.address])
        match asked.command:
            case "start":
                await self._start(row)
            case "stop":
                await self._stop(row)
            case "privacy" | "help":
                await self._say(row, asked.command)
            case str(command) if found := _DECISION.fullmatch(command):
                await self._decide(row, found[1], int(found[2]))
            case _ if asked.kind == "private" or asked.named:
                await self._say(row, "help")

    async def _row(self) -> Subscriber | None:
        """The chat's row, by its number or, as the configuration may have it, by its name."""
        address, topic = self._asked.key
        row = await subscribers.find(self._connection, address, topic)
        if row or not self._asked.public:
            return row
        named = await subscribers.find(self._connection, self._asked.public, topic)
        return named if named and named.state != "removed" else None

    async def _start(self, row: Subscriber | None) -> None:
        if name := self._refusal(row):
            await self._say(row, name)
        elif row and row.origin == "chat" and row.state in ("active", "asking"):
            await self._say(row, "already" if row.state == "active" else "asked")
        elif self._posting.open or await self._is_admin(row):
            await self._enter("active")
            titles = ", ".join(source.title for source in self._posting.sources.values())
            await self._say(row, "started", sources=titles or "—")
        elif (admin := await subscribers.admin_id(self._connection)) is None:
            await self._say(row, "closed")
        else:
            await self._ask(admin)

    async def _ask(self, admin: int) -> None:
        """Let the operator decide."""
        id = await self._enter("asking")
        text = notice("asks", self._posting.language, chat=self._name, id=id)
        await self._owe(owe_notice(admin, f"asks:{id}:{self._asked.update_id}", text))
        await self._owe(self._reply(id, reply("asked", self._language)))

    async def _stop(self, row: Subscriber | None) -> None:
        if name := self._refusal(row):
            await self._say(row, name)
        elif row and row.origin == "chat" and row.state in ("active", "asking"):
            await membership.leave(self._connection, row.id)
            await self._say(row, "stopped")
        else:
            await self._say(row, "not following")

    def _refusal(self, row: Subscriber | None) -> str | None:
        """Why the sender may not decide for this chat, as the name of a reply."""
        if row and row.origin == "config" and row.state != "removed":
            return "configured"
        return None if self._asked.decides else "administrators"

    async def _decide(self, row: Subscriber | None, verb: str, id: int) -> None:
        """/allow_17, /deny_17: for the admin chat alone; elsewhere there is no such command."""
        if not await self._is_admin(row):
            if self._asked.kind == "private":
                await self._say(row, "help")
            return
        there = await subscribers.get(self._connection, id)
        change = membership.allow if verb == "allow" else membership.deny
        if there is None or not await change(self._connection, id):
            await self._say(row, "nobody asks")
            return
        await self._say(row, "allowed" if verb == "allow" else "denied", chat=there.name)
        language = self._posting.language
        text = reply("let in" if verb == "allow" else "turned away", language)
        await self._owe(self._reply(id, text, "decision"))

    async def _is_admin(self, row: Subscriber | None) -> bool:
        return row is not None and row.id == await subscribers.admin_id(self._connection)

    async def _enter(self, state: str) -> int:
        asked = self._asked
        return await membership.enter(
            self._connection, asked.key, state, self._now, kind=asked.kind, title=asked.title
        )

    @property
    def _name(self) -> str:
        return f"{self._asked.title} ({self._asked.kind})"

    async def _say(self, row: Subscriber | None, name: str, **values: object) -> None:
        """Owe the asking chat an answer; one that is unknown is forgotten after it."""
        row = row or await self._row()
        id = row.id if row else await self._enter("leaving")
        unsent = await outbox.count_unsent(self._connection, id, DeliveryKind.REPLY)
        if unsent < _UNSENT_REPLIES:
            await self._owe(self._reply(id, reply(name, self._language, **values)))

    def _reply(self, id: int, text: str, what: str = "answer") -> Owed:
        key = f"reply:{id}:{self._asked.update_id}:{what}"
        return Owed(id, DeliveryKind.REPLY, key, payload={"text": text})

    async def _owe(self, owed: Owed) -> None:
        await outbox.owe(self._connection, [owed], self._now)
