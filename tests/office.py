"""An admin chat, and a chat in which something is lost: for tests of what is in doubt."""

from __future__ import annotations

from feedbot.demo.botapi import Fault, FaultKind
from tests.outboxes import Desk, seconds

LOST = Fault(FaultKind.LOST, method="sendMessage")
KINDS = ("channel", "supergroup", "group", "private")


class Office:
    """An admin chat, and a chat that has had one message already."""

    def __init__(self, desk: Desk, admin: int, chat: int, id: int) -> None:
        self.desk = desk
        self.admin = admin
        self.chat = chat
        self.id = id

    @classmethod
    async def open(cls, desk: Desk, kind: str, admin_kind: str = "private") -> Office:
        admin = getattr(desk.api, f"add_{admin_kind}")("Operator").id
        await desk.appoint(await desk.add(admin, origin="admin"))
        chat = getattr(desk.api, f"add_{kind}")("Chat").id
        id = await desk.add(chat)
        await desk.owe(id, "before")
        assert await desk.drain()
        desk.clock.advance(seconds(90))
        return cls(desk, admin, chat, id)

    async def lose(self, *texts: str, fault: Fault = LOST) -> None:
        """Owe these; the first of them is accepted without an answer, or meets another fault."""
        self.desk.api.faults.add(fault)
        await self.desk.owe(self.id, *texts)

    @property
    def read(self) -> list[str]:
        return self.desk.read(self.chat)[1:]

    @property
    def told(self) -> list[str]:
        """What the operator reads: copies are gone again."""
        kept = self.desk.api.chats[self.admin].messages.values()
        return [message["text"] for message in kept if "text" in message]

    def forwards(self) -> list[str]:
        return [e.text for e in self.desk.api.log.entries if e.method == "forwardMessage"]
