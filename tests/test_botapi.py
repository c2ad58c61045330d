"""The fake Bot API, asked by the real python-telegram-bot over HTTP."""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import AsyncIterator, Awaitable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import telegram
from hypothesis import given, settings
from hypothesis import strategies as st
from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    LinkPreviewOptions,
    ReplyParameters,
)
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, TelegramError

from feedbot.clock import SimulatedClock
from feedbot.demo.botapi import FakeBotApi, Limits, read_log
from feedbot.demo.botapi.call import Call
from feedbot.demo.botapi.errors import ApiError
from feedbot.demo.botapi.methods import METHODS
from feedbot.demo.botapi.world import World

NAMES = st.sampled_from(
    ("chat_id", "text", "caption", "entities", "caption_entities", "parse_mode", "reply_markup",
     "reply_parameters", "message_thread_id", "message_id", "from_chat_id", "media", "photo",
     "commands", "user_id", "type", "offset", "length", "user", "url", "inline_keyboard",
     "callback_data", "command", "description", "unix_time")
)  # fmt: skip
START = datetime(2020, 5, 27, 12, 0, tzinfo=UTC)
JSON = {"Content-Type": "application/json"}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)


@pytest.fixture
async def api() -> AsyncIterator[FakeBotApi]:
    async with FakeBotApi(clock=SimulatedClock(START), limits=Limits.OFF) as server:
        yield server


@pytest.fixture
async def bot(api: FakeBotApi) -> AsyncIterator[telegram.Bot]:
    async with telegram.Bot(api.token, base_url=f"{api.url}/bot") as client:
        yield client


async def refusal(call: Awaitable[object]) -> str:
    """What python-telegram-bot makes of the description: its first letter a capital."""
    with pytest.raises(TelegramError) as refused:
        await call
    return refused.value.message


async def test_a_message_comes_back_as_telegram_documents_it(
    api: FakeBotApi, bot: telegram.Bot
) -> None:
    chat = api.add_channel("Press", username="Press_Demo")
    sent = await bot.send_message(
        "@press_demo",
        '<b><a href="https://example.org/a">Ti&amp;tle</a></b>\nПривет 😀 <i>x</i> ',
        parse_mode="HTML",
        disable_notification=True,
        link_preview_options=LinkPreviewOptions(is_disabled=True),
    )
    assert sent.text == "Ti&tle\nПривет 😀 x"
    assert [(e.type, e.offset, e.length) for e in sent.entities] == [
        ("text_link", 0, 6),
        ("bold", 0, 6),
        ("italic", 17, 1),
    ]
    assert sent.date == START
    assert sent.sender_chat == sent.chat
    assert (sent.chat.id, sent.chat.type, sent.chat.username) == (chat.id, "channel", "Press_Demo")
    entry = api.log.messages(chat.id)[0]
    assert (entry.time, entry.method, entry.message_id) == (START, "sendMessage", sent.message_id)
    assert entry.text == sent.text
    assert entry.parameters["parse_mode"] == "HTML"
    assert json.loads(entry.parameters["link_preview_options"]) == {"is_disabled": True}


async def test_message_ids_are_counted_per_channel_and_shared_by_people_and_groups(
    api: FakeBotApi, bot: telegram.Bot
) -> None:
    one, two = api.add_channel(), api.add_supergroup()
    ann, group = api.add_private("Ann"), api.add_group("Friends")
    order = [one, two, one, ann, group, ann]
    ids = [(await bot.send_message(chat.id, "x")).message_id for chat in order]
    assert ids == [1, 1, 2, 1, 2, 3]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "Message text is empty"),
        (" \n", "Text must be non-empty"),
        ("x" * 4097, "Message is too long"),
        ("😀" * 2049, "Message is too long"),
        ("<b>x", "Can't parse entities: can't find end tag corresponding to start tag \"b\""),
        ("<br>", 'Can\'t parse entities: unsupported start tag "br" at byte offset 0'),
    ],
)
async def test_a_wrong_text_is_refused_in_telegrams_words(
    api: FakeBotApi, bot: telegram.Bot, text: str, error: str
) -> None:
    chat = api.add_channel()
    message = await refusal(bot.send_message(chat.id, text, parse_mode="HTML"))
    assert message.lower() == error.lower()
    assert not api.log.entries
    assert api.log.refused[0].error_code == 400


