"""Logs: one line a record, in files that never grow beyond bounds and never bring a process down.

`configure("stage", folder)` is the first thing a process does. After it, every record, warning and uncaught
exception of the process is a line in `stage.log`, and on standard error unless that is `stage.out` beside it; a crash
below Python (a segmentation fault in a driver) leaves its stacks in `stage.crash`, and so does the signal SIGUSR1,
which shows where a hung process hangs.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import re
import signal
import sys
import threading
from datetime import datetime
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import IO, Any

FILE_BYTES = 2_000_000
FILES = 5  # the current one and four older ones
LINE_CHARACTERS = 4000  # a record is cut here: one runaway message must not rotate everything else away

# What a terminal would obey, what ends a line for some programs, and what no file takes (half a surrogate pair).
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

_crash_files: dict[str, IO[Any]] = {}  # faulthandler writes to the descriptor, so the file must stay open


class Line(logging.Formatter):
    """`2026-11-21T10:15:02.120+01:00 stage WARNING installation.stage: message`, tracebacks folded into the line."""

    def __init__(self, process: str) -> None:
        super().__init__("%(message)s")
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds")
        text = super().format(record).strip().replace("\r", "").replace("\n", " ⏎ ")
        text = _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
        if len(text) > LINE_CHARACTERS:
            half = LINE_CHARACTERS // 2
            text = f"{text[:half]} […] {text[-half:]}"
        return f"{at} {self._process} {record.levelname} {record.name}: {text}"


class SafeFile(RotatingFileHandler):
    """A rotating log file. On a full or vanished disk lines are lost and counted, and nothing is raised.

    A file that somebody deletes or moves away is begun anew, as logging.handlers.WatchedFileHandler does.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=FILE_BYTES, backupCount=FILES - 1, encoding="utf-8", delay=True)
        self.lost = 0
        self._opened: os.stat_result | None = None

    def _open(self) -> TextIOWrapper:
        stream = super()._open()
        self._opened = os.fstat(stream.fileno())
        return stream

    def emit(self, record: logging.LogRecord) -> None:
        try:
            if self.stream is not None and self._is_gone():
                self._close_stream()
            if self.lost and not self._told():
                self.lost += 1
                return
            super().emit(record)
        except (OSError, ValueError):
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is logging's
        # The file is closed, so that the next record opens it anew: its folder may have come back by then.
        self.lost += 1
        self._close_stream()

    def _is_gone(self) -> bool:
        """Whether what is written to is not what lies there under its name."""
        try:
            return self._opened is None or not os.path.samestat(Path(self.baseFilename).stat(), self._opened)
        except FileNotFoundError:
            return True

    def _close_stream(self) -> None:
        stream, self.stream = self.stream, None
        if stream is not None:
            with contextlib.suppress(OSError):  # what was buffered is lost, and counted already
                stream.close()

    def _told(self) -> bool:
        """Whether the disk takes lines again: the first one says how many were lost."""
        lost, self.lost = self.lost, 0
        try:
            Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True)
            if self.stream is None:
                self.stream = self._open()
            super().emit(logging.LogRecord(__name__, logging.WARNING, "", 0, f"{lost} lines were lost", (), None))
        except OSError:
            self.lost = 1
        if not self.lost:
            return True
        self.lost = lost
        return False


def configure(process: str, folder: Path | None = None, level: int | str = logging.INFO) -> None:
    """Send everything this process logs to `folder/process.log` (if a folder is given) and to standard error.

    Standard error is left to what libraries print where it is `folder/process.out`: a line is not kept twice there.
    Replaces what an earlier call, or a parent before a fork, had set up. Raises nothing for a folder that cannot be
    written: standard error is then all there is.
    """
    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler, SafeFile) or getattr(handler, "of_the_house", False):
            root.removeHandler(handler)
            handler.close()
    console = logging.StreamHandler(sys.stderr)
    console.of_the_house = True  # type: ignore[attr-defined]
    handlers: list[logging.Handler] = [console]
    trouble = None
    if folder is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            trouble = error
        if trouble is None and _is_the_file(sys.stderr, folder / f"{process}.out"):
            handlers = []
        handlers.append(SafeFile(folder / f"{process}.log"))
    for handler in handlers:
        handler.setFormatter(Line(process))
        root.addHandler(handler)
    root.setLevel(level)
    logging.raiseExceptions = False  # a log that cannot be written must not print tracebacks for every line
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread
    if trouble is not None:
        logging.getLogger(__name__).warning("no log file: %s", trouble)
    _catch_crashes(process, folder)


def _is_the_file(stream: IO[Any], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(stream.fileno()), path.stat())
    except (OSError, ValueError, AttributeError):  # no file there, or no stream: a window's program has none
        return False


def _catch_crashes(process: str, folder: Path | None) -> None:
    """Let faulthandler write to `process.crash`, kept short, or to standard error where no file can be had."""
    file: IO[Any] | None = None
    if folder is not None:
        path = folder / f"{process}.crash"
        try:
            mode = "w" if path.exists() and path.stat().st_size > FILE_BYTES // 10 else "a"
            file = path.open(mode, encoding="utf-8")
        except OSError as error:
            logging.getLogger(__name__).warning("no crash file: %s", error)
    target: IO[Any] = file if file is not None else sys.__stderr__ or sys.stderr
    try:
        faulthandler.enable(target, all_threads=True)
        faulthandler.register(signal.SIGUSR1, target, all_threads=True)
    except (OSError, ValueError, RuntimeError, AttributeError) as error:
        logging.getLogger(__name__).warning("crashes leave no trace: %s", error)
        return
    previous = _crash_files.pop("open", None)
    if file is not None:
        _crash_files["open"] = file
    if previous is not None:
        previous.close()


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        logging.getLogger("installation").info("interrupted")
        return
    logging.getLogger("installation").critical("uncaught", exc_info=(kind, error, trace))


def _log_uncaught_in_thread(arguments: threading.ExceptHookArgs) -> None:
    name = arguments.thread.name if arguments.thread else "?"
    error = arguments.exc_value
    if error is not None:
        trace = (type(error), error, arguments.exc_traceback)
        logging.getLogger("installation").critical("uncaught in thread %s", name, exc_info=trace)
