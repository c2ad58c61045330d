"""All other methods, and the table of them.

https://core.telegram.org/bots/api#available-methods. getUpdates waits and is the server's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from feedbot.demo.botapi.call import Call
from feedbot.demo.botapi.chats import Chat, Member
from feedbot.demo.botapi.errors import bad_request
from feedbot.demo.botapi.log import LogEntry
from feedbot.demo.botapi.sending import (
    accept,
    caption_content,
    forward_message,
    reply_markup,
    send_media_group,
    send_message,
    send_photo,
    text_content,
)
from feedbot.demo.botapi.world import Message, World

_DELETABLE_FOR = timedelta(hours=48)
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)


def get_me(world: World, call: Call) -> dict[str, Any]:
    """https://core.telegram.org/bots/api#getme."""
    able = {"can_join_groups": True}
    names = ("can_read_all_group_messages", "supports_inline_queries", "can_connect_to_business",
             "has_main_web_app", "has_topics_enabled", "allows_users_to_create_topics",
             "can_manage_bots")  # fmt: skip
    return {**world.bot.as_dict(), **able, **dict.fromkeys(names, False)}


def edit_message_text(world: World, call: Call) -> Message:
    """https://core.telegram.org/bots/api#editmessagetext."""
    content = text_content(world, call)
    chat, message = _own_message(world, call, "edit")
    if "text" not in message:
        raise bad_request("there is no text in the message to edit")
    return _edit(world, call, chat, message, content, ("text", "entities"))


def edit_message_caption(world: World, call: Call) -> Message:
    """https://core.telegram.org/bots/api#editmessagecaption."""
    content = caption_content(world, call.text("caption"), call.text("parse_mode"),
                              call.json("caption_entities", "entities"))  # fmt: skip
    chat, message = _own_message(world, call, "edit")
    if "photo" not in message:
        raise bad_request("there is no caption in the message to edit")
    return _edit(world, call, chat, message, content, ("caption", "caption_entities"))


def delete_message(world: World, call: Call) -> bool:
    """https://core.telegram.org/bots/api#deletemessage."""
    chat, message = _message(world, call, "delete")
    chat.check_writable(world.bot_in(chat))
    if not _may_delete(world, chat, message):
        raise bad_request("message can't be deleted")
    del chat.messages[message["message_id"]]
    chat.pinned = [number for number in chat.pinned if number in chat.messages]
    world.log.accept(
        LogEntry(
            time=world.clock.now(),
            method=call.method,
            chat_id=chat.id,
            message_id=message["message_id"],
            message_thread_id=message.get("message_thread_id"),
            parameters=call.logged(),
            fault=call.fault,
        )
    )
    return True


def pin_chat_message(world: World, call: Call) -> bool:
    """https://core.telegram.org/bots/api#pinchatmessage; outside private chats it leaves a note."""
    chat, message = _message(world, call, "pin")
    bot = world.bot_in(chat)
    chat.check_writable(bot)
    right = "can_edit_messages" if chat.type == "channel" else "can_pin_messages"
    if chat.type != "private" and not (bot and bot.is_admin and bot.may(right)):
        raise bad_request("not enough rights to manage pinned messages in the chat")
    number = message["message_id"]
    chat.pinned = [*(pin for pin in chat.pinned if pin != number), number]
    accept(world, call, message)
    if chat.type != "private":
        world.stored(chat, {"pinned_message": message})
    return True


def answer_callback_query(world: World, call: Call) -> bool:
    """https://core.telegram.org/bots/api#answercallbackquery."""
    number = call.text("callback_query_id")
    if number not in world.callbacks:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    if len(call.text("text")) > 200:
        raise bad_request("MESSAGE_TOO_LONG")
    world.callbacks[number] = call.logged()
    return True


def get_chat(world: World, call: Call) -> dict[str, Any]:
    """https://core.telegram.org/bots/api#getchat."""
    chat = world.chat(call.text("chat_id"))
    chat.check_readable(world.bot_in(chat))
    return chat.full()


def get_chat_member(world: World, call: Call) -> dict[str, Any]:
    """https://core.telegram.org/bots/api#getchatmember."""
    chat = world.chat(call.text("chat_id"))
    bot = world.bot_in(chat)
    chat.check_editable(bot)
    user = world.users.get(call.number("user_id"))
    if user is None:
        known = call.number("user_id") != 0
        raise bad_request("user not found" if known else "invalid user_id specified")
    if chat.type == "channel" and user is not world.bot and not (bot and bot.is_admin):
        raise bad_request("member list is inaccessible")
    return chat.members.get(user.id, Member(user, "left")).as_dict(chat.type)


