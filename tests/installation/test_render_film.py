"""The film that a render leaves: whole, or not at all, and what is said of a disk that does not take it."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from installation.programme import OnShow
from installation.render import Plan, render
from installation.render_film import FilmWriter
from installation.render_inputs import RenderError
from tests.installation.test_render import Dark


def test_a_disk_that_is_full_is_said_in_words_and_leaves_no_half_film(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[object] = []

    def mux(self: FilmWriter, packets: object) -> None:
        written.append(packets)
        if len(written) == 9:
            raise self._unwritable(OSError(errno.ENOSPC, "No space left on device"))

    monkeypatch.setattr(FilmWriter, "_mux", mux)
    with pytest.raises(RenderError, match=r"film\.mp4 cannot be written: No space left on device"):
        render((OnShow("dark", Dark, Dark.Settings()), None), Plan(2.0, size=(64, 36)), tmp_path / "film.mp4")
    assert list(tmp_path.iterdir()) == []


def test_what_a_container_says_of_a_disk_becomes_words(tmp_path: Path) -> None:
    writer = FilmWriter(tmp_path / "film.mp4", (64, 36), 30)

    class Full:
        def mux(self, packets: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    whole, writer._container = writer._container, Full()  # type: ignore[assignment]
    with pytest.raises(RenderError, match="cannot be written: No space left"):
        writer.close()
    writer._container = whole
    writer.abandon()
