"""A promised part that is missing must fail, not skip."""

from __future__ import annotations

import pytest

from tests.require import needs

MISSING = "no-such-command"


def skips(mark: pytest.MarkDecorator) -> bool:
    (condition,) = mark.args
    return bool(condition)


def test_what_is_there_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEEDBOT_REQUIRE", "python3, tdjson")
    assert not skips(needs("python3"))
    assert not skips(needs("tdjson"))


def test_what_is_missing_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEEDBOT_REQUIRE", "python3")
    assert skips(needs(MISSING))


def test_what_is_missing_though_promised_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEEDBOT_REQUIRE", f"python3, {MISSING}")
    with pytest.raises(pytest.fail.Exception, match=MISSING):
        needs(MISSING)