async def test_length_is_counted_after_parsing_in_utf16(api: FakeBotApi, bot: telegram.Bot) -> None:
    chat = api.add_channel()
    text = "<b>" + "😀" * 2048 + "</b>" + "<i></i>" * 100
    assert len((await bot.send_message(chat.id, text, parse_mode="HTML")).text or "") == 2048
    await bot.send_photo(chat.id, PNG, caption="&lt;" * 1024, parse_mode="HTML")
    too_long = bot.send_photo(chat.id, PNG, caption="x" * 1025)
    assert await refusal(too_long) == "Message caption is too long"


async def test_who_may_write_where(api: FakeBotApi, bot: telegram.Bot) -> None:
    asked = {
        "bot can't initiate conversation with a user": api.add_private(started=False),
        "need administrator rights in the channel chat": api.add_channel(bot_status="member"),
        "bot was kicked from the channel chat": api.add_channel(bot_status="kicked"),
        "bot is not a member of the channel chat": api.add_channel(bot_status="left"),
        "bot was kicked from the supergroup chat": api.add_supergroup(bot_status="kicked"),
        "bot is not a member of the supergroup chat": api.add_supergroup(bot_status="left"),
        "bot was kicked from the group chat": api.add_group(bot_status="kicked"),
        "bot is not a member of the group chat": api.add_group(bot_status="left"),
    }
    blocked, gone, muted = api.add_private(), api.add_private(), api.add_supergroup()
    api.block(blocked.id)
    gone.deactivated = True
    muted.permissions = {"can_send_messages": False}
    asked |= {
        "bot was blocked by the user": blocked,
        "user is deactivated": gone,
        "not enough rights to send text messages to the chat": muted,
    }
    for error, chat in asked.items():
        code = 400 if error.startswith(("need", "not")) else 403
        with pytest.raises(BadRequest if code == 400 else Forbidden) as refused:
            await bot.send_message(chat.id, "x")
        assert refused.value.message.removeprefix("Forbidden: ").lower() == error
        assert api.log.refused[-1].error_code == code
    assert await refusal(bot.send_message(-5, "x")) == "Chat not found"
    assert await refusal(bot.send_message("@nobody", "x")) == "Chat not found"


async def test_a_wrong_token_and_a_wrong_method_are_not_served(api: FakeBotApi) -> None:
    with pytest.raises(InvalidToken):
        await telegram.Bot("1:wrong", base_url=f"{api.url}/bot").initialize()
    async with httpx.AsyncClient(base_url=api.url) as client:
        answers = [
            await client.get(path)
            for path in ("/bot1:x/getMe", "/botx/getMe", f"/bot{api.token}/fly", "/", "/favicon")
        ]
    assert [answer.status_code for answer in answers] == [401, 401, 404, 404, 404]
    assert [answer.json()["description"] for answer in answers] == [
        "Unauthorized",
        "Unauthorized: invalid token specified",
        "Not Found: method not found",
        "Not Found",
        "Not Found",
    ]


