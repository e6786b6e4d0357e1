"""The score: bars as a piece says them, on the timeline; a sound process that is told everything again."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from installation import shared
from installation.clock import ClockReading, SharedClock, Timeline
from installation.messages import BarWritten, LevelSet, Line, Message, SoundReady, VoiceForgotten, VoiceMade, listen
from installation.piece import Bar, Hit, Sounding
from installation.sound.score import LivePort, OfflinePort, ScoreWriter

RATE_HZ = 48_000
TICK = np.ones(1, np.float32)


def offline(*voices: str) -> tuple[ScoreWriter, OfflinePort]:
    port = OfflinePort(RATE_HZ)
    score = ScoreWriter(port)
    for name in voices:
        score.voice(name, TICK, RATE_HZ)
    return score, port


def bar(number: int, *steps: float, tempo: float = 120.0, voice: str = "tick") -> Bar:
    return Bar(number, tempo, tuple(Hit(step, voice, 0.5) for step in steps))


def play(score: ScoreWriter, port: OfflinePort, seconds: float) -> tuple[list[int], list[int]]:
    """(samples at which something sounds, samples at which the score says so), frame by frame."""
    heard, said = [], []
    for _ in range(round(seconds * 30)):
        at = port.mixer.position
        heard += [at + int(i) for i in np.flatnonzero(port.mixer.mix(RATE_HZ // 30)[:, 0])]
        score.update()
        shown = port.mixer.position - 1
        said += [round(shown - hit.late * RATE_HZ) for hit in score.sounding(shown)]
    return heard, said


# ---- what a piece may ask ----------------------------------------------------------------------------------------


def test_steps_become_samples() -> None:
    score, port = offline("tick")
    score.write(bar(0, -0.5, 0.0, 4.25, 15.2, tempo=90.0))
    step = 60 / 90 / 4 * RATE_HZ
    heard, _ = play(score, port, 2.8)
    assert heard[:4] == [4800 + round(s * step) for s in (-0.5, 0.0, 4.25, 15.2)]


@pytest.mark.parametrize(("tempo", "steps"), [(120.0, 16), (93.7, 16), (133.3, 7), (399.0, 1), (21.1, 256)])
def test_a_bar_says_how_many_samples_it_is_long(tempo: float, steps: int) -> None:
    """A loop that is cut by it fills bar after bar without a gap or an overlap."""
    score, port = offline("tick")
    for number in range(3):
        score.write(Bar(number, tempo, (), steps))
    frames = Bar(0, tempo, (), steps).frames(RATE_HZ)
    assert isinstance(frames, int) and {line.length for line in port.mixer.grid} == {frames}


def test_what_sounds_is_seen_also_in_repeated_bars() -> None:
    """The frame is told of each hit exactly once, at the sample at which the mixer plays it."""
    score, port = offline("tick")
    score.write(bar(0, -0.3, 0, 4, 9.3))
    score.write(bar(1, 2, 7.7))
    score.write(bar(2, 1, tempo=140.0))
    heard, said = play(score, port, 17.0)
    assert len(heard) > 12 and said == heard


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.data())
def test_what_sounds_is_seen_with_any_gaps(gaps: list[int], data: st.DataObject) -> None:
    score, port = offline("tick")
    number = 0
    for gap in [0, *gaps]:
        number += gap
        steps = data.draw(st.lists(st.integers(0, 15), min_size=1, max_size=2, unique=True))
        score.write(bar(number, *steps, tempo=400.0))
    heard, said = play(score, port, 0.1 + 0.6 * (number + 5))
    assert said == heard


@pytest.mark.parametrize(("first", "then"), [(60.0, 120.0), (120.0, 60.0), (93.7, 93.7), (93.7, 131.3)])
def test_a_bar_that_is_playing_keeps_its_tempo(first: float, then: float) -> None:
    """The new hits lie at their steps of it, also when it repeats; the bars after it are where they were."""
    score, port = offline("tick")
    score.write(bar(0, 0, 4, 8, 12, tempo=first))
    before, seen_before = play(score, port, 1.2)
    score.write(bar(0, 0, 2, 6, 9.3, 12, tempo=then))
    after, seen_after = play(score, port, 20.0)
    step = 60 / first / 4 * RATE_HZ
    steps = (0, 2, 6, 9.3, 12, 16, 18, 22, 25.3, 28, 32)
    expected = [4800 + round(s * step) for s in steps]
    assert [at for at in after if at <= expected[-1] + 9] == pytest.approx(
        [at for at in expected if at > 57_600], abs=1
    )
    assert (seen_before, seen_after) == (before, after)
    assert {line.length for line in port.mixer.grid} == {Bar(0, first, ()).frames(RATE_HZ)}


@pytest.mark.parametrize("then", [120.0, 60.0])
@pytest.mark.parametrize("steps", [12, 16, 20])
def test_what_is_seen_is_heard_also_of_a_bar_that_began_while_its_message_was_under_way(
    steps: int, then: float
) -> None:
    score, port = offline("tick")
    score.write(bar(0, 0, 4, tempo=90.0))
    play(score, port, 0.05)
    port.mixer.mix(RATE_HZ // 10)
    score.write(Bar(0, then, tuple(Hit(step, "tick", 0.5) for step in (3, 8, 11.7)), steps))
    heard, said = play(score, port, 8.0)
    step = 60 / 90 / 4 * RATE_HZ
    assert heard[:4] == pytest.approx([4800 + s * step for s in (3, 8, 11.7, 19)], abs=2) and said == heard


def test_a_bar_that_is_playing_keeps_its_steps() -> None:
    score, port = offline("tick")
    for number in range(3):
        score.write(Bar(number, 120.0, (), steps=12))
    play(score, port, 0.5)
    with pytest.raises(ValueError, match="bar 0 is playing and keeps its 12 steps; steps=20"):
        score.write(Bar(0, 120.0, (), steps=20))
    score.write(Bar(1, 90.0, (), steps=20))
    assert [line.length for line in port.mixer.grid] == [72_000, 160_000, 72_000]
    play(score, port, 3.0)
    score.write(Bar(0, 120.0, (), steps=20))  # it is over


def test_what_was_written_far_ahead_is_seen() -> None:
    score, port = offline("tick")
    for number in range(40):
        score.write(bar(number, number % 16, tempo=400.0))
    heard, said = play(score, port, 26.0)
    assert len(heard) > 40 and said == heard


@pytest.mark.parametrize("numbers", [(0,), (0, 1), (0, 2), (0, 1, 4), (3, 4)])
def test_what_was_written_once_is_seen_for_as_long_as_it_repeats(numbers: tuple[int, ...]) -> None:
    score, port = offline("tick")
    for number in numbers:
        score.write(bar(number, number, 9.5, tempo=400.0))
    heard, said = play(score, port, 20.0)
    assert len(heard) > 50 and said == heard
    assert len(score._bars) <= 5, "nothing grows"


@pytest.mark.parametrize("number", [65, 10**9, 1e300, math.nan, math.inf])
def test_a_bar_that_is_too_far_ahead_is_refused(number: float) -> None:
    """Else the sound process fills all the bars between, and nothing is heard until then."""
    score, port = offline("tick")
    score.write(bar(64, 0))
    with pytest.raises(ValueError, match=r"bar .* is too far ahead: the next bar is 0"):
        ScoreWriter(OfflinePort(RATE_HZ)).write(Bar(number, 120.0, ()))  # type: ignore[arg-type]
    assert [line.number for line in port.mixer.grid] == [64]


def test_a_bar_written_at_next_bar_is_heard_in_full() -> None:
    score, port = offline("tick", "late")
    for number in range(30):
        score.write(bar(number, 3, 11, tempo=240.0))
    for _ in range(60):
        start = port.mixer.position
        port.mixer.mix(4799)
        score.update()
        number = score.next_bar
        line = next((line for line in port.mixer.grid if line.number == number), None)
        if line is None:
            break
        assert line.start - line.length / 16 > port.mixer.position > start
        score.write(bar(number, -1, 0, 15, tempo=240.0, voice="late"))


def test_written_follows_the_last_bar_and_never_falls_behind() -> None:
    score, port = offline("tick")
    assert (score.next_bar, score.written) == (0, 0)
    score.write(bar(0, 0))
    score.write(bar(1, 0))
    assert score.written == 2
    port.mixer.mix(20 * RATE_HZ)
    score.update()
    assert score.written == score.next_bar >= 9


@pytest.mark.parametrize(
    "wrong",
    [
        Bar(0, 10.0, ()),
        Bar(0, math.nan, ()),
        Bar(0.5, 120.0, ()),  # type: ignore[arg-type]
        Bar(-1, 120.0, ()),
        Bar(0, 120.0, (), steps=0),
        Bar(0, 120.0, (), steps=13.5),  # type: ignore[arg-type]
        Bar(0, 120.0, (), steps=math.nan),  # type: ignore[arg-type]
        Bar(0, 120.0, (Hit(math.nan, "tick"),)),
        Bar(0, 120.0, (Hit(0, "tick", gain=math.inf),)),
        Bar(0, 120.0, (Hit(0, "tick", pan=math.nan),)),
        Bar(0, 120.0, (Hit(0, "tick", pan=3),)),
        Bar(0, 120.0, (Hit(0, "tick", pan=-1.01),)),
        Bar(0, 120.0, (Hit(0, "tick", direction_deg=math.inf),)),
        Bar(0, 120.0, (Hit(0, "tick", gain=1e39),)),
        Bar(0, 120.0, (Hit(0, "tick", gain=-16.1),)),
        Bar(0, 120.0, tuple(Hit(0, "tick") for _ in range(5000))),
        Bar(0, 120.0, (Hit(16, "tick"),)),
        Bar(0, 120.0, (Hit(12, "tick"),), steps=12),
        Bar(0, 120.0, (Hit(-1.01, "tick"),)),
    ],
)
def test_a_bar_that_cannot_be_played_is_refused(wrong: Bar) -> None:
    """Rather than sent: one that is no number would be noise from every speaker."""
    score, port = offline("tick")
    with pytest.raises(ValueError, match=r"tempo_bpm|steps|finite|hits|too loud|numbered|pan goes"):
        score.write(wrong)
    assert not port.mixer.grid


@pytest.mark.parametrize(
    ("level", "said"),
    [
        ((10_000.0,), "gain_db=10000.0 must lie within -120..24"),
        ((math.nan,), "gain_db=nan"),
        ((-math.inf,), "gain_db=-inf"),
        ((0.0, -1.0), "fade=-1.0 must lie within 0..600"),
        ((0.0, math.nan), "fade=nan"),
    ],
)
def test_a_level_that_is_none_is_refused(level: tuple[float, ...], said: str) -> None:
    score, port = offline("tick")
    with pytest.raises(ValueError, match=said):
        score.level(*level)
    score.write(bar(0, 0))
    assert port.mixer.mix(RATE_HZ // 2).max() == 0.5, "the level stays as it was"


def test_the_first_and_the_last_hit_that_a_bar_can_hold_sound() -> None:
    score, port = offline("tick")
    score.write(Bar(2, 120.0, (Hit(-1, "tick"), Hit(15.99, "tick"))))
    heard, _ = play(score, port, 7.0)
    assert np.diff(heard).tolist() == [5940, 90_060, 5940, 90_060, 5940], "a sixteenth is 6000 samples"


def test_a_hit_on_a_voice_that_is_not_there_is_refused() -> None:
    """Rather than silent: nobody finds out why a beat is not heard."""
    score, port = offline("tick", "tock")
    with pytest.raises(ValueError, match="bar 3 hits a voice 'tik' that is not there; did you mean 'tick'"):
        score.write(Bar(3, 120.0, (Hit(0, "tock"), Hit(4, "tik"))))
    with pytest.raises(ValueError, match="'gong' that is not there; make it with"):
        score.write(Bar(3, 120.0, (Hit(0, "gong"),)))
    score.forget("tock")
    with pytest.raises(ValueError, match="'tock' that is not there"):
        score.write(Bar(3, 120.0, (Hit(0, "tock"),)))
    assert not port.mixer.grid


@pytest.mark.parametrize("wrong", [np.ones(9, np.int16), np.ones((9, 2), np.uint8), [1, 2], np.ones(9, bool)])
def test_samples_that_are_whole_numbers_are_refused(wrong: object) -> None:
    """Rather than played 32768 times too loud."""
    score, port = offline()
    with pytest.raises(ValueError, match=r"voice 'a': samples are floats in -1..1, not (u?int\d+|bool); divide"):
        score.voice("a", wrong, RATE_HZ)  # type: ignore[arg-type]
    score.voice("a", np.full(9, 0.5), RATE_HZ)
    assert port.mixer.voices["a"].dtype == np.float32


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (np.array([0.1, np.nan, np.inf], np.float32), "2 of its 3 samples are not finite"),
        (np.zeros((2, 48_000), np.float32), r"shape \(2, 48000\) are not \[frames\] or \[frames, channels\]"),
        (np.zeros((9, 2, 2), np.float32), r"shape \(9, 2, 2\)"),
        (np.float32(0.5), r"shape \(\)"),
        (np.zeros((48_000, 6), np.float32), r"6 channels; a voice has one or two .*: make several voices"),
    ],
)
def test_samples_that_would_be_silence_are_refused(wrong: np.ndarray, said: str) -> None:
    """Rather than not heard: nobody finds out why."""
    score, port = offline()
    with pytest.raises(ValueError, match=f"voice 'a'.*{said}"):
        score.voice("a", wrong, RATE_HZ)
    assert not port.mixer.voices


def test_a_voice_is_brought_to_the_rate_and_keeps_its_sides() -> None:
    score, port = offline()
    wide = np.zeros((24_000, 2), np.float32)
    wide[:, 0] = 0.5
    score.voice("a", wide, 24_000)
    made = port.mixer.voices["a"]
    assert made.shape == (48_000, 2) and np.isfinite(made).all()
    assert made[30_000:40_000, 0] == pytest.approx(0.5, abs=0.01) and not made[:, 1].any()
    score.voice("a", wide[:, :1], RATE_HZ)
    assert port.mixer.voices["a"].shape == (24_000,)
    with pytest.raises(ValueError, match="voice 'b' has no samples"):
        score.voice("b", np.zeros(0, np.float32), RATE_HZ)


def test_a_sound_whose_sides_are_of_opposite_signs_is_heard() -> None:
    score, port = offline()
    side = np.random.default_rng(0).uniform(-0.5, 0.5, 4000).astype(np.float32)
    score.voice("wide", np.stack([side, -side], axis=1), RATE_HZ)
    score.write(bar(0, 0, voice="wide"))
    heard = port.mixer.mix(RATE_HZ // 4)
    np.testing.assert_array_equal(heard[4800:8800], np.stack([0.5 * side, -0.5 * side], axis=1))


def test_a_hit_comes_from_where_it_is_said_to() -> None:
    score, port = offline("tick")
    score.write(Bar(0, 120.0, (Hit(0, "tick", 0.4, direction_deg=-30), Hit(4, "tick", 0.4, pan=1.0))))
    heard = port.mixer.mix(RATE_HZ)
    left, right = heard[heard.any(axis=1)]
    assert left == pytest.approx([0.4 * math.sqrt(2), 0], abs=1e-6) and right == pytest.approx(left[::-1], abs=1e-6)


def test_a_forgotten_voice_is_neither_heard_nor_seen() -> None:
    score, port = offline("tick", "tock")
    score.write(Bar(0, 120.0, (Hit(0, "tick", 0.5), Hit(8, "tock", 0.5))))
    score.forget("tock")
    score.forget("nobody")
    heard, said = play(score, port, 1.9)
    assert heard == said == [4800]
    score.clear()
    assert not port.mixer.voices and play(score, port, 4.0) == ([], [])


# ---- the sound process ------------------------------------------------------------------------------------------


class SoundProcess:
    """The other end: takes down what it is told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.listener = listen(folder / "sound.sock")
        self.line: Line | None = None
        self.told: list[Message] = []

    def turn(self) -> None:
        if self.line is None:
            connection, _ = self.listener.accept()
            self.line = Line(connection)
            self.line.send(SoundReady(RATE_HZ))
        for message in self.line.receive():
            if isinstance(message, VoiceMade):
                found = shared.attach(self.folder, message.segment)
                assert found is not None and found[1].size
                shared.remove(self.folder, message.segment)
            self.told.append(message)

    def die(self) -> None:
        assert self.line is not None
        self.line.close()
        self.listener.close()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else tmp_path) as name:
        yield Path(name)


