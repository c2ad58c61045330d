"""Tests that need a real part which a machine may not have.

    pytestmark = needs("faketime")              the command `faketime`
    @needs("validator")                         a part with a rule of its own, see PARTS

Where the part is missing the test is skipped and says so; where `FEEDBOT_REQUIRE` (names with
commas between them) promises it, as `.ci/run` does for all it installed, collecting the test fails
instead: a promise quietly broken is a test that checks nothing.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

#: The W3C feed validator, beside the checkout where there is one.
VALIDATOR = Path(__file__).resolve().parents[2] / "shared" / "validator" / "validate.py"


def _namespaces() -> bool:
    """Whether a process may have mounts that only it sees."""
    command = ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/tmp"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _loopback() -> bool:
    """Whether a process may have a network of its own, with loopback alone."""
    command = ["unshare", "-rn", "ip", "link", "set", "lo", "up"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


_LIFEREA = ("liferea", "Xvfb", "dbus-daemon", "gdbus", "setpriv")
#: Parts that are not simply a command of the same name.
PARTS: Mapping[str, Callable[[], bool]] = {
    "loopback": _loopback,
    "namespaces": _namespaces,
    "reader": lambda: all(map(importlib.util.find_spec, ("reader", "sgmllib"))),
    # liferea, a screen that nobody sees, and a bus by which it is told to update
    "liferea": lambda: all(map(shutil.which, _LIFEREA)),
    "tdjson": lambda: importlib.util.find_spec("tdjson") is not None,
    "validator": VALIDATOR.is_file,
}


def present(part: str) -> bool:
    """Whether the part is on this machine."""
    return PARTS.get(part, lambda: shutil.which(part) is not None)()


def required() -> frozenset[str]:
    """The parts this run was promised."""
    names = (name.strip() for name in os.environ.get("FEEDBOT_REQUIRE", "").split(","))
    return frozenset(name for name in names if name)


def needs(part: str) -> pytest.MarkDecorator:
    """The mark of a test that cannot run without `part`."""
    missing = not present(part)
    if missing and part in required():
        pytest.fail(f"FEEDBOT_REQUIRE names {part}, which is not on this machine", pytrace=False)
    return pytest.mark.skipif(missing, reason=f"{part} is not on this machine")