ODD = st.sampled_from(
    ("", "x", "5", "-1", "9" * 30, "null", "true", "[]", "{}", "[1]", "[[]]", '"x"', "HTML")
) | st.recursive(
    st.none() | st.integers(-1, 9) | st.sampled_from(("", "x", "bold", "text_mention", "photo")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=10,
).map(json.dumps)


@settings(max_examples=300)
@given(st.sampled_from(sorted(METHODS)), st.dictionaries(NAMES, ODD, max_size=8), st.data())
def test_odd_parameters_are_refused_or_ignored_but_break_nothing(
    method: str, parameters: dict[str, str], data: st.DataObject
) -> None:
    world = World(clock=SimulatedClock(START))
    chat = data.draw(st.sampled_from((world.add_channel(), world.add_private())))
    world.stored(chat, {"text": "x"})
    usual = {"chat_id": str(chat.id), "text": "hello", "message_id": "1", "photo": "http://a.b"}
    call = Call(METHODS[method][0], {**usual, **parameters})
    try:
        answer = METHODS[method][1](world, call)
    except ApiError as refusal:
        answer = refusal.answer()
    assert json.loads(json.dumps(answer)) == answer


async def test_parameters_come_as_query_form_or_json(api: FakeBotApi) -> None:
    chat = api.add_channel()
    entities = [{"type": "bold", "offset": 0, "length": 1}]
    async with httpx.AsyncClient(base_url=f"{api.url}/bot{api.token}") as client:
        await client.get("/SENDMESSAGE", params={"chat_id": chat.id, "text": "a&b"})
        await client.post("/sendMessage", data={"chat_id": str(chat.id), "text": "ü+ü"})
        body = {"chat_id": chat.id, "text": "json", "entities": entities, "reply_markup": None}
        await client.post("/sendMessage", json=body)
        broken = [
            await client.post("/sendMessage", json=["x"]),
            await client.post("/sendMessage", content=b'{"text": "\\ud83d"}', headers=JSON),
            await client.get("/sendMessage?chat_id=1&text=%ff"),
        ]
    assert [entry.text for entry in api.log.entries] == ["a&b", "ü+ü", "json"]
    assert api.log.entries[2].entities == entities
    assert [answer.status_code for answer in broken] == [400, 400, 400]


async def test_topics_of_a_forum(api: FakeBotApi, bot: telegram.Bot) -> None:
    forum = api.add_supergroup("Forum", is_forum=True)
    news = api.add_topic(forum.id, "News")
    sent = await bot.send_message(forum.id, "x", message_thread_id=news.message_thread_id)
    assert (sent.message_thread_id, sent.is_topic_message) == (news.message_thread_id, True)
    assert api.log.entries[0].message_thread_id == news.message_thread_id
    news.closed = True
    to_news = functools.partial(bot.send_message, forum.id, "x")
    assert await refusal(to_news(message_thread_id=news.message_thread_id)) == "Topic_closed"
    api.set_bot_status(forum.id, "administrator")
    await to_news(message_thread_id=news.message_thread_id)
    news.deleted = True
    for thread in (news.message_thread_id, 77):
        assert await refusal(to_news(message_thread_id=thread)) == "Message thread not found"


async def test_photos_by_upload_address_and_id(api: FakeBotApi, bot: telegram.Bot) -> None:
    chat = api.add_private()
    sent = await bot.send_photo(chat.id, PNG, caption="<u>a</u>", parse_mode="HTML")
    assert sent.caption == "a"
    assert sent.caption_entities[0].type == "underline"
    again = await bot.send_photo(chat.id, sent.photo[-1].file_id)
    await bot.send_photo(chat.id, "https://example.org/x.jpg")
    assert again.photo[-1].file_unique_id == sent.photo[-1].file_unique_id
    assert api.log.entries[0].parameters["photo"] == f"<{len(PNG)} bytes>"
    assert await refusal(bot.send_photo(chat.id, b"no image")) == "Image_process_failed"
    assert "file identifier" in await refusal(bot.send_photo(chat.id, "unknown"))


async def test_an_album_is_several_messages_of_one_group(
    api: FakeBotApi, bot: telegram.Bot
) -> None:
    chat = api.add_channel()
    album = [
        InputMediaPhoto(PNG, caption="<b>one</b>", parse_mode="HTML"),
        InputMediaPhoto("https://example.org/2.jpg"),
    ]
    sent = await bot.send_media_group(chat.id, album)
    assert [message.message_id for message in sent] == [1, 2]
    assert len({message.media_group_id for message in sent}) == 1
    assert sent[0].caption == "one"
    assert [entry.message_id for entry in api.log.messages()] == [1, 2]
    assert "album" in await refusal(bot.send_media_group(chat.id, album[:1]))


async def test_edits_and_deletions(api: FakeBotApi, bot: telegram.Bot) -> None:
    chat = api.add_private()
    sent = await bot.send_message(chat.id, "<b>one</b>", parse_mode="HTML")
    photo = await bot.send_photo(chat.id, PNG)
    theirs = api.user_sends(chat.id, "hello")
    edited = await bot.edit_message_text("two", chat.id, sent.message_id)
    assert isinstance(edited, telegram.Message)
    assert (edited.text, edited.entities, edited.edit_date) == ("two", (), START)
    await bot.edit_message_caption(chat.id, photo.message_id, caption="new")
    for wrong, error in (
        (bot.edit_message_text("two", chat.id, sent.message_id), "Message is not modified"),
        (bot.edit_message_text("x", chat.id, 99), "Message to edit not found"),
        (bot.edit_message_text("x", chat.id, theirs["message_id"]), "Message can't be edited"),
        (bot.edit_message_text("x", chat.id, photo.message_id), "There is no text in the message"),
        (bot.edit_message_caption(chat.id, sent.message_id), "There is no caption in the message"),
        (bot.delete_message(chat.id, 99), "Message to delete not found"),
    ):
        assert (await refusal(wrong)).startswith(error)
    await bot.delete_message(chat.id, sent.message_id)
    assert [entry.method for entry in api.log.entries] == [
        "sendMessage",
        "sendPhoto",
        "editMessageText",
        "editMessageCaption",
        "deleteMessage",
    ]
    assert api.log.entries[3].text == "new"
    assert isinstance(api.clock, SimulatedClock)
    api.clock.advance(timedelta(hours=49))
    old = bot.delete_message(chat.id, photo.message_id)
    assert await refusal(old) == "Message can't be deleted"


async def test_replies_forwards_and_pins(api: FakeBotApi, bot: telegram.Bot) -> None:
    press, group = api.add_channel("Press"), api.add_supergroup("Talk")
    post = await bot.send_message(press.id, "<i>news</i>", parse_mode="HTML")
    forwarded = await bot.forward_message(group.id, press.id, post.message_id)
    assert isinstance(forwarded.forward_origin, telegram.MessageOriginChannel)
    assert forwarded.forward_origin.message_id == post.message_id
    assert forwarded.entities == post.entities
    reply = await bot.send_message(group.id, "x", reply_parameters=ReplyParameters(1))
    assert reply.reply_to_message
    assert reply.reply_to_message.text == "news"
    lost = ReplyParameters(99)
    assert await refusal(bot.send_message(group.id, "x", reply_parameters=lost)) == (
        "Message to be replied not found"
    )
    kept = ReplyParameters(99, allow_sending_without_reply=True)
    assert not (await bot.send_message(group.id, "x", reply_parameters=kept)).reply_to_message
    assert await bot.pin_chat_message(press.id, post.message_id)
    assert (await bot.get_chat(press.id)).pinned_message == post
    assert (await bot.send_message(press.id, "next")).message_id == 3  # 2 tells of the pin
    assert "not enough rights" in (await refusal(bot.pin_chat_message(group.id, 1))).lower()


async def test_chats_and_members_are_told_of(api: FakeBotApi, bot: telegram.Bot) -> None:
    group = api.add_supergroup("Talk", username="talk")
    ann = api.add_user("Ann")
    assert (await bot.get_chat_member(group.id, ann.id)).status == "left"
    for status in ("creator", "administrator", "member", "restricted", "left", "kicked"):
        api.set_member(group.id, ann, status)
        member = await bot.get_chat_member("@talk", ann.id)
        assert (member.status, member.user.first_name) == (status, "Ann")
    api.set_member(group.id, ann, "creator")
    assert [m.user.id for m in await bot.get_chat_administrators(group.id)] == [ann.id]
    full = await bot.get_chat(group.id)
    assert (full.title, full.type, full.username) == ("Talk", "supergroup", "talk")
    assert full.permissions
    assert full.permissions.can_send_messages
    assert await refusal(bot.get_chat_member(group.id, 5)) == "User not found"
    await bot.leave_chat(group.id)
    assert api.chats[group.id].members[api.bot.id].status == "left"


async def test_commands_are_kept_by_scope(api: FakeBotApi, bot: telegram.Bot) -> None:
    await bot.set_my_commands([("start", "Subscribe"), ("stop", "End it")])
    await bot.set_my_commands([("start", "Подписаться")], language_code="ru")
    assert [c.command for c in await bot.get_my_commands()] == ["start", "stop"]
    assert (await bot.get_my_commands(language_code="ru"))[0].description == "Подписаться"
    assert await refusal(bot.set_my_commands([("Start!", "x")])) == "Bot_command_invalid"


async def test_a_group_that_migrated_names_its_new_chat(api: FakeBotApi, bot: telegram.Bot) -> None:
    group = api.add_group("Friends")
    new = api.migrate(group.id)
    with pytest.raises(ChatMigrated) as migrated:
        await bot.send_message(group.id, "x")
    assert migrated.value.new_chat_id == new.id
    assert (await bot.send_message(new.id, "x")).chat.type == "supergroup"


async def test_buttons_and_their_answers(api: FakeBotApi, bot: telegram.Bot) -> None:
    chat = api.add_private("Ann")
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("More", callback_data="more:1")]])
    sent = await bot.send_message(chat.id, "x", reply_markup=keyboard)
    assert sent.reply_markup == keyboard
    query = api.callback_query(chat.id, sent.message_id, "more:1", api.users[chat.id])
    update = (await bot.get_updates())[0]
    assert update.callback_query
    assert (update.callback_query.id, update.callback_query.data) == (query, "more:1")
    await update.callback_query.answer("done")
    assert (api.callbacks[query] or {})["text"] == "done"
    assert "query is too old" in (await refusal(bot.answer_callback_query("5"))).lower()