def voices_left(folder: Path) -> list[Path]:
    return list(folder.glob("voice-*"))


def test_a_sound_process_that_begins_anew_is_told_everything_again(folder: Path) -> None:
    score = ScoreWriter(LivePort(folder))
    score.voice("kept", TICK, RATE_HZ)
    score.voice("gone", TICK, RATE_HZ)
    score.forget("gone")
    score.write(bar(0, 0, voice="kept"))
    score.level(-6.0)
    assert score.update() is None
    assert not voices_left(folder), "nobody is there to fetch a voice"
    for _ in range(2):
        process = SoundProcess(folder)
        score.update()
        process.turn()
        score.update()
        process.turn()
        assert [type(message) for message in process.told] == [VoiceMade, LevelSet, BarWritten]
        assert not voices_left(folder)
        score.forget("kept")
        score.voice("kept", TICK, RATE_HZ)
        process.turn()
        assert [type(message) for message in process.told[3:]] == [VoiceForgotten, VoiceMade]
        process.die()
        score.update()
    assert not voices_left(folder)


def test_voices_that_a_dead_sound_process_did_not_fetch_are_taken_back(folder: Path) -> None:
    score = ScoreWriter(LivePort(folder))
    process = SoundProcess(folder)
    score.update()
    process.turn()
    score.update()
    for number in range(3):
        score.voice(f"v{number}", TICK, RATE_HZ)
    assert len(voices_left(folder)) == 3, "it has not fetched them"
    process.die()
    for _ in range(2):  # it is noticed, and connected to anew
        score.update()
    assert not voices_left(folder)
    process = SoundProcess(folder)
    score.update()
    process.turn()
    score.update()
    process.turn()
    assert [message.name for message in process.told if isinstance(message, VoiceMade)] == ["v0", "v1", "v2"]


