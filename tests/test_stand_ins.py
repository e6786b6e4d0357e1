"""The stand-in film: whole, in time to the sample, seen as it is heard, and made by its script."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import av
import cv2
import numpy as np
import pytest
import yaml

from installation.devices.film import FilmReader, sound
from pieces.neural_beatbox.synthesis import LABELS

ASSETS = Path(__file__).resolve().parents[1] / "assets"
FILM, NOTES = ASSETS / "films" / "visitors.mp4", ASSETS / "films" / "visitors.yaml"
RATE = 30


@dataclass(frozen=True)
class Annotated:
    """The YAML, and the film's sound and small grey pictures, decoded once for all tests."""

    entries: list[dict[str, Any]]
    samples: np.ndarray  # [frames]
    rate_hz: int
    pictures: np.ndarray  # [pictures, 120, 160] float32

    def hits(self) -> list[tuple[float, str]]:
        return [(hit["time_s"], hit["label"]) for entry in self.entries for hit in entry["hits"]]


@pytest.fixture(scope="module")
def stand_in() -> Annotated:
    samples, rate_hz = sound(FILM)
    with av.open(str(FILM)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        small = [frame.to_ndarray(format="gray", width=160, height=120) for frame in container.decode(stream)]
    entries = yaml.safe_load(NOTES.read_text(encoding="utf-8"))
    return Annotated(entries, samples[:, 0], rate_hz, np.asarray(small, np.float32))


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(ASSETS))
    yield importlib.import_module("make_stand_ins")


def test_the_film_is_whole(stand_in: Annotated) -> None:
    assert FILM.stat().st_size <= 12e6
    with FilmReader(FILM) as reader:
        assert reader.size == (640, 480)
        assert reader.rate == RATE
        assert reader.seconds <= 150.01
        assert len(stand_in.pictures) == round(reader.seconds * RATE)
        assert stand_in.rate_hz == 48000
        assert len(stand_in.samples) == round(reader.seconds * 48000)
        assert reader.broken == 0


def test_opencv_reads_it_too(stand_in: Annotated) -> None:
    capture = cv2.VideoCapture(str(FILM))
    try:
        assert capture.get(cv2.CAP_PROP_FPS) == RATE
        assert round(capture.get(cv2.CAP_PROP_FRAME_COUNT)) == len(stand_in.pictures)
        for number in range(150):
            read, picture = capture.read()
            assert read, number
        grey = cv2.resize(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), (160, 120), interpolation=cv2.INTER_AREA)
        assert np.abs(grey - stand_in.pictures[149]).mean() < 3
    finally:
        capture.release()


def test_annotations_are_in_order_and_fill_the_kit(stand_in: Annotated) -> None:
    assert len({entry["performer"] for entry in stand_in.entries}) == len(stand_in.entries) == 12
    left = -1.0
    for entry in stand_in.entries:
        times = [hit["time_s"] for hit in entry["hits"]]
        assert 6 <= len(times) <= 12
        assert times == sorted(times)
        assert entry["end_s"] - entry["start_s"] == pytest.approx(6.0)
        assert entry["start_s"] < times[0] and times[-1] < entry["end_s"] - 0.4
        assert left < entry["arrives_s"] < entry["start_s"] - 1.5
        left = entry["leaves_s"]
        assert left > entry["end_s"] + 1.5
    counts = {label: sum(label == other for _, other in stand_in.hits()) for label in LABELS}
    assert min(counts.values()) >= 3, counts


# ---- heard when annotated --------------------------------------------------------------------------------------


