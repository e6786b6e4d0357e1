"""The picture: everyone is seen exactly when they are heard, words are large, nothing is kept."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from installation.camera_process import prepared
from installation.exhibition import parse
from installation.piece import Booth, CameraView, Phase, Picture
from installation.typography import Typesetter
from pieces.neural_beatbox.layout import plan
from pieces.neural_beatbox.marks import COLOURS, GROUND, TYPE
from pieces.neural_beatbox.phrase import DRUMS
from pieces.neural_beatbox.picture import Composition, Note, Strike, Tile
from tests.pieces.neural_beatbox.wall_room import (
    FPS,
    LANDSCAPE,
    PHASES,
    PORTRAIT,
    ColourFilm,
    Room,
    saturation,
    visitors,
)

# ---- any size, any number, any phase --------------------------------------------------------------------------


@pytest.mark.parametrize("size", [LANDSCAPE, PORTRAIT, (300, 300), (96, 54), (32, 32), (640, 96), (96, 640)])
@pytest.mark.parametrize("number", [0, 1, 5, 12, 64])
def test_every_size_and_number_is_composed(setter: Typesetter, size: tuple[int, int], number: int) -> None:
    room = Room(setter, size)
    room.tiles = visitors(number)
    for phase in PHASES:
        booth = Booth(phase, since=0.1, left=3.0, progress=0.4, count=2, marks=(0.5, 1.1), visit="v0")
        picture = room.run(0.2, booth=booth, notes=[Note(0, 3.0, "kick"), Note(1, 2.0, "no such drum")])
        assert picture.shape == (size[1], size[0], 3) and picture.dtype == np.uint8
        assert (picture != np.array(GROUND, np.uint8)).any()


@pytest.mark.parametrize("size", [(3840, 2160), (2160, 3840)])
@pytest.mark.parametrize("phase", ["idle", "performing"])
def test_a_wall_of_sixty_four_is_on_a_large_screen_what_it_is_on_a_small_one(
    setter: Typesetter, size: tuple[int, int], phase: Phase
) -> None:
    shown = []
    for scale in (1, 4):
        room = Room(setter, (size[0] // scale, size[1] // scale))
        room.tiles = visitors(64)
        for number in range(6):
            strikes = [Strike("kick", "v3", 1.0, 0.5)] if number == 0 else []
            picture = room.frame(*strikes, booth=Booth(phase, progress=0.4))
        assert picture.shape == (size[1] // scale, size[0] // scale, 3)
        shown.append(cv2.resize(np.array(picture), (size[0] // 16, size[1] // 16), interpolation=cv2.INTER_AREA))
    apart = np.abs(shown[0].astype(int) - shown[1]).mean(2)
    assert shown[0].std() > 10 and apart.mean() < 2 and np.percentile(apart, 99) < 24


def test_the_size_may_change_while_it_runs(setter: Typesetter) -> None:
    room = Room(setter)
    room.tiles = visitors(12)
    room.run(0.5, booth=Booth("performing", progress=0.2))
    room.size = PORTRAIT
    picture = room.run(0.5, booth=Booth("performing", progress=0.3))
    fresh = Room(setter, PORTRAIT)
    assert picture.shape == fresh.frame().shape


def test_the_same_moments_give_the_same_pictures(setter: Typesetter) -> None:
    def film() -> bytes:
        room = Room(setter)
        room.tiles = visitors(12)
        room.run(0.3)
        room.frame(Strike("kick", "v0", 1.0, 0.3))
        room.run(0.3, booth=Booth("asking"))
        return room.run(0.2, booth=Booth("performing", progress=0.5), rms=-20.0).tobytes()

    assert film() == film()


@pytest.mark.parametrize("size", [LANDSCAPE, PORTRAIT])
@pytest.mark.parametrize("number", [0, 5])
def test_nobody_is_invited_to_what_would_be_refused(setter: Typesetter, size: tuple[int, int], number: int) -> None:
    """For as long as it is so, and no longer."""
    inviting, refusing, coming = (Room(setter, size) for _ in range(3))
    for room in (inviting, refusing, coming):
        room.tiles = visitors(number)
    invited = inviting.run(3.0)
    refused = refusing.run(3.0, booth=Booth("full"))
    assert (coming.run(3.0, booth=Booth(takes=False)) == refused).all() and (refused != invited).any()
    assert (coming.run(3.0) == inviting.run(3.0)).all(), "it invites again by itself"


# ---- seen as heard ----------------------------------------------------------------------------------------------


def test_a_film_plays_exactly_while_its_sound_sounds(setter: Typesetter) -> None:
    room = Room(setter)
    room.tiles = visitors(3)
    room.run(1.0)
    film = room.tiles[1].film
    assert isinstance(film, ColourFilm)
    film.asked.clear()
    room.frame(Strike("snare", "v1", start=2.0, seconds=0.3, late=0.01))
    room.run(1.0)
    assert film.asked[0] == pytest.approx(2.01)
    assert np.diff(film.asked) == pytest.approx(1 / FPS)
    assert film.asked[-1] == pytest.approx(2.3, abs=1.5 / FPS)


def test_a_hit_brings_colour_to_its_tile_and_to_no_other(setter: Typesetter) -> None:
    room = Room(setter)
    room.tiles = visitors(12)
    before = room.run(2.0)
    after = np.array(room.frame(Strike("kick", "v0", seconds=0.3)))
    assert saturation(room.part(after, "v0")) > 2 * saturation(room.part(before, "v0"))
    assert np.array_equal(room.part(after, "v5"), room.part(before, "v5"))
    rested = room.run(1.0)
    assert saturation(room.part(rested, "v0")) == pytest.approx(saturation(room.part(before, "v0")), rel=0.1)


@pytest.mark.parametrize("number", range(9))
def test_the_mark_of_a_drum_is_told_from_a_film_of_its_own_colour(setter: Typesetter, number: int) -> None:
    """A contrast of 3 to 1 (WCAG 2.2, 1.4.11) between a mark and what it stands on, whatever the film shows."""
    room = Room(setter)
    drum = DRUMS[number]
    colour = COLOURS[drum]
    room.tiles = [Tile(f"v{at}", ColourFilm(colour), (drum,) if at == 0 else ()) for at in range(12)]
    tile = room.part(room.run(2.0), "v0")
    corner = tile[len(tile) * 2 // 3 :, : tile.shape[1] // 2]
    light = luminance(corner)
    plate = light[light < np.quantile(light, 0.2)].mean()
    assert (light.max() + 0.05) / (plate + 0.05) >= 3


def luminance(picture: Picture) -> Any:
    """Relative luminance of sRGB, 0..1: [height, width]."""
    linear = np.where(picture / 255 <= 0.04045, picture / 255 / 12.92, ((picture / 255 + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


def test_a_louder_hit_is_seen_more_strongly(setter: Typesetter) -> None:
    shown = []
    for gain in (0.2, 0.5, 1.0):
        room = Room(setter)
        room.tiles = visitors(12)
        before = room.run(2.0).astype(int)
        shown.append(np.abs(np.array(room.frame(Strike("kick", "v0", gain=gain))).astype(int) - before).sum())
    assert shown[0] < shown[1] < shown[2]


def test_a_silent_strike_shows_nothing(setter: Typesetter) -> None:
    room = Room(setter)
    room.tiles = visitors(12)
    before = room.run(2.0)
    after = room.frame(Strike("kick", "v0", gain=0.0))
    assert np.array_equal(room.part(after, "v0"), room.part(before, "v0"))


def test_with_nobody_remembered_the_drums_marks_answer(setter: Typesetter) -> None:
    room = Room(setter)
    before = room.run(2.0)
    after = np.array(room.frame(Strike("kick", None, seconds=0.3)))
    assert not np.array_equal(room.part(after, "mark:kick"), room.part(before, "mark:kick"))
    assert np.array_equal(room.part(after, "mark:ride"), room.part(before, "mark:ride"))


def test_a_strike_of_somebody_who_is_gone_is_no_error(setter: Typesetter) -> None:
    room = Room(setter)
    room.tiles = visitors(12)
    room.frame(Strike("kick", "nobody"), Strike("no such drum", None), Strike("kick", "v3", start=99.0))
    room.run(0.2)


# ---- coming and going -------------------------------------------------------------------------------------------


def test_a_visitor_enters_at_the_bar_line_out_of_the_mirror(setter: Typesetter) -> None:
    room = Room(setter, tempo=60.0)
    room.tiles = visitors(12)
    room.run(4.2)
    room.run(1.0, booth=Booth("listening"))  # 5.2 s: the next bar line is at 8 s
    room.tiles = [*room.tiles, Tile("new", ColourFilm())]
    mirror = plan(LANDSCAPE, 3.0).booth
    while room.number / FPS < 7.9:
        room.frame(booth=Booth("joined", since=room.number / FPS - 5.2, left=10, visit="new"))
        assert room.composition._wall.place("new") is None
    room.run(0.2, booth=Booth("joined", since=3.0, left=10, visit="new"))
    place = room.composition._wall.place("new")
    assert place is not None and place.width > 0.5 * mirror.width
    room.run(2.0, booth=Booth("joined", since=5.0, left=8, visit="new"))
    settled = room.composition._wall.place("new")
    assert settled is not None and settled.width < 0.6 * mirror.width


def test_a_visitor_before_a_real_camera_sees_a_mirror(setter: Typesetter) -> None:
    """The camera process turns its picture over once, as `camera.mirror` says; nobody turns it back."""
    room = Room(setter)
    bright_left = np.hstack([np.full((90, 80, 3), 200, np.uint8), np.full((90, 80, 3), 20, np.uint8)])
    room.camera = CameraView(prepared(bright_left, parse(b"pieces: neural_beatbox", Path("exhibition.yaml")), True))
    picture = room.run(2.0, booth=Booth("performing", progress=0.5))
    left, top, right, bottom = plan(LANDSCAPE, 3.0).booth.pixels()
    mirror = picture[top:bottom, left:right]
    width = mirror.shape[1]
    assert mirror[:, : width // 3].mean() < 0.5 * mirror[:, width // 2 : 4 * width // 5].mean()


def test_whoever_is_withdrawn_is_gone_from_memory(setter: Typesetter) -> None:
    room = Room(setter)
    film = ColourFilm()
    trace = weakref.ref(film)
    room.tiles = [*visitors(4), Tile("gone", film, ("ride",))]
    room.run(0.5)
    room.frame(Strike("ride", "gone"))
    room.tiles = room.tiles[:4]
    room.frame()
    del film
    gc.collect()
    assert trace() is None
    assert room.composition._wall.place("gone") is None


def test_when_the_kit_changes_only_those_concerned_change_seats(setter: Typesetter) -> None:
    room = Room(setter)
    room.tiles = visitors(16)
    room.run(1.0)
    before = {tile.visit: room.composition._wall.place(tile.visit) for tile in room.tiles}
    drums = [tile.drums for tile in room.tiles]
    drums[2], drums[12] = drums[12], drums[2]
    room.tiles = [Tile(tile.visit, tile.film, own) for tile, own in zip(room.tiles, drums, strict=True)]
    room.run(2.0)
    after = {tile.visit: room.composition._wall.place(tile.visit) for tile in room.tiles}
    assert {visit for visit in before if before[visit] != after[visit]} == {"v2", "v12"}
    assert after["v12"] == before["v2"] and after["v2"] == before["v12"]


def test_nothing_grows_while_visitors_come_and_go(setter: Typesetter) -> None:
    room = Room(setter)
    for number in range(60):
        room.tiles = [Tile(f"n{i}", ColourFilm()) for i in range(number, number + 8)]
        room.frame(Strike("kick", f"n{number}"), Strike("snare", f"n{number + 1}"))
        room.frame(booth=Booth(PHASES[number % len(PHASES)], progress=number / 60))
    composition = room.composition
    assert len(composition._wall._panels) <= 8 + len(DRUMS)
    assert len(composition._ruler._levels) <= 401 and len(composition._ruler._sounded) <= 256


# ---- words ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "number", "lines"),
    [((1280, 720), 0, 3.0), ((1280, 720), 12, 1.1), ((720, 1280), 0, 4.4), ((720, 1280), 12, 4.4)],
)
def test_the_invitation_reads_from_four_metres(
    setter: Typesetter, size: tuple[int, int], number: int, lines: float
) -> None:
    room = Room(setter, size)
    room.tiles = visitors(number)
    caption = room.run(1.5)[round(plan(size, lines).caption.y) :]
    rows = (np.abs(caption.astype(int) - np.array(TYPE)).max(axis=2) < 40).any(axis=1)
    first = int(np.argmax(rows))
    assert int(np.argmin(rows[first:])) >= min(size) / 20  # HELLO is all capitals


def test_the_invitation_goes_round_the_languages(setter: Typesetter) -> None:
    room = Room(setter)
    room.tiles = visitors(12)
    top = round(plan(LANDSCAPE, 1.1).caption.y)
    shown = [room.run(7.0)[top:] for _ in range(3)]
    assert not np.array_equal(shown[0], shown[1])
    assert np.array_equal(shown[0], shown[2])


@pytest.mark.parametrize("phase", PHASES)
def test_every_phase_says_its_text(setter: Typesetter, phase: Phase) -> None:
    silent = Composition(setter, {})
    room = Room(setter)
    said = room.run(1.5, booth=Booth(phase, left=5.0))
    room.composition, room.number = silent, 0
    unsaid = room.run(1.5, booth=Booth(phase, left=5.0))
    assert not np.array_equal(said, unsaid)


def test_a_very_long_text_stays_inside_the_picture(setter: Typesetter) -> None:
    composition = Composition(setter, {"kept": ["Wir bewahren alles auf " * 40, "Donaudampfschiffahrt" * 8] * 6})
    room = Room(setter)
    room.composition = composition
    assert room.run(1.5, booth=Booth("asking")).shape == (360, 640, 3)


def test_the_take_shows_its_level_and_a_mark_at_each_sound(setter: Typesetter) -> None:
    places = plan(LANDSCAPE, 3.0)
    top, bottom = round(places.ruler.y), round(places.ruler.y + places.ruler.height)

    def take(marks: tuple[float, ...], rms: float) -> Picture:
        room = Room(setter)
        for step in range(30):
            picture = room.frame(booth=Booth("performing", progress=step / 60, marks=marks), rms=rms)
        return np.array(picture)

    bare, marked, loud = take((), -60.0), take((1.5, 2.25), -60.0), take((), -6.0)
    for second in (1.5, 2.25):
        x = round(places.ruler.x + places.ruler.width * second / 6)
        assert not np.array_equal(marked[top:bottom, x - 1 : x + 3], bare[top:bottom, x - 1 : x + 3])
    assert loud[top:bottom].mean() > 1.2 * bare[top:bottom].mean()
    _, mirror_top, right, mirror_bottom = places.booth.pixels()
    lamps = slice(mirror_top, mirror_bottom), slice(right - 8, right)
    assert loud[lamps].mean() > 2 * bare[lamps].mean()


def test_the_ring_runs_out(setter: Typesetter) -> None:
    lit = []
    for left in (20.0, 10.0, 1.0):
        room = Room(setter)
        room.tiles = visitors(12)
        picture = room.run(1.0, booth=Booth("joined", since=20.0 - left, left=left))
        corner = picture[-150:, -100:]
        lit.append(int((np.abs(corner.astype(int) - np.array(TYPE)).max(axis=2) < 60).sum()))
    assert lit[0] > lit[1] > lit[2] > 0


def test_the_score_shows_what_is_written_and_what_has_sounded(setter: Typesetter) -> None:
    places = plan(LANDSCAPE, 3.0)
    x, y = round(places.ruler.x + places.ruler.width * 24 / 32), round(places.ruler.y + 0.9 * places.ruler.height)
    around = slice(y - 2, y + 3), slice(x - 2, x + 3)
    room = Room(setter)
    nothing = np.array(room.frame())[around]
    written = np.array(room.frame(notes=[Note(1, 8.0, "kick")]))[around]
    assert written.mean() > nothing.mean() + 5
    while room.number / FPS < 3.0:  # beat 6 is step 24 of the phrase
        room.frame()
    room.frame(Strike("kick"))
    sounded = room.run(0.4)[around]
    assert sounded.mean() > written.mean() + 20
