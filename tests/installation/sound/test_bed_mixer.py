"""Beds as they sound: the right place of the file, even fades, no click, whatever the blocks and the disks do."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from installation.layout import Layout, ring
from installation.messages import BedMoved, BedPlayed, BedsOnly, BedSounding, BedStopped, BedTroubled
from installation.sound import sources
from installation.sound.bed_mixer import MOST_BEDS, SOFT_FRAMES, BedMixer
from installation.sound.mixer import Mixer, PlacedHit
from installation.sound.sources import Source

RATE_HZ = 48_000
BLOCK = 512


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Noises that have nothing to do with each other, and a constant, by which gains can be read."""
    folder = tmp_path_factory.mktemp("sounds")
    random = np.random.default_rng(0)
    found = {}
    for name, samples in {
        "a": random.uniform(-0.3, 0.3, (6 * RATE_HZ, 1)),
        "b": random.uniform(-0.3, 0.3, (6 * RATE_HZ, 1)),
        "wide": random.uniform(-0.3, 0.3, (5 * RATE_HZ, 2)),
        "one": np.full((8 * RATE_HZ, 1), 0.5),
        "short": np.full((4_000, 1), 0.5),
    }.items():
        found[name] = folder / f"{name}.wav"
        soundfile.write(found[name], samples, RATE_HZ, subtype="FLOAT")
    return found


def play(path: Path, name: str = "bed", start: int = 0, **changed: object) -> BedPlayed:
    asked = {"loop": True, "at": start, "gain_db": 0.0, "direction_deg": None, "fade": 0.0, **changed}
    return BedPlayed(name, str(path), start, **asked)  # type: ignore[arg-type]


def heard(beds: BedMixer, frames: int, position: int = 0, blocks: tuple[int, ...] = (BLOCK,)) -> np.ndarray:
    """[frames, speakers] from `position` on, in blocks of these lengths, over and over."""
    out = np.zeros((frames, beds.layout.channels), np.float32)
    at = 0
    for length in itertools.cycle(blocks):
        beds.mix(out[at : at + length], position + at)
        at += length
        if at >= frames:
            return out
    raise AssertionError


def decoded(path: Path) -> np.ndarray:
    return np.asarray(soundfile.read(path, dtype="float32", always_2d=True)[0])


# ---- place and division ------------------------------------------------------------------------------------------


def test_a_bed_begins_at_its_sample(files: dict[str, Path]) -> None:
    beds = BedMixer(RATE_HZ)
    beds.obey(play(files["wide"], start=1_000), 0)
    sound = heard(beds, 40_000)
    assert not sound[:1_000].any()
    np.testing.assert_array_equal(sound[2_000:], decoded(files["wide"])[1_000:39_000])


NAMES, DIRECTIONS = st.sampled_from(["x", "y"]), st.one_of(st.none(), st.floats(-180, 180))
MESSAGES = st.tuples(st.sampled_from(["play", "move", "stop"]), NAMES, st.floats(-30, 6), DIRECTIONS)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 20_000), MESSAGES, st.floats(0, 0.3)), min_size=1, max_size=6),
    st.lists(st.integers(1, 5_000), min_size=1, max_size=4),
    st.sampled_from([Layout(), Layout(ring(5))]),
)
def test_the_same_samples_for_any_division_into_blocks(
    files: dict[str, Path], script: list[tuple[int, tuple, float]], blocks: list[int], layout: Layout
) -> None:
    if sum(blocks) < 200 * len(blocks):
        blocks = [*blocks, 2_999]
    sounds = []
    for lengths in ((40_000,), tuple(blocks)):
        beds, at, parts = BedMixer(RATE_HZ, layout), 0, []
        for sample, (what, name, gain_db, direction), fade in sorted(script, key=lambda said: said[0]):
            if sample > at:
                parts.append(heard(beds, sample - at, at, lengths))
            at = max(at, sample)
            if what == "play":
                file = files["a" if name == "x" else "wide"]
                said = play(file, name, at, gain_db=gain_db, direction_deg=direction, fade=fade)
                beds.obey(said, at)
            elif what == "move":
                beds.obey(BedMoved(name, gain_db, direction, fade), at)
            else:
                beds.obey(BedStopped(name, at, fade), at)
        parts.append(heard(beds, 40_000 - at, at, lengths))
        sounds.append(np.concatenate(parts))
    np.testing.assert_array_equal(*sounds)


