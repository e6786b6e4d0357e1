"""The piece as a whole, offline: who is heard joins, who leaves is gone, and whatever fails, the beat goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from installation.exhibition import OnShow
from installation.networks import weights
from installation.networks.weights import WeightsError
from installation.piece import Moment, Picture
from installation.render import Plan, render
from installation.render_film import FilmWriter
from pieces.neural_beatbox import loading, takes
from pieces.neural_beatbox.hearing import HeardHit, Hearing
from pieces.neural_beatbox.piece import NeuralBeatbox, players_of
from pieces.neural_beatbox.rhythm import Drummer
from tests.pieces.neural_beatbox.gallery import FRAMES_A_SECOND, RATE_HZ, Gallery, performance

# ---- who is heard -----------------------------------------------------------------------------------------------


def test_there_is_a_beat_before_anybody_has_come(gallery: Gallery) -> None:
    assert gallery.loudness(3.0) > 0.1
    assert {name.partition("/")[0] for name in gallery.port.mixer.voices} == {"kit"}


def test_a_visitor_is_in_the_score_from_the_next_bar_line(gallery: Gallery) -> None:
    gallery.run(3.0)
    assert gallery.joins("anna", performance())
    bars = gallery.scored("anna/")
    first = gallery.stage.sound.next_bar
    assert bars and bars[0] == first, f"in bar {bars}, but bar {first} could be written"
    sounding: list[str] = []
    real = gallery.stage.sound.sounding
    gallery.stage.sound.sounding = lambda at: [sounding.append(hit.voice) or hit for hit in real(at)]  # type: ignore
    gallery.run(4.0)
    assert any(voice.startswith("anna/") for voice in sounding)


def test_visitors_are_heard_from_where_they_hang(gallery: Gallery) -> None:
    gallery.run(2.0)
    for seed, name in enumerate("abcd"):
        assert gallery.joins(name, performance(seed + 3))
    gallery.run(4.0)
    wall, middle, seen = gallery.piece._composition._wall, gallery.stage.size[0] / 2, 0
    for bar in gallery.port.mixer._bars:
        for hit in bar.hits if bar.line.number >= gallery.stage.sound.next_bar else ():
            place = wall.place(hit.voice.partition("/")[0])
            if place is None:
                continue
            beside = (place.x + place.width / 2 - middle) / middle
            assert abs(hit.pan) <= 0.65
            if abs(beside) > 0.1:
                assert hit.pan * beside > 0, f"{hit.voice} hangs at {beside:+.2f} and is heard at {hit.pan:+.2f}"
                seen += 1
    assert seen > 4


def test_who_is_taken_back_leaves_no_voice(gallery: Gallery) -> None:
    gallery.run(3.0)
    assert gallery.joins("anna", performance()) and gallery.joins("ben", performance(4))
    assert "anna" in gallery.derived
    gallery.stage.withdraw("anna")
    assert not [name for name in gallery.port.mixer.voices if name.startswith("anna")]
    assert [bar for bar in gallery.scored("anna/") if bar >= gallery.stage.sound.next_bar] == []
    assert "anna" not in gallery.derived
    gallery.run(5.0)
    assert gallery.scored("anna/") == [] and gallery.scored("ben/")
    kept = {key: value for key, value in vars(gallery.piece).items() if key not in ("_stage", "_composition")}
    assert "anna" not in repr(kept)
    assert gallery.loudness(2.0) > 0.1


def test_what_is_remembered_is_enough_to_play_again(gallery: Gallery) -> None:
    """After a restart a visitor sounds as before, without being listened to again: by way of JSON."""
    gallery.run(3.0)
    samples = performance()
    assert gallery.joins("anna", samples)
    voices = {name: v for name, v in gallery.port.mixer.voices.items() if name.startswith("anna/")}
    again = Gallery()
    again.stage.open()
    again.contribute("anna", samples, json.loads(gallery.derived["anna"]))
    assert again.piece.heard("anna") is True
    restored = {name: v for name, v in again.port.mixer.voices.items() if name.startswith("anna/")}
    assert restored.keys() == voices.keys()
    for name, sound in voices.items():
        np.testing.assert_array_equal(restored[name], sound, err_msg=name)
    assert [guest.players for guest in again.piece._guests.values()] == [
        guest.players for guest in gallery.piece._guests.values()
    ]


def test_no_sound_is_played_into_the_next_and_that_is_remembered() -> None:
    """A trill sounds after a restart as before: the onsets of the sounds that do not play are not remembered."""
    chances = np.eye(9, dtype=np.float32)
    hits = [
        HeardHit(0.5, 0.045, "kick", chances[0], 1.0, None, None, 0.5),
        HeardHit(0.545, 0.2, "hat_closed", chances[2], 1.0, None, None, 0.5),
        HeardHit(0.7, 0.02, "snare", chances[1], 1.0, None, None, 0.5),
    ]
    lengths = {player.voice: player.duration_s for player in players_of("anna", hits)}
    assert sorted(lengths.values()) == pytest.approx([0.045, 0.06, 0.155])


def test_a_grid_holds_as_many_as_the_curator_says(
    loaded: tuple[Hearing, Drummer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "ears", lambda gpu: loaded[0])
    monkeypatch.setattr(loading, "drummer", lambda: loaded[1])
    gallery = Gallery({"remember": 2})
    gallery.stage.open()
    gallery.run(2.5)
    for name in "abc":
        assert gallery.joins(name, performance())
    assert list(gallery.piece._guests) == ["b", "c"]
    assert not [name for name in gallery.port.mixer.voices if name.startswith("a/")]
    for fewer in (1, 0):
        gallery.piece.change(NeuralBeatbox.Settings(remember=fewer))
        assert list(gallery.piece._guests) == ["c"], "who came last stays"


# ---- strange takes ----------------------------------------------------------------------------------------------


def strange() -> dict[str, np.ndarray]:
    rng, frames = np.random.default_rng(1), 6 * RATE_HZ
    dense = np.zeros(frames, np.float32)
    for number in range(200):
        hit = rng.normal(0, 0.3, 1400) * np.exp(-np.arange(1400) / 200)
        dense[number * 1440 : number * 1440 + 1400] += hit.astype(np.float32)
    return {
        "speech": takes.speech(rng, RATE_HZ, frames),
        "scream": np.clip(2 * np.sin(np.arange(frames) * 0.08), -1, 1).astype(np.float32),
        "two hundred sounds": dense,
        "clipped": np.clip(20 * performance(), -1, 1),
        "one click": np.eye(1, frames, frames // 2, dtype=np.float32)[0],
        "a click at the end": np.eye(1, frames, frames - 1, dtype=np.float32)[0],
        "too short": performance()[:480],
        "hum": (0.3 * np.sin(np.arange(frames) * 2 * np.pi * 50 / RATE_HZ)).astype(np.float32),
    }


def test_whatever_is_performed_is_never_an_error(gallery: Gallery) -> None:
    """Speech becomes percussion, a scream is a sound or none: the piece always says whether it heard something."""
    gallery.run(2.5)
    for name, samples in strange().items():
        assert gallery.joins(name, samples) in (True, False), name
    assert gallery.piece.heard("speech") and gallery.piece.heard("clipped")
    assert not gallery.events
    for sound in gallery.port.mixer.voices.values():
        assert np.isfinite(sound).all() and np.abs(sound).max() <= 1.0
    assert gallery.loudness(3.0) > 0.1


@pytest.mark.parametrize("level", [0.0, 1e-5])
def test_a_take_without_a_sound_is_not_heard(gallery: Gallery, level: float) -> None:
    gallery.run(2.5)
    noise = np.random.default_rng(0).normal(0, 1, 6 * RATE_HZ).astype(np.float32)
    assert gallery.joins("nobody", np.float32(level) * noise) is False
    assert not gallery.derived and not gallery.events


# ---- what fails -------------------------------------------------------------------------------------------------


def test_with_spoilt_weights_the_beat_goes_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(weights, "WEIGHTS_FOLDER", tmp_path)
    gallery = Gallery()
    gallery.stage.open()
    gallery.contribute("anna", performance())
    assert gallery.loudness(6.0) > 0.1
    assert gallery.events == ["weights_invalid"] * 2
    assert gallery.piece.heard("anna") is False, "the visitor is told, and not left waiting"


@pytest.mark.parametrize("spoilt", ["ears", "drummer"])
def test_spoilt_weights_leave_the_other_network_to_its_work(
    loaded: tuple[Hearing, Drummer], monkeypatch: pytest.MonkeyPatch, spoilt: str
) -> None:
    def fail(*_: object) -> None:
        raise WeightsError("spoilt")

    monkeypatch.setattr(loading, "ears", lambda gpu: loaded[0])
    monkeypatch.setattr(loading, "drummer", lambda: loaded[1])
    monkeypatch.setattr(loading, spoilt, fail)
    gallery = Gallery()
    named: list[object] = []
    gallery.stage.vitals.event = lambda name, **details: named.append(details["network"])  # type: ignore
    gallery.stage.open()
    gallery.run(12.0)
    deaf = spoilt == "ears"
    assert set(named) == {gallery.piece.networks[0 if deaf else 1]}, "and no other is named"
    assert gallery.piece.welcomes() is not deaf
    assert gallery.joins("anna", performance()) is not deaf
    composed = {id(plan.phrase) for plan in gallery.piece._plans.values()}
    assert (len(composed) > 1) is deaf, "whoever can still compose does"


def test_networks_that_fail_later_leave_the_beat(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    gallery.run(3.0)
    assert gallery.joins("anna", performance())

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the network does not fit its input")

    assert gallery.piece._ears.network is not None and gallery.piece._drummer.network is not None
    monkeypatch.setattr(gallery.piece._ears.network, "hear", fail)
    monkeypatch.setattr(gallery.piece._drummer.network, "compose", fail)
    assert gallery.joins("ben", performance(4)) is False
    gallery.run(8.0)
    assert set(gallery.events) == {"network_failed"}
    assert gallery.loudness(4.0) > 0.1 and gallery.piece.heard("anna")


@pytest.mark.parametrize("which", ["hear", "compose"])
def test_a_gpu_that_fails_is_left_to_the_runtime(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    """An error of CUDA poisons the process: to try again in it would be deaf for ever."""
    gallery.run(3.0)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    monkeypatch.setattr((gallery.piece._ears if which == "hear" else gallery.piece._drummer).network, which, fail)
    with pytest.raises(RuntimeError, match="CUDA"):
        gallery.joins("ben", performance(4))
        gallery.run(20.0)


def test_a_gpu_that_is_full_for_a_while_ends_neither_the_beat_nor_the_process(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery.run(3.0)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB")

    monkeypatch.setattr(gallery.piece._ears.network, "hear", fail)
    gallery.joins("ben", performance(4))
    gallery.run(2.0)
    assert set(gallery.events) == {"network_failed"} and gallery.loudness(1.0) > 0.1


def test_networks_that_cannot_be_loaded_are_tried_again_less_and_less_often(
    loaded: tuple[Hearing, Drummer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deaf for a while and not for ever: what is broken is said as long as it is."""
    tries: list[int] = []
    fault: Exception | None = MemoryError()

    def ears(gpu: str) -> Hearing:
        tries.append(gallery.frame)
        if fault is not None:
            raise fault
        return loaded[0]

    monkeypatch.setattr(loading, "ears", ears)
    monkeypatch.setattr(loading, "drummer", lambda: loaded[1])
    gallery = Gallery()
    gallery.stage.open()
    gallery.contribute("recalled", performance())
    gallery.run(40.0)
    assert len(tries) == 3 and gallery.events == ["network_failed"] * len(tries)
    assert gallery.joins("anna", performance()) is False, "told at once, and not left waiting"
    gallery.stage.withdraw("anna")
    fault = WeightsError("spoilt")
    gallery.run(60.0)
    assert gallery.events[-1] == "weights_invalid"
    assert sorted(gallery.cleared) == ["network_failed", "weights_invalid"], "of the drummer, who was there at once"
    assert not gallery.piece.welcomes(), "nobody else is asked"
    fault = None
    gallery.run(70.0)
    assert sorted(gallery.cleared[2:]) == ["network_failed", "weights_invalid"] and gallery.piece.welcomes()
    assert gallery.piece.heard("recalled"), "who came meanwhile and is kept is heard after all"
    assert gallery.joins("ben", performance(4))
    before = len(tries)
    gallery.run(10.0)
    assert len(tries) == before, "they are there"


