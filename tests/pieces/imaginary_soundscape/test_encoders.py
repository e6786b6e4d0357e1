"""Encoders: one face, whoever is behind it; what cannot be had is named with its remedy."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from installation.networks import weights
from pieces.imaginary_soundscape import encoders, train
from pieces.imaginary_soundscape.choosing import BREADTH, EQUALS
from pieces.imaginary_soundscape.encoders import DESCRIPTIONS, ClipClapEncoder, Encoder, EncoderError, TrainedEncoder
from pieces.imaginary_soundscape.gaze import NEAR
from pieces.imaginary_soundscape.spaces import Spaces


def pictures() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (h, w, 3), dtype=np.uint8) for h, w in ((40, 90), (64, 64), (120, 30))]


def check(encoder: Encoder) -> None:
    """What every encoder promises."""
    points = encoder.pictures(pictures())
    assert points.shape == (3, encoder.dimensions)
    assert points.dtype == np.float32
    assert np.linalg.norm(points, axis=1) == pytest.approx(np.ones(3), abs=1e-4)
    assert encoder.bank.ndim == 2 and encoder.bank.shape[1] == encoder.dimensions
    rng = np.random.default_rng(1)
    for seconds in (0.3, 21):
        sound = rng.uniform(-0.3, 0.3, round(seconds * encoder.rate_hz)).astype(np.float32)
        point = encoder.sound(sound)
        assert point.shape == (encoder.dimensions,)
        assert np.linalg.norm(point) == pytest.approx(1, abs=1e-4)
        assert np.array_equal(point, encoder.sound(sound))
    with pytest.raises(ValueError, match="nothing to hear"):
        encoder.sound(np.zeros(encoder.rate_hz, np.float32))


# ---- the project's own -----------------------------------------------------------------------------------------


def spaces(ears: int = 2) -> Spaces:
    torch.manual_seed(0)
    made = Spaces((4, 8), (4, 8), ("sea", "fire"), ("waves", "dog"), ears, banked=5)
    made.bank[:] = torch.nn.functional.normalize(torch.rand(5, 2), dim=1)
    return made


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "IMAGE_WIDTHS", (4, 8))
    monkeypatch.setattr(train, "AUDIO_WIDTHS", (4, 8))


@pytest.mark.parametrize("ears", [1, 2, 3])
def test_what_was_saved_is_what_is_loaded(ears: int, small: None, tmp_path: Path) -> None:
    saved = spaces(ears)
    train.save(saved, 1, {"p_at_1": 0.5}, [train.RESEARCH], ["Ann"], tmp_path)
    encoder = TrainedEncoder.load(folder=tmp_path)
    assert encoder.dimensions == 2, "kinds of sound"
    check(encoder)
    assert encoder.bank == pytest.approx(saved.bank.numpy(), abs=1e-3)
    before = TrainedEncoder(saved, "before")
    assert encoder.pictures(pictures()) == pytest.approx(before.pictures(pictures()), abs=5e-3)
    sound = np.random.default_rng(2).uniform(-0.5, 0.5, 6 * before.rate_hz).astype(np.float32)
    assert encoder.sound(sound) == pytest.approx(before.sound(sound), abs=5e-3)
    card = weights.read_card(tmp_path / f"{encoders.NAME}.yaml")
    assert "research only" in card.data[0] and card.authors == ["Ann"]
    assert encoder.name.endswith(card.sha256[:12]), "an archive indexed with other weights is indexed anew"


def test_weights_that_do_not_fit_their_card_are_refused_with_the_remedy(
    small: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As those of another version: they were told as a traceback."""
    monkeypatch.setattr(train, "AUDIO_WIDTHS", (4, 16))
    train.save(spaces(), 1, {}, [], [], tmp_path)
    with pytest.raises(weights.WeightsError, match=r"do not fit its card .*train it again"):
        TrainedEncoder.load(folder=tmp_path)


def test_weights_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(weights.WeightsError, match="imaginary_soundscape"):
        TrainedEncoder.load(folder=tmp_path)


# ---- CLIP and CLAP ---------------------------------------------------------------------------------------------


