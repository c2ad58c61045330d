"""What is installed: pinned, hashed, the same everywhere, and nothing that has to be compiled."""

from __future__ import annotations

import importlib.machinery
import importlib.metadata
import importlib.util
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

ROOT = Path(__file__).resolve().parent.parent
FILES = ("requirements.txt", "requirements-dev.txt", "requirements-build.txt")
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True)
class Pin:
    """One line of a requirements file: an exact version and the hashes of its files."""

    requirement: Requirement
    hashes: frozenset[str]

    @property
    def version(self) -> str:
        (specifier,) = self.requirement.specifier
        assert specifier.operator == "=="
        return specifier.version


def pins(file: str) -> dict[str, Pin]:
    """Name → pin; a line that is anything else (an option, a URL) does not parse."""
    lines = (ROOT / file).read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    found = [
        Pin(Requirement(HASH.sub("", line).strip()), frozenset(HASH.findall(line)))
        for line in lines
    ]
    return {canonicalize_name(pin.requirement.name): pin for pin in found}


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def generator() -> ModuleType:
    """.ci/requirements, which knows for what machines feedbot is meant."""
    loader = importlib.machinery.SourceFileLoader("requirements", str(ROOT / ".ci/requirements"))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def listed() -> dict[str, tuple[str, str]]:
    """File name → (hash, package) of the files that .ci/wheels.txt lists."""
    lines = (ROOT / ".ci/wheels.txt").read_text(encoding="utf-8").splitlines()
    files = {name: digest for digest, name in (line.split("  ") for line in lines)}
    return {
        name: (digest, canonicalize_name(name.partition("-")[0])) for name, digest in files.items()
    }


@pytest.mark.parametrize("file", FILES)
def test_every_line_is_an_exact_version_with_hashes(file: str) -> None:
    for name, pin in pins(file).items():
        assert pin.version, name
        assert pin.hashes, name
        assert pin.requirement.url is None, name


@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        ("requirements.txt", lambda: project()["project"]["dependencies"]),
        ("requirements-dev.txt", lambda: project()["project"]["optional-dependencies"]["dev"]),
        ("requirements-build.txt", lambda: project()["build-system"]["requires"]),
    ],
)
def test_the_pins_are_what_the_project_asks_for(file: str, wanted: Any) -> None:
    pinned = pins(file)
    for requirement in map(Requirement, wanted()):
        pin = pinned.get(canonicalize_name(requirement.name))
        assert pin is not None, f"{requirement}: run .ci/requirements"
        assert pin.version in requirement.specifier, f"{requirement}: run .ci/requirements"


def test_the_tests_run_on_what_users_run() -> None:
    runtime, dev = pins("requirements.txt"), pins("requirements-dev.txt")
    assert {name: dev.get(name) for name in runtime} == runtime


def lacking() -> Iterator[str]:
    """Packages and machines for which no listed, pinned file is installable."""
    tool, files = generator(), listed()
    for name, pin in pins("requirements-dev.txt").items():
        own = [file for file, (_, package) in files.items() if package == name]
        sources = name in tool.SOURCE_ONLY and any(file.endswith(".tar.gz") for file in own)
        wheels = [parse_wheel_filename(file)[3] for file in own if file.endswith(".whl")]
        marker = {"marker": str(pin.requirement.marker)} if pin.requirement.marker else {}
        for python in tool.PYTHONS:
            for machine in tool.MACHINES:
                fits = frozenset(tool.tags(python, machine))
                installable = sources or any(tags & fits for tags in wheels)
                if tool.wanted(marker, python, machine) and not installable:
                    yield f"{name} for Python {python} on {machine}"


def test_nothing_has_to_be_compiled_on_amd64_or_arm64() -> None:
    assert list(lacking()) == []


def test_the_listed_files_are_the_pinned_ones() -> None:
    pinned = pins("requirements-dev.txt")
    strangers = [
        file
        for file, (digest, package) in listed().items()
        if package not in pinned or digest not in pinned[package].hashes
    ]
    assert strangers == []


def test_what_publishes_no_wheel_makes_one_that_fits_all() -> None:
    for name in generator().SOURCE_ONLY:
        wheel = importlib.metadata.distribution(name).read_text("WHEEL") or ""
        assert "Root-Is-Purelib: true" in wheel.splitlines()
        assert re.search(r"^Tag: py3-none-any$", wheel, re.MULTILINE)


def test_the_image_is_built_from_what_it_needs_and_no_more() -> None:
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", (ROOT / "Dockerfile").read_text(), re.M)
    let_in = re.findall(r"^!(.*)$", (ROOT / ".dockerignore").read_text(), re.M)
    assert sorted(" ".join(copied).split()) == sorted(let_in)
    assert (ROOT / ".dockerignore").read_text().startswith("*\n")
