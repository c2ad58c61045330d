"""How a chat wants to be told: its template, and the language and zone of its dates."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from feedbot.config import load
from feedbot.errors import ConfigError
from feedbot.model import Chat, Source
from feedbot.store.schema import entries
from feedbot.telegram.settings import Posting
from tests.outboxes import Desk

#: Sound by its samples, and closed too early by a title that holds one more word.
FRAGILE = "<b>{{ title }}{% if 'Trouble' in title %}</b></b>{% else %}</b>{% endif %} {{ link }}"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with Desk.open(tmp_path) as opened:
        yield opened


async def test_a_template_that_fails_gives_way_and_is_said_once(desk: Desk) -> None:
    channel, admin = desk.api.add_channel(), desk.api.add_private()
    await desk.appoint(await desk.add(admin.id, origin="admin"))
    id = await desk.add(channel.id)
    posting = Posting(chats=(Chat(channel.id, template=FRAGILE),))
    for title in ("Trouble 1", "Fine", "Trouble 2"):
        await desk.post(id, title)
    assert await desk.drain(posting)
    await desk.post(id, "Trouble 3")  # another process
    assert await desk.drain(posting)
    assert [text.splitlines()[0].split()[0] for text in desk.read(channel.id)] == [
        "Trouble", "Fine", "Trouble", "Trouble"
    ]  # fmt: skip
    [told] = desk.read(admin.id)
    assert told.startswith(
        f"{channel.id}: its template cannot be used for “Trouble 1”: </b> closes"
    )

    other = Posting(chats=(Chat(channel.id, template=FRAGILE + "!"),))
    await desk.post(id, "Trouble 4")
    assert await desk.drain(other)
    assert len(desk.read(admin.id)) == 2


async def test_dates_are_in_the_language_and_zone_of_the_chat(desk: Desk) -> None:
    moment = datetime(2020, 5, 27, 22, 30, tzinfo=UTC)
    source = Source("press", "https://example.org/", "Press", timezone=ZoneInfo("Europe/London"))
    chats = (
        Chat(desk.api.add_channel().id),
        Chat(desk.api.add_channel().id, language="ru", timezone=ZoneInfo("Europe/Moscow")),
    )
    posting = Posting(chats=chats, sources={"press": source})
    for chat in chats:
        await desk.post(await desk.add(chat.address), f"Title {chat.address}")
    async with desk.store.transaction() as connection:
        await connection.execute(sa.update(entries).values(page_date=moment))
    assert await desk.drain(posting)
    told = [desk.read(int(chat.address))[0].splitlines()[1] for chat in chats]
    assert told == ["27 May 2020, 23:30", "28 мая 2020\u202fг., 01:30"]


def test_check_names_the_chat_the_template_and_the_field(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        '[[telegram.chats]]\nid = "@my_channel"\ntemplate = "{{ title }}\\n{{ titel }}"\n',
        encoding="utf-8",
    )
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    [problem] = caught.value.problems
    assert problem.key == "telegram.chats[@my_channel].template"
    assert str(problem).endswith("line 2: unknown field `titel`; did you mean `title`?")
