"""Files of text as lines of bytes: decompressed, bounded in length, and able to say how much has been read."""

from __future__ import annotations

import contextlib
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from engine.accounts.population import PopulationError

MAX_LINE = 1_048_576
"""Bytes of a line; the service takes no larger request either."""
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_UTF8_MARK = b"\xef\xbb\xbf"


class TextFile:
    """A file of text that is open for reading. A byte order mark of UTF-8 at its beginning is left out."""

    def __init__(self, path: Path, raw: IO[bytes], stream: IO[bytes]) -> None:
        self.name = path.name
        self._size = max(path.stat().st_size, 1)
        self._raw = raw
        self._stream = stream

    def share(self) -> float:
        """How much of the file has been read, 0 to 1."""
        return min(self._raw.tell() / self._size, 1.0)

    def lines(self) -> Iterator[bytes | None]:
        """Every line with its end; None for one of more than `MAX_LINE` bytes.

        Raises:
            PopulationError: the file cannot be read to its end.
        """
        parts = self.parts()
        for part in parts:
            if len(part) <= MAX_LINE:
                yield part
                continue
            while not ends_line(part):
                part = next(parts, b"")  # noqa: PLW2901 - the parts of one line
            yield None

    def parts(self) -> Iterator[bytes]:
        """Every line with its end; one of more than `MAX_LINE` bytes in parts, of which `ends_line` knows the last.

        Raises:
            PopulationError: the file cannot be read to its end.
        """
        try:
            first = True
            while part := self._stream.readline(MAX_LINE + 1):
                if first and part.startswith(_UTF16):
                    raise PopulationError(f"{self.name}: the file is UTF-16; save it as UTF-8")
                if first and part.startswith(_UTF8_MARK):
                    # As long as any other part, so that a line that goes on is known by its length.
                    part = part[len(_UTF8_MARK) :]
                    part += b"" if part.endswith(b"\n") else self._stream.readline(len(_UTF8_MARK))
                first = False
                yield part
        except (OSError, EOFError, zlib.error) as error:
            why = f"{error}".lower() or "unknown error"
            raise PopulationError(f"{self.name}: the file cannot be read to its end: {why}") from error


def ends_line(part: bytes) -> bool:
    """Whether a part of a line is the last of it; a line that the file ends in may have an empty one."""
    return len(part) <= MAX_LINE or part.endswith(b"\n")


@contextlib.contextmanager
def text_file(path: Path) -> Iterator[TextFile]:
    """The file, for the body alone; one whose name ends in `.gz` is decompressed."""
    with contextlib.ExitStack() as stack:
        raw = stack.enter_context(path.open("rb"))
        stream: IO[bytes] = raw
        if path.suffix.lower() == ".gz":
            stream = cast("IO[bytes]", gzip.GzipFile(fileobj=raw))
        yield TextFile(path, raw, stream)
