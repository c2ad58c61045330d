"""What a command does not need is not loaded: it takes longer than most commands do."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.corpus import FOLDER

HEAVY = (
    "aiohttp alembic apscheduler dateparser feedparser httpx pydantic_settings sqlalchemy".split()
)
HEAVY += "starlette telegram trafilatura uvicorn".split()
#: Runs commands one after the other; prints for each its exit code and the heavy modules it needed.
SCRIPT = """
import contextlib, io, json, sys
from feedbot.cli import main
said = []
for arguments in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            code = main(arguments)
        except SystemExit as ending:
            code = ending.code
    said.append([code, sorted(sys.modules.keys() & set(json.loads(sys.argv[2])))])
print(json.dumps(said))
"""


def needed(folder: Path, *commands: list[str]) -> Any:
    (folder / "config.toml").write_text(
        '[[sources]]\nname = "a"\nurl = "https://a.example/"\nlisting = { item = "li" }\n'
    )
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(commands), json.dumps([*HEAVY, "pydantic"])],
        cwd=folder,
        capture_output=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_help_check_and_preview_of_a_file_load_little(tmp_path: Path) -> None:
    page = str(FOLDER / "charity-blocks.html")
    little = needed(tmp_path, ["--help"], ["check"], ["preview", page], ["status"])
    assert little[0] == [0, []]
    assert little[1:3] == [[0, ["pydantic"]]] * 2
    assert little[3][0] == 0
    assert set(little[3][1]) <= {"alembic", "pydantic", "sqlalchemy"}
