"""`check` says of this piece what it would have to refuse: no camera, worlds that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from installation.inspection import check
from installation.networks.weights import WEIGHTS_FOLDER


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


def test_the_network_that_worlds_begin_from_is_no_world(tmp_path: Path) -> None:
    (problem,) = said(tmp_path, "pieces:\n  learning_to_see: {worlds: [fire, parent]}\n")
    assert problem.startswith("2:36: item 2 of 'worlds' of piece 'learning_to_see': ")
    assert problem.endswith("no world itself; take it out of 'worlds', or name a world such as sea")


def test_a_world_that_was_copied_under_another_name_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for suffix in ("safetensors", "yaml"):
        shipped = WEIGHTS_FOLDER / f"learning_to_see.fire.{suffix}"
        (tmp_path / f"learning_to_see.rost.{suffix}").write_bytes(shipped.read_bytes())
    monkeypatch.setattr("installation.inspection.WEIGHTS_FOLDER", tmp_path)
    (problem,) = said(tmp_path, "pieces:\n  learning_to_see: {worlds: [rost]}\n")
    assert problem.startswith("2:30: ") and "its card is that of 'learning_to_see.fire'; restore both" in problem


@pytest.mark.parametrize("cut", [1, 100_000])
def test_a_world_whose_file_was_cut_off_is_named_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    monkeypatch.setattr("installation.inspection.WEIGHTS_FOLDER", tmp_path)
    for name in ("sea", "fire"):
        for suffix in ("safetensors", "yaml"):
            shipped = WEIGHTS_FOLDER / f"learning_to_see.{name}.{suffix}"
            (tmp_path / shipped.name).write_bytes(shipped.read_bytes())
    written = "pieces:\n  learning_to_see: {worlds: [sea, fire]}\n"
    assert said(tmp_path, written) == []
    fire = tmp_path / "learning_to_see.fire.safetensors"
    fire.write_bytes(fire.read_bytes()[:-cut])
    (problem,) = said(tmp_path, written)
    assert problem.startswith(
        f"2:35: item 2 of 'worlds' of piece 'learning_to_see': {fire}: this is not the file that"
    )
    assert "restore both or train again: python3 run.py train learning_to_see --data PICTURES --world fire" in problem


def test_worlds_that_change_before_they_have_come_are_named(tmp_path: Path) -> None:
    (problem,) = said(tmp_path, "pieces:\n  learning_to_see:\n    blend: 60 s\n    change_every: 5 s\n")
    assert problem == (
        "4:19: 'change_every' of piece 'learning_to_see': a world changes after 5 s but takes 60 s to become the "
        "next, so that none is ever seen alone; make it at least as long as 'blend', or 'blend' shorter"
    )
    assert said(tmp_path, "pieces: {learning_to_see: {blend: 60 s, change_every: 60 s}}\n") == []
    assert said(tmp_path, "pieces: {learning_to_see: {blend: 60 s, change_every: 5 s, worlds: [sea]}}\n") == []
