"""The watch over sound: what stands for as long as it is so, and no longer."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from installation.health import alerts
from installation.health.vitals import Vitals
from installation.piece import Level
from installation.sound.watch import SILENT_SECONDS, SoundWatch

DAY = 24 * 3600


@pytest.fixture
def clock() -> Iterator[SimpleNamespace]:
    """The time of a board that is in use meanwhile."""
    clock = SimpleNamespace(at=0.0)
    before = alerts.use(alerts.Board(strict=True, monotonic=lambda: clock.at))
    yield clock
    alerts.use(before)


def look(
    watch: SoundWatch,
    now: float,
    unreadable: dict[str, str],
    missed: int = 0,
    underruns: int = 0,
    garbage: int = 0,
    peak_db: float = -40.0,
) -> list[str]:
    """What is said of which file after a look at `now`."""
    level = Level(rms_db=peak_db - 10, peak_db=peak_db)
    watch.look(
        now, missed=missed, underruns=underruns, starved=0, unreadable=unreadable, garbage=garbage, level=level,
        microphone="Mic", real=True,
    )  # fmt: skip
    return [alert.message for alert in alerts.board().active()]


def test_a_sound_that_cannot_be_read_is_named_until_it_can(clock: SimpleNamespace) -> None:
    watch, missing = SoundWatch(Vitals(None, "sound")), {"/sea.wav": "the file is not there"}
    for clock.at in (0.0, 100.0, 1000.0, DAY):
        (said,) = look(watch, clock.at, missing)
        assert "/sea.wav" in said and "not there" in said
    (alert,) = alerts.board().active()
    assert alert.count == 1, "and is raised once"
    assert look(watch, DAY + 1, {}) == []


def test_each_file_is_named_for_itself(clock: SimpleNamespace) -> None:
    watch = SoundWatch(Vitals(None, "sound"))
    assert len(look(watch, 0.0, {"/sea.wav": "gone", "/wind.wav": "damaged"})) == 2
    (said,) = look(watch, 1.0, {"/wind.wav": "gone too"})
    assert "/wind.wav" in said and "gone too" in said, "with the newest reason"


def test_a_card_that_runs_dry_is_told_of_when_it_does_so_again_and_again(clock: SimpleNamespace) -> None:
    """Once is a machine that slept; a block that the mixer itself missed is told of at once."""
    watch = SoundWatch(Vitals(None, "sound"))
    for clock.at, underruns in ((0.0, 0), (1.0, 1), (30.0, 2), (62.0, 2), (100.0, 3)):
        assert look(watch, clock.at, {}, underruns=underruns) == []
    (said,) = look(watch, 115.0, {}, underruns=5)
    assert "0 blocks" in said and "ran dry 3 times" in said
    assert look(watch, 180.0, {}, underruns=5) == []
    (said,) = look(watch, 181.0, {}, missed=1, underruns=5)
    assert "1 blocks" in said


def test_what_is_counted_anew_by_a_device_that_was_opened_again_is_counted_on(clock: SimpleNamespace) -> None:
    watch = SoundWatch(Vitals(None, "sound"))
    look(watch, 0.0, {}, underruns=12, garbage=1000)
    clock.at = 120.0
    assert look(watch, 120.0, {}, underruns=12, garbage=1000) == []
    clock.at = 121.0
    assert look(watch, 121.0, {}, underruns=1) == []
    clock.at = 130.0
    garbled, dry = sorted(look(watch, 130.0, {}, missed=1, underruns=3, garbage=500))
    assert "1 blocks" in dry and "ran dry 3 times" in dry and "Mic" in garbled


def test_a_microphone_that_clips_is_told_of_until_it_has_not_for_a_minute(clock: SimpleNamespace) -> None:
    watch = SoundWatch(Vitals(None, "sound"))
    for clock.at, peak_db in ((0.0, -40.0), (1.0, -3.0)):
        assert look(watch, clock.at, {}, peak_db=peak_db) == []
    for clock.at, peak_db in ((2.0, 0.0), (30.0, -40.0), (60.0, -40.0)):
        (said,) = look(watch, clock.at, {}, peak_db=peak_db)
        assert "Mic" in said
    clock.at = 63.0
    assert look(watch, 63.0, {}) == []


def test_a_microphone_that_hears_nothing_at_all_is_told_of_until_it_does(clock: SimpleNamespace) -> None:
    """A quiet room is never perfectly silent: a muted microphone, or one that fell out of its plug, is."""
    watch = SoundWatch(Vitals(None, "sound"))
    assert look(watch, 0.0, {}) == []
    for clock.at in (1.0, SILENT_SECONDS - 1):
        assert look(watch, clock.at, {}, peak_db=-200.0) == []
    clock.at = SILENT_SECONDS + 5
    (said,) = look(watch, clock.at, {}, peak_db=-200.0)
    assert "Mic" in said
    clock.at += 1
    assert look(watch, clock.at, {}) == []
