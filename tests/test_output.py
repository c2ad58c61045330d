"""What goes to stdout can be written whatever the locale says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

FEED = """\
<rss version="2.0"><channel><title>Новости</title>
<item><title>Привет — 😀</title><link>https://press.example.org/1</link></item></channel></rss>
"""


@pytest.mark.parametrize("options", [[], ["--json"]])
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_text_of_any_language_is_utf8_in_any_locale(
    tmp_path: Path, encoding: str, options: list[str]
) -> None:
    file = tmp_path / "feed.xml"
    file.write_text(FEED, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "feedbot", "preview", str(file), *options],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    out = done.stdout.decode()
    assert "Привет — 😀" in out
    if options:
        assert json.loads(out)["items"][0]["title"] == "Привет — 😀"