def test_another_mixer_goes_on_where_the_first_would_be(files: dict[str, Path]) -> None:
    """What a restarted sound process is told: the same file and start. It comes in softly, and is then the same."""
    first, second = BedMixer(RATE_HZ), BedMixer(RATE_HZ)
    first.obey(play(files["a"], start=700), 0)
    straight = heard(first, 400_000)
    second.obey(play(files["a"], start=700, at=350_000, fade=0.05), 350_000)
    np.testing.assert_array_equal(heard(second, 50_000, 350_000)[5_000:], straight[355_000:])


def test_the_beat_is_the_same_with_beds_that_are_silent(files: dict[str, Path]) -> None:
    mixers = [Mixer(RATE_HZ), Mixer(RATE_HZ, beds=BedMixer(RATE_HZ))]
    for mixer in mixers:
        mixer.make_voice("tick", np.random.default_rng(0).uniform(-1, 1, 5_000).astype(np.float32))
        mixer.write_bar(0, 9_600, (PlacedHit(0, "tick", 0.9, -0.3), PlacedHit(1_500, "tick", 0.5, 0.7)))
    np.testing.assert_array_equal(*(mixer.mix(40_000) for mixer in mixers))


def test_the_level_of_everything_is_that_of_the_beds_too(files: dict[str, Path]) -> None:
    mixer = Mixer(RATE_HZ, beds=BedMixer(RATE_HZ))
    assert mixer.beds is not None
    mixer.beds.obey(play(files["one"]), 0)
    assert mixer.mix(2_000)[-1] == pytest.approx(0.5 / np.sqrt(2), abs=1e-4)
    mixer.set_level(-120.0, 0.01)
    assert np.abs(mixer.mix(2_000)[-1]).max() < 1e-5


# ---- fades -------------------------------------------------------------------------------------------------------


def test_a_cross_fade_keeps_its_loudness(files: dict[str, Path]) -> None:
    """Of two noises, at each twentieth of a second: within what noise itself varies."""
    beds = BedMixer(RATE_HZ)
    beds.obey(play(files["a"], "a"), 0)
    before = heard(beds, 48_000)
    beds.obey(play(files["b"], "b", start=48_000, fade=1.0), 48_000)
    beds.obey(BedStopped("a", 48_000, 1.0), 48_000)
    during = heard(beds, 48_000, 48_000)
    power = np.mean(during[:, 0].reshape(20, -1) ** 2, axis=1) / np.mean(before[1_000:, 0] ** 2)
    assert np.abs(10 * np.log10(power)).max() < 0.5
    heard(beds, BLOCK, 96_000)
    assert len(beds) == 1, "what has faded out is let go"


def test_a_move_between_directions_keeps_its_power_and_goes_round(files: dict[str, Path]) -> None:
    beds = BedMixer(RATE_HZ, Layout(ring(8)))
    beds.obey(play(files["one"], direction_deg=-45.0), 0)
    heard(beds, 4_800)
    beds.obey(BedMoved("bed", 0.0, 120.0, 0.5), 4_800)
    sound = heard(beds, 30_000, 4_800)
    power = np.sqrt(np.sum(sound.astype(float) ** 2, axis=1))
    np.testing.assert_allclose(power, 0.5, rtol=2e-3)
    loudest = [int(np.argmax(np.abs(row))) for row in sound[::500]]
    assert list(dict.fromkeys(loudest)) == [7, 0, 1, 2, 3], "through the front, speaker by speaker"


def test_no_gain_ever_jumps(files: dict[str, Path]) -> None:
    """A constant sound shows its gain: moves that are cut short by others, from and to everywhere, and a stop."""
    beds, at = BedMixer(RATE_HZ, Layout(ring(6))), 0
    beds.obey(play(files["one"], fade=0.05), 0)
    parts = []
    for gain_db, direction in [(0.0, None), (0.0, 100.0), (-6.0, None), (3.0, -20.0), (0.0, 170.0), (-60.0, 10.0)]:
        beds.obey(BedMoved("bed", gain_db, direction, 0.05), at)
        parts.append(heard(beds, 1_100, at))  # not half of the way
        at += 1_100
    beds.obey(BedStopped("bed", at, 0.0), at)
    parts.append(heard(beds, 2_000, at))
    sound = np.concatenate(parts)
    assert np.abs(np.diff(sound, axis=0)).max() < 0.006 and not sound[-1].any()


