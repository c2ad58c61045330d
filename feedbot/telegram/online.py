"""`check --online`: who the bot is, and whether it may post where it is to post."""

from __future__ import annotations

from dataclasses import dataclass

from telegram import Bot, ChatFullInfo, ChatMember, ChatMemberAdministrator, ChatMemberRestricted
from telegram.constants import ChatMemberStatus, ChatType
from telegram.error import TelegramError

from feedbot.telegram.answers import Verdict, understand
from feedbot.telegram.client import close_bot, create_bot
from feedbot.telegram.settings import Configured


@dataclass(frozen=True, slots=True)
class Online:
    """What was found: a line for everything asked, and those of them that need a cure."""

    lines: tuple[str, ...]
    problems: tuple[str, ...]


async def check_online(settings: Configured) -> Online:
    """Ask Telegram about the configured bot and each of its chats; sends nothing to anyone."""
    telegram = settings.telegram
    if telegram.token is None:
        return Online(("telegram.token: none is set, so nothing will be posted",), ())
    proxy = telegram.proxy.get_secret_value() if telegram.proxy else None
    bot = create_bot(telegram.token.get_secret_value(), telegram.api_url, proxy)
    addresses = [chat.address for chat in settings.effective_chats()]
    if telegram.admin_chat is not None:
        addresses.append(telegram.admin_chat)
    try:
        return await _check(bot, list(dict.fromkeys(addresses)))
    finally:
        await close_bot(bot)


async def _check(bot: Bot, addresses: list[int | str]) -> Online:
    try:
        me = await bot.get_me()
    except TelegramError as error:
        line = _bot_problem(error)
        return Online((line,), (line,))
    lines, problems = [f"bot: @{me.username}"], []
    for address in addresses:
        fine, line = await _check_chat(bot, address)
        lines.append(f"chat {address}: {line}")
        if not fine:
            problems.append(lines[-1])
    return Online(tuple(lines), tuple(problems))


def _bot_problem(error: TelegramError) -> str:
    answer = understand(error)
    if answer.verdict == Verdict.TOKEN:
        return (
            f"telegram.token: Telegram refuses it ({answer.error});"
            " copy it anew from @BotFather, and check telegram.api_url"
        )
    return f"telegram.api_url: no answer ({answer.error}); check the network and telegram.proxy"


async def _check_chat(bot: Bot, address: int | str) -> tuple[bool, str]:
    try:
        chat = await bot.get_chat(address)
        if chat.type == ChatType.PRIVATE:
            return True, f"{chat.effective_name}: a person; may have to send /start first"
        member = await bot.get_chat_member(chat.id, bot.id)
    except TelegramError as error:
        return False, _chat_problem(error)
    if missing := _missing_right(chat, member):
        return False, f"{chat.effective_name}: {missing}"
    return True, f"{chat.effective_name}: the bot may post"


def _chat_problem(error: TelegramError) -> str:
    answer = understand(error)
    if "chat not found" in answer.error.lower():
        return "not found; check the number or @name, and add the bot to the chat"
    if answer.verdict == Verdict.GONE:
        return f"closed to the bot ({answer.error}); add the bot to it"
    return f"{answer.error}; make the bot a member, in a channel an administrator"


def _missing_right(chat: ChatFullInfo, member: ChatMember) -> str | None:
    """What keeps the bot from posting, with the cure; None: nothing."""
    if member.status in (ChatMemberStatus.LEFT, ChatMemberStatus.BANNED):
        return "the bot is not in it; add it"
    if chat.type == ChatType.CHANNEL:
        may = isinstance(member, ChatMemberAdministrator) and member.can_post_messages
        return None if may else "no right to post; make the bot an administrator that may post"
    if isinstance(member, ChatMemberRestricted):
        allowed = bool(member.can_send_messages)
    elif member.status == ChatMemberStatus.MEMBER and chat.permissions:
        allowed = chat.permissions.can_send_messages is not False
    else:
        allowed = True
    return None if allowed else "no right to write; let the bot send messages in this group"
