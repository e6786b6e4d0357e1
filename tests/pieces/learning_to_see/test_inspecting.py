"""`check` says of this piece when it would have nothing to look through."""

from __future__ import annotations

from pathlib import Path

import pytest

from installation.inspection import check


def said(folder: Path, text: str) -> list[str]:
    path = folder / "exhibition.yaml"
    path.write_text(text)
    return [f"{problem.line}:{problem.column}: {problem.message}" for problem in check(path)]


def test_a_piece_that_looks_through_a_camera_needs_one(tmp_path: Path) -> None:
    (problem,) = said(tmp_path, "title: x\npieces: [neural_beatbox, learning_to_see]\ncamera: none\n")
    assert problem == (
        "2:26: piece 'learning_to_see': there is no camera to look through: the exhibition says 'camera: none'; "
        "leave that out, or write camera: film"
    )


@pytest.mark.parametrize("camera", ["", "camera: auto\n", "camera: film\n", "camera: {id: usb-1}\n"])
def test_a_film_in_its_place_is_enough(tmp_path: Path, camera: str) -> None:
    assert said(tmp_path, f"pieces: [learning_to_see]\n{camera}") == []