def test_another_file_takes_the_place_of_a_name(files: dict[str, Path]) -> None:
    beds = BedMixer(RATE_HZ)
    beds.obey(play(files["a"]), 0)
    heard(beds, 4_800)
    beds.obey(play(files["b"], start=4_800, fade=0.1), 4_800)
    assert len(beds) == 2
    sound = heard(beds, 9_600, 4_800)
    np.testing.assert_allclose(sound[6_000:, 0], decoded(files["b"])[6_000:9_600, 0] / np.sqrt(2), atol=1e-6)
    assert [bed.path for bed in beds.sounding()] == [str(files["b"])] and len(beds) == 1


def test_the_same_bed_said_again_goes_on(files: dict[str, Path]) -> None:
    beds = BedMixer(RATE_HZ)
    beds.obey(play(files["a"]), 0)
    heard(beds, 4_800)
    beds.obey(play(files["a"], at=4_800, gain_db=-6.0), 4_800)
    assert len(beds) == 1 and beds.sounding() == [BedSounding("bed", str(files["a"]), 0, True)]
    sound = heard(beds, 4_800, 4_800)[2_000:, 0]
    wanted = decoded(files["a"])[6_800:9_600, 0] * 10 ** (-6 / 20) / np.sqrt(2)
    np.testing.assert_allclose(sound, wanted, atol=1e-6)


def test_what_is_not_named_goes(files: dict[str, Path]) -> None:
    beds = BedMixer(RATE_HZ)
    for name in ("a", "b", "wide"):
        beds.obey(play(files[name], name), 0)
    beds.obey(BedsOnly(("b",), 0, 0.05), 0)
    assert [bed.name for bed in beds.sounding()] == ["b"]
    heard(beds, 4_800)
    assert len(beds) == 1


def test_what_is_played_once_is_let_go_at_its_end(files: dict[str, Path]) -> None:
    beds = BedMixer(RATE_HZ)
    beds.obey(play(files["short"], loop=False), 0)
    sound = heard(beds, 4_000 + BLOCK)
    assert np.abs(np.diff(sound[:, 0])).max() < 0.005
    assert sound[3_000, 0] != 0 and len(beds) == 0


def test_there_is_an_end_to_how_many(files: dict[str, Path]) -> None:
    beds = BedMixer(RATE_HZ)
    for number in range(MOST_BEDS + 5):
        beds.obey(play(files["short"], str(number)), 0)
    assert len(beds) == MOST_BEDS
    beds.close()


# ---- disks -------------------------------------------------------------------------------------------------------


class Slow:
    """Readers that read only when they are told to."""

    def __init__(self) -> None:
        self.sources: list[Source] = []

    def add(self, source: Source) -> None:
        self.sources.append(source)

    def read(self, chunks: int = 1, now: float = 1e12) -> None:
        for source in self.sources:
            for _ in range(chunks):
                if source.due(now):
                    source.work()

    def close(self) -> None:
        pass


def slow() -> tuple[BedMixer, Slow]:
    readers = Slow()
    return BedMixer(RATE_HZ, readers=readers), readers  # type: ignore[arg-type]


def test_a_bed_that_runs_dry_falls_silent_softly_and_comes_back_in_its_place(files: dict[str, Path]) -> None:
    beds, readers = slow()
    beds.obey(play(files["one"]), 0)
    assert not heard(beds, BLOCK).any() and beds.starved == 0, "nothing is there yet, and nothing was missed"
    assert beds.silent == 1
    readers.read()
    chunk = round(sources.CHUNK_SECONDS * RATE_HZ)
    sound = heard(beds, 2 * chunk, BLOCK)[:, 0]
    assert sound[1_000] == pytest.approx(0.5 / np.sqrt(2)) and not sound[chunk + 10 :].any()
    assert beds.starved == beds.silent == 1
    readers.read(3)
    again = heard(beds, chunk, BLOCK + 2 * chunk)[:, 0]
    assert again[-1] == pytest.approx(0.5 / np.sqrt(2)) and (beds.starved, beds.silent) == (1, 0)
    assert np.abs(np.diff(np.concatenate([sound, again]))).max() <= 0.5 / SOFT_FRAMES * 1.01, "no click"


def test_after_a_gap_the_file_is_where_time_is(files: dict[str, Path]) -> None:
    beds, readers = slow()
    beds.obey(play(files["a"]), 0)
    readers.read(2)
    heard(beds, 100_000)
    readers.read(2)
    sound = heard(beds, 4_000, 100_000)[1_000:, 0]
    np.testing.assert_allclose(sound, decoded(files["a"])[101_000:104_000, 0] / np.sqrt(2), atol=1e-6)


