"""Every public page in a real browser, in both languages, narrow and wide, light and dark.

Run by `tests.browsing` in a network namespace with loopback alone: whatever a page tried, no packet
could leave.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.readers import confined
from tests.require import needs

ROOT = Path(__file__).resolve().parent.parent
pytestmark = [needs("chromium"), needs("loopback"), pytest.mark.timeout(400)]


@cache
def seen() -> dict[str, Any]:
    """What `tests.browsing` tells; it is run once."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            confined([sys.executable, "-m", "tests.browsing", folder]),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=380,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_every_page_fits_its_window() -> None:
    pages = seen()["pages"]
    assert len(pages) == 104
    assert [one for one in pages if one["overflow"] > 0] == []
    assert [one for one in pages if one["headings"] != 1] == []
    assert [one for one in pages if one["status"] != 200 and "nothing" not in one["path"]] == []


def test_what_hostile_pages_said_is_harmless() -> None:
    """The control shows that a dialog would be noticed."""
    assert seen()["control"]["dialogs"] == ["script"]
    for page in seen()["pages"]:
        assert page["dialogs"] == [], page
        assert page["elsewhere"] == [], page
        assert page["complaints"] == [], page
        assert page["cookies"] == [], page


def test_axe_finds_nothing_wrong() -> None:
    """WCAG 2.2 AA and axe's best practices; with scripts, which complain of nothing either."""
    assert "image-alt" in seen()["control"]["wrong"]
    assert seen()["violations"] == []


def test_all_is_reached_by_keyboard_and_shows_where_one_is() -> None:
    keys = seen()["keys"]
    assert (keys["first"], keys["target"]) == ("skip", "#main")
    assert keys["skip_height"] >= 24
    assert (keys["missed"], keys["unseen"]) == ([], [])
    assert keys["found"] > 0


def test_the_clocks_tick_through_the_change_of_time() -> None:
    assert seen()["clocks"] == {"before": "03:59 01:59", "after": "04:00 01:00"}


def test_the_front_page_takes_three_requests() -> None:
    asked = seen()["requests"]
    assert len(asked) == 3
    assert asked[0] == "/"


def test_hebrew_runs_from_right_to_left() -> None:
    assert seen()["rtl"] == "rtl"
