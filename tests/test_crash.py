"""Killed at every step of delivery: nothing lost, nothing twice, nothing out of order."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crash.judge import STEPS, judge

ROOT = Path(__file__).resolve().parent.parent
KILLS = 10  # at each step; `python -m benchmarks.crash` kills more
FEW = 6


def judged(*options: str) -> dict[str, dict[str, int | str]]:
    """What the judge says of each step."""
    command = [sys.executable, "-m", "tests.crash.judge", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    verdicts: dict[str, dict[str, int | str]] = json.loads(done.stdout)
    assert set(verdicts) == set(STEPS)
    return verdicts


@pytest.mark.timeout(400)  # dozens of processes, on a machine that may be busy
def test_killed_at_each_step_nothing_is_lost_and_nothing_comes_twice() -> None:
    for verdict in judged("--kills", str(KILLS)).values():
        assert verdict["kills"] == KILLS
        assert verdict["lost"] == verdict["twice"] == verdict["disorder"] == 0
        assert verdict["integrity"] == "ok"


@pytest.mark.timeout(400)
def test_where_nothing_can_be_looked_for_what_comes_twice_is_counted() -> None:
    """The same judge, with the steps really met: what was accepted and not recorded comes again."""
    verdicts = judged("--kills", str(FEW), "--no-probe")
    for verdict in verdicts.values():
        assert verdict["lost"] == verdict["disorder"] == 0
        assert int(verdict["twice"]) <= int(verdict["in_doubt"])
    assert int(verdicts["accepted"]["twice"]) >= FEW
    assert int(verdicts["flight"]["twice"]) > 0


@pytest.mark.timeout(400)
def test_killed_anywhere_in_a_whole_pass_feed_and_store_stay_whole() -> None:
    command = [sys.executable, "-m", "tests.crash.rounds", "--kills", str(KILLS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    verdict = json.loads(done.stdout)
    assert {key: verdict[key] for key in verdict if key not in ("owed", "in_doubt")} == {
        "kills": KILLS,
        "lost": 0,
        "twice": 0,
        "disorder": 0,
        "integrity": "ok",
        "broken_feeds": [],
        "entries_twice": 0,
        "ids_twice": 0,
        "last_exit": 0,
    }


@pytest.mark.parametrize(
    ("received", "in_doubt", "kept"),
    [
        (["a", "b", "c"], 0, True),
        (["a", "a", "b", "c"], 1, True),
        (["a", "a", "b", "c"], 0, False),  # twice, uncounted
        (["a", "c"], 0, False),  # lost
        (["b", "a", "c"], 0, False),  # out of order
        (["a", "b", "a", "c"], 9, False),  # repeated after the next
        ([], 0, False),
    ],
)
def test_the_judge_sees_what_is_wrong(received: list[str], in_doubt: int, kept: bool) -> None:
    owed = {1: ["a", "b", "c"]}
    verdict = judge(owed, {1: received}, kills=1, in_doubt=in_doubt, integrity="ok")
    assert verdict.kept == kept


def test_a_damaged_store_is_no_promise_kept() -> None:
    assert not judge({}, {}, kills=1, in_doubt=0, integrity="row 3 missing").kept


def test_a_worker_that_never_gets_to_the_step_is_no_success() -> None:
    command = [sys.executable, "-m", "tests.crash.judge", "--kills", "1", "--worker", "true"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "never reached" in done.stderr