def test_a_voice_of_two_channels_reaches_the_sound_process_as_it_is(folder: Path) -> None:
    score, process = ScoreWriter(LivePort(folder)), SoundProcess(folder)
    score.update()
    process.turn()
    score.update()
    pair = np.random.default_rng(0).uniform(-1, 1, (300, 2)).astype(np.float32)
    score.voice("pair", pair, RATE_HZ)
    (name,) = shared.names(folder, "voice-")
    found = shared.attach(folder, name)
    assert found is not None
    np.testing.assert_array_equal(found[1], pair)


def test_a_direction_is_told_to_the_sound_process(folder: Path) -> None:
    score, process = ScoreWriter(LivePort(folder)), SoundProcess(folder)
    score.update()
    process.turn()
    score.update()
    score.voice("tick", TICK, RATE_HZ)
    score.write(Bar(0, 120.0, (Hit(0, "tick", direction_deg=90), Hit(4, "tick", pan=-1))))
    process.turn()
    (told,) = [message for message in process.told if isinstance(message, BarWritten)]
    assert told.hits == ((0, "tick", 1.0, 0.0, 90.0), (24_000, "tick", 1.0, -1.0, None))


def test_a_live_port_reads_clock_and_capture_when_they_are_there(folder: Path) -> None:
    port = LivePort(folder)
    assert port.reading() is None and port.captured_to() == 0
    np.testing.assert_array_equal(port.captured(10, 5), np.zeros(5))
    clock = SharedClock(shared.create(folder, "clock", (SharedClock.SIZE,), "float64"))
    ring = shared.SampleRing.create(folder, "capture", 1000)
    assert port.reading() is None
    clock.publish(Timeline(1.0, 2.0, 3.0), 4, RATE_HZ, 0.1, 6)
    ring.write(0, np.arange(20, dtype=np.float32))
    assert port.reading() == ClockReading(Timeline(1.0, 2.0, 3.0), 4, RATE_HZ, 0.1, 6, ())
    assert port.captured_to() == 20 and list(port.captured(18, 4)) == [18, 19, 0, 0]
    np.testing.assert_array_equal(port.played(2, 3), np.zeros((3, 2)))
    shared.SampleRing.create(folder, "played-folded", 1000, 2).write(0, np.arange(10, dtype=np.float32).reshape(5, 2))
    assert port.played(2, 3).tolist() == [[4, 5], [6, 7], [8, 9]]


