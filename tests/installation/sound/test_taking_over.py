"""A stage that comes after another: what the sound process still plays of that one goes on for a while, then ends;
and a sound process that comes after another, which plays what that one would have played."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from installation import segments, shared
from installation.clock import SharedClock, Timeline
from installation.exhibition import Exhibition
from installation.piece import Bar, Hit
from installation.segments import RATE_HZ
from installation.sound.bed_writer import ADOPT_SECONDS
from installation.sound.process import SoundProcess
from installation.sound.score import LivePort, ScoreWriter

KICK = np.full(480, 0.3, np.float32)
BEATS = tuple(Hit(step, "kick") for step in (0, 4, 8, 12))
FRAME = RATE_HZ // 30


class House:
    """A sound process whose turns are taken by hand, and as fast as the machine can."""

    def __init__(self, folder: Path, exhibition: Exhibition) -> None:
        segments.make(folder)
        self.folder, self._exhibition = folder, exhibition
        found = shared.attach(folder, "clock")
        assert found is not None
        self._clock = SharedClock(found[1])
        self._sound = SoundProcess(folder, exhibition)

    def stage(self) -> ScoreWriter:
        return ScoreWriter(LivePort(self.folder))

    def kill(self, score: ScoreWriter) -> None:
        line = score.port._line  # type: ignore[attr-defined]
        line.close()

    def begin_sound_anew(self, away_seconds: float) -> None:
        """The sound process dies, and another is there so many seconds later."""
        self.close()
        before = self._sound._mixer.position
        self._clock.publish(self._timeline(away_seconds), before, RATE_HZ, 0.0, 0)
        self._sound = SoundProcess(self.folder, self._exhibition)

    def _timeline(self, ago_seconds: float = 0.0) -> Timeline:
        """The one by which what is mixed was heard so many seconds ago."""
        return Timeline(float(self._sound._mixer.position), time.monotonic() - ago_seconds, RATE_HZ)

    def play(self, score: ScoreWriter, seconds: float, frame: Callable[[], object] = lambda: None) -> list[int]:
        """The hits that begin in the next `seconds`: their samples on the timeline. The piece has its `frame`."""
        begin = self._sound._mixer.position
        parts = []
        for _ in range(round(seconds * 30)):
            score.update()
            frame()
            self._sound._listen()
            parts.append(self._sound._mixer.mix(FRAME)[:, 0])
            mixer = self._sound._mixer
            self._clock.publish(self._timeline(), mixer.position, RATE_HZ, 0.0, 0)
            self._clock.publish_bars(mixer.grid)
        loud = np.abs(np.concatenate(parts)) > 0.01
        return [begin + int(at) for at in np.flatnonzero(loud[1:] & ~loud[:-1]) + 1]

    def close(self) -> None:
        self._sound._beds.close()
        self._sound._listener.close()


@pytest.fixture
def house(loaded: Callable[[str], Exhibition]) -> Iterator[House]:
    folder = shared.make_folder()
    house = House(folder, loaded("pieces: beat\nmicrophone: none\nspeakers: silent"))
    yield house
    house.close()
    shutil.rmtree(folder, ignore_errors=True)


def beating(house: House) -> ScoreWriter:
    """A stage whose piece has written two bars, which are heard."""
    score = house.stage()
    house.play(score, 0.2)
    score.voice("kick", KICK, RATE_HZ)
    for number in (0, 1):
        score.write(Bar(number, 120.0, BEATS))
    assert len(house.play(score, 6.0)) > 9
    return score


def test_the_beat_of_a_stage_that_is_gone_ends_under_a_piece_that_does_not_know_it(house: House) -> None:
    """It may be made of visitors' voices, which have been deleted meanwhile."""
    house.kill(beating(house))
    silent = house.stage()
    silent.clear()  # as a stage does before it opens its first piece
    house.play(silent, ADOPT_SECONDS + 1.0)
    assert house.play(silent, 8.0) == []
    assert not house._sound._mixer.voices


