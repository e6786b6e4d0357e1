"""The hearing network with its shipped weights: what it finds, what it survives, what it refuses."""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from installation.networks import phases, weights
from installation.networks.threads import threads
from installation.networks.training import RunError
from pieces.imaginary_soundscape import voices
from pieces.neural_beatbox import (
    hearing,
    hearing_examples,
    hearing_material,
    hearing_windows,
    onsets,
    synthesis,
    takes,
    train_hearing,
)
from pieces.neural_beatbox.evaluate_hearing import matched_errors_s
from pieces.neural_beatbox.hearing import LABELS, HeardHit, Hearing, hit_pitch_hz, tom_register
from pieces.neural_beatbox.second_opinion import Lesson

RATE_HZ = 44_100
SECONDS = 6.0


@pytest.fixture(scope="module")
def ear() -> Iterator[Hearing]:
    with threads(1):
        yield Hearing.load()


def composed(seed: int, voice: synthesis.Voice = "mouth", labels: tuple[str, ...] = LABELS) -> takes.Take:
    rng = np.random.default_rng(seed)
    source = takes.voices(voice, RATE_HZ, labels)
    return takes.compose(rng, RATE_HZ, SECONDS, source, hits=9, around=takes.STUDIO, shortest_gap_s=0.25)


def well_formed(hits: list[HeardHit], seconds: float) -> bool:
    begin = [hit.onset_s for hit in hits]
    return (
        begin == sorted(begin)
        and all(0 <= hit.onset_s <= seconds and hit.duration_s > 0 and np.isfinite(hit.peak) for hit in hits)
        and all(hit.probabilities.shape == (9,) and abs(hit.probabilities.sum() - 1) < 1e-3 for hit in hits)
        and all(hit.label == LABELS[int(hit.probabilities.argmax())] for hit in hits)
    )


def test_hits_of_composed_takes_are_found_where_they_are(ear: Hearing) -> None:
    errors, annotated, detected = [], 0, 0
    for seed in range(6):
        take = composed(seed)
        hits = ear.hear(take.samples, RATE_HZ)
        assert well_formed(hits, SECONDS)
        errors += matched_errors_s(np.array(take.onsets_s), np.array([hit.onset_s for hit in hits]))
        annotated, detected = annotated + len(take.onsets_s), detected + len(hits)
    assert 2 * len(errors) / (annotated + detected) > 0.9
    assert np.median(errors) < 0.005


def test_kick_snare_and_hat_are_told_apart_in_a_take_and_alone(ear: Hearing) -> None:
    right_within = right_alone = same = total = 0
    for seed in range(4):
        take = composed(seed, "drum", ("kick", "snare", "hat_closed"))
        hits = ear.hear(take.samples, RATE_HZ)
        for onset_s, label in zip(take.onsets_s, take.labels, strict=True):
            near = min(hits, key=lambda hit: abs(hit.onset_s - onset_s))
            later = [at for at in take.onsets_s if at > onset_s] or [SECONDS]
            alone = take.samples[int(onset_s * RATE_HZ) : int(later[0] * RATE_HZ)]
            heard = LABELS[int(ear.classify(alone, RATE_HZ).argmax())]
            right_within += near.label == label
            right_alone += heard == label
            same += heard == near.label
            total += 1
    assert right_within / total > 0.8
    assert right_alone / total > 0.8
    assert same / total > 0.8


def one_person(seed: int) -> takes.Take:
    """Fifteen sounds of somebody who has one kick, one snare and one hat, each a little other every time."""
    rng = np.random.default_rng(seed)
    labels = ("kick", "snare", "hat_closed")
    theirs = {label: takes.voices("mouth", hearing.RATE_HZ, (label,))(rng)[0] for label in labels}
    performed = [str(label) for label in rng.permutation(labels * 5)]
    onsets_s = [0.3 + 0.37 * number for number in range(15)]
    samples = rng.standard_normal(int(SECONDS * hearing.RATE_HZ)).astype(np.float32) * 1e-3
    for onset_s, label in zip(onsets_s, performed, strict=True):
        hit = theirs[label] * rng.uniform(0.5, 1.0) / np.abs(theirs[label]).max()
        start = int(onset_s * hearing.RATE_HZ)
        hit = (hit + takes.at_level(rng.standard_normal(hit.size), hit, -25.0))[: samples.size - start]
        samples[start : start + hit.size] += hit
    return takes.Take(samples, tuple(onsets_s), tuple(performed))