def test_a_frame_that_comes_late_is_not_told_of_what_is_long_over() -> None:
    score, port = offline("tick")
    score.write(bar(0, 0))
    score.write(bar(1, 0))
    port.mixer.mix(60 * RATE_HZ)
    score.update()
    assert all(hit.late <= 1.0 for hit in score.sounding(60.0 * RATE_HZ))
    assert isinstance(Sounding("tick", 0.5).late, float)


@pytest.mark.parametrize("steps", [12, 16, 20])
def test_tempo_and_beats_are_those_that_were_written_however_many_steps_a_bar_has(steps: int) -> None:
    """A piece in three-four time reads the tempo that it wrote, and its pictures keep to its quarters."""
    port = OfflinePort(RATE_HZ)
    score = ScoreWriter(port)
    for number in range(3):
        score.write(Bar(number, 120.0, (), steps=steps))
    port.mixer.mix(10 * RATE_HZ)
    reading = score.update()
    assert reading is not None
    first = reading.bars[0]
    for seconds in (0.0, 0.75, 2.0):
        sample = first.start + seconds * RATE_HZ
        assert reading.beat_at(sample)[0] - first.beat == pytest.approx(2 * seconds, abs=1e-3)
    assert {round(bar.tempo_bpm(RATE_HZ), 6) for bar in reading.bars} == {120.0}
