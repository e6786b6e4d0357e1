"""What a piece says of beds, on the timeline; a mixer that is told again, and a stage that takes over."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import soundfile

from installation.clock import BarLine, ClockReading, Timeline
from installation.messages import BedMoved, BedPlayed, BedsOnly, BedSounding, BedStopped, BedTroubled
from installation.piece import Bar
from installation.sound.bed_writer import (
    ADOPT_SECONDS,
    AGAIN_SECONDS,
    AHEAD_SECONDS,
    GOING_SECONDS,
    LEAVE_SECONDS,
    BedWriter,
    Said,
    Told,
)
from installation.sound.score import OfflinePort, ScoreWriter

RATE_HZ = 48_000
AHEAD = round(AHEAD_SECONDS * RATE_HZ)


class Mixer:
    """The other end: takes down what it is told, while it is there."""

    rate_hz = RATE_HZ

    def __init__(self) -> None:
        self.there, self.told, self.answers = True, list[Told](), list[Said]()

    def tell(self, message: Told) -> bool:
        if self.there:
            self.told.append(message)
        return self.there

    def said(self) -> list[Said]:
        answers, self.answers = self.answers, []
        return answers


def at(sample: int, *bars: BarLine) -> ClockReading:
    return ClockReading(Timeline(0.0, 0.0, RATE_HZ), sample, RATE_HZ, 0.0, 0, bars)


def bars(*starts: int, first: int = 0) -> list[BarLine]:
    return [BarLine(first + n, start, 96_000, 4.0 * (first + n), 4.0) for n, start in enumerate(starts)]


def begun(sample: int = 0) -> tuple[BedWriter, Mixer]:
    mixer = Mixer()
    beds = BedWriter(mixer)
    beds.update(at(sample), anew=True)
    return beds, mixer


def played(name: str, path: str, start: int, at: int | None = None, **changed: object) -> BedPlayed:
    asked = {"loop": True, "gain_db": 0.0, "direction_deg": None, "fade": 2.0, **changed}
    return BedPlayed(name, path, start, at=start if at is None else at, **asked)  # type: ignore[arg-type]


def test_what_is_said_in_one_frame_begins_at_one_sample() -> None:
    """A cross-fade is even only if both sides begin together."""
    beds, mixer = begun(1_000)
    beds.play("a", "/sounds/sea.flac", direction_deg=90, fade=1)
    beds.move("a", direction_deg=-90, gain_db=-3, fade=0.5)
    beds.stop("a", fade=3)
    assert mixer.told == [
        played("a", "/sounds/sea.flac", 1_000 + AHEAD, direction_deg=90.0, fade=1.0),
        BedMoved("a", -3.0, -90.0, 0.5),
        BedStopped("a", 1_000 + AHEAD, 3.0),
    ]
    assert beds.playing == ()


def test_what_is_so_already_is_not_said_again() -> None:
    beds, mixer = begun()
    for number in range(5):
        beds.update(at(number * 1_600), anew=False)
        beds.play("a", Path("/sounds/sea.flac"), gain_db=-6.0, direction_deg=10.0)
        beds.move("a", direction_deg=10.0)
        beds.stop("nobody")
    assert len(mixer.told) == 1 and beds.playing == ("a",)
    beds.play("a", "/sounds/sea.flac", gain_db=-6.0, direction_deg=20.0)
    assert mixer.told[1:] == [BedMoved("a", -6.0, 20.0, 2.0)]
    beds.play("a", "/sounds/rain.flac")
    assert mixer.told[2:] == [played("a", "/sounds/rain.flac", 4 * 1_600 + AHEAD)]
    beds.move("a", direction_deg=None, gain_db=-9.0)
    beds.move("a", direction_deg=5.0)
    assert isinstance(mixer.told[-1], BedMoved) and mixer.told[-1].gain_db == -9.0, "stays where none is given"


def test_a_bed_begins_so_far_into_its_file() -> None:
    beds, mixer = begun(1_000)
    beds.play("a", "/sounds/song.flac", offset=2.5)
    assert mixer.told == [played("a", "/sounds/song.flac", 1_000 + AHEAD - 120_000, at=1_000 + AHEAD)]
    for _ in range(2):
        beds.play("a", "/sounds/song.flac", offset=7.0)
    assert len(mixer.told) == 1, "it plays on"


@pytest.mark.parametrize("offset", [-0.1, math.nan, math.inf])
def test_an_offset_that_is_none_is_refused(offset: float) -> None:
    beds, mixer = begun()
    with pytest.raises(ValueError, match="offset="):
        beds.play("a", "/sounds/song.flac", offset=offset)
    assert not mixer.told and beds.playing == ()


def test_a_bed_begins_at_the_line_of_a_bar_also_if_that_moves_before() -> None:
    beds, mixer = begun()
    beds.update(at(0, *bars(4_800, 100_800)), anew=False)
    for sample, lines in (
        (0, (4_800, 100_800)),
        (40_000, (4_800, 100_800, 196_800)),
        (90_000, (4_800, 100_800, 180_000)),
    ):
        beds.update(at(sample, *bars(*lines)), anew=False)
        beds.play("song", "/sounds/song.flac", offset=1.0, fade=0.0, at_bar=2)
        assert not mixer.told and beds.playing == ("song",)
    beds.move("song", direction_deg=None, gain_db=-6.0)
    for sample in (170_000, 171_600):
        beds.update(at(sample, *bars(4_800, 100_800, 180_000)), anew=False)
    told = played("song", "/sounds/song.flac", 180_000 - 48_000, at=180_000, fade=0.0, gain_db=-6.0)
    assert mixer.told == [told]


def test_a_bed_for_a_bar_that_has_begun_is_where_it_would_be_by_now() -> None:
    beds, mixer = begun()
    beds.update(at(10_000, *bars(4_800, 100_800)), anew=False)
    beds.play("song", "/sounds/song.flac", at_bar=0)
    assert mixer.told == [played("song", "/sounds/song.flac", 4_800, at=10_000 + AHEAD)]


def test_a_bed_for_a_bar_that_is_long_over_begins_at_the_next_line() -> None:
    beds, mixer = begun()
    beds.update(at(90_000, *bars(4_800, 100_800, first=7)), anew=False)
    beds.play("song", "/sounds/song.flac", at_bar=2)
    beds.update(at(91_600, *bars(4_800, 100_800, first=7)), anew=False)
    assert mixer.told == [played("song", "/sounds/song.flac", 100_800)]


def test_a_bed_that_waits_for_its_bar_can_be_stopped() -> None:
    beds, mixer = begun()
    beds.play("song", "/sounds/song.flac", at_bar=0)
    beds.stop("song")
    beds.update(at(0, *bars(4_800)), anew=False)
    assert not mixer.told and beds.playing == ()


def test_a_song_is_heard_on_the_line_of_its_bar(tmp_path: Path) -> None:
    """In an offline render, with the score: the sample that lies `offset` into the file at the line's own."""
    steps = np.repeat(np.linspace(0.1, 0.6, 50), 4_800).astype(np.float32)  # another level each tenth of a second
    soundfile.write(tmp_path / "song.wav", steps, RATE_HZ, subtype="FLOAT")
    port = OfflinePort(RATE_HZ)
    score = ScoreWriter(port)
    score.update()
    score.write(Bar(0, 240.0, ()))
    score.write(Bar(1, 240.0, ()))
    parts = []
    for _ in range(90):
        parts.append(port.mixer.mix(1_600)[:, 0])
        score.update()
        score.beds.play("song", tmp_path / "song.wav", offset=1.0, fade=0.0, at_bar=1)
    sound, line = np.concatenate(parts), port.mixer.grid[0]
    start = 4_800 + line.length
    assert not sound[:start].any()
    heard = sound[start + 1_000 : start + 48_000]
    np.testing.assert_allclose(heard / heard[0], steps[49_000:96_000] / steps[49_000], rtol=1e-4)