def test_the_beat_has_no_gap_when_the_same_piece_comes_back(house: House) -> None:
    house.kill(beating(house))
    again = house.stage()
    again.clear()
    heard = house.play(again, 3.0)
    again.voice("kick", KICK, RATE_HZ)
    heard += house.play(again, ADOPT_SECONDS + 6.0)
    assert set(np.diff(heard)) == {RATE_HZ // 2}, "a hit every half second"


def many(house: House, bars: int, tempo_bpm: float = 120.0) -> ScoreWriter:
    """A stage whose piece has written so many bars at once, the first of which are heard."""
    score = house.stage()
    house.play(score, 0.2)
    score.voice("kick", KICK, RATE_HZ)
    for number in range(bars):
        score.write(Bar(number, tempo_bpm, BEATS))
    house.play(score, 3.0)
    return score


def test_a_piece_that_comes_back_goes_on_behind_the_bars_that_it_had_written(house: House) -> None:
    house.kill(many(house, 5))
    again = house.stage()
    again.clear()
    assert (again.next_bar, again.written) == (2, 5), "from the first, when the piece is opened"
    house.play(again, 1.0)
    again.voice("kick", KICK, RATE_HZ)
    assert (again.next_bar, again.written) == (3, 5)
    again.write(Bar(5, 120.0, BEATS))
    assert again.written == 6
    again.clear()
    assert again.written == again.next_bar == 3, "the next piece waits for nothing of the one before"


@pytest.mark.parametrize("opening", [0.1, 4.0])
@pytest.mark.parametrize(("ahead", "tempo_bpm"), [(3, 120.0), (40, 120.0), (60, 399.0), (8, 30.0)])
def test_who_writes_from_written_on_leaves_no_gap_and_doubles_nothing(
    house: House, ahead: int, tempo_bpm: float, opening: float
) -> None:
    """However far ahead the one before wrote, and by which names its voices go."""
    house.kill(many(house, ahead, tempo_bpm))
    again = house.stage()
    again.clear()
    written = again.written
    house.play(ScoreWriter(LivePort(house.folder)), opening)  # the piece takes its time in `open`
    again.voice("mine", KICK, RATE_HZ)

    def frame() -> None:
        assert again.written >= written
        while again.written < again.next_bar + 2:
            again.write(Bar(again.written, tempo_bpm, tuple(Hit(step, "mine") for step in (0, 4, 8, 12))))

    heard = house.play(again, ADOPT_SECONDS + 20, frame)
    assert set(np.round(np.diff(heard) / RATE_HZ * tempo_bpm / 60, 3)) == {1.0}, "a hit at every beat"
    assert len(heard) >= (ADOPT_SECONDS + 20) * tempo_bpm / 60 - 1, "to the end"
    assert set(house._sound._mixer.voices) == {"mine"}


def test_the_last_bar_that_a_piece_kept_below_written_is_where_it_goes_on(house: House) -> None:
    """As docs/artists.md has it: where its process died, and where it raised."""
    kept = range(10)
    house.kill(many(house, len(kept)))
    again = house.stage()
    again.clear()
    first, over = again.written, house._clock.read()
    assert over is not None
    lines = {bar.number: bar.end for bar in over.bars}
    assert lines[first - 1] <= over.mixed_to + ADOPT_SECONDS * RATE_HZ < lines[first]
    assert max(number for number in kept if number < again.written) == again.written - 1 == first - 1 == 5
    again.voice("kick", KICK, RATE_HZ)
    again.clear()  # it raised, and is opened again
    assert max(number for number in kept if number < again.written) == again.next_bar - 1 < 5


def test_what_only_repeats_was_written_by_nobody(house: House) -> None:
    house.kill(beating(house))
    again = house.stage()
    for _ in range(50):
        house.play(again, 0.1)
        assert again.written == again.next_bar


def test_the_next_turn_ends_at_once_what_a_stage_before_this_one_left(house: House) -> None:
    house.kill(beating(house))
    second = house.stage()
    house.play(second, 1.0)
    second.voice("own", KICK, RATE_HZ)
    second.clear()
    house.play(second, 0.1)
    assert house.play(second, 4.0) == [] and not house._sound._mixer.voices


def test_a_voice_is_forgotten_also_by_a_stage_that_has_not_made_it(house: House) -> None:
    house.kill(beating(house))
    second = house.stage()
    house.play(second, 1.0)
    second.forget("kick")
    house.play(second, 0.1)
    assert not house._sound._mixer.voices


def test_what_was_forgotten_while_nobody_listened_is_gone_when_somebody_does(house: House) -> None:
    score = beating(house)
    house.play(score, ADOPT_SECONDS)
    house.kill(score)
    score.forget("kick")
    house.play(score, 0.2)
    assert house.play(score, 4.0) == []


@pytest.mark.parametrize("away", [0.5, 3.0, 11.0, 60.0])
def test_a_sound_process_that_begins_anew_plays_on_what_was_written_once(house: House, away: float) -> None:
    """The last bars repeat when none follows, whoever plays them: the same hits at the same samples."""
    score = house.stage()
    house.play(score, 0.2)
    score.voice("kick", KICK, RATE_HZ)
    for number, steps in ((0, (0, 4, 9)), (1, (2,))):
        score.write(Bar(number, 120.0, tuple(Hit(step, "kick") for step in steps)))
    heard = house.play(score, 8.5)
    assert len(heard) > 6
    house.begin_sound_anew(away)
    house.play(score, 0.5)
    again = house.play(score, 8.0)
    assert len(again) == 8, "four in two bars"
    assert {at % (4 * RATE_HZ) for at in again} == {at % (4 * RATE_HZ) for at in heard}


def test_a_sound_process_that_begins_anew_plays_what_was_written_far_ahead(house: House) -> None:
    score = house.stage()
    house.play(score, 0.2)
    score.voice("kick", KICK, RATE_HZ)
    for number in range(40):
        score.write(Bar(number, 120.0, (Hit(number % 16, "kick"),)))
    first = house.play(score, 9.0)[0]
    house.begin_sound_anew(1.0)
    house.play(score, 0.5)
    bars = [divmod(at - first, 2 * RATE_HZ) for at in house.play(score, 60.0)]
    assert len(bars) in (29, 30, 31)
    assert all(within == number % 16 * RATE_HZ // 8 for number, within in bars), "each in its own bar"
