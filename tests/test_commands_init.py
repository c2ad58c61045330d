"""`feedbot init`, and a first start from the environment, as processes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from feedbot import config
from feedbot.demo.site import Event
from tests.commands import CHANNEL, Desk

HERE = {"FEEDBOT_HTTP__ALLOW_PRIVATE_NETWORKS": "true"}


async def test_from_one_url_to_the_first_message(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """init, once (the baseline), something new, once: a message, with nothing edited between."""
    new = tmp_path_factory.mktemp("new")
    async with Desk(tmp_path) as desk:
        url = f"{desk.server.url}/"
        told = await desk.feedbot(
            "init", url, "--chat", CHANNEL, "--name", "press", cwd=new, env=HERE
        )
        assert (told.code, told.err) == (0, ""), told.err
        shown, _, after = told.out.partition("\n\nconfig.toml: written\n")
        assert desk.site.latest[0].title in shown
        assert "feedbot once --dry-run" in after
        again = await desk.feedbot("init", url, cwd=new, env=HERE)
        assert (again.code, len(again.err.splitlines())) == (2, 1)
        assert again.err.startswith("feedbot: config.toml: is there already")
        [source] = config.load(new / "config.toml", {}).sources
        assert (source.name, source.url) == ("press", url)

        environ = HERE | {
            "FEEDBOT_TELEGRAM__TOKEN": desk.api.token,
            "FEEDBOT_TELEGRAM__API_URL": desk.api.url,
        }
        assert (await desk.feedbot("once", cwd=new, env=environ)).code == 0
        assert desk.posted() == []
        event = Event(datetime.now(UTC).date(), "Something new", "What came of it")
        desk.site.publish(event)
        assert (await desk.feedbot("once", cwd=new, env=environ)).code == 0
        assert [event.title in line for line in desk.posted()] == [True]


async def test_a_container_that_finds_no_list_ends_with_1_and_writes_nothing(
    tmp_path: Path,
) -> None:
    async with Desk(tmp_path) as desk:
        volume = tmp_path / "volume"
        volume.mkdir()
        environ = HERE | {
            "FEEDBOT_CONFIG": str(volume / "config.toml"),
            "FEEDBOT_URL": f"{desk.server.url}/none",
        }
        done = await desk.feedbot("run", env=environ)
        assert (done.code, done.out) == (1, "")
        assert "404" in done.err
        assert "Traceback" not in done.err
        assert list(volume.iterdir()) == []