def test_before_there_is_a_clock_nothing_begins_and_nothing_is_lost() -> None:
    mixer = Mixer()
    beds = BedWriter(mixer)
    beds.play("a", "/sounds/sea.flac", fade=4.0)
    beds.play("b", "/sounds/rain.flac")
    beds.stop("b")
    beds.update(None, anew=True)
    beds.move("a", direction_deg=30.0)
    assert mixer.told == []
    beds.update(at(500), anew=False)
    assert mixer.told == [played("a", "/sounds/sea.flac", 500 + AHEAD, direction_deg=30.0, fade=4.0)]


def test_a_mixer_that_begins_anew_is_told_of_the_same_place() -> None:
    beds, mixer = begun(1_000)
    beds.play("a", "/sounds/sea.flac", gain_db=-3.0)
    beds.play("b", "/sounds/rain.flac")
    beds.stop("b")
    start = 1_000 + AHEAD
    mixer.there, mixer.told = False, []
    beds.move("a", direction_deg=45.0, gain_db=-3.0)
    beds.play("c", "/sounds/wind.flac")
    beds.update(at(50_000), anew=False)
    mixer.there = True
    beds.update(at(96_000), anew=True)
    now = 96_000 + AHEAD
    again = played("a", "/sounds/sea.flac", start, now, gain_db=-3.0, direction_deg=45.0, fade=AGAIN_SECONDS)
    fresh = played("c", "/sounds/wind.flac", now)  # of which nobody had heard yet
    assert sorted(mixer.told, key=lambda said: getattr(said, "name", "")) == [again, fresh]


