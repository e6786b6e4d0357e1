"""The sound process on a card that is not one: where it goes on when another has played before it."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from installation import segments, shared
from installation.clock import SharedClock, Timeline
from installation.devices import DeviceError
from installation.devices.speakers import Pull, Silent
from installation.exhibition import Exhibition
from installation.health.metrics import read_report
from installation.messages import BarWritten, BedMoved, BedPlayed, LevelSet, Message, connect
from installation.profiles import save_delay
from installation.segments import RATE_HZ
from installation.sound import opening, process
from installation.sound.opening import Opening
from installation.sound.process import SoundProcess

LATENCY = 0.3


class Hasty(Silent):
    """A card that plays its first blocks at once, and is wrong about when by all that its buffer could hold."""

    latency = LATENCY

    def __init__(self, rate_hz: int) -> None:
        super().__init__(rate_hz)
        self.pulled = 0

    def start(self, pull: Pull) -> None:
        def card(out: NDArray[np.float32], heard_at: float) -> None:
            truly = heard_at - LATENCY
            pull(out, truly + (LATENCY if self.pulled == 0 else 0.0))
            self.pulled += 1

        super().start(card)


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Hasty:
    card = Hasty(RATE_HZ)
    monkeypatch.setattr(Opening, "speakers", lambda self: card)
    return card


def test_it_goes_on_where_time_has_brought_the_timeline_on_a_card_that_is_hasty_at_first(
    tmp_path: Path, loaded: Callable[[str], Exhibition], card: Hasty, monkeypatch: pytest.MonkeyPatch
) -> None:
    segments.make(tmp_path)
    found = shared.attach(tmp_path, "clock")
    assert found is not None
    clock = SharedClock(found[1])
    before = Timeline(7_000_000.0, time.monotonic() - 1.5, RATE_HZ)
    clock.publish(before, 7_010_000, RATE_HZ, LATENCY, missed=3)
    sound = SoundProcess(tmp_path, loaded("pieces: beat\nmicrophone: none\nspeakers: silent"))
    join, owed = sound._join, []

    def joined() -> None:
        """What is owed at the moment it goes on: a machine that stalls after it owes more."""
        join()
        if sound._offset is not None:
            owed.append(sound._missed_before + sound._queue.missed)

    monkeypatch.setattr(sound, "_join", joined)
    running = threading.Thread(target=sound.run)
    running.start()
    try:
        end = time.monotonic() + 10
        while (reading := clock.read()) is None or reading.timeline.anchor_sample == before.anchor_sample:
            assert time.monotonic() < end, "it never went on"
            time.sleep(0.005)
        first = card.pulled
        while card.pulled < first + 20:
            assert time.monotonic() < end
            time.sleep(0.005)
        reading = clock.read()
    finally:
        sound.stop()
        running.join(timeout=5)
    assert reading is not None
    now = time.monotonic()
    assert reading.timeline.sample_at(now) == pytest.approx(before.sample_at(now), abs=0.002 * RATE_HZ)
    assert owed == [3], "nothing was owed before it went on"
    assert reading.mixed_to > before.sample_at(now)


def test_it_plays_under_a_supervisor_of_before_what_is_played_was_noted(
    tmp_path: Path, loaded: Callable[[str], Exhibition], card: Hasty
) -> None:
    """Where code is updated while the runtime runs, the sound process is begun anew and the segments are the old."""
    segments.make(tmp_path)
    for name in ("played-folded", "played-folded-position"):
        shared.remove(tmp_path, name)
    sound = SoundProcess(tmp_path, loaded("pieces: beat\nmicrophone: none\nspeakers: silent"))
    sound._fill()
    assert sound._mixer.position > 0


@pytest.mark.parametrize(
    "wrong",
    [
        LevelSet(10_000.0, 0.5),
        LevelSet("loud", 0.5),  # type: ignore[arg-type]
        BarWritten(0, 0, 4.0, ()),
        BarWritten(0, 96_000, 4.0, ((0, "tick", 1.0, 0.0, "more"),)),  # type: ignore[arg-type]
        BedMoved("sea", 1e6, None, 1.0),
    ],
)
def test_a_message_that_cannot_be_obeyed_is_left_out_and_the_next_is_heard(
    tmp_path: Path,
    loaded: Callable[[str], Exhibition],
    card: Hasty,
    caplog: pytest.LogCaptureFixture,
    wrong: Message,
) -> None:
    """Or whatever a piece says wrongly would end the sound of the house, again and again."""
    folder = shared.make_folder()
    try:
        segments.make(folder)
        sound = SoundProcess(folder, loaded("pieces: beat\nmicrophone: none\nspeakers: silent"))
        line = connect(folder / "sound.sock")
        assert line is not None
        bed = BedPlayed("sea", str(tmp_path / "sea.flac"), 0, True, 0, 0.0, None, 1.0)
        for message in (bed, wrong, BarWritten(7, 96_000, 4.0, ())):
            line.send(message)
        sound._listen()
        assert [bar.number for bar in sound._mixer.grid] == [7] and sound._lines
        assert type(wrong).__name__ in caplog.text
        sound._beds.close()
        sound._listener.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_speakers_that_can_be_opened_and_do_not_play_are_stood_in_for(
    tmp_path: Path, loaded: Callable[[str], Exhibition], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing else would be heard or seen: a sound process that dies at every start takes the runtime along."""

    class Dumb(Silent):
        real = True

        def start(self, pull: Pull) -> None:
            raise DeviceError("speakers 'USB' can be opened, but do not play")

    monkeypatch.setattr(Opening, "speakers", lambda self: Dumb(RATE_HZ))
    looked_for: list[list[str]] = []

    class Looking:
        found = False

        def __init__(self, exhibition: Exhibition, missing: list[str]) -> None:
            looked_for.append(missing)

        def close(self) -> None: ...

    monkeypatch.setattr(process, "Lookout", Looking)
    segments.make(tmp_path)
    sound = SoundProcess(tmp_path, loaded("pieces: beat\nmicrophone: none\nspeakers: auto"))
    sound.stop()
    sound.run()
    said = sound._vitals._devices["speakers"]
    assert (said["name"], said["real"]) == (Silent.name, False) and "do not play" in str(said["reason"])
    assert looked_for[-1] == ["speakers"], "and taken as soon as they do"


