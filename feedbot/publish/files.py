"""Files that are there whole or not at all."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path

from feedbot.errors import PublishError


def check_writable(directory: Path) -> None:
    """See that files can be written at all, before anything is polled. Raises PublishError."""
    probe = directory / f".writable.{os.getpid()}"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"x")
        probe.unlink()
    except OSError as error:
        raise unwritable(directory, error) from None


def unwritable(path: Path, error: OSError) -> PublishError:
    """What to tell the operator of a file that could not be written."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    cure = "make room on its disk" if full else "check feeds.directory and its permissions"
    return PublishError(f"{path}: {error.strerror}; {cure}")


def put_file(path: Path, body: bytes, modified: int) -> None:
    """Put `body` at `path`, unless it is there with that time already. Raises OSError."""
    with suppress(FileNotFoundError, NotADirectoryError):
        status = path.stat()
        same = status.st_size == len(body) and int(status.st_mtime) == modified
        if same and path.read_bytes() == body:
            return
    replace_file(path, body, modified)


def remove_file(path: Path) -> None:
    """Take a file away, and the folder if that was all in it. Raises OSError."""
    path.unlink(missing_ok=True)


def replace_file(path: Path, body: bytes, modified: int | None = None) -> None:
    """Put `body` at `path` so that a reader sees the old file or the new one, even after a crash.

    modified: the file's time in seconds since 1970, if it matters. Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with partial.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        if modified is not None:
            os.utime(partial, (modified, modified))
        partial.replace(path)
    except OSError:
        with suppress(OSError):
            partial.unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY)  # the rename itself must survive the power
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