def test_a_new_stage_takes_over_what_plays_and_lets_the_rest_go() -> None:
    mixer = Mixer()
    beds = BedWriter(mixer)
    beds.clear()  # as a stage does before it opens its first piece
    beds.play("early", "/sounds/sea.flac")
    mixer.answers = [
        BedSounding("early", "/sounds/sea.flac", 111, True),
        BedSounding("later", "/sounds/rain.flac", 222, True),
        BedSounding("gone", "/sounds/wind.flac", 333, True),
    ]
    beds.update(at(100_000), anew=True)
    now = 100_000 + AHEAD
    assert mixer.told == [played("early", "/sounds/sea.flac", 111, now)], "goes on"
    beds.update(at(300_000), anew=False)
    beds.play("later", "/sounds/rain.flac", gain_db=-6.0)
    assert mixer.told[1:] == [played("later", "/sounds/rain.flac", 222, 300_000 + AHEAD, gain_db=-6.0)]
    end = 100_000 + round(ADOPT_SECONDS * RATE_HZ)
    beds.update(at(end - 1), anew=False)
    assert len(mixer.told) == 2
    beds.update(at(end), anew=False)
    beds.update(at(end + 1_600), anew=False)
    assert mixer.told[2:] == [BedsOnly(("early", "later"), end + AHEAD, GOING_SECONDS)], "said once"


def test_another_piece_inherits_what_it_asks_for_at_once() -> None:
    """As a piece does that failed and was opened again: its beds go on."""
    beds, mixer = begun(0)
    beds.play("sea", "/sounds/sea.flac")
    beds.play("rain", "/sounds/rain.flac")
    beds.clear()
    assert beds.playing == ()
    beds.update(at(9_600), anew=False)
    beds.play("sea", "/sounds/sea.flac")
    assert mixer.told[2:] == [played("sea", "/sounds/sea.flac", AHEAD, 9_600 + AHEAD)]
    end = 9_600 + round(LEAVE_SECONDS * RATE_HZ)
    beds.update(at(end), anew=False)
    assert mixer.told[3:] == [BedsOnly(("sea",), end + AHEAD, GOING_SECONDS)]


