"""What real readers make of our feeds over nine days; the table in docs/readers.md says it too."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.readers import DAYS, confined
from tests.require import needs

ROOT = Path(__file__).parent.parent
TABLE = ROOT / "docs" / "readers.md"

#: How each was answered, day by day. newsboat sends its validators from the third reload on; the
#: library `reader` asks for the whole once more after the feed has named another address.
STATUSES = {
    "feedparser": [200, 304, 304, 200, 200, 200, 200, 200, 304],
    "reader": [200, 304, 304, 200, 200, 200, 200, 200, 200],
    "newsboat": [200, 200, 304, 200, 200, 200, 200, 200, 304],
    "rss2email": [200, 304, 304, 200, 200, 200, 200, 200, 304],
    "liferea": [200, 304, 304, 200, 200, 200, 200, 200, 304],
}


def visits(name: str, folder: Path, days: int = len(DAYS)) -> list[dict[str, Any]]:
    """What the reader had after each day."""
    command = [sys.executable, "-m", "tests.readers", name, str(folder), str(days)]
    done = subprocess.run(confined(command), cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("feedparser", marks=needs("loopback")),
        pytest.param("reader", marks=[needs("loopback"), needs("reader")]),
        pytest.param("newsboat", marks=[needs("loopback"), needs("newsboat")]),
        pytest.param("rss2email", marks=[needs("loopback"), needs("r2e")]),
        pytest.param("liferea", marks=[needs("loopback"), needs("liferea")]),
    ],
)
def test_a_reader_has_every_entry_once_and_asks_for_what_is_new(name: str, tmp_path: Path) -> None:
    days = visits(name, tmp_path)
    assert [day["day"] for day in days] == [what for what, _, _ in DAYS]
    assert [day["statuses"] for day in days] == [[status] for status in STATUSES[name]]
    expected = [3, 3, 3, 4, 4, 4, 4, 4, 4]
    ids = [[entry[0] for entry in day["entries"]] for day in days]
    assert [len(day) for day in ids] == [len(set(day)) for day in ids] == expected
    assert set(ids[0]) < set(ids[3]) == set(ids[8])  # whatever moves, an entry stays what it was
    if name == "rss2email":  # it mails what it has not seen yet, and no changes
        assert [day["mails"] for day in days] == expected
        return
    texts = [{entry[1]: entry[2] for entry in day["entries"]} for day in days]
    assert "What happened on the 2th." in texts[3]["Event 2"]
    changed = "What really happened."
    if name == "liferea":  # it goes by the id, and leaves what it has as it is
        changed = "What happened on the 2th."
    assert changed in texts[4]["Event 2"]
    assert changed in texts[8]["Event 2"]


@needs("loopback")
@needs("chromium")
def test_a_browser_is_shown_a_page(tmp_path: Path) -> None:
    [day] = visits("chromium", tmp_path, 1)
    assert day["statuses"] == [200]
    assert day["entries"] == [
        [f"https://press.example.org/article/{number}", f"Event {number}",
         "https://feeds.example.org/feeds/embassy.atom"]
        for number in (3, 2, 1)
    ]  # fmt: skip


def test_the_table_says_what_was_seen() -> None:
    lines = TABLE.read_text("utf-8").splitlines()
    rows = {
        cells[0].strip(): [int(status) for status in re.findall(r"\b(200|304)\b", line)]
        for line in lines
        if line.startswith("| ") and len(cells := line.strip("| ").split("|")) > 9
    }
    assert {name: rows[name] for name in STATUSES} == STATUSES
