"""The picture: everyone is seen exactly when they are heard, words are large, nothing flashes, nothing is kept."""

from __future__ import annotations

import gc
import itertools
import weakref
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from installation.piece import Booth, CameraView, Level, Moment, Phase, Picture
from installation.typography import Typesetter
from pieces.neural_beatbox import wall as wall_module
from pieces.neural_beatbox.exposure import RISE, Governor
from pieces.neural_beatbox.layout import plan
from pieces.neural_beatbox.marks import COLOURS, GROUND, TYPE, luminance, mark, ring
from pieces.neural_beatbox.phrase import DRUMS
from pieces.neural_beatbox.picture import Composition, Note, Strike, Tile

FPS = 30
SMALL_LANDSCAPE, SMALL_PORTRAIT = (480, 270), (270, 480)
LANDSCAPE, PORTRAIT = (640, 360), (360, 640)
TEXTS = {
    "invitation": ["HELLO", "HALLO"],
    "kept": ["WE KEEP IT", "WIR BEHALTEN ES"],
    "ready": ["READY"],
    "perform": ["NOW"],
    "listening": ["LISTENING"],
    "joined": ["YOU ARE IN"],
    "take_back": ["PRESS AGAIN"],
    "unheard": ["NOTHING"],
    "withdrawn": ["GONE"],
    "full": ["FULL"],
}
PHASES: tuple[Phase, ...] = (
    "idle", "asking", "counting", "performing", "listening", "joined", "unheard", "withdrawn", "full",
)  # fmt: skip


@pytest.fixture(scope="module")
def setter() -> Typesetter:
    return Typesetter(system=False)


class ColourFilm:
    """A film of one colour that notes when it was asked for a picture."""

    seconds = 6.0

    def __init__(self, colour: tuple[int, int, int] = (200, 60, 40)) -> None:
        self.picture = np.full((80, 80, 3), colour, np.uint8)
        self.asked: list[float] = []

    def at(self, second: float) -> Picture:
        self.asked.append(second)
        return self.picture


