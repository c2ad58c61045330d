"""What the bot hears: long polling, each update done once.

An update is carried out in one transaction with the offset behind it and the answers it owes, so
a crash repeats all of it or nothing. What needs Telegram's word (who is an administrator) is asked
before that.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from random import Random
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection
from telegram import Bot, BotCommand, CallbackQuery, ChatMemberUpdated, Message, Update
from telegram.constants import ChatMemberStatus, ChatType
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, TelegramError

from feedbot.clock import Clock
from feedbot.errors import FeedbotError, StoreError
from feedbot.owing import owe_notice
from feedbot.store import bots, doubts, membership, outbox, subscribers
from feedbot.store.engine import Store
from feedbot.telegram.answers import understand
from feedbot.telegram.buttons import Decide, answer, press
from feedbot.telegram.client import bot_id
from feedbot.telegram.commands import Answerer, Asked, parse_command
from feedbot.telegram.names import strayed
from feedbot.telegram.settings import Posting
from feedbot.telegram.settle import backoff
from feedbot.telegram.texts import MENU, language_of, notice

log = logging.getLogger(__name__)

POLL_SECONDS = 30
#: Posts in channels are heard of for their ids alone.
_ALLOWED = [Update.MESSAGE, Update.CHANNEL_POST, Update.MY_CHAT_MEMBER, Update.CALLBACK_QUERY]
_GROUPS = (ChatType.GROUP, ChatType.SUPERGROUP)
_DECIDERS = (ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR)
_OUT = (ChatMemberStatus.LEFT, ChatMemberStatus.BANNED)
_NAMES_CHECKED_EVERY = timedelta(days=1)
_CONFLICT_PAUSE = timedelta(seconds=30)

T = TypeVar("T")


class _Stopped(Exception):
    """We were told to stop while we waited for Telegram."""


class Listener:
    """Polls updates and carries them out.

    wake:   is called when answers are owed
    decide: does what a button of ours says that was pressed in the admin chat
    """

    def __init__(
        self,
        store: Store,
        bot: Bot,
        clock: Clock,
        posting: Posting,
        random: Random,
        wake: Callable[[], None],
        decide: Decide | None = None,
    ) -> None:
        self._store = store
        self._decide = decide
        self._bot = bot
        self._bot_id = bot_id(bot.token)
        self._clock = clock
        self._random = random
        self._wake = wake
        self.username = ""
        self._failures = 0
        self._last_error = ""
        self._names_checked: datetime | None = None
        self._stopped: asyncio.Future[None] | None = None
        self.posting = posting

    async def run(self) -> None:
        """Listen until `stop`."""
        self._stopped = asyncio.get_running_loop().create_future()
        introduced = False
        while not self._stopped.done():
            try:
                if not introduced:
                    await self._introduce()
                    introduced = True
                await self._check_names()
                await self.poll(POLL_SECONDS)
                self._failures, self._last_error = 0, ""
            except _Stopped:
                return
            except (TelegramError, FeedbotError) as error:
                pause = self._pause_after(error)
                await self._clock.wait({self._stopped}, self._clock.now() + pause)

    def stop(self) -> None:
        """Hear nothing more; what is being carried out is carried out."""
        if self._stopped and not self._stopped.done():
            self._stopped.set_result(None)

    async def poll(self, seconds: int) -> int:
        """Wait up to `seconds` for updates and carry them out; returns how many there were.

        Raises TelegramError and StoreError; what was not carried out comes again.
        """
        if not self.username:
            self.username = (await self._unless_stopped(self._bot.get_me())).username or ""
        async with self._store.reading() as connection:
            offset = await bots.update_offset(connection, self._bot_id)
        call = self._bot.get_updates(offset=offset, timeout=seconds, allowed_updates=_ALLOWED)
        updates = await self._unless_stopped(call)
        for update in updates:
            await self._carry_out(update)
        if updates:
            self._wake()
        return len(updates)

    async def _unless_stopped(self, call: Coroutine[Any, Any, T]) -> T:
        """The call's result. Raises _Stopped if we are told to stop first."""
        task = asyncio.ensure_future(call)
        await self._clock.wait({task} | ({self._stopped} if self._stopped else set()), None)
        if task.done():
            return task.result()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise _Stopped

    async def _check_names(self) -> None:
        """At the start and once a day: see `names`."""
        now = self._clock.now()
        if self._names_checked and now - self._names_checked < _NAMES_CHECKED_EVERY:
            return
        async with self._store.reading() as connection:
            rows = await subscribers.select(connection)
        found = await self._unless_stopped(
            strayed(self._bot, [row for row in rows if row.state == "active"])
        )
        async with self._store.transaction() as connection:
            for one in found:
                name = "name taken" if one.taken else "renamed"
                number = one.row.chat_id
                await self._tell(connection, name, chat=one.row.address, number=number)
        self._names_checked = now
        if found:
            self._wake()

    async def _introduce(self) -> None:
        """Put our commands into the menu."""
        for language, names in MENU.items():
            menu = [BotCommand(name, text) for name, text in names.items()]
            if language == language_of(self.posting.language, "en"):
                await self._unless_stopped(self._bot.set_my_commands(menu))
            await self._unless_stopped(self._bot.set_my_commands(menu, language_code=language))

    def _pause_after(self, error: TelegramError | FeedbotError) -> timedelta:
        """How long to wait after a failure; each kind of it is said once."""
        self._failures += 1
        pause = backoff(self._failures, self._random)
        if isinstance(error, TelegramError):
            answer = understand(error)
            text = f"commands are not heard: {answer.error}"
            pause = max(pause, answer.retry_after)
        else:
            text = f"commands are not carried out: {error}"
        if isinstance(error, Conflict):
            text += "; another program uses this bot's token: stop it. Deliveries go on"
            pause = _CONFLICT_PAUSE
        if text != self._last_error:
            log.error("%s", text)
        self._last_error = text
        return pause

    async def _carry_out(self, update: Update) -> None:
        """Do one update, once. One that breaks us is skipped, so that the next ones are heard."""
        try:
            asked = await self._asked(update) if update.message else None
            said = ""
            async with self._store.transaction() as connection:
                if query := update.callback_query:
                    said = await self._press(connection, query)
                else:
                    await self._apply(connection, update, asked)
                await self._learn(connection, update.message or update.channel_post)
                await bots.set_update_offset(connection, self._bot_id, update.update_id + 1)
            if query:
                await self._unless_stopped(answer(self._bot, query, said))
        except (TelegramError, StoreError, _Stopped):
            raise
        except Exception:
            log.exception("update %d is skipped", update.update_id)
            async with self._store.transaction() as connection:
                await bots.set_update_offset(connection, self._bot_id, update.update_id + 1)

    async def _apply(
        self, connection: AsyncConnection, update: Update, asked: Asked | None
    ) -> None:
        if update.my_chat_member:
            await self._apply_membership(connection, update.my_chat_member)
        elif update.message and update.message.migrate_to_chat_id:
            old, new = str(update.message.chat_id), str(update.message.migrate_to_chat_id)
            if await membership.migrate(connection, old, new):
                await self._tell(connection, "migrated", old=old, new=new)
        elif asked:
            now = self._clock.now()
            await Answerer(connection, asked, self.posting, now).carry_out()

    async def _press(self, connection: AsyncConnection, query: CallbackQuery) -> str:
        said, owed = await press(connection, query, self._decide)
        await outbox.owe(connection, [owed] if owed else [], self._clock.now())
        return said

    async def _learn(self, connection: AsyncConnection, message: Message | None) -> None:
        """A message of somebody's shows how far the ids are."""
        if message:
            names = [str(message.chat_id)]
            if message.chat.username:
                names.append(f"@{message.chat.username}".lower())
            seen = [(name, message.message_id) for name in names]
            await doubts.learn(connection, self._bot_id, seen)

    async def _apply_membership(
        self, connection: AsyncConnection, change: ChatMemberUpdated
    ) -> None:
        """The bot was let in or thrown out."""
        addresses = [str(change.chat.id)]
        if change.chat.username:
            addresses.append(f"@{change.chat.username}".lower())
        if change.new_chat_member.status not in _OUT:
            for row in await membership.resume(connection, addresses):
                await self._tell(connection, "resumed", chat=row.name)
            return
        blocked = change.chat.type == ChatType.PRIVATE
        reason = "the bot was blocked" if blocked else "the bot was removed"
        for address in addresses:
            for row in await membership.lose(connection, address, reason):
                values = {"chat": row.name, "address": row.address, "error": reason}
                await self._tell(connection, "paused", **values)

    async def _tell(self, connection: AsyncConnection, name: str, **values: object) -> None:
        """A notice to the log and the admin chat."""
        log.warning("%s", notice(name, "en", **values))
        admin = await subscribers.admin_id(connection)
        if admin is None:
            return
        text = notice(name, self.posting.language, **values)
        now = self._clock.now()
        key = f"{name}:{values.get('chat', values.get('old'))}:{now:%Y-%m-%dT%H:%M:%S.%f}"
        await outbox.owe(connection, [owe_notice(admin, key, text)], now)

    async def _asked(self, update: Update) -> Asked | None:
        """What a message wants of us; None: nothing. Asks Telegram who is an administrator."""
        message = update.message
        if message is None or not message.text or message.from_user is None:
            return None
        command, named = parse_command(message.text, self.username)
        chat = message.chat
        in_topic = bool(message.is_topic_message)
        return Asked(
            update_id=update.update_id,
            command=command,
            named=named,
            key=(str(chat.id), (message.message_thread_id or 0) if in_topic else 0),
            kind=str(chat.type),
            title=chat.effective_name or str(chat.id),
            language=message.from_user.language_code,
            decides=command in ("start", "stop") and await self._decides(message),
            public=f"@{chat.username}" if chat.username else None,
        )

    async def _decides(self, message: Message) -> bool:
        """Whether the sender may decide for the chat: a person for themselves, else admins."""
        chat = message.chat
        if chat.type not in _GROUPS:
            return True
        if message.sender_chat:  # an anonymous administrator writes as the group itself
            return message.sender_chat.id == chat.id
        if message.from_user is None:
            return False
        try:
            call = self._bot.get_chat_member(chat.id, message.from_user.id)
            member = await self._unless_stopped(call)
        except (BadRequest, ChatMigrated, Forbidden):  # for good: asking again would hold up others
            return False
        return member.status in _DECIDERS
