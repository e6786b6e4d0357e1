"""An artist's folder as it is: broken, tiny, huge, animated, in the printer's colours. And what is cut from it."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from installation.networks.picture_folders import Pictures, is_held_back
from pieces.learning_to_see.grain import GRAINS
from pieces.learning_to_see.pictures import SHARP, Batch, Sampler, read_pictures

PIL = pytest.importorskip("PIL.Image")


def gradient(width: int = 96, height: int = 80) -> NDArray[np.uint8]:
    across = np.linspace(0, 255, width, dtype=np.float32)[None, :, None]
    down = np.linspace(255, 0, height, dtype=np.float32)[:, None, None]
    return np.concatenate(np.broadcast_arrays(across, down, 0.0 * across + 128), axis=2).astype(np.uint8)


def write(path: Path, picture: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.fromarray(picture).save(path)


def fill(folder: Path, number: int) -> None:
    for index in range(number):
        write(folder / f"picture{index:03}.png", np.roll(gradient(), index, axis=1))


# ---- reading ------------------------------------------------------------------------------------------------------


def test_why_nothing_is_held_back_is_said(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((64, 64, 3), np.uint8))
    (tmp_path / "x.heic").write_bytes(b"a photograph")
    with pytest.raises(
        ValueError, match=r"part 'held_back': none of 1 pictures is held back \(with fewer than 20 none is\); add"
    ):
        read_pictures(tmp_path, 64, "held_back")


def test_no_folder_and_no_picture(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no folder"):
        read_pictures(tmp_path / "nothing", 64)
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(ValueError, match="put a few hundred"):
        read_pictures(tmp_path, 64)


def test_what_cannot_be_read_is_left_out_and_named(tmp_path: Path) -> None:
    fill(tmp_path, 3)
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff not a picture")
    (tmp_path / "empty.png").write_bytes(b"")
    write(tmp_path / "icon.png", gradient(16, 16))
    found = read_pictures(tmp_path, 64)
    assert len(found.kept) == 3
    assert [Path(reason.split(":")[0]).name for reason in found.left_out] == ["broken.jpg", "empty.png", "icon.png"]
    assert all("left out" in reason for reason in found.left_out)


def test_what_phones_and_cameras_keep_for_themselves_is_named(tmp_path: Path) -> None:
    for name in ("IMG_1.HEIC", "raw/shot.NEF"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"\0\0\0\x18ftypheic")
    with pytest.raises(ValueError, match=r"no picture .* the first of 2: .*IMG_1\.HEIC: export it as JPEG"):
        read_pictures(tmp_path, 64)
    fill(tmp_path, 2)
    found = read_pictures(tmp_path, 64)
    assert len(found.kept) == 2 and [reason.count("export it as JPEG") for reason in found.left_out] == [1, 1]


def test_pictures_that_lie_elsewhere_are_linked(tmp_path: Path) -> None:
    """Of photographs on another disk one links the folder; a link that leads back is followed once."""
    fill(tmp_path / "disk" / "sea", 3)
    (tmp_path / "world").mkdir()
    (tmp_path / "world" / "sea").symlink_to(tmp_path / "disk" / "sea")
    (tmp_path / "disk" / "sea" / "round").symlink_to(tmp_path / "world")
    for name in ("gone", "2024.05", "gone.jpg"):
        (tmp_path / "world" / name).symlink_to(tmp_path / "nowhere")
    (tmp_path / "notes").write_text("no picture, and there")
    (tmp_path / "world" / "LICENSE").symlink_to(tmp_path / "notes")
    write(tmp_path / "world" / ".hidden" / "thumbnail.png", gradient())
    found = read_pictures(tmp_path / "world", 64)
    assert sorted(found.files) == [f"sea/picture{number:03}.png" for number in range(3)]
    assert sorted(reason.removeprefix(f"{tmp_path}/world/")[:33] for reason in found.left_out) == [
        "2024.05: the link leads nowhere n",
        "gone.jpg: cannot be read (No such",
        "gone: the link leads nowhere now;",
    ]


@pytest.mark.parametrize("ending", [".avif", ".jfif", ".jp2"])
def test_pictures_of_the_web_are_read(tmp_path: Path, ending: str) -> None:
    kind = {".jfif": ".jpg"}.get(ending, ending)
    done, data = cv2.imencode(kind, gradient())
    assert done
    (tmp_path / f"a{ending}").write_bytes(data.tobytes())
    assert len(read_pictures(tmp_path, 64).kept) == 1


def test_only_broken_pictures_are_no_pictures(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff not a picture")
    with pytest.raises(ValueError, match=r"can be used; the first of 1: .*broken\.jpg"):
        read_pictures(tmp_path, 64)


def test_a_cut_off_jpeg_does_not_stop_anything(tmp_path: Path) -> None:
    write(tmp_path / "whole.jpg", gradient())
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "whole.jpg").read_bytes()[:300])
    found = read_pictures(tmp_path, 64)
    assert len(found.kept) + len(found.left_out) == 2


def test_a_picture_that_may_not_be_read_or_claims_to_be_endless(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, 2)
    whole = (tmp_path / "picture000.png").read_bytes()
    header = whole[12:16] + struct.pack(">II", 1 << 19, 1 << 19) + whole[24:29]  # IHDR: width, height
    checked = header + struct.pack(">I", zlib.crc32(header))
    (tmp_path / "endless.png").write_bytes(whole[:12] + checked + whole[33:])
    (tmp_path / "locked.png").write_bytes(whole)
    read = np.fromfile

    def fromfile(path: Path, kind: type) -> NDArray[np.uint8]:
        if path.name == "locked.png":
            raise PermissionError(13, "Permission denied")
        return np.asarray(read(path, kind), np.uint8)

    monkeypatch.setattr(np, "fromfile", fromfile)
    found = read_pictures(tmp_path, 64)
    assert len(found.kept) == 2
    assert [Path(reason.split(":")[0]).name for reason in found.left_out] == ["endless.png", "locked.png"]
    assert "Permission denied" in found.left_out[1]


def test_printers_colours_grey_transparency_and_depth(tmp_path: Path) -> None:
    PIL.fromarray(gradient()).convert("CMYK").save(tmp_path / "cmyk.jpg")
    PIL.fromarray(gradient()).convert("L").save(tmp_path / "grey.png")
    PIL.fromarray(gradient()).convert("RGBA").save(tmp_path / "clear.png")
    cv2.imwrite(str(tmp_path / "deep.tiff"), gradient().astype(np.uint16)[..., ::-1] * 257)
    found = read_pictures(tmp_path, 256)
    assert not found.left_out and all(one.shape == (80, 96, 3) and one.dtype == np.uint8 for one in found.kept)
    clear, cmyk, deep, grey = found.kept
    assert np.abs(clear.astype(int) - gradient()).max() == 0
    assert np.abs(cmyk.astype(int) - gradient()).mean() < 12
    assert np.abs(deep.astype(int) - gradient()).max() <= 1
    assert np.abs(grey.max(axis=2) - grey.min(axis=2)).max() == 0


def test_of_an_animation_the_first_picture_is_taken(tmp_path: Path) -> None:
    frames = [PIL.fromarray(np.full((64, 64, 3), value, np.uint8)) for value in (200, 20, 20)]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:], duration=100)
    found = read_pictures(tmp_path, 64)
    assert len(found.kept) == 1 and abs(int(found.kept[0].mean()) - 200) < 4


def test_twelve_megapixels_are_kept_small(tmp_path: Path) -> None:
    write(tmp_path / "large.jpg", cv2.resize(gradient(), (4000, 3000)))
    found = read_pictures(tmp_path, 256)
    assert found.kept[0].shape == (346, 461, 3)


def test_a_camera_that_was_turned(tmp_path: Path) -> None:
    picture = PIL.fromarray(gradient(96, 48))
    exif = picture.getexif()
    exif[0x0112] = 6  # to be turned clockwise
    picture.save(tmp_path / "turned.jpg", exif=exif)
    assert read_pictures(tmp_path, 256).kept[0].shape == (96, 48, 3)


def test_parts_are_apart_and_stay_so(tmp_path: Path) -> None:
    fill(tmp_path, 60)
    names = {path.name: is_held_back(path, 60) for path in tmp_path.iterdir()}
    assert 1 <= sum(names.values()) <= 14
    parts = {part: len(read_pictures(tmp_path, 64, part).kept) for part in ("train", "held_back", "all")}
    assert read_pictures(tmp_path, 64).held_back == sum(names.values())
    assert parts == {"train": 60 - sum(names.values()), "held_back": sum(names.values()), "all": 60}
    assert all(is_held_back(tmp_path / name, 61) == held for name, held in names.items())


def test_of_a_handful_none_is_held_back(tmp_path: Path) -> None:
    fill(tmp_path, 19)
    found = read_pictures(tmp_path, 64)
    assert len(found.kept) == 19 and found.held_back == 0
    with pytest.raises(ValueError, match="held_back"):
        read_pictures(tmp_path, 64, "held_back")


# ---- cutting ------------------------------------------------------------------------------------------------------


def drawn(pictures: list[NDArray[np.uint8]], seed: int = 0, shift: tuple[int, int] | None = None) -> Batch:
    return Sampler(Pictures(pictures), 64, 32).draw(6, np.random.default_rng(seed), shift)


def test_a_batch_has_what_a_lesson_needs() -> None:
    batch = drawn([gradient(), gradient(200, 64)])
    assert batch.picture.shape == (6, 3, 32, 32) and batch.picture.min() >= 0 and batch.picture.max() <= 1
    assert batch.abstract.shape == batch.shifted.shape == (6, 1, 4, 4)
    assert batch.dust.shape == batch.shifted_dust.shape == (6, 1, 16, 16)
    assert batch.grain.shape == batch.shifted_grain.shape == (6, GRAINS, 4, 4)
    assert batch.rows.shape == (6, 1, 4, 1) and batch.rows.abs().max() <= 1
    assert batch.sharp.tolist() == [True] * 6


def test_the_same_seed_cuts_the_same() -> None:
    one, two, other = (drawn([gradient()], seed).picture for seed in (1, 1, 2))
    assert (one == two).all() and not (one == other).all()


def test_rows_tell_where_a_crop_was() -> None:
    """The picture grows darker downwards, by its green channel."""
    batch = drawn([gradient()])
    told, green = batch.rows.mean(dim=(1, 2, 3)), batch.picture[:, 1].mean(dim=(1, 2))
    assert np.corrcoef(told, -green)[0, 1] > 0.99


def test_without_a_shift_both_views_are_the_same_but_for_noise() -> None:
    batch = drawn([gradient()], shift=(0, 0))
    assert (batch.shifted - batch.abstract).abs().max() < 0.02
    assert (batch.grain == batch.shifted_grain).all() and (batch.dust == batch.shifted_dust).all()
    moved = drawn([gradient()], shift=(8, 0))
    assert (moved.shifted_grain[..., 1:] - moved.grain[..., :-1]).abs().max() < 1e-5
    assert (moved.shifted_dust[..., 4:] - moved.dust[..., :-4]).abs().max() < 1e-5


def test_enlarged_pictures_are_not_sharp_and_drawn_no_more_than_sharp_ones() -> None:
    small = gradient(int(64 / SHARP * 0.5), int(64 / SHARP * 0.5))
    sampler = Sampler(Pictures([gradient()] + [small] * 9), 64, 32)
    sharp = sampler.draw(400, np.random.default_rng(0)).sharp.float().mean()
    assert 0.4 < sharp < 0.6
    assert not Sampler(Pictures([small]), 64, 32).draw(4, np.random.default_rng(0)).sharp.any()


def test_a_long_thin_picture_can_be_cut() -> None:
    assert drawn([gradient(900, 33)]).picture.shape == (6, 3, 32, 32)
