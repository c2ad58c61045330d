"""From `[site]` to the plan of the pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from feedbot import config
from feedbot.errors import ConfigError
from feedbot.publish.site import site_of

SOURCES = "".join(
    f"[[sources]]\nname = '{name}'\nurl = 'https://{name}.example.org/'\n" for name in ("a", "b")
)
COUNTERS = "".join(
    f"[[counters]]\nname = '{name}'\nsince = 2018-03-04\ntext = '{{days}}'\n{of}"
    for name, of in (("free", ""), ("of-a", "source = 'a'\n"), ("of-b", "source = 'b'\n"))
)


def loaded(folder: Path, text: str) -> config.Settings:
    path = folder / "config.toml"
    path.write_text(f"{text}\n{SOURCES}{COUNTERS}", encoding="utf-8")
    return config.load(path, {})


def test_sources_left_out_take_their_counters_and_the_common_feed_along(tmp_path: Path) -> None:
    plan = site_of(loaded(tmp_path, "[site]\nsources = ['a']"))
    assert list(plan.sources) == ["a"]
    assert not plan.whole
    assert [counter.name for counter in plan.counters] == ["free", "of-a"]
    assert site_of(loaded(tmp_path, "")).whole


def test_only_public_channels_that_get_everything_are_offered(tmp_path: Path) -> None:
    chats = "[telegram]\ntoken = '1:x'\n" + "".join(
        f"[[telegram.chats]]\nid = {id}\n{more}"
        for id, more in (("'@whole'", ""), ("'@part'", "sources = ['a']\n"), ("-100123", ""))
    )
    assert site_of(loaded(tmp_path, chats)).channels == ("@whole",)


def test_files_are_found_beside_the_configuration(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "logo.svg").write_text("<svg/>")
    (tmp_path / "own.css").write_text("p { margin: 0 }")
    plan = site_of(loaded(tmp_path, "[site]\nlogo = 'logo.svg'\ncss = 'own.css'"))
    assert plan.logo is not None
    assert (plan.logo.body, plan.logo.type) == (b"<svg/>", "image/svg+xml")
    assert plan.own_css == "p { margin: 0 }"
    assert caplog.messages == []


def test_a_file_that_cannot_be_used_is_left_out_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "large.png").write_bytes(bytes(500_001))
    for name in ("none.png", "large.png", "logo.exe"):
        assert site_of(loaded(tmp_path, f"[site]\nlogo = '{name}'")).logo is None
    assert [line.split(": ")[0] for line in caplog.messages] == ["site.logo"] * 3
    assert f"{tmp_path}/none.png cannot be read: No such file" in caplog.messages[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[site]\nsources = ['c']", "no source is called 'c'"),
        ("[site]\nlead = 'c'", "no source is called 'c'"),
        ("[[site.contacts]]", "says nothing"),
        ("[[site.contacts]]\nphone = 'x'", "is not a telephone number"),
        ("[[site.contacts]]\nemail = 'x'", "is not an address of mail"),
        ("[[site.clocks]]\nname = 'X'\ntimezone = 'Europe/Nowhere'", "is not an IANA time zone"),
    ],
)
def test_mistakes_are_told_with_their_cure(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        loaded(tmp_path, text)
    (problem,) = raised.value.problems
    assert said.replace("'", '"') in str(problem).replace("'", '"')
