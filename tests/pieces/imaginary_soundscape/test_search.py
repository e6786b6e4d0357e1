"""Search: exact, in chunks as in one piece, and without hubs."""

import numpy as np
import pytest

from pieces.imaginary_soundscape import search


def unit(points: np.ndarray) -> np.ndarray:
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


def cloud(count: int, dimensions: int = 16, seed: int = 0) -> np.ndarray:
    return unit(np.random.default_rng(seed).standard_normal((count, dimensions)))


@pytest.mark.parametrize("kind", [np.float32, np.float16])
def test_the_nearest_are_the_nearest(kind: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "CHUNK", 100)
    clips, query = cloud(1234).astype(kind), cloud(1, seed=1)[0]
    cosines = clips.astype(np.float32) @ query
    found = search.nearest(query, clips, 20)
    assert [clip.place for clip in found] == np.argsort(-cosines, kind="stable")[:20].tolist()
    assert [clip.score for clip in found] == pytest.approx(sorted(cosines, reverse=True)[:20], abs=1e-6)


def test_few_clips_excluded_clips_and_equals() -> None:
    clips = np.repeat(cloud(2), 3, axis=0)
    query = clips[0]
    assert [clip.place for clip in search.nearest(query, clips, 99)] == [0, 1, 2, 3, 4, 5]
    assert [clip.place for clip in search.nearest(query, clips, 2, excluded=np.array([0, 1]))] == [2, 3]
    assert search.nearest(query, clips, 3, excluded=np.arange(6)) == []
    with pytest.raises(ValueError, match="k=0"):
        search.nearest(query, clips, 0)
    with pytest.raises(ValueError, match="16 dimensions"):
        search.nearest(query[:5], clips, 1)


def test_charges_lower_what_is_near_to_everything() -> None:
    bank, clips = cloud(300, seed=1), cloud(40, seed=2)
    clips[7] = unit(bank.mean(0)[None])[0]
    charges = search.charged(clips, bank)
    assert charges.shape == (40,)
    assert 0 <= charges.min() <= charges.max() <= search.DEAREST
    few = search.charged(clips, bank[:0])
    assert not few.any()


def scene_with_a_hub() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two scenes of 60 pictures and 8 clips each; the first clip of either lies in the middle of its pictures."""
    rng = np.random.default_rng(3)
    middles = cloud(2, 24, 5)
    pictures = unit(np.repeat(middles, 60, 0) + 0.05 * rng.standard_normal((120, 24)))
    clips = unit(np.repeat(middles, 8, 0) + 0.05 * rng.standard_normal((16, 24)))
    clips[[0, 8]] = middles
    return pictures, clips, np.repeat(np.eye(2, dtype=bool), 60, 0).repeat(8, 1)


def test_a_hub_is_seen_and_kept_down_and_nothing_wrong_comes_in_its_place() -> None:
    pictures, clips, right = scene_with_a_hub()
    fair = (right / right.sum(1, keepdims=True)).mean(0)
    raw = search.similarities(pictures, clips).argmax(1)
    fairer = search.similarities(pictures, clips, search.charged(clips, pictures[::2])).argmax(1)
    assert search.hubness(raw, fair) > 4
    assert search.hubness(fairer[1::2], fair) < 3
    assert right[np.arange(120), fairer].all()


def test_charges_are_the_same_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures, clips, _ = scene_with_a_hub()
    whole = search.charged(clips, pictures)
    monkeypatch.setattr(search, "CHUNK", 5)
    assert search.charged(clips, pictures) == pytest.approx(whole, abs=1e-5)
    assert whole.argmax() in (0, 8), "the hub is the dearest"


def test_hubness_counts_in_fair_shares() -> None:
    fair = np.array([0.25, 0.25, 0.25, 0.25, 0.0])
    assert search.hubness(np.array([0, 1, 2, 3]), fair) == pytest.approx(1)
    assert search.hubness(np.array([0, 0, 0, 1]), fair) == pytest.approx(3)
    assert search.hubness(np.array([4, 4, 2, 3]), fair) == pytest.approx(2.5), "a wrong clip's share is one in five"