async def test_the_log_file_tells_what_the_log_knows(tmp_path: Path) -> None:
    file = tmp_path / "calls.jsonl"
    async with FakeBotApi(limits=Limits.OFF, log_file=file) as written:
        chat = written.add_channel()
        async with telegram.Bot(written.token, base_url=f"{written.url}/bot") as bot:
            await bot.send_message(chat.id, "<b>Привет</b>\u2028\x85 😀", parse_mode="HTML")
            await refusal(bot.send_message(5, "x"))
            await bot.delete_message(chat.id, 1)
        copy = read_log(file)
    assert copy.entries == written.log.entries
    assert copy.refused == written.log.refused
    with file.open("a") as torn:
        torn.write('{"accepted": true, "time": "20')
    assert len(read_log(file).entries) == 2


async def test_many_callers_at_once_each_get_their_own_number(api: FakeBotApi) -> None:
    chat = api.add_channel()
    async with httpx.AsyncClient(base_url=f"{api.url}/bot{api.token}") as client:
        texts = [{"chat_id": chat.id, "text": number} for number in range(50)]
        calls = [client.get("/sendMessage", params=parameters) for parameters in texts]
        answers = await asyncio.gather(*calls)
    numbers = {answer.json()["result"]["message_id"] for answer in answers}
    assert numbers == set(range(1, 51))
    assert {entry.text for entry in api.log.entries} == {str(n) for n in range(50)}
