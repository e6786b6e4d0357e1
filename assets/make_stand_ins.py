"""Make the film that stands in for a camera and a microphone: python3 assets/make_stand_ins.py

Writes `films/visitors.mp4` and `films/visitors.yaml` beside this script, in minutes: a picture takes 0.06 s of one
core to draw, and there are 4,500. Twelve paper people step up one after the other, make music with their mouths for
six seconds, and leave; once the room stays empty. Everything follows from the seeds in `stand_ins/cast.py`: the same
libraries give the same pictures and sounds.

The sound is in the film as FLAC. Compressed sound (AAC) begins with a priming delay that every player must know to
remove, and smears a hit by milliseconds; FLAC in MP4 puts each sample where it was placed, so that the annotations in
the YAML are exact, and there is no second file to lose. OpenCV reads the pictures and PyAV both.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import yaml
from numpy.typing import NDArray
from stand_ins.acting import Actor, Cue
from stand_ins.cast import CAST, LETTERS, Performer
from stand_ins.figure import Figure
from stand_ins.paper import Sheet, ink
from stand_ins.room import wall

from pieces.neural_beatbox import synthesis, takes

FOLDER = Path(__file__).resolve().parent / "films"
SIZE = (640, 480)
RATE = 30  # pictures per second
RATE_HZ = 48000
LEAD_IN_S, TAKE_S, LEAD_OUT_S = 3.0, 6.0, 3.0
SEGMENT_S = LEAD_IN_S + TAKE_S + LEAD_OUT_S
ARRIVES_S, LEAVES_S = 0.7, SEGMENT_S - 0.4
EMPTY_AFTER, EMPTY_S = 6, 6.0  # after so many performers nobody comes for so long
EMPTY_WALL = ("#c9beac", "#d4cabb")
TURN_S = 0.7  # how long a wall takes to become the next one
FIRST_HIT_S = 0.3
ROOM_TONE_DB = -84.0
X264 = {"crf": "28", "preset": "medium", "threads": "2", "g": "60", "tune": "animation"}

Frame = NDArray[np.uint8]


@dataclass(frozen=True)
class Take:
    """A performer's six seconds: samples [frames] at RATE_HZ, and cues in seconds of the take."""

    samples: NDArray[np.float32]
    cues: tuple[Cue, ...]


@dataclass(frozen=True)
class Segment:
    """A stretch of the film: who is to be seen (nobody: None), from when, for how long, after which wall."""

    performer: Performer | None
    start_s: float
    seconds: float
    before: tuple[tuple[str, str], str]

    @property
    def ground(self) -> tuple[tuple[str, str], str]:
        """Colours and motif of the wall."""
        return (self.performer.wall, self.performer.motif) if self.performer else (EMPTY_WALL, "arch")


def segments() -> list[Segment]:
    """The film's plan. The last wall precedes the first, for the film is played in a loop."""
    plan: list[Performer | None] = [*CAST[:EMPTY_AFTER], None, *CAST[EMPTY_AFTER:]]
    made: list[Segment] = []
    start, before = 0.0, (CAST[-1].wall, CAST[-1].motif)
    for performer in plan:
        segment = Segment(performer, start, SEGMENT_S if performer else EMPTY_S, before)
        made.append(segment)
        start, before = start + segment.seconds, segment.ground
    return made


# ---- sound ---------------------------------------------------------------------------------------------------


def perform(performer: Performer) -> Take:
    """The rhythm, in the performer's own voice, slightly off the grid as people are, in a small room."""
    rng = np.random.default_rng((performer.seed, 1))
    samples = np.zeros(round(TAKE_S * RATE_HZ), np.float32)
    cues = []
    for step, letter in enumerate(performer.rhythm):
        if letter == ".":
            continue
        label = LETTERS[letter]
        beats = step / 4
        place = round((FIRST_HIT_S + beats * 60 / performer.tempo_bpm + rng.normal(0, 0.007)) * RATE_HZ)
        force = float(np.clip((1.0 if step % 4 == 0 else 0.7) + rng.normal(0, 0.08), 0.45, 1.0))
        voice = np.random.default_rng((performer.seed, 2, synthesis.LABELS.index(label)))
        sound = synthesis.hit(label, voice, RATE_HZ, "mouth")[: samples.size - place]
        samples[place : place + sound.size] += np.float32(force) * sound
        cues.append(Cue(place / RATE_HZ, label, _audible_s(sound), force))
    around = takes.Surroundings(rt60_s=0.24, distance=performer.distance, gain_db=-3.0 - 6.0 * performer.distance)
    return Take(takes.through(samples, RATE_HZ, rng, around), tuple(cues))