def test_a_piece_learns_which_files_cannot_be_read() -> None:
    beds, mixer = begun()
    beds.play("sea", "/sounds/sea.flac")
    mixer.answers = [
        BedTroubled("sea", "/sounds/sea.flac", "it is damaged"),
        BedTroubled("sea", "/sounds/old.flac", "of a file that it no longer plays"),
        BedTroubled("nobody", "/sounds/sea.flac", "it is damaged"),
    ]
    beds.update(at(1), anew=False)
    assert beds.troubled == {"sea": "it is damaged"}
    mixer.answers = [BedTroubled("sea", "/sounds/sea.flac", "")]
    beds.update(at(2), anew=False)
    assert beds.troubled == {}


@pytest.mark.parametrize(
    "wrong",
    [{"gain_db": math.nan}, {"gain_db": 90.0}, {"direction_deg": math.inf}, {"fade": -1.0}, {"fade": math.nan}],
)
def test_numbers_that_would_be_noise_are_refused(wrong: dict[str, float]) -> None:
    beds, mixer = begun()
    with pytest.raises(ValueError, match=next(iter(wrong))):
        beds.play("a", "/sounds/sea.flac", **wrong)
    assert mixer.told == [] and beds.playing == ()


def test_names_and_numbers_of_beds_have_an_end() -> None:
    beds, _ = begun()
    with pytest.raises(KeyError, match="no bed is called 'a'"):
        beds.move("a", direction_deg=None)
    with pytest.raises(ValueError, match="1 … 200 letters"):
        beds.play("", "/sounds/sea.flac")
    for number in range(BedWriter.MOST):
        beds.play(str(number), "/sounds/sea.flac")
    with pytest.raises(ValueError, match="one too many; 64"):
        beds.play("more", "/sounds/sea.flac")
    beds.play("3", "/sounds/rain.flac")


def test_offline_the_same_is_heard_as_in_the_room(tmp_path: Path) -> None:
    """Twice the same, sample by sample, and a bed where it should be."""
    tone = np.random.default_rng(0).uniform(-0.5, 0.5, RATE_HZ).astype(np.float32)
    soundfile.write(tmp_path / "tone.wav", tone, RATE_HZ, subtype="FLOAT")
    sounds = []
    for _ in range(2):
        port = OfflinePort(RATE_HZ)
        score, parts = ScoreWriter(port), []
        for frame in range(30):
            score.update()
            if frame == 3:
                score.beds.play("tone", tmp_path / "tone.wav", direction_deg=-30.0, fade=0.0)
            if frame == 20:
                score.beds.stop("tone", 0.1)
            parts.append(port.mixer.mix(1_600))
        sounds.append(np.concatenate(parts))
        assert not score.beds.troubled
    np.testing.assert_array_equal(*sounds)
    start = 3 * 1_600 + AHEAD
    np.testing.assert_array_equal(sounds[0][start + 1_000 : start + 9_000, 0], tone[1_000:9_000])
    assert not sounds[0][:start].any() and not sounds[0][20 * 1_600 + 2 * AHEAD :].any()
    assert not sounds[0][:, 1].any(), "from the left speaker alone"


def test_what_is_played_once_is_heard_again_when_it_was_stopped(tmp_path: Path) -> None:
    """Who says in every frame what should sound must not hear it over and over."""
    soundfile.write(tmp_path / "bell.wav", np.full(3_200, 0.5, np.float32), RATE_HZ)
    port = OfflinePort(RATE_HZ)
    score, parts = ScoreWriter(port), []
    for frame in range(40):
        score.update()
        if frame == 20:
            score.beds.stop("bell", 0.0)
        score.beds.play("bell", tmp_path / "bell.wav", loop=False, fade=0.0)
        parts.append(port.mixer.mix(1_600))
    heard = [bool(part.any()) for part in parts]
    first, again = heard.index(True), 20 + heard[20:].index(True)
    assert sum(heard) <= 8 and again > 20 and not any(heard[first + 4 : 20]), "twice, and silence between"
