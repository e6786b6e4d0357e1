"""The sound process: owns the card and the timeline, mixes ahead of it, and never misses a block.

Round and round: take what the stage says, keep the queue to the card filled, move what the microphone heard onto
the timeline, publish the clock. No torch, no picture, nothing that takes long.
"""

from __future__ import annotations

import gc
import logging
import os
import select
import signal
import statistics
import sys
import time
from pathlib import Path

from installation import shared
from installation.clock import ClockFilter, SharedClock
from installation.devices.listing import without_numbers
from installation.devices.microphone import Microphone, Quiet
from installation.devices.speakers import BLOCK_FRAMES, Silent, Speakers
from installation.exhibition import Exhibition, running
from installation.health.logs import configure
from installation.health.vitals import Vitals
from installation.layout import Layout
from installation.messages import (
    BarWritten,
    BedMoved,
    BedPlayed,
    BedsOnly,
    BedStopped,
    LevelSet,
    Line,
    Message,
    OtherVoicesForgotten,
    SoundReady,
    VoiceForgotten,
    VoiceMade,
    listen,
)
from installation.profiles import ProfileError, read_delay
from installation.roles import SOUND_PRIORITY
from installation.segments import RATE_HZ
from installation.sound.bed_mixer import BedMixer
from installation.sound.levels import level_of
from installation.sound.lookout import Lookout
from installation.sound.mixer import Mixer, PlacedHit
from installation.sound.opening import Opening
from installation.sound.queue import AHEAD_FRAMES, BlockQueue
from installation.sound.readers import Readers
from installation.sound.watch import SoundWatch

QUEUE_FRAMES = 1 << 15
SETTLING_BLOCKS = 16  # of silence, for a card to say when its blocks are heard: at first it errs by its buffer
log = logging.getLogger("sound")


def main(folder_text: str, exhibition_path: str, mode: str = "") -> None:
    """Run until SIGTERM. `folder_text` is the run's folder; `mode` "without profile" is for whoever measures one."""
    folder = Path(folder_text)
    exhibition = running(folder, Path(exhibition_path))
    configure("sound", exhibition.data_folder / "logs", exhibition.log_level.upper())
    process = SoundProcess(folder, exhibition, profile=not mode)
    signal.signal(signal.SIGTERM, lambda *_: process.stop())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    urgent()
    gc.collect()
    gc.freeze()
    try:
        process.run()
    finally:
        if process.hung:
            logging.shutdown()
            os._exit(0)  # PortAudio would wait at the end for what it still waits for


