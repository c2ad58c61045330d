"""What a module may be: in a layer, of one purpose, and without I/O where it is pure.

Which layer may import which is import-linter's to say (`lint-imports`, in pyproject.toml); here is
what it does not see: third-party packages, the clock, and size.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "feedbot"
MODULES = sorted(PACKAGE.rglob("*.py"))
PURE = (
    "source",
    "identity",
    "likeness",
    "matching",
    "diff",
    "judge",
    "expectation",
    "pace",
    "owing",
    "counters",
    "filters",
    "search",
    "render",
)
#: Packages that read the world or wait for it.
IMPURE = (
    *("asyncio", "random", "socket", "sqlite3", "ssl", "subprocess", "threading", "time"),
    *("aiohttp", "aiosqlite", "alembic", "apscheduler", "filelock", "httpx", "sqlalchemy"),
    *("starlette", "telegram", "urllib.request", "uvicorn", "feedbot.clock"),
)
CLOCKS = ("datetime.now", "datetime.utcnow", "datetime.today", "date.today")
LONGEST = 400


def part(module: Path) -> str:
    """The piece of the layers' picture a file belongs to: `source`, `cli`, …"""
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of everything a module imports, at its top or inside a function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            for alias in node.names:
                yield node.lineno, f"{node.module}.{alias.name}"


def impurities(text: str) -> list[str]:
    """What in a module's text reads a clock, waits, or imports something that does."""
    tree = ast.parse(text)
    found = [
        f"line {line} imports {name}"
        for line, name in imported(tree)
        if any(f"{name}.".startswith(f"{impure}.") for impure in IMPURE)
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith):
            found.append(f"line {node.lineno} waits")
        elif isinstance(node, ast.Attribute) and ast.unparse(node) in CLOCKS:
            found.append(f"line {node.lineno} asks {ast.unparse(node)}")
    return found


def relative(module: Path) -> str:
    return module.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("module", [m for m in MODULES if part(m) in PURE], ids=relative)
def test_the_pure_part_does_no_io(module: Path) -> None:
    assert impurities(module.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import httpx", "line 1 imports httpx"),
        ("import urllib.request as r", "line 1 imports urllib.request"),
        ("from sqlalchemy.ext import asyncio", "line 1 imports sqlalchemy.ext.asyncio"),
        ("def f():\n    from feedbot import clock", "line 2 imports feedbot.clock"),
        ("from feedbot.clock import Clock", "line 1 imports feedbot.clock.Clock"),
        ("async def f(): pass", "line 1 waits"),
        ("x = datetime.now(UTC)", "line 1 asks datetime.now"),
    ],
)
def test_an_impurity_is_seen(text: str, found: str) -> None:
    assert impurities(text) == [found]


@pytest.mark.parametrize(
    "text", ["from datetime import time", "import urllib.parse", "from feedbot.telegram import x"]
)
def test_what_only_looks_impure_is_not(text: str) -> None:
    # feedbot.telegram is for import-linter to refuse: it is not the package `telegram`
    assert impurities(text) == []


@pytest.mark.parametrize("module", MODULES, ids=relative)
def test_a_module_fits_in_the_head(module: Path) -> None:
    lines = len(module.read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST, f"{lines} lines: split it"


def test_every_folder_is_a_package() -> None:
    # without __init__.py import-linter does not see it; Alembic loads its versions by their path
    folders = {module.parent for module in MODULES if module.parent.name != "versions"}
    assert [relative(folder) for folder in folders if not (folder / "__init__.py").exists()] == []


def test_every_module_is_in_a_layer_and_the_pure_ones_in_one() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = settings["tool"]["importlinter"]["contracts"]
    layers = [line.replace("|", ":").split(":") for line in contract["layers"]]
    named = [{name.strip(" ()") for name in layer} for layer in layers]
    assert {part(module) for module in MODULES} - {"__init__"} <= set().union(*named)
    assert set(PURE) in named
    assert contract["exhaustive"] is True