@pytest.mark.parametrize("seed", [8, 15, 28])
def test_what_somebody_repeats_is_one_drum(ear: Hearing, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each by itself, some of these sounds are taken for other drums than their likes."""
    take = one_person(seed)

    def right() -> int:
        hits = ear.hear(take.samples, hearing.RATE_HZ)
        pairs = zip(take.onsets_s, take.labels, strict=True)
        return sum(min(hits, key=lambda hit: abs(hit.onset_s - at)).label == label for at, label in pairs)

    together = right()
    monkeypatch.setattr(hearing, "together", lambda impressions: impressions.alone)
    assert right() < 14 and together == 15


@pytest.mark.parametrize("rate_hz", [8000, 22_050, 48_000, 96_000])
def test_any_sampling_rate(ear: Hearing, rate_hz: int) -> None:
    take = takes.compose(
        np.random.default_rng(3), rate_hz, 3.0, takes.voices("drum", rate_hz), 5, takes.STUDIO, shortest_gap_s=0.3
    )
    onsets = np.array([hit.onset_s for hit in ear.hear(take.samples, rate_hz)])
    assert len(matched_errors_s(np.array(take.onsets_s), onsets)) >= len(take.onsets_s) - 1


def test_nothing_is_heard_in_silence_and_hush(ear: Hearing) -> None:
    hush = np.random.default_rng(0).standard_normal(6 * RATE_HZ).astype(np.float32) * 2e-4
    for samples in (
        np.zeros(6 * RATE_HZ, np.float32),
        hush,
        np.zeros(0, np.float32),
        np.full(100, np.nan, np.float32),
    ):
        assert ear.hear(samples, RATE_HZ) == []
        assert ear.classify(samples, RATE_HZ) == pytest.approx(np.full(9, 1 / 9))


def test_garbage_between_the_sounds_is_survived(ear: Hearing) -> None:
    take = composed(1)
    clean = ear.hear(take.samples, RATE_HZ)
    broken = take.samples.copy()
    broken[::1000] = np.nan
    broken[500::5000] = np.inf
    assert well_formed(ear.hear(broken, RATE_HZ), SECONDS)
    huge = ear.hear(take.samples * 1e3, RATE_HZ)
    assert [hit.label for hit in huge] == [hit.label for hit in clean]  # a gain changes nothing but the peak
    assert huge[0].peak == pytest.approx(1e3 * clean[0].peak, rel=1e-3)


@pytest.mark.parametrize("kind", ["clipped", "scream", "click", "constant"])
def test_abuse_is_heard_without_error(ear: Hearing, kind: str) -> None:
    rng = np.random.default_rng(0)
    samples = {
        "clipped": np.clip(composed(2).samples * 100, -1, 1),
        "scream": np.sign(np.sin(2 * np.pi * 900 * np.arange(30 * RATE_HZ) / RATE_HZ)) * rng.uniform(0.9, 1),
        "click": np.eye(1, 300)[0],
        "constant": np.full(RATE_HZ, 0.8),
    }[kind].astype(np.float32)
    hits = ear.hear(samples, RATE_HZ)
    assert well_formed(hits, samples.size / RATE_HZ)
    assert len(hits) <= onsets.MOST


def test_a_take_of_two_hundred_sounds(ear: Hearing) -> None:
    rng = np.random.default_rng(0)
    samples = np.zeros(21 * RATE_HZ, np.float32)
    for onset in (np.arange(200) * 0.1 * RATE_HZ).astype(int) + 2000:
        sound = synthesis.hit(("kick", "hat_closed")[int(rng.integers(2))], rng, RATE_HZ, "drum")[:4000]
        samples[onset : onset + sound.size] += sound
    assert 150 < len(ear.hear(samples, RATE_HZ)) <= 220


@pytest.mark.parametrize("a_second", [15, 20, 33])
@pytest.mark.parametrize("kind", ["noise", "tone"])
def test_a_trill_as_dense_as_a_visitor_can_make_it_is_heard(ear: Hearing, kind: str, a_second: int) -> None:
    rng = np.random.default_rng(0)
    samples = np.zeros(6 * RATE_HZ, np.float32)
    for number in range(6 * a_second - 1):
        t = np.arange(300) / RATE_HZ
        sound = rng.standard_normal(300) if kind == "noise" else np.sin(2 * np.pi * 800 * t)
        start = round(number * RATE_HZ / a_second)
        samples[start : start + 300] += (0.3 * sound * np.exp(-480 * t)).astype(np.float32)[: samples.size - start]
    hits = ear.hear(samples, RATE_HZ)
    assert hits and well_formed(hits, 6.0)


@pytest.mark.parametrize("attack_s", [0.15, 3.0])
def test_a_whistle_that_swells_is_heard(ear: Hearing, attack_s: float) -> None:
    t = np.arange(6 * RATE_HZ) / RATE_HZ
    swell = np.clip((t - 1) / attack_s, 0, 1) * np.clip((5 - t) / 0.15, 0, 1)
    room = np.random.default_rng(0).normal(0, 1e-3, t.size)
    (hit,) = ear.hear((0.2 * np.sin(2 * np.pi * 1200 * t) * swell + room).astype(np.float32), RATE_HZ)
    assert 1.0 < hit.onset_s < 1.0 + attack_s


@pytest.mark.parametrize("level", [1e-3, 0.02])
def test_a_room_that_is_never_still_is_not_a_visitor(ear: Hearing, level: float) -> None:
    """It was a cymbal at the beginning of every take in which nobody performed."""
    rng = np.random.default_rng(0)
    for slope in (0.0, 0.5, 1.5, 2.0):  # from hiss to the rumble of an old ventilation, which was full of kicks
        room = takes.coloured_noise(rng, 6 * RATE_HZ, slope)
        room *= np.float32(level / room.std())
        assert ear.hear(room, RATE_HZ) == []
        clap = room.copy()
        clap[2 * RATE_HZ : 2 * RATE_HZ + 2400] += 0.5 * rng.standard_normal(2400).astype(np.float32)
        assert len(ear.hear(clap, RATE_HZ)) == 1, "and somebody in it is"


def test_speech_becomes_percussion(ear: Hearing) -> None:
    for seed in range(4):
        rng = np.random.default_rng(seed)
        speaker, samples, start = voices.speaker(rng), np.zeros(6 * voices.SPEECH_HZ, np.float32), 4000
        while start < 5 * voices.SPEECH_HZ:
            said = voices.phrase(rng, speaker)[: samples.size - start]
            samples[start : start + said.size] += 0.3 * said
            start += said.size + voices.SPEECH_HZ // 4
        hits = ear.hear(samples, voices.SPEECH_HZ)
        assert len(hits) >= 4 and {hit.label for hit in hits} == {"percussion"}
    drums = composed(1)
    assert {hit.label for hit in ear.hear(drums.samples, RATE_HZ)} > {"percussion"}, "drums stay what they are"


def test_toms_have_pitch_and_register() -> None:
    t = np.arange(RATE_HZ // 2) / RATE_HZ
    for pitch in (70.0, 120.0, 240.0):
        assert hit_pitch_hz((np.sin(2 * np.pi * pitch * t) * np.exp(-t * 8)).astype(np.float32), RATE_HZ) == (
            pytest.approx(pitch, abs=4)
        )
    assert hit_pitch_hz(np.zeros(RATE_HZ, np.float32), RATE_HZ) is None
    assert tom_register([90, 130, 200]) == ["low", "mid", "high"]
    assert tom_register([60, 140, 250]) == ["low", "mid", "high"]
    assert tom_register([300, 310]) == ["high", "high"]
    assert tom_register([]) == []


def test_weights_of_another_shape_are_refused_with_a_remedy(tmp_path: Path) -> None:
    kept = weights.load(hearing.NAME)
    state = {key: value for key, value in kept.state.items() if key != "label.bias"}
    weights.save(hearing.NAME, state, kept.card, tmp_path)
    with pytest.raises(weights.WeightsError, match=r"do not fit its card.*train it again: "):
        Hearing.load(folder=tmp_path)
    path = tmp_path / f"{hearing.NAME}.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(weights.WeightsError, match="checksum"):
        Hearing.load(folder=tmp_path)


def test_training_from_a_folder_writes_weights_that_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for column, folder, name in (
        ("performer", "beatbox/train", "P1/kick__1.wav"),
        ("kit", "drums/train", "k/rim__A_1.wav"),
    ):
        path = tmp_path / folder / name
        path.parent.mkdir(parents=True)
        label = path.name.partition("__")[0]
        soundfile.write(path, synthesis.hit(label, np.random.default_rng(0), 16_000), 16_000)
        with (tmp_path / folder / "INDEX.csv").open("w", newline="") as file:
            csv.writer(file).writerows([["path", "label", column], [name, label, "P1"]])
    barks = tmp_path / "ambience/train/esc50"
    barks.mkdir(parents=True)
    soundfile.write(barks / "dog.wav", synthesis.hit("clap", np.random.default_rng(0), RATE_HZ), RATE_HZ)
    (barks / "INDEX.csv").write_text("path,label,licence,author\ndog.wav,dog,CC-BY,Ann\n")
    monkeypatch.setattr(hearing_material, "POOL", 1)
    monkeypatch.setattr(train_hearing, "TAKES_FIRST", 10)
    monkeypatch.setattr(train_hearing, "SINGLES_FIRST", 6)
    monkeypatch.setattr(hearing_examples, "KEPT", dict.fromkeys(hearing_examples.KINDS, 50))
    monkeypatch.setattr(train_hearing, "LESSONS", (Lesson(0, 1, 0.2, 1.0), Lesson(2, 1, 1.0, 1.5)))
    monkeypatch.setattr(phases, "SOON_S", 0.0)
    before = train_hearing.train(tmp_path, tmp_path / "out", steps=1, run=tmp_path / "run").read_bytes()
    told = capsys.readouterr().err
    for phase in ("reading the sounds of ", "synthesising hits: kind 1/18 …", "takes, ten at once: 1/1 …",
                  "single hits 1/6 …", "second opinion 2 of 2: step 1/2 …"):  # fmt: skip
        assert phase in told
    after = train_hearing.train(tmp_path, tmp_path / "out", steps=2, run=tmp_path / "run").read_bytes()  # goes on
    assert before != after
    learned = weights.load(hearing.NAME, tmp_path / "out").state
    assert [int(learned[f"second.{one}.body.1.num_batches_tracked"]) for one in (0, 1)] == [4, 6], "with dogs beside"
    assert weights.load(hearing.NAME, tmp_path / "out").card.authors == ["Ann"]
    train_hearing.train(tmp_path, tmp_path / "out", steps=1, run=tmp_path / "run")
    assert weights.load(hearing.NAME, tmp_path / "out").card.command.endswith("--steps 2"), "that it has had"
    (tmp_path / "drums/train/k/rim__A_1.wav").write_bytes((barks / "dog.wav").read_bytes())
    with pytest.raises(RunError, match=r"and 1 of them are gone now, .*rim__A_1\.wav"):
        train_hearing.train(tmp_path, tmp_path / "out", steps=3, run=tmp_path / "run")
    ear = Hearing.load(folder=tmp_path / "out")
    assert ear.classify(synthesis.hit("kick", np.random.default_rng(1), RATE_HZ), RATE_HZ).shape == (9,)


def test_a_batch_says_where_its_hits_are() -> None:
    rng = np.random.default_rng(0)
    batch = hearing_examples.compose_batch(rng, hearing_material.Hits(rng, [], [], pool=1), count=4)
    assert batch.samples.shape == (4, 72_000)
    assert batch.nearness.shape == (4, 601)
    assert len(batch.take) == len(batch.column) == len(batch.label) > 4
    near = batch.nearness[batch.take, batch.column.clamp(0, 600)]
    assert float((near > 0).float().mean()) > 0.5  # windows are shifted on purpose, but not far


def test_an_onset_of_a_recording_is_where_it_leaves_silence() -> None:
    sound = np.concatenate([np.full(3000, 1e-3), synthesis.hit("snare", np.random.default_rng(0), 24_000)])
    assert hearing_material.onset_sample(sound.astype(np.float32), 24_000) == pytest.approx(3000, abs=60)


def test_a_varied_window_still_begins_at_its_onset() -> None:
    pictures = torch.full((40, hearing.BANDS, hearing.CROP), -0.75)
    pictures[:, 20:40, hearing.BEFORE : hearing.BEFORE + 4] = 0.5
    varied = hearing_windows.variation(pictures, np.random.default_rng(0))
    assert varied.shape == pictures.shape
    loud = (varied - varied[:, :, -1:] > 0.3).any(1)  # [hits, columns]
    assert loud.float().argmax(1).tolist() == [hearing.BEFORE] * 40
    assert len({tuple(row.tolist()) for row in varied[:, 25]}) == 40


def test_a_pool_keeps_the_latest_and_draws_labels_as_often_as_told() -> None:
    pool = hearing_windows.Pool(6, {"kick": 3.0, "snare": 1.0, "tom": 5.0})
    empty = pool.draw(np.random.default_rng(0), 5)
    assert len(empty[0]) == len(empty[1]) == 0
    for number, label in enumerate(("tom", "tom", "kick", "snare", "snare", "snare", "snare", "snare")):
        window = torch.full((1, hearing.BANDS, hearing.CROP), float(number))
        pool.add(window, torch.tensor([LABELS.index(label)]))
    shown, labels = pool.draw(np.random.default_rng(0), 400)
    assert shown[:, 0, 0].min() == 2  # both toms have gone, and with them their share
    assert set(labels.tolist()) == {LABELS.index("kick"), LABELS.index("snare")}
    assert (labels == LABELS.index("kick")).float().mean() == pytest.approx(0.75, abs=0.07)


def test_a_single_hit_begins_where_it_says_and_is_shown_there() -> None:
    rng = np.random.default_rng(3)
    features = hearing.Features().eval()
    for label in ("kick", "hat_closed", "rim"):
        sound = synthesis.hit(label, rng, hearing.RATE_HZ, "drum")
        samples, onset = hearing_examples.single(rng, sound)
        assert samples.size >= sound[: int(1.6 * hearing.RATE_HZ)].size + onset
        window = hearing_examples.single_window(rng, features, samples, onset)
        assert window is not None
        assert window.shape == (1, hearing.BANDS, hearing.CROP)
    quiet = np.zeros(4000, np.float32)
    assert hearing_examples.single_window(rng, features, quiet, 0) is None


def test_a_hat_that_nobody_filed_is_told_by_how_long_it_rings() -> None:
    t = np.arange(24_000) / 24_000
    hiss = np.random.default_rng(0).standard_normal(t.size)
    told = [hearing_material.hat_by_decay((hiss * np.exp(-t / tau)).astype(np.float32)) for tau in (0.02, 0.06, 0.2)]
    assert told == ["hat_closed", None, "hat_open"]


def test_the_bass_is_told_apart_by_an_eighth_of_an_octave() -> None:
    t = torch.arange(24_000) / 24_000
    low = slice(hearing.LONG_BANDS + hearing.SHORT_BANDS, None)
    tones = torch.stack([torch.sin(2 * torch.pi * pitch_hz * t) for pitch_hz in (60, 65.4, 120, 240)])
    loudest = hearing.Features()(tones)[:, low, 100].argmax(1).tolist()
    assert loudest[1] == loudest[0] + 1
    assert loudest[2:] == [loudest[0] + 8, loudest[0] + 16]
