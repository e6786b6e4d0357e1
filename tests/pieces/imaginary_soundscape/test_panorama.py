"""Sheets: geometry to the fraction of a pixel, and pictures of any size."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from installation.choices import PICTURE_SUFFIXES
from installation.piece import Picture, Size
from pieces.imaginary_soundscape import panorama, pictures, scenery
from pieces.imaginary_soundscape.panorama import sheet_for, views, window


def wave() -> np.ndarray:
    """A panorama whose brightness is one sine round the room, brightest in the middle."""
    row = 128 + 100 * np.cos(np.linspace(-np.pi, np.pi, 1000, endpoint=False))
    return np.repeat(np.repeat(row[None, :, None], 500, 0), 3, 2).astype(np.uint8)


@pytest.mark.parametrize("size", [(160, 90), (90, 160), (64, 64)])
def test_the_middle_of_a_panorama_is_in_front_and_its_seam_is_none(size: tuple[int, int]) -> None:
    sheet = sheet_for(wave(), size)
    middle = [float(window(sheet, heading)[size[1] // 2, size[0] // 2, 0]) for heading in (0, 90, 180, -90)]
    assert middle == pytest.approx([228, 128, 28, 128], abs=3)
    assert np.abs(window(sheet, 179.9).astype(int) - window(sheet, -179.9)).max() <= 2


def test_a_turn_moves_the_picture_by_parts_of_a_pixel() -> None:
    rough = np.random.default_rng(0).integers(0, 256, (30, 60, 3), np.uint8)
    sheet = sheet_for(cv2.resize(rough, (1000, 500), interpolation=cv2.INTER_CUBIC), (160, 90))
    start = 0.5 / sheet.per_degree  # a whole pixel
    whole, half, next_one = (window(sheet, start + part / sheet.per_degree).astype(float) for part in (0.0, 0.5, 1.0))
    assert np.abs(whole - next_one).mean() > 2
    assert np.abs(half - (whole + next_one) / 2).mean() < 0.25 * np.abs(whole - next_one).mean()


def test_photographs_end_and_upright_ones_are_looked_up_and_down() -> None:
    picture = np.zeros((900, 300, 3), np.uint8)
    picture[:300] = 255
    sheet = sheet_for(picture, (160, 90))
    assert sheet.tall and sheet.limit_up_deg > 10
    assert window(sheet, 0, 999).mean() > 200 > 50 > window(sheet, 0, -999).mean()
    assert sheet_for(np.zeros((1, 1, 3), np.uint8), (160, 90)).pixels.shape[0] >= 90
    assert sheet_for(np.zeros((10, 4000, 3), np.uint8), (160, 90)).pixels.shape[1] < 1200, "bounded"


@pytest.mark.parametrize("shape", [(200, 300), (300, 400), (180, 320), (400, 300)])
@pytest.mark.parametrize("size", [(320, 180), (180, 320)])
def test_a_photograph_is_larger_than_the_screen_whatever_its_shape(shape: tuple[int, int], size: Size) -> None:
    picture = np.zeros((*shape, 3), np.uint8)
    picture[..., 0] = np.linspace(0, 255, shape[1])
    picture[..., 1] = np.linspace(255, 0, shape[0])[:, None]
    sheet = sheet_for(picture, size)
    assert sheet.ways == (True, True) and sheet.limit_deg is not None
    middle, right, up = window(sheet, 0), window(sheet, sheet.limit_deg), window(sheet, 0, sheet.limit_up_deg)
    assert right[..., 0].mean() > middle[..., 0].mean() + 8 and right[..., 1].mean() == pytest.approx(
        middle[..., 1].mean(), abs=1
    )
    assert up[..., 1].mean() > middle[..., 1].mean() + 8 and up[..., 0].mean() == pytest.approx(
        middle[..., 0].mean(), abs=1
    )
    corners = [window(sheet, x * 999, y * 999) for x in (-1, 1) for y in (-1, 1)]
    assert {corner.shape for corner in corners} == {(size[1], size[0], 3)}
    assert min(corner[..., 0].min() for corner in corners) < 8 < 247 < max(corner[..., 0].max() for corner in corners)


def test_a_panorama_is_pulled_to_the_sides() -> None:
    assert sheet_for(wave(), (160, 90)).ways == (True, False)


def test_each_direction_of_a_panorama_is_looked_at() -> None:
    found, directions = views(wave(), 4)
    assert directions == [0, 90, -180, -90] and len({one.shape for one in found}) == 1
    assert [float(one.mean()) for one in found] == pytest.approx([222, 128, 34, 128], abs=8)
    assert views(wave(), 1)[1] == [None] and views(np.zeros((5, 9, 3), np.uint8), 4)[1] == [None]


def strip(parts: int, heights: float = 5.0, rows: int = 120) -> np.ndarray:
    """A wide picture of so many equal parts, the first black, the last white."""
    greys = np.linspace(0, 250, parts).astype(np.uint8)
    row = greys[(np.arange(round(heights * rows)) / (heights * rows) * parts).astype(int)]
    return np.repeat(np.repeat(row[None, :, None], rows, 0), 3, 2)


def test_a_wide_picture_is_looked_at_in_directions_within_its_own_angle() -> None:
    found, directions = views(strip(4), 6)
    assert [int(one.mean()) for one in found] == pytest.approx([0, 83, 166, 250], abs=1), "each is one of its parts"
    assert directions == sorted(directions, key=lambda way: way or 0) and directions[0] == -(directions[-1] or 0)
    assert directions[-1] is not None and 60 < directions[-1] < 110, "it does not meet its other end"
    assert views(strip(2, 2.3), 6)[1] == [pytest.approx(-28.75), pytest.approx(28.75)]
    assert views(strip(4), 1)[1] == [None] and views(strip(2, 2.1), 6)[1] == [None]


@pytest.mark.parametrize(
    ("shape", "parts"), [((1, 3), 3), ((1, 6), 6), ((2, 9), 9), ((2, 12), 9), ((1, 2000), 6), ((1, 1), 1)]
)
def test_a_tiny_wide_picture_has_no_more_parts_than_columns(shape: tuple[int, int], parts: int) -> None:
    """Of nine sixteenths of the way round, which is the most of a part of a panorama: none of them is empty."""
    picture = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    looked, directions = views(picture, 16)
    assert len(looked) == len(directions) == parts
    assert sum(one.shape[1] for one in looked) == min(shape[1], 6 * shape[0]) and all(one.size for one in looked)


@pytest.mark.parametrize("size", [(320, 180), (180, 320), (640, 160)])
@pytest.mark.parametrize("heights", [2.3, 5.0, 20.0])
def test_what_a_wide_picture_is_heard_from_is_what_is_seen_there(size: Size, heights: float) -> None:
    picture = strip(3, heights)
    sheet = sheet_for(picture, size)
    assert sheet.limit_deg is not None
    looked, directions = views(picture, 6)
    for one, direction in zip(looked, directions, strict=True):
        assert direction is not None
        seen = window(sheet, direction)
        column = size[0] / 2 + (direction - min(max(direction, -sheet.limit_deg), sheet.limit_deg)) * sheet.per_degree
        middle = one[:, one.shape[1] // 2 - 2 : one.shape[1] // 2 + 2].mean()
        assert seen[:, int(column) - 2 : int(column) + 2].mean() == pytest.approx(middle, abs=3)
        assert abs(direction) + sheet.limit_deg <= 180


@pytest.mark.parametrize(("screen", "part"), [((640, 360), 4), ((1280, 720), 2), ((1920, 1080), 1)])
def test_a_panorama_of_100_megapixels_is_decoded_once_and_no_larger_than_the_screen_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, screen: Size, part: int
) -> None:
    path = tmp_path / "large.jpg"
    cv2.imwrite(str(path), np.full((7100, 14200, 3), 90, np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 50])
    decoded: list[tuple[int, ...]] = []
    imread = cv2.imread

    def watched(name: str, flag: int) -> Picture:
        picture = np.asarray(imread(name, flag), np.uint8)
        decoded.append(picture.shape[:2])
        return picture

    monkeypatch.setattr(cv2, "imread", watched)
    scenery.load(path, screen, 1)
    assert decoded == [(7100 // part, 14200 // part)]
    assert decoded[0][0] >= np.pi * panorama.focal_px(screen)


def test_colours_and_the_way_a_camera_was_held_are_those_of_the_picture(tmp_path: Path) -> None:
    """A telephone writes an upright picture lying, and says so (Exif 2.3, orientation 6: to be turned clockwise)."""
    shown = np.zeros((600, 400, 3), np.uint8)
    shown[:300], shown[300:] = (250, 20, 20), (20, 20, 250)  # red above blue
    _, lying = cv2.imencode(".jpg", cv2.cvtColor(np.rot90(shown).copy(), cv2.COLOR_RGB2BGR))
    directory = b"MM\0*" + (8).to_bytes(4, "big") + (1).to_bytes(2, "big") + bytes.fromhex("011200030000000100060000")
    exif = b"Exif\0\0" + directory + bytes(4)
    segment = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    (tmp_path / "telephone.jpg").write_bytes(lying.tobytes()[:2] + segment + lying.tobytes()[2:])
    for least, shape in ((400, (600, 400)), (200, (300, 200)), (50, (75, 50))):
        seen = pictures.read(tmp_path / "telephone.jpg", least)
        assert seen.shape[:2] == shape
        above, below = seen[shape[0] // 4].astype(int).mean(0), seen[3 * shape[0] // 4].astype(int).mean(0)
        assert np.abs(above - (250, 20, 20)).max() < 12 and np.abs(below - (20, 20, 250)).max() < 12


def test_a_picture_that_would_not_fit_into_memory_is_refused(tmp_path: Path) -> None:
    head = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + (40_000).to_bytes(4, "big") + (20_000).to_bytes(4, "big")
    (tmp_path / "huge.png").write_bytes(head + bytes(20))
    with pytest.raises(pictures.PictureError, match="40000 × 20000"):
        pictures.read(tmp_path / "huge.png", least=100)


@pytest.mark.parametrize("suffix", PICTURE_SUFFIXES)
def test_every_format_says_its_size_before_it_is_decoded(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"picture{suffix}"
    assert cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 256, (123, 457, 3), np.uint8))
    with path.open("rb") as file:
        assert pictures.size_of(file) == (457, 123)
    assert pictures.read(path, least=100).shape == (123, 457, 3)


def test_a_lossless_webp_and_an_extended_one_say_theirs(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 256, (123, 457, 4), np.uint8)
    cv2.imwrite(str(tmp_path / "lossless.webp"), image[..., :3], [cv2.IMWRITE_WEBP_QUALITY, 101])
    cv2.imwrite(str(tmp_path / "clear.webp"), image, [cv2.IMWRITE_WEBP_QUALITY, 80])
    heads = [(tmp_path / name).read_bytes() for name in ("lossless.webp", "clear.webp")]
    assert [head[12:16] for head in heads] == [b"VP8L", b"VP8X"]
    assert [pictures.size_of(io.BytesIO(head)) for head in heads] == [(457, 123)] * 2


def test_a_tiff_whose_directory_comes_last_says_its_size(tmp_path: Path) -> None:
    path = tmp_path / "large.tif"
    noise = np.random.default_rng(0).integers(0, 256, (900, 1400, 3), np.uint8)
    cv2.imwrite(str(path), noise, [cv2.IMWRITE_TIFF_COMPRESSION, 1])
    data = path.read_bytes()
    assert int.from_bytes(data[4:8], "little") > pictures.HEAD_BYTES
    assert pictures.size_of(io.BytesIO(data)) == (1400, 900)


HUGE = {
    "bmp": b"BM" + bytes(16) + (60_000).to_bytes(4, "little") + (-60_000).to_bytes(4, "little", signed=True),
    "webp": b"RIFF" + bytes(4) + b"WEBPVP8X" + bytes(8) + (16_382).to_bytes(3, "little") * 2,
    "tiff": b"MM\x00*\0\0\0\x08\0\x02" + b"".join(
        tag + b"\0\x04\0\0\0\x01" + (60_000).to_bytes(4, "big") for tag in (b"\x01\0", b"\x01\x01")
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", HUGE)
def test_what_is_too_large_is_refused_whatever_its_format(tmp_path: Path, kind: str) -> None:
    (tmp_path / f"huge.{kind}").write_bytes(HUGE[kind] + bytes(100))
    with pytest.raises(pictures.PictureError, match="too many"):
        pictures.read(tmp_path / f"huge.{kind}", least=100)


@given(
    st.binary(max_size=80), st.sampled_from([b"BM", b"RIFF\0\0\0\0WEBP", b"II*\0", b"MM\0*", b"\xff\xd8\xff", b""])
)
def test_no_head_breaks_it(rest: bytes, start: bytes) -> None:
    size = pictures.size_of(io.BytesIO(start + rest))
    assert size is None or len(size) == 2


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff", b"text"])
def test_what_is_no_picture_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.jpg").write_bytes(content)
    with pytest.raises(pictures.PictureError, match="bad"):
        pictures.read(tmp_path / "bad.jpg", least=100)


@pytest.mark.parametrize("part", [0.25, 0.5, 0.9])
def test_between_pixels_the_edges_are_as_exact_as_the_middle(part: float) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 60, 3), dtype=np.uint8)
    taps = panorama._taps(part)
    wide = pixels.astype(np.float64)
    for found, moved in (
        (panorama._between(pixels, 10 + part, 30), [wide[:, 9 + tap : 39 + tap] for tap in range(4)]),
        (panorama._between_rows(pixels, 4 + part, 12), [wide[3 + tap : 15 + tap] for tap in range(4)]),
    ):
        exact = sum(weight * one for weight, one in zip(taps, moved, strict=True))
        assert found.shape == exact.shape and found.flags.c_contiguous
        assert np.abs(found - np.clip(exact, 0, 255)).max() <= 1