def onset(samples: np.ndarray, rate_hz: int, near_s: float) -> float:
    """Where sound departs from what was before, within 20 ms of `near_s` [s]."""
    around = int(0.02 * rate_hz)
    place = round(near_s * rate_hz)
    before = np.abs(samples[place - 3 * around : place - around // 4])
    floor = 1.6 * float(before.max()) + 1e-3
    later = np.abs(samples[place - around // 4 : place + around])
    above = np.flatnonzero(later > max(floor, 0.05 * float(later.max())))
    return near_s + (above[0] - around // 4) / rate_hz if above.size else np.inf


def test_every_hit_is_heard_within_two_milliseconds(stand_in: Annotated) -> None:
    errors = [onset(stand_in.samples, stand_in.rate_hz, at) - at for at, _ in stand_in.hits()]
    assert np.median(np.abs(errors)) < 0.0005
    assert np.mean(np.abs(errors) <= 0.002) >= 0.97, np.round(errors, 4)
    assert np.max(np.abs(errors)) < 0.006


def test_the_onset_check_can_fail(stand_in: Annotated) -> None:
    late = np.roll(stand_in.samples, 150)  # 3.1 ms
    errors = [onset(late, stand_in.rate_hz, at) - at for at, _ in stand_in.hits()]
    assert np.mean(np.abs(errors) <= 0.002) < 0.2


def test_nothing_is_heard_when_nobody_plays(stand_in: Annotated) -> None:
    for entry in stand_in.entries:
        before = stand_in.samples[round((entry["start_s"] - 2.5) * 48000) : round(entry["start_s"] * 48000)]
        assert 1e-5 < np.sqrt(np.mean(np.square(before))) < 3e-4  # a room's tone, about -84 dB
    assert np.abs(stand_in.samples).max() < 1.0


# ---- seen as it is heard ---------------------------------------------------------------------------------------


def movement(stand_in: Annotated, shift: int) -> np.ndarray:
    """How much changes at the mouth in the picture of each hit (moved by `shift`), the take's median being 1."""
    mouths = stand_in.pictures[:, 60:85, 66:94]
    change = np.concatenate([[0.0], np.abs(np.diff(mouths, axis=0)).mean((1, 2))])
    seen = []
    for entry in stand_in.entries:
        usual = np.median(change[round(entry["start_s"] * RATE) : round(entry["end_s"] * RATE)])
        seen += [change[int(hit["time_s"] * RATE) + shift] / usual for hit in entry["hits"]]
    return np.asarray(seen)


def test_mouths_break_out_in_the_picture_of_the_hit(stand_in: Annotated) -> None:
    assert np.mean(movement(stand_in, 0) > 1.3) > 0.8
    means = {shift: float(movement(stand_in, shift).mean()) for shift in range(-8, 9)}
    assert max(means, key=lambda shift: means[shift]) == 0, means
    assert means[0] > 1.8 * means[-1]  # prepared, the mouth waits; one picture early would show here


def test_people_come_and_go(stand_in: Annotated) -> None:
    empty = stand_in.pictures[round(75 * RATE)]  # the room in which nobody is
    assert np.abs(stand_in.pictures[round(74 * RATE) : round(77.5 * RATE)] - empty).mean((1, 2)).max() < 2
    for entry in stand_in.entries:
        arrives, leaves = round(entry["arrives_s"] * RATE), round(entry["leaves_s"] * RATE)
        gone = stand_in.pictures[leaves + 1]
        there = stand_in.pictures[round(entry["start_s"] * RATE)]
        assert np.abs(stand_in.pictures[leaves + 8] - gone).mean() < 2, entry["performer"]
        assert np.abs(there - gone)[20:, 40:120].mean() > 12, entry["performer"]
        assert arrives < leaves


# ---- made by its script ----------------------------------------------------------------------------------------


def test_the_script_writes_these_annotations(script: ModuleType) -> None:
    assert script.notes(script.segments()) == NOTES.read_text(encoding="utf-8")


def test_the_script_draws_this_film(script: ModuleType) -> None:
    """Pictures drawn now are those of the film, but for what the encoder leaves out; twice the same."""
    plan = script.segments()
    with FilmReader(FILM) as reader:
        for segment in (plan[6], plan[9]):
            second = (round(2.6 * RATE) + 0.5) / RATE  # before the first hit: independent of how hits sound
            drawn = script.draw(segment, [second])[0]
            assert np.array_equal(drawn, script.draw(segment, [second])[0])
            shown = reader.at(segment.start_s + second)
            assert cv2.PSNR(drawn, np.ascontiguousarray(shown)) > 28


def test_takes_are_the_same_whenever_they_are_made(script: ModuleType) -> None:
    one, other = (script.perform(script.CAST[3]) for _ in range(2))
    assert np.array_equal(one.samples, other.samples)
    assert one.cues == other.cues
    assert np.abs(one.samples).max() <= 1
