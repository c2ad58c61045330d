"""feedbot on a machine that says no: no such host, no right to write, no room left.

The commands of `Desk`, run through a program that takes something away first. Namespaces hide what
is done from everybody else; no rights on this machine are needed, but its kernel has to allow them.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.commands import Desk, _environment

_MEASURE = """
import pathlib, resource, subprocess, sys
code = subprocess.call(sys.argv[2:])
most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
pathlib.Path(sys.argv[1]).write_text(str(most))
sys.exit(code)
"""


class Confined(Desk):
    """A desk whose commands are run by `wrap`, a program that takes a command and becomes it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.wrap: Sequence[str] = ()

    async def __aenter__(self) -> Confined:
        await super().__aenter__()
        return self

    async def _start(
        self, *arguments: str, env: Any = None, **_: Any
    ) -> asyncio.subprocess.Process:
        self.save()
        return await asyncio.create_subprocess_exec(
            *(*self.wrap, sys.executable, "-m", "feedbot", *arguments),
            cwd=self.folder,
            env={**_environment(self.folder), **(env or {})},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )


def measuring(record: Path) -> Sequence[str]:
    """Writes the most memory the command held, in kB, to `record`."""
    return sys.executable, "-c", _MEASURE, str(record)


def after(*steps: str) -> Sequence[str]:
    """Runs these lines of shell first; what they mount only the command sees."""
    return "unshare", "-rm", "sh", "-ec", "\n".join([*steps, 'exec "$@"']), "sh"


def small_disk(folder: Path, *, full: bool = False) -> Sequence[str]:
    """`folder` (it need not exist) is a disk of its own, of two megabytes, with room or without."""
    folder.mkdir(exist_ok=True)
    place = shlex.quote(str(folder))
    fill = f"head -c 3000000 /dev/zero 2>&- >{place}/ballast || true"
    return after(f"mount -t tmpfs -o size=2m none {place}", *([fill] if full else []))


def read_only(folder: Path) -> Sequence[str]:
    """Nothing in `folder` can be changed."""
    place = shlex.quote(str(folder))
    return after(f"mount --bind {place} {place}", f"mount -o remount,bind,ro {place}")


def knowing_hosts(folder: Path, hosts: str) -> Sequence[str]:
    """Host names are looked up in `hosts` (the lines of /etc/hosts) and nowhere else."""
    files = {"hosts": hosts, "nsswitch.conf": "hosts: files", "resolv.conf": "nameserver 127.0.0.1"}
    for name, text in files.items():
        (folder / name).write_text(f"{text}\n")
    return after(*(f"mount --bind {shlex.quote(str(folder / name))} /etc/{name}" for name in files))


def without_rights() -> Sequence[str]:
    """Root without its right to write everywhere; others have none to lose."""
    drop = "--bounding-set=-dac_override,-dac_read_search"
    return () if os.geteuid() else ("setpriv", drop)


def seen_by(pid: int, path: Path) -> Path:
    """A path as the process sees it, with what is mounted for its eyes alone."""
    return Path(f"/proc/{pid}/root{path}")


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Leave no room in the file system of `folder` while the block runs."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (65536, 512, 1):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                continue
    try:
        yield
    finally:
        ballast.unlink(missing_ok=True)  # the disk goes with the last process that saw it