def test_a_phrase_that_cannot_be_composed_is_not_the_last(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    gallery.run(3.0)
    assert gallery.piece._drummer.network is not None
    composed: list[bool] = []
    compose, before = gallery.piece._drummer.network.compose, gallery.cleared.count("network_failed")

    def now_and_then(*arguments: Any) -> Any:
        composed.append(len(composed) >= 2)
        if not composed[-1]:
            raise MemoryError
        return compose(*arguments)

    monkeypatch.setattr(gallery.piece._drummer.network, "compose", now_and_then)
    gallery.run(20.0)
    assert composed == [False, False] and gallery.events == ["network_failed"] * 2
    gallery.run(30.0)
    assert len(composed) > 4 and all(composed[2:]) and len(gallery.events) == 2
    taken_back = gallery.cleared.count("network_failed") - before
    assert taken_back == 1, "what is over is not said for another quarter of an hour"


# ---- rendered ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A film for the camera and a take for the microphone."""
    folder = tmp_path_factory.mktemp("inputs")
    film = FilmWriter(folder / "film.mp4", (64, 48), 10)
    for number in range(20):
        film.write(np.full((48, 64, 3), 40 + 8 * number, np.uint8), np.zeros((4800, 2), np.float32))
    film.close()
    soundfile.write(folder / "take.wav", performance(), RATE_HZ)
    return folder / "film.mp4", folder / "take.wav"


def rendered(inputs: tuple[Path, Path], seed: int, seconds: float) -> tuple[bytes, list[Moment], str]:
    moments: list[Moment] = []

    class Watched(NeuralBeatbox):
        def frame(self, moment: Moment) -> Picture:
            moments.append(moment)
            return super().frame(moment)

    sound: list[np.ndarray] = []
    show = OnShow("neural_beatbox", Watched, Watched.Settings())
    camera, voice = inputs
    plan = Plan(seconds, camera=camera, voice=voice, seed=seed, size=(128, 72), rate_hz=FRAMES_A_SECOND)
    report = render((show, None), plan, each=lambda picture, block: sound.append(block))
    return np.concatenate(sound).tobytes(), moments, report.sound_sha256


def test_the_same_seed_gives_the_same_sound_and_a_visitor_in_it(inputs: tuple[Path, Path]) -> None:
    sound, moments, digest = rendered(inputs, seed=1, seconds=14.0)
    again, _, same = rendered(inputs, seed=1, seconds=14.0)
    assert sound == again and digest == same
    other, _, _ = rendered(inputs, seed=2, seconds=4.0)
    assert other != sound[: len(other)]
    assert len(sound) == 14 * RATE_HZ * 8
    joined = next(index for index, moment in enumerate(moments) if moment.booth.phase == "joined")
    visit = moments[joined].booth.visit
    line = next(moment for moment in moments[joined:] if moment.bar > moments[joined].bar)
    heard = [m.bar for m in moments if any(hit.voice.startswith(f"{visit}/") for hit in m.sounding)]
    assert heard and moments[joined].bar <= heard[0] <= line.bar + 1
    assert not [m for m in moments[:joined] if any(not hit.voice.startswith("kit/") for hit in m.sounding)]