def get_chat_administrators(world: World, call: Call) -> list[dict[str, Any]]:
    """https://core.telegram.org/bots/api#getchatadministrators."""
    chat = world.chat(call.text("chat_id"))
    if chat.type == "private":
        raise bad_request("there are no administrators in the private chat")
    chat.check_editable(world.bot_in(chat))
    return [
        member.as_dict(chat.type)
        for member in chat.members.values()
        if member.is_admin and (not member.user.is_bot or member.user is world.bot)
    ]


def leave_chat(world: World, call: Call) -> bool:
    """https://core.telegram.org/bots/api#leavechat."""
    chat = world.chat(call.text("chat_id"))
    if chat.type == "private":
        raise bad_request("chat member status can't be changed in private chats")
    chat.check_editable(world.bot_in(chat))
    world.set_bot_status(chat.id, "left")
    return True


def set_my_commands(world: World, call: Call) -> bool:
    """https://core.telegram.org/bots/api#setmycommands."""
    commands = call.json("commands", "commands")
    if not isinstance(commands, list):
        raise bad_request("expected an Array of BotCommand")
    if len(commands) > 100:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    world.commands[_scope(call)] = [_command(command) for command in commands]
    return True


def get_my_commands(world: World, call: Call) -> list[dict[str, str]]:
    """https://core.telegram.org/bots/api#getmycommands."""
    return world.commands.get(_scope(call), [])


def delete_webhook(world: World, call: Call) -> bool:
    """https://core.telegram.org/bots/api#deletewebhook: there is none here."""
    return True


def _scope(call: Call) -> str:
    return f"{call.text('scope')} {call.text('language_code')}"


def _command(command: Any) -> dict[str, str]:
    if not isinstance(command, dict):
        raise bad_request("expected an Object")
    name = str(command.get("command", "")).removeprefix("/")
    description = str(command.get("description", "")).strip()
    if not _COMMAND.fullmatch(name):
        raise bad_request("BOT_COMMAND_INVALID")
    if not 1 <= len(description) <= 256:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": name, "description": description}


def _message(world: World, call: Call, purpose: str) -> tuple[Chat, Message]:
    """The chat and message a call is about."""
    chat = world.chat(call.text("chat_id"))
    chat.check_editable(world.bot_in(chat))
    number = call.number("message_id")
    if not number and purpose in ("delete", "pin"):
        raise bad_request("message identifier is not specified")
    message = chat.messages.get(number)
    if message is None:
        raise bad_request(f"message to {purpose} not found")
    return chat, message


def _own_message(world: World, call: Call, purpose: str) -> tuple[Chat, Message]:
    chat, message = _message(world, call, purpose)
    bot = world.bot_in(chat)
    if chat.type == "channel":
        may = bot is not None and bot.is_admin and bot.may("can_edit_messages")
    else:
        may = message["from"]["id"] == world.bot.id
    if not may or "forward_origin" in message:
        raise bad_request("message can't be edited")
    return chat, message


def _edit(
    world: World, call: Call, chat: Chat, message: Message, content: dict[str, Any],
    names: tuple[str, str],
) -> Message:  # fmt: skip
    """Put `content` in the place of the fields `names`, keyboard and all, within the limits."""
    chat.check_writable(world.bot_in(chat))
    new = {**content, **reply_markup(call)}
    fields = (*names, "reply_markup")
    if all(message.get(name) == new.get(name) for name in fields):
        raise bad_request(_NOT_MODIFIED)
    now = world.clock.now()
    world.windows.check(chat.id, group=chat.is_group, messages=1, now=now)
    world.windows.accept(chat.id, group=chat.is_group, messages=1, now=now)
    for name in fields:
        message.pop(name, None)
    message |= {**new, "edit_date": int(now.timestamp())}
    accept(world, call, message)
    return message


def _may_delete(world: World, chat: Chat, message: Message) -> bool:
    bot = world.bot_in(chat)
    if bot and bot.is_admin and bot.may("can_delete_messages"):
        return True
    age = world.clock.now().timestamp() - message["date"]
    if age > _DELETABLE_FOR.total_seconds():
        return False
    return chat.type == "private" or message.get("from", {}).get("id") == world.bot.id


METHODS: dict[str, tuple[str, Callable[[World, Call], Any]]] = {
    name.lower(): (name, function)
    for name, function in {
        "getMe": get_me,
        "sendMessage": send_message,
        "sendPhoto": send_photo,
        "sendMediaGroup": send_media_group,
        "forwardMessage": forward_message,
        "editMessageText": edit_message_text,
        "editMessageCaption": edit_message_caption,
        "deleteMessage": delete_message,
        "pinChatMessage": pin_chat_message,
        "answerCallbackQuery": answer_callback_query,
        "getChat": get_chat,
        "getChatMember": get_chat_member,
        "getChatAdministrators": get_chat_administrators,
        "leaveChat": leave_chat,
        "setMyCommands": set_my_commands,
        "getMyCommands": get_my_commands,
        "deleteWebhook": delete_webhook,
    }.items()
}
