"""What a piece's settings name on the disk: a file, a folder or either, and who says that it is not here."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import soundfile

from installation.inspection import check
from installation.piece import Inspected, Piece
from installation.reference import allowed
from installation.settings import Field, File, Folder, PictureFile, SoundFile


class Tuned(Piece):
    """A piece that reads what its settings name."""

    class Settings(Piece.Settings):
        scale: File | None = Field(default=None, description="a file")
        songs: Folder | None = Field(default=None, description="a folder")
        either: Path | None = Field(default=None, description="a file or a folder")
        bed: SoundFile | None = Field(default=None, description="a sound")
        prints: list[PictureFile] = Field(default=[], description="pictures")
        careless: bool = Field(default=False, description="it takes for granted that all is here")

    @classmethod
    def inspect(cls, settings: Any, camera: bool) -> Inspected:
        if settings.careless:
            settings.scale.read_bytes()
        return Inspected({name: f"no {name}" for name in ("scale", "songs") if getattr(settings, name) is not None})


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("scale: no.scl", ["'scale' of piece 'tuned': there is no file {folder}/no.scl"]),
        ("scale: .", ["'scale' of piece 'tuned': {folder} is a folder; name a file in it"]),
        ("scale: pipe", ["'scale' of piece 'tuned': {folder}/pipe is not an ordinary file"]),
        (
            "scale: no.scl, songs: .",
            ["'scale' of piece 'tuned': there is no file {folder}/no.scl", "'songs' of piece 'tuned': no songs"],
        ),
        ("scale: no.scl, careless: true", ["'scale' of piece 'tuned': there is no file {folder}/no.scl"]),
        ("bed: no.wav", ["'bed' of piece 'tuned': there is no file {folder}/no.wav"]),
        ("prints: [no.png]", ["'prints' of piece 'tuned': there is no file {folder}/no.png"]),
        ("either: {folder}", []),
        ("either: {folder}/exhibition.yaml", []),
        ("either: {folder}/no", ["'either' of piece 'tuned': there is no file {folder}/no"]),
    ],
)
def test_what_is_not_here_is_said_once_and_a_file_is_no_folder(
    tmp_path: Path, settings: str, said: list[str]
) -> None:
    os.mkfifo(tmp_path / "pipe")
    text = "pieces: {tuned: {" + settings.replace("{folder}", str(tmp_path)) + "}}"
    path = tmp_path / "exhibition.yaml"
    path.write_text(text)
    assert [problem.message for problem in check(path, {"tuned": Tuned})] == [
        one.format(folder=tmp_path) for one in said
    ]


def test_the_page_of_settings_says_what_a_path_may_be() -> None:
    fields = Tuned.Settings.model_fields
    assert [allowed(fields[name]) for name in ("scale", "songs", "either", "bed")] == [
        "file",
        "folder",
        "file or folder",
        "sound file",
    ]
    assert "picture file" in allowed(fields["prints"])


def test_a_file_that_is_no_sound_or_no_picture_is_named_at_its_setting(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no sound, and no picture either")
    soundfile.write(tmp_path / "hum.wav", np.zeros(480, np.float32), 48_000)
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((8, 8), 90, np.uint8))
    path = tmp_path / "exhibition.yaml"
    path.write_text("pieces:\n- tuned:\n    bed: notes.txt\n    prints: [grey.png, notes.txt]\n")
    bed, prints = check(path, {"tuned": Tuned})
    assert (bed.line, prints.line) == (3, 4)
    assert bed.message.startswith(f"'bed' of piece 'tuned': {tmp_path}/notes.txt: not a sound that can be read")
    assert prints.message.startswith(f"'prints' of piece 'tuned': {tmp_path}/notes.txt is not a picture")
    path.write_text("pieces:\n- tuned:\n    bed: hum.wav\n    prints: [grey.png]\n")
    assert check(path, {"tuned": Tuned}) == []
