"""Picture files that break off, or are of a kind that cannot be shown, are named, with what to do about it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from pieces.imaginary_soundscape import scenery
from pieces.imaginary_soundscape.pictures import PictureError, pictures_in, read
from tests.pieces.imaginary_soundscape.walker import colour_of, photograph, room

HEIC = b"\0\0\0\x18ftypheic" + bytes(100)
ALERT = "pictures_unusable"


def jpeg(size: tuple[int, int] = (640, 480), progressive: bool = False, restart: int = 0) -> bytes:
    noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
    how = [cv2.IMWRITE_JPEG_PROGRESSIVE, int(progressive), cv2.IMWRITE_JPEG_RST_INTERVAL, restart]
    return bytes(cv2.imencode(".jpg", noise, how)[1])


def with_preview(picture: bytes) -> bytes:
    """As a camera writes it: a small picture, which has an end, before the large one."""
    small = b"Exif\0\0" + jpeg((32, 24))
    return picture[:2] + b"\xff\xe1" + (len(small) + 2).to_bytes(2, "big") + small + picture[2:]


@pytest.mark.parametrize("share", [0.05, 0.5, 0.99])
@pytest.mark.parametrize("kind", [{}, {"progressive": True}, {"restart": 4}, {"size": (2000, 1000)}])
def test_a_jpeg_that_breaks_off_is_not_shown_half_grey(tmp_path: Path, kind: dict[str, int], share: float) -> None:
    path, whole = tmp_path / "a.jpg", jpeg(**kind)  # type: ignore[arg-type]
    for data in (whole, with_preview(whole), whole + bytes(300_000), with_preview(whole) + b"a film follows"):
        path.write_bytes(data)
        assert read(path, 100).shape[2] == 3
    for data in (whole, with_preview(whole)):
        before = len(data) - len(whole)
        path.write_bytes(data[: before + 1000 + round(share * (len(whole) - 1002))])
        with pytest.raises(PictureError, match="breaks off"):
            read(path, 100)


def test_the_end_may_lie_anywhere_in_what_is_read_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, path = jpeg((64, 48)), tmp_path / "a.jpg"
    for size in range(1, 9):
        monkeypatch.setattr("pieces.imaginary_soundscape.pictures.TAIL_BYTES", size)
        path.write_bytes(whole + b"xyz")
        assert read(path, 40).shape == (48, 64, 3)
        path.write_bytes(whole[:-1])
        with pytest.raises(PictureError, match="breaks off"):
            read(path, 40)


def test_a_png_whose_chunk_says_more_than_there_is_takes_no_memory_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (60, 90, 3), np.uint8)
    whole, path = bytes(cv2.imencode(".png", noise)[1]), tmp_path / "a.png"
    for data in (whole, whole + b"what some programs leave behind"):
        path.write_bytes(data)
        assert read(path, 40).shape == (60, 90, 3)
    monkeypatch.setattr(cv2, "imread", lambda *said: pytest.fail("4 GB are made room for"))
    for data in (
        whole[:33] + b"\xff" + whole[34:],
        whole[:33] + b"\0\1" + whole[35:],
        whole[:9000],
        whole[:33] + bytes(9000),
    ):
        path.write_bytes(data)
        with pytest.raises(PictureError, match="breaks off"):
            read(path, 40)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.heic", HEIC, "heic cannot be shown; export it as JPEG"),
        ("a.jpg", HEIC, "as phones take them"),
        ("a.dng", b"II*\0" + bytes(50), "dng cannot be shown; export it as JPEG"),
        ("a.jpg", b"no picture\n", "it is a text"),
        ("a.png", b"", "it is empty"),
        ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(50), "it is damaged, or no picture"),
    ],
)
def test_what_is_no_picture_is_said_to_be_what_it_is(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(PictureError) as raised:
        read(tmp_path / name, 100)
    assert said in str(raised.value) and str(raised.value).startswith(f"{tmp_path / name}: ")


def without_height(data: bytes) -> bytes:
    """A JPEG or PNG whose header says that it has no rows."""
    if data.startswith(b"\x89PNG"):
        return data[:20] + bytes(4) + data[24:]
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + bytes(2) + data[at + 2 :]


@pytest.mark.usefixtures("colours")
@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_a_picture_without_height_is_damaged_and_the_others_are_shown(place: Path, suffix: str) -> None:
    whole = cv2.imencode(suffix, np.zeros((40, 80, 3), np.uint8))[1].tobytes()
    bad = place / f"pictures/0{suffix}"
    bad.write_bytes(without_height(whole))
    with pytest.raises(PictureError, match="damaged, or no picture"):
        scenery.load(bad, (640, 360), 1)
    here = room(place, caption=False)
    assert colour_of(here.run(10)) == "red" and "is passed over" in here._raised[ALERT, bad.name]["instead"]


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (4000, 1), (1, 4000), (3, 2)])
def test_the_smallest_and_the_thinnest_pictures_are_shown(tmp_path: Path, size: tuple[int, int]) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.full((size[1], size[0], 3), 200, np.uint8))
    scene = scenery.load(tmp_path / "a.png", (640, 360), 4)
    assert min(scene.sheet.pixels.shape) > 0 and scene.views


def test_what_can_be_read_is_taken_and_what_cannot_is_listed(tmp_path: Path) -> None:
    colour = np.full((20, 30, 3), 90, np.uint8)
    for name in ("a.gif", "b.AVIF", "c.jpg", "raw.jpg"):
        (tmp_path / name).write_bytes(bytes(cv2.imencode(Path(name).suffix.lower(), colour)[1]))
    for name in ("d.heic", "raw.dng", ".e.heic", "notes.txt"):
        (tmp_path / name).write_bytes(HEIC)
    listing = pictures_in(tmp_path)
    assert [path.name for path in listing.pictures] == ["a.gif", "b.AVIF", "c.jpg", "raw.jpg"]
    assert [path.name for path in listing.refused] == ["d.heic"], "raw.dng was exported already"


# ---- on the status page --------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("colours")
def test_the_status_page_names_what_cannot_be_shown_and_no_more_once_it_is_gone(place: Path) -> None:
    for number in range(5):
        (place / f"pictures/{number}.heic").write_bytes(HEIC)
    here = room(place, caption=False)
    assert colour_of(here.run(15)) == "red"
    said = here.standing[ALERT]
    assert "0.heic, 3.heic, 4.heic" in said and "export it as JPEG" in said, "1 and 2 were exported"
    (place / "pictures/3.heic").unlink()
    here.run(25)
    assert "'0.heic, 4.heic'" in here.standing[ALERT] and len(here._raised) == 1
    for name in ("0", "4"):
        (place / f"pictures/{name}.heic").unlink()
    here.run(25)
    assert here.standing == {}


@pytest.mark.usefixtures("colours")
def test_of_a_folder_of_nothing_else_it_is_said(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenery, "OWN", place / "pictures")
    (place / "mine").mkdir()
    (place / "mine/a.heic").write_bytes(HEIC)
    here = room(place, pictures=place / "mine", caption=False)
    here.run(10)
    assert "a.heic; export it as JPEG" in here.standing[ALERT] and len(here._raised) == 1
    photograph(place / "mine", "green", name="a")
    assert colour_of(here.run(30)) == "green" and here.standing == {}


@pytest.mark.usefixtures("colours")
def test_an_alert_names_a_picture_and_no_path(place: Path) -> None:
    (place / "pictures/0.jpg").write_text("no picture")
    (place / "beside").mkdir()
    here = room(place, pictures=place / "beside/../pictures", archive=place / "beside/../none", caption=False)
    here.run(10)
    said = {"pictures": "0.jpg", "reason": "it is a text, no picture", "instead": "It is passed over."}
    assert here._raised[ALERT, "0.jpg"] == said
    assert ".." not in here.standing["archive_unusable"] and "no such folder" in here.standing["archive_unusable"]