class Room:
    """Drives a composition frame by frame, as the stage would."""

    def __init__(self, setter: Typesetter, size: tuple[int, int] = LANDSCAPE, fps: int = FPS, tempo: float = 120.0):
        self.composition = Composition(setter, TEXTS)
        self.size, self.fps, self.tempo = size, fps, tempo
        self.number = 0
        self.tiles: list[Tile] = []
        self.camera = CameraView(np.full((90, 160, 3), 90, np.uint8))

    def frame(
        self, *strikes: Strike, booth: Booth | None = None, notes: Sequence[Note] = (), rms: float = -60.0
    ) -> Any:
        time = self.number / self.fps
        beat = time * self.tempo / 60
        moment = Moment(
            self.number, time, 1 / self.fps, self.size, self.camera, beat=beat, bar=int(beat // 4),
            tempo_bpm=self.tempo, level=Level(rms, rms), booth=booth or Booth(),
        )  # fmt: skip
        self.number += 1
        return self.composition.draw(moment, self.tiles, strikes, notes)

    def run(self, seconds: float, **kwargs: Any) -> Picture:
        picture = self.frame(**kwargs)
        for _ in range(round(seconds * self.fps) - 1):
            picture = self.frame(**kwargs)
        return np.array(picture)

    def part(self, picture: Picture, visit: str) -> Picture:
        place = self.composition._wall.place(visit)
        assert place is not None
        left, top, right, bottom = place.grown(-4).pixels()
        return picture[top:bottom, left:right]


def visitors(number: int, playing: int = 9) -> list[Tile]:
    return [
        Tile(f"v{i}", ColourFilm((60 + 20 * (i % 8), 120, 200 - 15 * (i % 9))), (DRUMS[i],) if i < playing else ())
        for i in range(number)
    ]


def saturation(picture: Picture) -> float:
    values = picture.astype(float)
    return float((values.max(axis=2) - values.min(axis=2)).mean())


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
    mirror = plan(LANDSCAPE, 2.0).booth
    while room.number / FPS < 7.9:
        room.frame(booth=Booth("joined", since=room.number / FPS - 5.2, left=10, visit="new"))
        assert room.composition._wall.place("new") is None
    room.run(0.2, booth=Booth("joined", since=3.0, left=10, visit="new"))
    place = room.composition._wall.place("new")
    assert place is not None and place.width > 0.5 * mirror.width
    room.run(2.0, booth=Booth("joined", since=5.0, left=8, visit="new"))
    settled = room.composition._wall.place("new")
    assert settled is not None and settled.width < 0.6 * mirror.width


def test_the_mirror_shows_the_camera_mirrored(setter: Typesetter) -> None:
    room = Room(setter)
    room.camera = CameraView(np.hstack([np.full((90, 80, 3), 200, np.uint8), np.full((90, 80, 3), 20, np.uint8)]))
    picture = room.run(2.0, booth=Booth("performing", progress=0.5))
    left, top, right, bottom = plan(LANDSCAPE, 2.0).booth.pixels()
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
    places = plan(LANDSCAPE, 2.0)
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


# ---- colours and marks ------------------------------------------------------------------------------------------

# Machado, Oliveira & Fernandes 2009: simulated colour blindness at full severity, on linear RGB
BLINDNESS = {
    "none": np.eye(3),
    "protan": np.array([[0.1523, 1.0526, -0.2049], [0.1145, 0.7863, 0.0992], [-0.0039, -0.0481, 1.0520]]),
    "deutan": np.array([[0.3673, 0.8606, -0.2280], [0.2801, 0.6725, 0.0474], [-0.0118, 0.0429, 0.9689]]),
    "tritan": np.array([[1.2555, -0.0767, -0.1788], [-0.0784, 0.9308, 0.1476], [0.0047, 0.6914, 0.3039]]),
}


def linear(colour: tuple[int, int, int]) -> NDArray[np.float64]:
    values = np.array(colour) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIE L*a*b* (D65) of linear RGB."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = to_xyz @ np.clip(rgb, 0, 1) / np.array([0.95047, 1.0, 1.08883])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("kind", BLINDNESS)
def test_the_nine_colours_keep_apart_for_every_eye(kind: str) -> None:
    seen = {drum: lab(BLINDNESS[kind] @ linear(colour)) for drum, colour in COLOURS.items()}
    apart = {(a, b): float(np.linalg.norm(seen[a] - seen[b])) for a in seen for b in seen if a < b}
    assert min(apart.values()) > 18, min(apart, key=apart.__getitem__)


def test_every_drum_has_a_colour_and_none_is_a_saturated_red() -> None:
    assert set(COLOURS) == set(DRUMS)
    for colour in COLOURS.values():
        red, green, blue = linear(colour)
        assert red / (red + green + blue) < 0.8
        assert luminance(colour) > 0.12  # stands out from the ground by 3:1


@pytest.mark.parametrize("size", [8, 12, 40, 200])
def test_marks_are_told_apart_without_colour(size: int) -> None:
    masks = {drum: mark(drum, size).astype(float) / 255 for drum in DRUMS}
    for mask in masks.values():
        assert mask.shape == (size, size) and 0.05 < mask.mean() < 0.9
    for a in DRUMS:
        for b in DRUMS:
            if a < b:
                assert np.abs(masks[a] - masks[b]).mean() > 0.04, (a, b)


def test_a_ring_is_drawn_in_part() -> None:
    whole, half, none = (ring(60, 4, part).astype(float).mean() for part in (1.0, 0.5, 0.0))
    assert half == pytest.approx(whole / 2, rel=0.1) and none == 0


# ---- flashes: WCAG 2.3.1 ----------------------------------------------------------------------------------------


class StrobeFilm:
    """The worst film: black and white by turns, whenever it is asked."""

    seconds = 6.0

    def __init__(self) -> None:
        self.white = False

    def at(self, second: float) -> Picture:
        self.white = not self.white
        return np.full((40, 40, 3), 255 if self.white else 0, np.uint8)


class PortraitFilm:
    """A still picture with bright and dark parts, as a face before a wall."""

    seconds = 6.0

    def __init__(self, seed: int) -> None:
        coarse = np.random.default_rng(seed).integers(20, 250, (8, 8, 3)).astype(np.uint8)
        self.picture = np.asarray(cv2.resize(coarse, (80, 80), interpolation=cv2.INTER_CUBIC), np.uint8)

    def at(self, second: float) -> Picture:
        return self.picture


def flashing(setter: Typesetter, tiles: list[Tile], size: tuple[int, int]) -> float:
    """The share of the worst ninth of the picture that flashes more than three times in a second.

    Everybody is struck at each sixteenth of 180 bpm. A flash is a pair of opposing changes of relative luminance
    by a tenth or more whose darker state is below 0.8 (WCAG 2.2).
    """
    room = Room(setter, size, fps=60, tempo=180.0)
    room.tiles = tiles
    frames, step = [], -1
    for number in range(110):
        strikes = []
        if int(number / 60 * 12) != step:
            step = int(number / 60 * 12)
            strikes = [Strike(t.drums[0], t.visit, seconds=0.1) for t in tiles] or [
                Strike(d, seconds=0.1) for d in DRUMS
            ]
        picture = room.frame(*strikes)
        if number >= 45:
            values = picture.astype(np.float32) / 255
            frames.append(values**2.2 @ np.array([0.2126, 0.7152, 0.0722], np.float32))
    changes = np.zeros((len(frames), *frames[0].shape), bool)
    turn, rising = frames[0].copy(), np.zeros(frames[0].shape, np.int8)
    for number, now in enumerate(frames):
        up = (now - turn >= 0.1) & (rising <= 0) & (turn < 0.8)
        down = (turn - now >= 0.1) & (rising >= 0) & (now < 0.8)
        changes[number] = up | down
        rising = np.where(up, 1, np.where(down, -1, rising)).astype(np.int8)
        further = np.where(rising > 0, np.maximum(turn, now), np.minimum(turn, now))
        turn = np.where(up | down, now, np.where(rising == 0, turn, further))
    often = (changes[:60].sum(axis=0) / 2 > 3).astype(np.float32)
    return float(cv2.blur(often, (size[0] // 3, size[1] // 3)).max())


@pytest.mark.parametrize("size", [SMALL_LANDSCAPE, SMALL_PORTRAIT])
@pytest.mark.parametrize("number", [0, 1, 9, 64])
def test_no_large_area_flashes_more_than_three_times_a_second(
    setter: Typesetter, size: tuple[int, int], number: int
) -> None:
    tiles = [Tile(f"v{i}", PortraitFilm(i), (DRUMS[i % 9],)) for i in range(number)]
    assert flashing(setter, tiles, size) < 0.25


def test_a_strobing_film_does_not_flash(setter: Typesetter) -> None:
    tiles = [Tile(f"v{i}", StrobeFilm(), (DRUMS[i % 9],)) for i in range(9)]
    assert flashing(setter, tiles, SMALL_LANDSCAPE) < 0.25


def test_the_measure_of_flashes_can_fail(setter: Typesetter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the governor and with a broad edge the same measure must object."""
    monkeypatch.setattr(Governor, "gain", lambda self, bright, level, delta: 1.0)
    monkeypatch.setattr(wall_module, "EDGE", 0.3)
    tiles = [Tile(f"v{i}", StrobeFilm(), (DRUMS[i % 9],)) for i in range(9)]
    assert flashing(setter, tiles, SMALL_LANDSCAPE) > 0.25


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=40))
def test_the_governor_never_lets_a_panel_jump(frames: list[tuple[float, float]]) -> None:
    governor, shown = Governor(), []
    for bright, level in frames:
        gain = governor.gain(bright, level, 1 / 60)
        shown.append(bright * gain**2.2)
        assert 0 <= gain <= 1.0 + 1e-9
    for before, after in itertools.pairwise(shown):
        assert after - before <= RISE + 0.01
