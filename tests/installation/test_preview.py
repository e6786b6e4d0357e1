"""The live picture for the console: where there is no room for it, the stage goes on without."""

from __future__ import annotations

import errno
import logging
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from installation import preview as module
from installation import shared
from installation.preview import AGAIN_SECONDS, Preview
from installation.shared import FrameReader

PICTURE = np.full((540, 1920, 3), 90, np.uint8)


def test_who_watches_while_memory_is_full_has_no_picture_and_the_stage_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = SimpleNamespace(at=1000.0)
    (tmp_path / "watching").touch()
    touched = (tmp_path / "watching").stat().st_mtime
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.at, time=lambda: touched))
    tried = []

    def full(*_: object) -> None:
        tried.append(clock.at)
        raise OSError(errno.ENOSPC, "No space left on device")

    preview, reader = Preview(tmp_path), FrameReader(tmp_path, "preview")
    with monkeypatch.context() as while_full, caplog.at_level(logging.WARNING):
        while_full.setattr(shared.os, "posix_fallocate", full)
        for _ in range(300):
            clock.at += 0.1
            preview.offer(PICTURE, 10.0)
    assert len(caplog.records) == 1 and "no live picture: [Errno 28] no room for" in caplog.text
    assert 2 <= len(tried) <= 30.0 / AGAIN_SECONDS + 1, "it is not tried at every picture"
    clock.at += AGAIN_SECONDS
    preview.offer(PICTURE, 10.0)
    taken = reader.newest()
    assert taken is not None and taken[0].shape == (270, 960, 3)