def test_a_card_that_hangs_when_it_is_to_begin_is_stood_in_for_and_takes_nothing_when_it_begins_after_all(
    tmp_path: Path, loaded: Callable[[str], Exhibition], monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()
    heard: list[float] = []

    class Stuck(Silent):
        real = True

        def start(self, pull: Pull) -> None:
            def card(out: NDArray[np.float32], heard_at: float) -> None:
                pull(out, heard_at)
                heard.append(float(np.abs(out).max()))

            go.wait(10.0)
            super().start(card)

        def close(self) -> None: ...

    monkeypatch.setattr(opening, "START_SECONDS", 0.1)
    stuck = Stuck(RATE_HZ)
    monkeypatch.setattr(Opening, "speakers", lambda self: stuck)
    segments.make(tmp_path)
    found = shared.attach(tmp_path, "clock")
    assert found is not None
    clock = SharedClock(found[1])
    sound = SoundProcess(tmp_path, loaded("pieces: beat\nmicrophone: none\nspeakers: auto"))
    running = threading.Thread(target=sound.run)
    running.start()
    try:
        end = time.monotonic() + 10

        def until(condition: Callable[[], object]) -> None:
            while not condition():
                assert time.monotonic() < end
                time.sleep(0.005)

        until(lambda: clock.read())
        assert sound.hung and not sound._speakers.real
        go.set()
        until(lambda: len(heard) > 20)
        before = clock.read()
        until(lambda: (now := clock.read()) and before and now.mixed_to > before.mixed_to + RATE_HZ // 2)
    finally:
        go.set()
        sound.stop()
        running.join(timeout=5)
        Silent.close(stuck)
    reading = clock.read()
    assert reading is not None and set(heard) == {0.0}
    assert reading.timeline.sample_at(time.monotonic()) == pytest.approx(reading.mixed_to, abs=RATE_HZ)


HANGING = """if True:
    import atexit, sys, threading
    from installation.devices.speakers import Silent
    from installation.sound import opening, process

    never = threading.Event()

    class Card(Silent):
        real = True
        def __init__(self, name, rate_hz, channels):
            super().__init__(rate_hz, channels)
        def close(self):
            never.wait()

    opening.Card, opening.Input, opening.MICROPHONE_SECONDS = Card, lambda *_: never.wait(), 0.2
    atexit.register(never.wait)  # as the library does, which ends PortAudio
    process.main(sys.argv[1], sys.argv[2])
"""


def test_who_is_told_to_leave_while_portaudio_hangs_leaves_at_once(tmp_path: Path) -> None:
    """The speakers play, and the microphone has not answered: neither closing them nor the library's end would."""
    path, status = tmp_path / "exhibition.yaml", tmp_path / "status" / "sound.json"
    path.write_text("pieces: [neural_beatbox]\nspeakers: auto\nmicrophone: auto\n")
    segments.make(tmp_path)
    with subprocess.Popen([sys.executable, "-c", HANGING, str(tmp_path), str(path)]) as sound:
        try:
            end = time.monotonic() + 120.0
            devices: dict[str, dict[str, object]] = {}
            while "microphone" not in devices:
                assert sound.poll() is None, f"it ended with exit code {sound.returncode} before it had begun"
                assert time.monotonic() < end, f"it has not begun within two minutes; it has said {devices}"
                time.sleep(0.05)
                report = read_report(status, time.monotonic()) if status.exists() else None
                devices = dict(report.facts.get("devices", {})) if report is not None else {}
            assert devices["speakers"]["real"] and "does not answer within" in str(devices["microphone"]["reason"])
            sound.send_signal(signal.SIGTERM)
            assert sound.wait(timeout=15.0) == 0
        finally:
            sound.kill()


def test_a_measured_delay_is_that_of_its_speakers_whatever_numbers_they_are_dealt(
    loaded: Callable[..., Exhibition], tmp_path: Path
) -> None:
    exhibition = loaded("pieces: beat\nspeakers: auto", tmp_path / "exhibition.yaml")
    assert process.measured_delay(exhibition, "USB Audio: - (hw:1,0)") == 0.0, "nothing was measured"
    save_delay(exhibition.data_folder, "USB Audio: - (hw:1,0)", "Mic: - (hw:2,0)", 42.0, 0.5)
    assert process.measured_delay(exhibition, "USB Audio: - (hw:1,0)") == 0.042
    assert process.measured_delay(exhibition, "USB Audio: - (hw:3,0)") == 0.042
    assert process.measured_delay(exhibition, "Another Card: - (hw:1,0)") == 0.0
    written = loaded("pieces: beat\nspeakers: {latency_ms: 7}", tmp_path / "exhibition.yaml")
    assert process.measured_delay(written, "USB Audio: - (hw:1,0)") == 0.007, "the curator's word holds"