class SoundProcess:
    """Everything that the loop needs, opened once."""

    def __init__(self, folder: Path, exhibition: Exhibition, profile: bool = True) -> None:
        self._folder = folder
        self._exhibition = exhibition
        clock = shared.attach(folder, "clock")
        capture = shared.SampleRing.attach(folder, "capture")
        played = shared.SampleRing.attach(folder, "played-folded")  # a supervisor of an older version has made none
        if clock is None or capture is None:
            raise FileNotFoundError(f"{folder}: no clock segment; the supervisor makes it first")
        self._clock = SharedClock(clock[1])
        self._capture = capture
        self._vitals = Vitals(folder, "sound")
        self._listener = listen(folder / "sound.sock")
        self._lines: list[Line] = []
        self._made_over: dict[str, Line] = {}  # by voice
        self._running = True
        self._opening = Opening(exhibition, self._vitals)
        self._speakers: Speakers = self._opening.speakers()
        layout = Layout(exhibition.speakers.azimuths).on(self._speakers.channels)
        self._microphone: Microphone = Quiet()
        before = self._before = self._clock.read()  # of someone who played before us
        start = max(0, round(before.timeline.sample_at(time.monotonic()))) if before is not None else 0
        self._beds = BedMixer(RATE_HZ, layout, Readers())
        gain = 10 ** (exhibition.speakers.gain_db / 20)
        self._mixer = Mixer(RATE_HZ, layout, start, gain, self._beds, played)
        if before is not None and before.bars:
            self._mixer.restore_grid(before.bars)
            self._mixer.skip(0)
        self._queue = BlockQueue(QUEUE_FRAMES, layout.channels)
        self._offset: int | None = 0 if before is None else None  # timeline less the card's own count; None: settling
        self._settling: list[tuple[float, float]] = []
        self._filter = ClockFilter(RATE_HZ)
        self._missed_before = before.missed if before else 0
        self._delay = measured_delay(exhibition, self._speakers.name) if profile else 0.0
        self._lookout = Lookout(exhibition, [])
        self._watch = SoundWatch(self._vitals)
        self._judge_at = 0.0

    @property
    def hung(self) -> bool:
        """Whether a question to PortAudio has not been answered; it may wait for ever."""
        return self._opening.hung

    def stop(self) -> None:
        self._running = False

    def run(self) -> None:
        self._microphone = self._opening.microphone()
        if self._offset is not None:
            self._fill()
        self._start()
        missing = self._opening.missing(self._speakers, self._microphone)
        self._lookout = Lookout(self._exhibition, missing)
        while self._running:
            self._listen()
            if self._offset is None:
                self._join()
            if self._offset is not None:
                self._fill()
                self._keep_time(self._offset)
            self._look_after_devices()
            self._wait()
        self._lookout.close()
        self._beds.close()
        self._listener.close()
        for device in (self._speakers, self._microphone):
            if not (self.hung and device.real):  # it belongs to a server that does not answer
                device.close()

    def _start(self) -> None:
        started = self._opening.started(self._speakers, self._queue.pull)
        if started is None:  # should it begin later after all, it is not to take what the stand-in plays
            self._speakers = Silent(RATE_HZ, self._mixer.channels)
            self._queue = BlockQueue(QUEUE_FRAMES, self._mixer.channels)
            if self._offset is not None:
                self._offset = self._mixer.position
                self._fill()
            self._speakers.start(self._queue.pull)

    # ---- the turns of the loop ------------------------------------------------------------------------------

    def _wait(self) -> None:
        """Until someone speaks, or the queue needs the next block."""
        spare = self._queue.waiting - (AHEAD_FRAMES - BLOCK_FRAMES)
        pause = min(max(spare / RATE_HZ, 0.001), 0.01)
        select.select([self._listener, *(line.connection for line in self._lines)], [], [], pause)

    def _join(self) -> None:
        """Once the card has settled, go on where time has brought the timeline of whoever played before us."""
        assert self._before is not None
        self._settling += self._queue.stamps()
        if len(self._settling) < SETTLING_BLOCKS:
            return
        due = self._before.timeline.sample_at
        late = [due(seconds + self._delay) - sample for sample, seconds in self._settling[-SETTLING_BLOCKS // 2 :]]
        self._queue.catch_up()
        self._offset = max(round(statistics.median(late)), self._mixer.position - self._queue.written)
        self._mixer.skip(self._queue.written + self._offset - self._mixer.position)
        self._missed_before -= self._queue.missed  # the silence until here was none that the mixer owed

    def _fill(self) -> None:
        lost = self._queue.catch_up()
        if lost:
            self._mixer.skip(lost)
        while self._queue.waiting < AHEAD_FRAMES:
            self._queue.push(self._mixer.mix(BLOCK_FRAMES))

    def _listen(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except BlockingIOError:
            pass
        else:
            line = Line(connection)
            for bed in self._beds.sounding():
                line.send(bed)
            line.send(SoundReady(RATE_HZ))
            self._lines.append(line)
        for line in self._lines:
            try:
                received = line.receive()
            except ValueError as error:  # whoever says such things is not listened to, and the beat goes on
                log.error("%s", error)
                line.close()
                continue
            for message in received:
                try:
                    self._obey(message, line)
                except (ValueError, TypeError, OverflowError) as error:  # of one message; the next may be a good one
                    log.error("a message that cannot be obeyed: %.200r (%s)", message, error)
        self._lines = [line for line in self._lines if not line.closed]

    def _obey(self, message: Message, line: Line) -> None:
        match message:
            case VoiceMade(name, segment):
                found = shared.attach(self._folder, segment)
                if found is None:
                    log.warning("voice %s: its segment %s is gone", name, segment)
                    return
                self._mixer.make_voice(name, found[1].copy())
                self._made_over[name] = line
                shared.remove(self._folder, segment)
            case VoiceForgotten(name):
                self._forget(name)
            case OtherVoicesForgotten():
                for name in [name for name, maker in self._made_over.items() if maker is not line]:
                    self._forget(name)
            case BarWritten(number, length, beats, hits):
                if not self._mixer.write_bar(number, length, tuple(PlacedHit(*hit) for hit in hits), beats):
                    self._vitals.status.inc("installation_bars_late_total")
            case LevelSet(gain_db, fade):
                self._mixer.set_level(gain_db, fade)
            case BedPlayed() | BedMoved() | BedStopped() | BedsOnly():
                self._beds.obey(message, self._mixer.position)
            case _:
                log.error("a message that is not for the sound process: %r", message)

    def _forget(self, voice: str) -> None:
        self._mixer.forget_voice(voice)
        self._made_over.pop(voice, None)

    def _keep_time(self, offset: int) -> None:
        stamps = self._queue.stamps()
        for sample, seconds in stamps:
            self._filter.stamp(sample + offset, seconds + self._delay)
        timeline = self._filter.timeline
        if timeline is None:
            return
        if stamps:
            self._vitals.beat()
        self._microphone.feed(self._capture, timeline)
        self._clock.publish(
            timeline,
            self._mixer.position,
            RATE_HZ,
            self._speakers.latency,
            self._missed_before + self._queue.missed,
        )
        self._clock.publish_bars(self._mixer.grid)
        status = self._vitals.status
        status.set("installation_blocks_total", self._queue.blocks)
        status.set("installation_blocks_missed_total", self._missed_before + self._queue.missed)
        status.set("installation_card_underruns_total", self._speakers.underruns)
        status.set("installation_microphone_overflows_total", self._microphone.overflows)
        status.set("installation_beds", len(self._beds))
        status.set("installation_beds_silent", self._beds.silent)
        status.set("installation_beds_starved_total", self._beds.starved)
        status.set("installation_sound_latency_seconds", self._speakers.latency)
        self._judge()
        self._vitals.write_if_due()

    def _judge(self) -> None:
        now = time.monotonic()
        if now < self._judge_at:
            return
        self._judge_at = now + 1.0
        level = level_of(self._capture.read(self._capture.position - RATE_HZ, RATE_HZ))
        self._vitals.status.set("installation_microphone_level_db", level.rms_db)
        self._watch.look(
            now,
            missed=self._queue.missed,
            underruns=self._speakers.underruns,
            starved=self._beds.starved,
            unreadable=self._beds.unreadable(),
            garbage=self._microphone.garbage,
            level=level,
            microphone=self._microphone.name,
            real=self._microphone.real,
        )
        for trouble in self._beds.troubles():
            for line in self._lines:
                line.send(trouble)

    def _look_after_devices(self) -> None:
        """Leave when a device has stopped, or one that was missed is back: the successor opens what is there."""
        gone = next((device.name for device in (self._speakers, self._microphone) if not device.alive()), None)
        if gone is not None:
            log.warning("%s has stopped; starting again without it", gone)
            self._running = False
        elif self._lookout.found:
            log.info("a sound device is back; starting again with it")
            self._running = False


def measured_delay(exhibition: Exhibition, speakers: str) -> float:
    """How many seconds later than the card says a sample is heard: as the curator wrote, else as measured with
    `speakers`. ALSA's numbers in their name may be others than on the day of measuring."""
    if exhibition.speakers.latency_ms is not None:
        return exhibition.speakers.latency_ms / 1000
    try:
        profile = read_delay(exhibition.data_folder)
    except ProfileError as error:
        log.warning("%s", error)
        return 0.0
    if profile is None or without_numbers(profile.speakers) != without_numbers(speakers):
        return 0.0
    return profile.delay_ms / 1000


def urgent() -> None:
    """Ask the scheduler to run this process before all others; where that is not allowed, `doctor` says how."""
    sys.setswitchinterval(0.001)
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(SOUND_PRIORITY))
    except (PermissionError, AttributeError) as error:
        log.info("no real-time priority (%s); see `run.py doctor`", error)