def _audible_s(sound: NDArray[np.float32]) -> float:
    """How long a hit stays within 18 dB of its loudest moment."""
    block = RATE_HZ // 200
    loud = np.sqrt(np.mean(np.square(sound[: sound.size // block * block]).reshape(-1, block), 1))
    return float(np.flatnonzero(loud > loud.max() * 0.125)[-1] + 1) * block / RATE_HZ


def sound_track(plan: list[Segment]) -> NDArray[np.int16]:
    """All takes in the silence of a room, 16 bits, mono."""
    end = plan[-1].start_s + plan[-1].seconds
    tone = takes.coloured_noise(np.random.default_rng(3), round(end * RATE_HZ), 2.0)
    track = tone * np.float32(10 ** (ROOM_TONE_DB / 20) / np.sqrt(np.mean(np.square(tone))))
    for segment in plan:
        if segment.performer:
            place = round((segment.start_s + LEAD_IN_S) * RATE_HZ)
            take = perform(segment.performer).samples
            track[place : place + take.size] += take
    return np.asarray(np.clip(np.round(track * 32767), -32768, 32767), np.int16)


# ---- pictures ------------------------------------------------------------------------------------------------


def draw(segment: Segment, times: list[float]) -> list[Frame]:
    """Pictures of a segment at seconds since its start."""
    cv2.setNumThreads(1)
    sheet = Sheet(SIZE)
    colours, motif = segment.ground
    before, after = wall(sheet, *segment.before), wall(sheet, colours, motif)
    performer = segment.performer
    pictures = []
    if performer:
        figure = Figure(performer.look)
        cues = [Cue(LEAD_IN_S + cue.time_s, cue.label, cue.lasts_s, cue.force) for cue in perform(performer).cues]
        takes_s = (LEAD_IN_S, LEAD_IN_S + TAKE_S)
        actor = Actor(cues, performer.tempo_bpm, ARRIVES_S, takes_s, LEAVES_S, performer.enters, performer.seed)
    for second in times:
        turned = min(second / TURN_S, 1.0)
        share = np.float32(turned * turned * (3 - 2 * turned))
        sheet.start(after if share >= 1 else before + (after - before) * share)
        if performer and ARRIVES_S <= second <= LEAVES_S:
            figure.print(sheet, actor.pose(second), ink(colours[0]))
        pictures.append(sheet.finished())
    return pictures


def pictures(plan: list[Segment]) -> Iterator[Frame]:
    """The whole film, drawn by as many processes as there are cores to keep busy."""
    jobs = []
    for segment in plan:
        times = [(number + 0.5) / RATE for number in range(round(segment.seconds * RATE))]  # the middle of its time
        jobs += [(segment, times[start : start + 3 * RATE]) for start in range(0, len(times), 3 * RATE)]
    with ProcessPoolExecutor(2) as pool:
        for drawn in pool.map(draw, *zip(*jobs, strict=True)):
            yield from drawn


# ---- files ---------------------------------------------------------------------------------------------------


def write_film(path: Path, frames: Iterator[Frame], track: NDArray[np.int16]) -> None:
    """MP4, H.264 and FLAC, its index in front. Written aside and renamed when complete."""
    aside = path.with_suffix(".part.mp4")
    with av.open(str(aside), "w", options={"movflags": "+faststart"}) as container:
        seen = container.add_stream("libx264", rate=RATE, options=X264)
        seen.width, seen.height, seen.pix_fmt = *SIZE, "yuv420p"
        heard = container.add_stream("flac", rate=RATE_HZ, layout="mono")
        block = RATE_HZ // RATE
        for number, frame in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            picture.pts, picture.time_base = number, Fraction(1, RATE)
            container.mux(seen.encode(picture))
            samples = av.AudioFrame.from_ndarray(
                track[None, number * block : (number + 1) * block], format="s16", layout="mono"
            )
            samples.sample_rate, samples.pts = RATE_HZ, number * block
            container.mux(heard.encode(samples))
        container.mux(seen.encode())
        container.mux(heard.encode())
    aside.replace(path)


HEADING = """\
# Who makes which sound when in visitors.mp4, in seconds of the film, exact to the sample (48 kHz).
# start_s .. end_s is a performer's take; from arrives_s to leaves_s they are to be seen, else the room is empty.
# Written by assets/make_stand_ins.py
"""


def notes(plan: list[Segment]) -> str:
    """The YAML beside the film."""
    entries = []
    for segment in plan:
        if (performer := segment.performer) is None:
            continue
        start = segment.start_s + LEAD_IN_S
        hits = [{"time_s": round(start + cue.time_s, 6), "label": cue.label} for cue in perform(performer).cues]
        entries.append({
            "performer": performer.name, "start_s": start, "end_s": start + TAKE_S,
            "arrives_s": round(segment.start_s + ARRIVES_S, 3), "leaves_s": round(segment.start_s + LEAVES_S, 3),
            "tempo_bpm": performer.tempo_bpm, "hits": hits,
        })  # fmt: skip
    return HEADING + yaml.safe_dump(entries, sort_keys=False, default_flow_style=None, width=110)


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the film that stands in for a camera and a microphone.")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where to write it (default: assets/films)")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    plan = segments()
    write_film(folder / "visitors.mp4", pictures(plan), sound_track(plan))
    (folder / "visitors.yaml").write_text(notes(plan), encoding="utf-8")
    for path in (folder / "visitors.mp4", folder / "visitors.yaml"):
        print(f"{path}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