def vocabulary(folder: Path, marks: list[str]) -> tuple[Path, Path]:
    """A byte-pair vocabulary of single letters."""
    letters = "abcdefghijklmnopqrstuvwxyz,Ġ"
    words = [*marks, *letters, *(f"{letter}</w>" for letter in letters)]
    (folder / "vocab.json").write_text(json.dumps({word: number for number, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return folder / "vocab.json", folder / "merges.txt"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A CLIP and a CLAP with random weights, as `from_pretrained` finds them on a disk."""
    transformers = pytest.importorskip("transformers", reason="the optional encoder needs transformers")
    folder = tmp_path_factory.mktemp("models")
    clip, clap = folder / "clip", folder / "clap"
    clip.mkdir()
    clap.mkdir()
    torch.manual_seed(0)
    text = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    marks = ["<|startoftext|>", "<|endoftext|>"]
    vocab, merges = vocabulary(clip, marks)
    transformers.CLIPModel(
        transformers.CLIPConfig(
            text_config={**text, "vocab_size": 64, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1},
            vision_config={**text, "image_size": 32, "patch_size": 16},
            projection_dim=8,
        )
    ).save_pretrained(clip)
    transformers.CLIPProcessor(
        image_processor=transformers.CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=32),
        tokenizer=transformers.CLIPTokenizer(str(vocab), str(merges)),
    ).save_pretrained(clip)
    marks = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    vocab, merges = vocabulary(clap, marks)
    transformers.ClapModel(
        transformers.ClapConfig(
            text_config={**text, "vocab_size": 64, "max_position_embeddings": 160, "projection_dim": 8},
            audio_config={
                "spec_size": 64, "num_mel_bins": 16, "patch_size": 4, "patch_stride": [4, 4], "window_size": 4,
                "hidden_size": 32, "projection_dim": 8, "depths": [1, 1], "num_attention_heads": [2, 2],
                "num_hidden_layers": 2, "patch_embeds_hidden_size": 16, "enable_fusion": False,
            },
            projection_dim=8,
        )
    ).save_pretrained(clap)  # fmt: skip
    transformers.ClapProcessor(
        feature_extractor=transformers.ClapFeatureExtractor(
            feature_size=16, hop_length=2400, truncation="rand_trunc"
        ),
        tokenizer=transformers.RobertaTokenizer(str(vocab), str(merges)),
    ).save_pretrained(clap)
    return clip, clap


def test_clip_and_clap_have_the_same_face(tiny: tuple[Path, Path]) -> None:
    encoder = encoders.load(f"clip+clap:{tiny[0]},{tiny[1]}")
    assert encoder.dimensions == len(DESCRIPTIONS)
    assert (encoder.rate_hz, encoder.name) == (48_000, "clip+clap:clip+clap:1.5")
    check(encoder)


def test_as_few_sounds_belong_as_well_as_the_best_as_with_the_own_encoder(tiny: tuple[Path, Path]) -> None:
    """Of a hundred, to which three deviations tell the description that is right."""
    encoder, rng = ClipClapEncoder(str(tiny[0]), str(tiny[1])), np.random.default_rng(0)

    def likenesses(right: np.ndarray) -> np.ndarray:
        drawn = rng.normal(0, 1, (len(right), len(DESCRIPTIONS)))
        drawn[np.arange(len(right)), right] += 3
        return encoder._likeness((0.2 + 0.03 * drawn).astype(np.float32))

    of_pictures, of_sounds = rng.integers(0, len(DESCRIPTIONS), 200), rng.integers(0, len(DESCRIPTIONS), 100)
    scores = likenesses(of_pictures) @ likenesses(of_sounds).T
    behind = scores.max(1, keepdims=True) - scores
    assert 2 < (behind < EQUALS).sum(1).mean() < 5 and 4 < (behind < BREADTH).sum(1).mean() < 10
    assert (of_sounds[scores.argmax(1)] == of_pictures).mean() > 0.6


def test_what_moves_a_little_is_one_scene_and_what_is_another_is_another(tiny: tuple[Path, Path]) -> None:
    encoder, rng = ClipClapEncoder(str(tiny[0]), str(tiny[1])), np.random.default_rng(0)
    right = rng.integers(0, len(DESCRIPTIONS), 200)
    drawn = rng.normal(0, 1, (len(right), len(DESCRIPTIONS)))
    drawn[np.arange(len(right)), right] += 3
    before, moved = (
        encoder._likeness((0.2 + 0.03 * some).astype(np.float32)) ** encoder.softened
        for some in (drawn, drawn + rng.normal(0, 0.5, drawn.shape))
    )
    cosines = (before @ moved.T) / np.outer(np.linalg.norm(before, axis=1), np.linalg.norm(moved, axis=1))
    assert (np.diag(cosines) >= NEAR).mean() > 0.99
    assert (cosines[right[:, None] != right] < NEAR).mean() > 0.97


def test_two_pictures_that_say_the_same_to_clip_are_one_point(tiny: tuple[Path, Path]) -> None:
    encoder = ClipClapEncoder(str(tiny[0]), str(tiny[1]))
    same, _, other = encoder.pictures([pictures()[0], pictures()[1], np.zeros((40, 40, 3), np.uint8)])
    again = encoder.pictures([pictures()[0]])[0]
    assert same == pytest.approx(again, abs=1e-4)
    assert np.abs(same - other).max() > 1e-3


def test_models_that_are_nowhere_are_named(tiny: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="neither a folder on this disk"):
        ClipClapEncoder(str(tmp_path / "nothing"), str(tiny[1]))


def test_without_transformers_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(EncoderError, match=r"\.venv/bin/pip install transformers"):
        encoders.load("clip+clap")


@pytest.mark.parametrize("downloaded", [True, False])
def test_a_model_that_was_downloaded_is_loaded_without_asking_a_hub(downloaded: bool) -> None:
    """A gallery is seldom online: the hub is asked again and again there, for a minute, before it says no."""
    asked_hub = []

    class Model:
        @staticmethod
        def from_pretrained(named: str, local_files_only: bool = False) -> str:
            if not local_files_only:
                asked_hub.append(named)
            elif not downloaded:
                raise OSError("it is not in the cache")
            return named

    assert encoders._had("somebody/clip", Model, Model) == ["somebody/clip"] * 2
    assert asked_hub == ([] if downloaded else ["somebody/clip"] * 2)


@pytest.mark.parametrize("name", ["clap", "clip+clap:one", "clip+clap:a,b,c", ""])
def test_an_encoder_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(EncoderError, match="must be own, clip\\+clap"):
        encoders.load(name)
