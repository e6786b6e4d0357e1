"""The mixer: every hit at its sample, the same sound for any division into blocks, a beat that never stops."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from installation.clock import BarLine
from installation.shared import SampleRing
from installation.sound import mixer as mixing
from installation.sound.mixer import Mixer, PlacedHit, soften

RATE_HZ = 48_000
BAR = 1600  # a bar this short lets a test play many
EARLY = BAR // 16
FIRST = 4800  # the first bar line: 0.1 s after the first bar was written

Script = list[tuple[int, tuple[object, ...]]]


def with_voices(**lengths: int) -> Mixer:
    """A mixer with a voice of noise for each name; a length of 1 is an impulse."""
    mixer = Mixer(RATE_HZ)
    for number, (name, length) in enumerate(lengths.items()):
        noise = np.random.default_rng(number).uniform(-0.9, 0.9, length).astype(np.float32)
        mixer.make_voice(name, np.ones(1, np.float32) if length == 1 else noise)
    return mixer


def with_pairs() -> Mixer:
    """A mixer with voices of two channels, and one of one."""
    mixer = with_voices(b=700)
    for number, (name, length) in enumerate({"a": 5000, "c": 40}.items()):
        mixer.make_voice(name, np.random.default_rng(number).uniform(-0.9, 0.9, (length, 2)).astype(np.float32))
    return mixer


def mixed(mixer: Mixer, frames: int, blocks: list[int] | None = None) -> np.ndarray:
    """`frames` samples, in blocks of the given lengths, over and over."""
    parts, number = [np.zeros((0, 2), np.float32)], 0
    while frames > 0:
        count = min(frames, blocks[number % len(blocks)] if blocks else frames)
        parts.append(mixer.mix(count))
        frames, number = frames - count, number + 1
    return np.concatenate(parts)


def performed(mixer: Mixer, script: Script, frames: int, blocks: list[int]) -> np.ndarray:
    """What is heard when the calls of `script` are made at their samples."""
    parts = []
    for at, (name, *arguments) in sorted(script, key=lambda pair: pair[0]):
        parts.append(mixed(mixer, at - mixer.position, blocks))
        getattr(mixer, str(name))(*arguments)
    parts.append(mixed(mixer, frames - mixer.position, blocks))
    return np.concatenate(parts)


def onsets(sound: np.ndarray) -> list[int]:
    return [int(i) for i in np.flatnonzero(np.abs(sound).max(axis=1) > 0)]


def impulses(*offsets: int) -> tuple[PlacedHit, ...]:
    return tuple(PlacedHit(offset, "tick", 0.5) for offset in offsets)


# ---- exact to the sample ----------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(
    blocks=st.lists(st.integers(1, 5000), min_size=1, max_size=6),
    tempi=st.lists(st.floats(90, 400), min_size=1, max_size=2),
    data=st.data(),
)
def test_a_hit_sounds_at_its_sample_for_any_tempo_and_micro_timing(
    blocks: list[int], tempi: list[float], data: st.DataObject
) -> None:
    """Onset error 0: bars of any tempo, hits anywhere from a sixteenth before the bar line to the bar's end."""
    mixer, expected, start = with_voices(tick=1), set(), FIRST
    for number, tempo in enumerate(tempi):
        length = round(4 * 60 / tempo * RATE_HZ)
        offsets = data.draw(st.lists(st.integers(-(length // 16), length - 1), max_size=8, unique=True))
        assert mixer.write_bar(number, length, impulses(*offsets))
        expected |= {start + offset for offset in offsets if start + offset >= 0}
        start += length
    end = start - max(round(4 * 60 / tempo * RATE_HZ) for tempo in tempi) // 16 - 1  # before the score repeats
    heard = onsets(mixed(mixer, end, blocks if sum(blocks) > 400 * len(blocks) else [*blocks, 4999]))
    assert heard == sorted(sample for sample in expected if sample < end)


@pytest.mark.parametrize("block", [1, 7, 512, 5000])
def test_micro_timing_before_the_bar_line(block: int) -> None:
    mixer = with_voices(tick=1)
    for number in range(3):
        mixer.write_bar(number, BAR, impulses(-EARLY, -3, 0, BAR - 1))
    heard = onsets(mixed(mixer, FIRST + 3 * BAR - EARLY, [block]))
    lines = [FIRST + number * BAR for number in range(3)]
    wanted = {line + offset for line in lines for offset in (-EARLY, -3, 0, BAR - 1)}
    assert heard == sorted(sample for sample in wanted if sample < FIRST + 3 * BAR - EARLY)


def test_a_hit_outside_its_bar_is_left_out_however_long_the_blocks() -> None:
    """Else it would sound or not as the borders of the blocks happen to fall."""
    for block in (1, 64, 5000):
        mixer = with_voices(tick=1)
        mixer.write_bar(0, BAR, impulses(-EARLY - 1, 0, BAR, BAR + 40))
        mixer.write_bar(1, BAR, ())
        assert onsets(mixed(mixer, FIRST + BAR + 100, [block])) == [FIRST]


# ---- any division into blocks -----------------------------------------------------------------------------------

HITS = st.lists(
    st.builds(
        PlacedHit,
        st.integers(-EARLY, BAR - 1),
        st.sampled_from(["a", "b", "c", "nobody"]),
        st.floats(0, 3),
        st.floats(-1, 1),
        st.one_of(st.none(), st.floats(-180, 180)),
    ),
    max_size=12,
).map(tuple)
CALLS = st.one_of(
    st.tuples(st.just("write_bar"), st.integers(0, 9), st.integers(BAR // 2, 2 * BAR), HITS),
    st.tuples(st.just("forget_voice"), st.sampled_from("abc")),
    st.tuples(st.just("set_level"), st.floats(-30, 6), st.floats(0, 0.1)),
    st.tuples(st.just("skip"), st.just(0)),
)
SCRIPTS = st.lists(st.tuples(st.integers(0, FIRST + 6 * BAR), CALLS), min_size=1, max_size=10)
BLOCKS = st.lists(st.integers(1, 5000), min_size=1, max_size=5)


@settings(max_examples=50, deadline=None)
@given(script=SCRIPTS, blocks=BLOCKS)
def test_the_same_samples_for_any_division_into_blocks(script: Script, blocks: list[int]) -> None:
    """Bit by bit: hits, releases, levels, softening, repeats and rewritten bars."""
    frames = FIRST + 7 * BAR
    if sum(blocks) < 400 * len(blocks):
        blocks = [*blocks, 2999]  # or thousands of blocks of a few samples would be mixed
    once = performed(with_voices(a=5000, b=700, c=40), script, frames, [frames])
    again = performed(with_voices(a=5000, b=700, c=40), script, frames, blocks)
    np.testing.assert_array_equal(once, again)
    assert np.abs(once).max() <= 1.0


@settings(max_examples=25, deadline=None)
@given(script=SCRIPTS, blocks=BLOCKS)
def test_also_where_voices_have_two_channels(script: Script, blocks: list[int]) -> None:
    frames = FIRST + 7 * BAR
    if sum(blocks) < 400 * len(blocks):
        blocks = [*blocks, 2999]
    once = performed(with_pairs(), script, frames, [frames])
    again = performed(with_pairs(), script, frames, blocks)
    np.testing.assert_array_equal(once, again)


def test_notes_are_added_up_in_the_order_of_time() -> None:
    """A hit ahead of its bar line comes before the end of the bar before: of three, the sum depends on the order."""
    sounds = []
    for blocks in ([FIRST + 3 * BAR], [7]):
        mixer = with_voices(a=4000, b=4000, c=4000)
        mixer.write_bar(0, BAR, (PlacedHit(0, "a", 0.31), PlacedHit(BAR - 1, "b", 0.0123)))
        mixer.write_bar(1, BAR, (PlacedHit(-50, "c", 0.177),))
        mixer.write_bar(2, 3 * BAR, ())
        sounds.append(mixed(mixer, FIRST + 3 * BAR, blocks))
    np.testing.assert_array_equal(*sounds)


@pytest.mark.parametrize("blocks", [[1], [5000], [333, 17]])
def test_stealing_does_not_depend_on_the_blocks(monkeypatch: pytest.MonkeyPatch, blocks: list[int]) -> None:
    monkeypatch.setattr(mixing, "NOTES_AT_ONCE", 3)
    hits = tuple(PlacedHit(offset, "abc"[offset % 3], 0.3) for offset in range(0, BAR, 100))
    sounds = []
    for lengths in ([FIRST + 2 * BAR], blocks):
        mixer = with_voices(a=4000, b=4000, c=4000)
        mixer.write_bar(0, BAR, hits)
        sounds.append(mixed(mixer, FIRST + 2 * BAR, lengths))
    np.testing.assert_array_equal(*sounds)


# ---- a beat that never stops -------------------------------------------------------------------------------------


def test_the_last_two_bars_repeat_without_a_gap() -> None:
    mixer = with_voices(tick=1)
    mixer.write_bar(0, BAR, impulses(0))
    mixer.write_bar(1, BAR, impulses(100))
    mixer.write_bar(2, BAR + 32, impulses(-50, 200))
    heard = onsets(mixed(mixer, FIRST + 7 * BAR, [480]))
    line, expected = FIRST, []
    for length, offsets in [(BAR, (0,)), (BAR, (100,)), (BAR + 32, (-50, 200))] + 2 * [
        (BAR, (100,)),
        (BAR + 32, (-50, 200)),
    ]:
        expected += [line + offset for offset in offsets]
        line += length
    assert heard == sorted(sample for sample in expected if sample < FIRST + 7 * BAR)
    lines = mixer.grid
    assert all(before.end == after.start for before, after in itertools.pairwise(lines))


def test_a_gap_in_the_numbers_is_filled_with_repeats() -> None:
    mixer = with_voices(tick=1)
    mixer.write_bar(3, BAR, impulses(10))
    mixer.write_bar(6, BAR, impulses(20))
    assert [line.number for line in mixer.grid] == [3, 4, 5, 6]
    heard = onsets(mixed(mixer, FIRST + 4 * BAR - EARLY))
    assert heard == [FIRST + 10, FIRST + BAR + 10, FIRST + 2 * BAR + 10, FIRST + 3 * BAR + 20]


def test_rewriting_a_bar_before_it_is_played() -> None:
    mixer = with_voices(tick=1)
    for number in range(3):
        mixer.write_bar(number, BAR, impulses(5))
    mixed(mixer, FIRST)
    assert mixer.write_bar(1, BAR + 160, impulses(7, 9))
    assert [line.start for line in mixer.grid] == [FIRST, FIRST + BAR, FIRST + 2 * BAR + 160]
    heard = onsets(mixed(mixer, 3 * BAR))
    assert heard == [5, BAR + 7, BAR + 9, 2 * BAR + 160 + 5]


def test_rewriting_a_bar_while_it_is_played_keeps_what_has_begun() -> None:
    mixer = with_voices(long=400, tick=1)
    mixer.write_bar(0, BAR, (PlacedHit(0, "long", 0.5),))
    mixer.write_bar(1, BAR, ())
    before = mixed(mixer, FIRST + 200)
    assert mixer.write_bar(0, BAR * 3, impulses(300, 600, 3000)), "a bar in progress can still be written"
    after = mixed(mixer, BAR - 200)
    assert mixer.grid[0].length == BAR, "a bar that has begun keeps its length, and its hits lie at their steps in it"
    straight = with_voices(long=400, tick=1)
    straight.write_bar(0, BAR, (PlacedHit(0, "long", 0.5), *impulses(200, 1000)))
    straight.write_bar(1, BAR, ())
    np.testing.assert_array_equal(np.concatenate([before, after]), mixed(straight, FIRST + BAR))


def test_a_bar_that_is_played_keeps_its_beats() -> None:
    """Steps stay where they were; those that it does not have are left out."""
    mixer = with_voices(tick=1)
    mixer.write_bar(0, BAR, ())
    mixer.write_bar(1, BAR, ())
    mixed(mixer, FIRST + 10)
    assert mixer.write_bar(0, BAR * 5 // 2, impulses(0, 400, 1000, 1800, 3600), beats=5.0)
    assert (mixer.grid[0].length, mixer.grid[0].beats) == (BAR, 4.0)
    assert onsets(mixed(mixer, BAR - 10)) == [190, 490, 890]


def test_a_bar_that_is_over_is_late() -> None:
    mixer = with_voices(tick=1)
    mixer.write_bar(0, BAR, ())
    mixer.write_bar(1, BAR, ())
    mixed(mixer, FIRST + BAR)
    assert not mixer.write_bar(0, BAR, impulses(10))
    assert onsets(mixed(mixer, BAR)) == []


@pytest.mark.parametrize("length", [0, -5])
def test_a_bar_without_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="strictly positive"):
        Mixer(RATE_HZ).write_bar(0, length, ())


@pytest.mark.parametrize("hit", [("x", 1.0, 0.0, np.nan), ("x", np.inf), ("x", 1.0, np.nan)])
def test_a_hit_that_is_not_finite_is_refused(hit: tuple[Any, ...]) -> None:
    """It would be noise from every speaker, or the end of the block in which it begins."""
    mixer = Mixer(RATE_HZ)
    with pytest.raises(ValueError, match="not finite"):
        mixer.write_bar(0, BAR, (PlacedHit(0, *hit),))
    assert not mixer.grid


@pytest.mark.parametrize("shape", [(10, 3), (10, 2, 2), ()])
def test_a_voice_is_one_channel_or_two(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="one channel is wanted, or two"):
        Mixer(RATE_HZ).make_voice("wide", np.zeros(shape, np.float32))


# ---- another mixer goes on ----------------------------------------------------------------------------------------


def test_a_restarted_mixer_goes_on_in_the_middle_of_the_bar() -> None:
    """The same samples as if nothing had happened, from the instant at which the bars are said again."""
    bars = [(number, BAR, impulses(-20, 0, 400, 1200)) for number in range(6)]
    first = with_voices(tick=1)
    for bar in bars:
        first.write_bar(*bar)
    mixed(first, FIRST + 2 * BAR + 600)
    grid = tuple(first.grid)

    second = with_voices(tick=1)
    second.position = first.position + 300
    second.restore_grid(grid)
    second.skip(0)
    assert onsets(mixed(second, 128)) == [], "nobody has said yet what should sound"
    for bar in bars:
        second.write_bar(*bar)
    at = second.position
    mixed(first, at - first.position)
    np.testing.assert_array_equal(mixed(second, 3 * BAR), mixed(first, 3 * BAR))
    assert [line.start for line in second.grid] == [line.start for line in first.grid]


def test_a_mixer_restarted_after_a_long_time_keeps_the_grid() -> None:
    second = with_voices(tick=1)
    second.position = FIRST + 41 * BAR + 10
    second.restore_grid((BarLine(0, FIRST, BAR, 0.0, 4.0), BarLine(1, FIRST + BAR, BAR, 4.0, 4.0)))
    second.skip(0)
    current = [line for line in second.grid if line.start <= second.position < line.end]
    assert current == [BarLine(41, FIRST + 41 * BAR, BAR, 164.0, 4.0)]


def test_what_was_due_while_skipping_is_not_made_up_for() -> None:
    mixer = with_voices(tick=1, long=3000)
    mixer.write_bar(0, BAR, (PlacedHit(0, "long", 0.5), *impulses(100, 200, 900)))
    mixer.write_bar(1, BAR, ())
    straight = with_voices(tick=1, long=3000)
    straight.write_bar(0, BAR, (PlacedHit(0, "long", 0.5), *impulses(900)))
    straight.write_bar(1, BAR, ())
    mixed(mixer, FIRST + 50)
    mixer.skip(500)
    np.testing.assert_array_equal(mixed(mixer, 1000), mixed(straight, FIRST + 1550)[FIRST + 550 :])


def test_skipping_many_bars_leaves_a_grid_that_goes_on() -> None:
    mixer = with_voices(tick=1)
    mixer.write_bar(0, BAR, impulses(0))
    mixer.write_bar(1, BAR, impulses(0))
    mixed(mixer, FIRST)
    mixer.skip(100 * BAR)
    assert onsets(mixed(mixer, 2 * BAR)) == [0, BAR]
    assert len(mixer.grid) < 8


# ---- voices ------------------------------------------------------------------------------------------------------


def test_a_forgotten_voice_fades_without_a_click_and_is_never_heard_again() -> None:
    mixer = Mixer(RATE_HZ)
    mixer.make_voice("tone", np.full(RATE_HZ, 0.5, np.float32))
    mixer.write_bar(0, RATE_HZ, (PlacedHit(0, "tone", 1.0), PlacedHit(20_000, "tone", 1.0)))
    mixed(mixer, FIRST + 1000)
    mixer.forget_voice("tone")
    sound = mixed(mixer, RATE_HZ)[:, 0]
    fading = round(mixing.RELEASE_SECONDS * RATE_HZ)
    assert np.abs(np.diff(sound, prepend=sound[:1])).max() <= 1.01 * 0.5 / fading
    assert sound[0] == pytest.approx(0.5, abs=0.01)
    assert not sound[fading:].any()


def test_two_channels_are_left_and_right() -> None:
    """To the sample, and to the bit: nothing of one is in the other."""
    pair = np.random.default_rng(3).uniform(-0.3, 0.3, (900, 2)).astype(np.float32)
    mixer = with_voices()
    mixer.make_voice("pair", pair)
    mixer.write_bar(0, BAR, (PlacedHit(7, "pair"),))
    np.testing.assert_array_equal(mixed(mixer, FIRST + 907, [100])[FIRST + 7 :], pair)


@pytest.mark.parametrize("pan", [-1.0, -0.4, 0.0, 0.7, 1.0])
def test_the_same_in_both_channels_is_what_one_is(pan: float) -> None:
    one, two = with_voices(a=900), with_voices()
    two.make_voice("a", np.stack([one.voices["a"]] * 2, axis=1))
    for mixer in (one, two):
        mixer.write_bar(0, BAR, (PlacedHit(7, "a", 0.4, pan),))
    np.testing.assert_array_equal(mixed(one, FIRST + BAR), mixed(two, FIRST + BAR))


def test_replacing_a_voice_leaves_the_sounding_note_alone() -> None:
    mixer = Mixer(RATE_HZ)
    mixer.make_voice("tone", np.full(2000, 0.5, np.float32))
    mixer.write_bar(0, BAR, (PlacedHit(0, "tone"),))
    mixer.write_bar(1, BAR, ())
    mixed(mixer, FIRST + 100)
    mixer.make_voice("tone", np.full(2000, 0.1, np.float32))
    assert mixed(mixer, 1000)[:, 0] == pytest.approx(0.5)


def test_notes_at_once_are_bounded() -> None:
    mixer = with_voices(long=RATE_HZ)
    mixer.write_bar(0, BAR, tuple(PlacedHit(i * 3, "long", 0.01) for i in range(500)))
    mixer.write_bar(1, BAR, tuple(PlacedHit(0, "long", 0.01) for _ in range(500)))
    most = 0
    for _ in range((FIRST + 3 * BAR) // 64):
        mixer.mix(64)
        most = max(most, len(mixer._notes))
    fading = round(mixing.RELEASE_SECONDS * RATE_HZ) + 64
    assert mixing.NOTES_AT_ONCE <= most <= 2 * mixing.NOTES_AT_ONCE + fading / 3


def test_the_newest_hits_are_those_that_sound() -> None:
    mixer = with_voices(long=RATE_HZ)
    mixer.write_bar(0, BAR, tuple(PlacedHit(0, "long", 0.001 * i) for i in range(200)))
    mixed(mixer, FIRST + 1)
    assert [round(float(note.gains[0, 0]) / 0.001) for note in mixer._notes] == list(
        range(200 - mixing.NOTES_AT_ONCE, 200)
    )


def test_a_day_of_beats_takes_no_more_memory_than_a_minute() -> None:
    """24 h at 40 bpm: nothing in the mixer grows."""
    mixer = with_voices(tick=1)
    for number in range(4):
        mixer.write_bar(number, 6 * RATE_HZ, impulses(0))
    for number in range(4, 14_400):
        mixer.write_bar(number, 6 * RATE_HZ, impulses(0))
        mixer.skip(6 * RATE_HZ)
        assert len(mixer._bars) <= 8
    mixer.skip(30_000 * RATE_HZ)  # and nobody writes
    assert len(mixer._bars) <= 8 and len(mixer._played) <= 2 and not mixer._notes
    assert mixer.grid[-1].end > mixer.position


# ---- loudness ----------------------------------------------------------------------------------------------------


def test_a_level_moves_in_a_straight_line_and_from_where_it_is() -> None:
    mixer = Mixer(RATE_HZ)
    mixer.make_voice("tone", np.full(RATE_HZ, 0.5, np.float32))
    mixer.write_bar(0, RATE_HZ, (PlacedHit(0, "tone"),))
    mixed(mixer, FIRST)
    mixer.set_level(-20.0, 0.01)
    half = mixed(mixer, 240)[:, 0]
    mixer.set_level(0.0, 0.01)
    rest = mixed(mixer, 480)[:, 0]
    after = mixed(mixer, 10)[:, 0]
    assert half[0] == 0.5 and half[-1] == pytest.approx(0.5 * (1 - 0.9 * 239 / 480), rel=1e-4)
    assert rest[0] == pytest.approx(0.5 * 0.55, rel=1e-4)
    assert (after == np.float32(0.5)).all()


def test_softening_is_smooth_monotone_and_below_full_scale() -> None:
    loud = np.linspace(-4, 4, 8001, dtype=np.float32)[:, None]
    bent = soften(loud.copy())
    assert np.abs(bent).max() <= 1.0
    assert (np.diff(bent[:, 0]) >= 0).all()
    assert np.abs(np.diff(bent[:, 0])).max() <= 0.00101
    quiet = np.abs(loud) <= mixing.KNEE
    np.testing.assert_array_equal(bent[quiet], loud[quiet])


def test_beats_are_counted_through_bars_of_any_number_of_them() -> None:
    mixer = with_voices(tick=1)
    mixer.write_bar(0, BAR, ())
    mixer.write_bar(1, 3 * BAR // 4, (), beats=3.0)
    mixer.write_bar(2, BAR, ())
    assert [line.beat for line in mixer.grid] == [0.0, 4.0, 7.0]
    mixer.write_bar(1, BAR // 2, (), beats=2.0)
    assert [(line.beat, line.start - FIRST) for line in mixer.grid] == [(0.0, 0), (4.0, BAR), (6.0, 3 * BAR // 2)]
    mixed(mixer, FIRST + 4 * BAR)
    assert {line.tempo_bpm(RATE_HZ) for line in mixer.grid} == {60.0 * 4 * RATE_HZ / BAR}, "also of those that repeat"


@pytest.mark.parametrize("blocks", [[512], [100, 7, 333]])
def test_what_is_mixed_is_noted(blocks: list[int]) -> None:
    mixer = with_voices(noise=2000)
    mixer.played = SampleRing.private(RATE_HZ, 2)
    mixer.write_bar(0, 10 * BAR, (PlacedHit(0, "noise", 0.5, -0.4),))
    sound = mixed(mixer, FIRST + 4000, blocks)
    assert mixer.played.position == mixer.position
    np.testing.assert_allclose(mixer.played.read(0, FIRST + 4000), sound, atol=1e-6)
    mixer.skip(1000)
    mixed(mixer, 10, blocks)
    assert not mixer.played.read(FIRST + 4000, 1000).any()


@pytest.mark.parametrize("hertz", [750, 1000, 2250, 3750])
@pytest.mark.parametrize("sign", [1, -1])
def test_no_tone_of_two_channels_cancels_out_in_the_note_of_it(hertz: int, sign: int) -> None:
    tone = np.sin(2 * np.pi * hertz * np.arange(4800) / RATE_HZ).astype(np.float32)
    stereo = np.stack([tone, sign * tone], axis=1)
    assert np.sum(mixing.Fold(2)(stereo) ** 2) == pytest.approx(np.sum(stereo**2), rel=0.01)
    for one, other in itertools.combinations(range(16), 2):
        many = np.zeros((4800, 16), np.float32)
        many[:, [one, other]] = stereo
        assert np.sum(mixing.Fold(16)(many) ** 2) > 0.001 * np.sum(many**2), f"of channels {one} and {other}"


def test_a_single_channel_is_noted_as_it_is() -> None:
    mono = np.random.default_rng(0).standard_normal((512, 1)).astype(np.float32)
    np.testing.assert_allclose(mixing.Fold(1)(mono), mono * [1, 0])