def test_rings_go_round_for_a_long_time(files: dict[str, Path]) -> None:
    """Eight rings' worth, read in fits and starts: each sample in its place, and never more than a ring ahead."""
    beds, readers = slow()
    whole = BedMixer(RATE_HZ)
    for one in (beds, whole):
        one.obey(play(files["wide"], direction_deg=20.0), 0)
    readers.read(3)
    random, at = np.random.default_rng(1), 0
    while at < 24 * RATE_HZ:
        frames = int(random.integers(1, 9_000))
        np.testing.assert_array_equal(heard(beds, frames, at), heard(whole, frames, at))
        at += frames
        readers.read(int(random.integers(1, 14)))
        assert readers.sources[0].left <= sources.RING_SECONDS * RATE_HZ
    assert beds.starved == 0


def test_a_reader_that_fills_what_was_left_at_once_overwrites_nothing_that_is_heard(
    files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It runs beside the mixer, and may be there in the moment in which it is told."""
    beds, readers = slow()
    whole = BedMixer(RATE_HZ)
    for one in (beds, whole):
        one.obey(play(files["wide"], direction_deg=20.0), 0)
    readers.read(14)
    reach = Source.reach

    def and_read(source: Source, position: int) -> None:
        reach(source, position)
        if source in readers.sources:
            readers.read(2)

    monkeypatch.setattr(Source, "reach", and_read)
    chunk = round(sources.CHUNK_SECONDS * RATE_HZ)
    for at in range(0, 8 * RATE_HZ, chunk):
        np.testing.assert_array_equal(heard(beds, chunk, at), heard(whole, chunk, at))


def test_a_file_that_fails_fades_out_and_the_others_go_on(files: dict[str, Path], tmp_path: Path) -> None:
    copy = tmp_path / "copy.wav"
    copy.write_bytes(files["one"].read_bytes())
    long = tmp_path / "long.wav"
    soundfile.write(long, np.full(20 * RATE_HZ, 0.5), RATE_HZ, subtype="FLOAT")
    beds, readers = slow()
    beds.obey(play(long, "long", direction_deg=-30.0), 0)
    beds.obey(play(files["one"], "one", direction_deg=30.0), 0)
    readers.read(3)
    long.unlink()
    readers.read(20)
    assert beds.troubles() == [BedTroubled("long", str(long), "the file is not there (No such file or directory)")]
    assert beds.troubles() == [], "said once"
    assert beds.unreadable() == {str(long): "the file is not there (No such file or directory)"}
    sound = []
    for number in range(10):
        sound.append(heard(beds, 4_800, 4_800 * number))
        readers.read(2, now=0.0)
    whole = np.concatenate(sound)
    assert not whole[-1, 0] and np.abs(np.diff(whole[:, 0])).max() < 0.003, "out without a click"
    assert whole[-1, 1] == 0.5 and beds.starved == 0
    copy.replace(long)
    readers.read(3)
    back = heard(beds, 9_600, 48_000)
    assert back[-1, 0] == 0.5 and np.abs(np.diff(back[:, 0])).max() < 0.003
    assert beds.troubles() == [BedTroubled("long", str(long), "")] and beds.unreadable() == {}


def test_a_bed_that_is_over_is_missed_by_nobody(tmp_path: Path) -> None:
    beds, readers = slow()
    for name in ("one", "two"):
        beds.obey(play(tmp_path / "gone.wav", name), 0)
    readers.read()
    assert list(beds.unreadable()) == [str(tmp_path / "gone.wav")]
    beds.obey(BedStopped("one", 0, 0.0), 0)
    assert beds.unreadable(), "the other one should still be heard"
    beds.obey(BedStopped("two", 0, 0.0), 0)
    assert beds.unreadable() == {}


def test_offline_a_damaged_file_is_silence_and_no_endless_loop(tmp_path: Path) -> None:
    beds = BedMixer(RATE_HZ)
    (tmp_path / "bad.wav").write_bytes(b"RIFF" + bytes(400))
    beds.obey(play(tmp_path / "bad.wav"), 0)
    assert not heard(beds, 10_000).any()
    (trouble,) = beds.troubles()
    assert "no sound file" in trouble.reason
