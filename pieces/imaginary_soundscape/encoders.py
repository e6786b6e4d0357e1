"""Encoders: what puts pictures and sounds into one space. The project's own, and CLIP + CLAP where they are at hand.

Lives here: the interface `Encoder`, and its two makers. Must not live here: archives (`archive.py`) and search
(`search.py`). `transformers` is imported only when CLIP + CLAP are chosen; it is no dependency of the project.

CLIP and CLAP do not share a space: each shares one with language. Both are led through language: a picture and a
sound become their likenesses to a list of short descriptions of scenes, and meet there.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from installation.piece import Picture

if TYPE_CHECKING:
    from installation.networks.weights import Card
    from pieces.imaginary_soundscape.spaces import Spaces

NAME = "imaginary_soundscape.space"
# Of likenesses to descriptions, in deviations. What is chosen among (`choosing.py`) was set for our own encoder; with
# this, made-up likenesses have as many sounds as near to the best as there. Nobody has tried it with the models.
SHARPNESS = 1.5
CLIP, CLAP = "openai/clip-vit-base-patch32", "laion/clap-htsat-unfused"  # at the hub
Points = NDArray[np.float32]

# What CLIP and CLAP are asked: a scene as one would say it of a picture, and of a sound.
DESCRIPTIONS = (
    ("the sea, waves on a beach", "waves breaking on a beach"), ("a harbour with boats", "water against boats"),
    ("a rainy day", "rain falling"), ("a thunderstorm with lightning", "thunder"),
    ("a fire with flames", "a crackling fire"), ("a forest", "birds singing in a forest"),
    ("a meadow in summer", "insects and crickets"), ("a pond at night", "frogs croaking"),
    ("a river or stream", "a stream of running water"), ("a waterfall", "a waterfall"),
    ("a mountain", "wind on a mountain"), ("snow and ice", "footsteps in snow"), ("a desert", "wind over sand"),
    ("clouds in the sky", "an aeroplane far away in the sky"), ("a city street with cars", "car horns and traffic"),
    ("a motorway", "cars passing on a motorway"), ("a building site", "a jackhammer and hammering"),
    ("a train or railway station", "a train passing"), ("a church", "church bells"),
    ("a crowd of people", "a crowd cheering and applauding"), ("a cafe or restaurant", "people talking in a cafe"),
    ("a library or office", "typing and turning pages in a quiet room"), ("a gallery or hall", "footsteps in a hall"),
    ("a garden with flowers", "sparrows chirping in a garden"),
)  # fmt: skip


TRANSFORMERS = "needs the package transformers: .venv/bin/pip install transformers; or write encoder: own"


class EncoderError(ValueError):
    """An encoder that cannot be had. The message says what is missing and how to get it."""


class Encoder(Protocol):
    """Pictures and sounds become unit vectors of one space."""

    name: str  # changes when an archive must be indexed anew
    dimensions: int
    rate_hz: int  # of the sounds it wants
    softened: float  # the power of its points at which scenes are told apart (`gaze.Gaze`)
    bank: Points  # pictures of all kinds [n, dimensions], against hubs (`search.charged`); there may be none

    def pictures(self, pictures: Sequence[Picture]) -> Points:
        """Pictures [height, width, 3] uint8 of any size -> unit vectors [n, dimensions]."""
        ...

    def sound(self, samples: NDArray[np.float32]) -> Points:
        """One recording [frames] at rate_hz, of any length -> unit vector [dimensions].

        Raises:
            ValueError: it is silent.
        """
        ...


class TrainedEncoder:
    """The project's own eye and ears."""

    softened = 1 / 3  # whoever stands between two kinds of sound is for it now all the one and now all the other

    def __init__(self, spaces: Spaces, name: str) -> None:
        from pieces.imaginary_soundscape.audio_network import RATE_HZ, Spectrogram

        self._spaces = spaces.eval()
        self._spectrogram = Spectrogram().eval().to(spaces.bank.device)
        self.name, self.rate_hz, self.dimensions = name, RATE_HZ, len(spaces.classes)
        self.bank = np.asarray(spaces.bank.float().cpu().numpy(), np.float32)

    @classmethod
    def load(cls, device: str = "cpu", folder: Path | None = None) -> TrainedEncoder:
        """The weights that ship, or those in `folder`.

        Raises:
            WeightsError: they are missing or damaged.
        """
        from installation.networks import weights
        from pieces.imaginary_soundscape.spaces import Spaces

        loaded = weights.load(NAME, folder)
        return cls(loaded.network(Spaces).to(device), _own(loaded.card))

    def pictures(self, pictures: Sequence[Picture]) -> Points:
        from pieces.imaginary_soundscape.image_network import place_pictures

        return place_pictures(self._spaces.of_pictures, pictures, self._spaces.bank.device)

    def sound(self, samples: NDArray[np.float32]) -> Points:
        from pieces.imaginary_soundscape.audio_network import place_sound

        return place_sound(self._spaces.of_sounds, self._spectrogram, samples, self._spaces.bank.device)


class ClipClapEncoder:
    """CLIP's eye and CLAP's ear (Radford et al. 2021; Wu et al. 2023), through `transformers`.

    Args:
        clip: name at the hub, or folder, of a CLIP model.
        clap: the same of a CLAP model.
        device: torch device.
        descriptions: pairs (of a picture, of its sound).

    Raises:
        EncoderError: `transformers` is not installed, or a model cannot be had.
    """

    rate_hz = 48_000
    window_s = 10.0
    softened = 2 / 3

    def __init__(
        self,
        clip: str = CLIP,
        clap: str = CLAP,
        device: str = "cpu",
        descriptions: Sequence[tuple[str, str]] = DESCRIPTIONS,
    ) -> None:
        try:
            from transformers import ClapModel, ClapProcessor, CLIPModel, CLIPProcessor
        except ImportError as error:
            raise EncoderError(f"encoder clip+clap {TRANSFORMERS}") from error
        eye, self._see = _had(clip, CLIPModel, CLIPProcessor)
        ear, self._hear = _had(clap, ClapModel, ClapProcessor)
        self._device = device
        self._clip, self._clap = eye.to(device).eval(), ear.to(device).eval()
        self.name = _both(clip, clap)
        self.dimensions = len(descriptions)
        self.bank = np.zeros((0, self.dimensions), np.float32)
        self._said_of_pictures = self._texts(
            self._clip, self._see, [f"a photo of {said}" for said, _ in descriptions]
        )
        self._said_of_sounds = self._texts(
            self._clap, self._hear, [f"the sound of {said}" for _, said in descriptions]
        )

    def _texts(self, model: Any, processor: Any, texts: list[str]) -> Points:
        import torch

        with torch.inference_mode():
            tokens = processor(text=texts, return_tensors="pt", padding=True).to(self._device)
            return _unit(_pooled(model.get_text_features(**tokens)))

    def pictures(self, pictures: Sequence[Picture]) -> Points:
        import torch

        with torch.inference_mode():
            pixels = self._see(images=list(pictures), return_tensors="pt").to(self._device)
            points = _unit(_pooled(self._clip.get_image_features(**pixels)))
        return self._likeness(points @ self._said_of_pictures.T)

    def sound(self, samples: NDArray[np.float32]) -> Points:
        import torch

        from pieces.imaginary_soundscape.audio_network import trimmed

        frames = round(self.window_s * self.rate_hz)
        samples = trimmed(samples)
        samples = np.tile(samples, -(-frames // samples.size)) if samples.size < frames else samples
        count = int(np.clip(samples.size // frames, 1, 6))
        starts = np.linspace(0, samples.size - frames, count).astype(int)
        with torch.inference_mode():
            heard = self._hear(
                audio=[samples[start : start + frames] for start in starts],
                sampling_rate=self.rate_hz,
                return_tensors="pt",
            ).to(self._device)
            points = _unit(_pooled(self._clap.get_audio_features(**heard)))
        return self._likeness((points @ self._said_of_sounds.T).mean(0, keepdims=True))[0]

    def _likeness(self, cosines: Points) -> Points:
        """Cosines to descriptions [n, descriptions] -> unit vectors: standardised, so that no description rules."""
        apart = (cosines - cosines.mean(1, keepdims=True)) / (cosines.std(1, keepdims=True) + 1e-6)
        return _unit(np.exp(SHARPNESS * apart))


def _had(named: str, *parts: Any) -> list[Any]:
    """A model and its processor, from a folder, from what was once downloaded, or from a hub; in this order, so that
    whoever has it asks nobody. Raises EncoderError where they cannot be had."""
    try:
        return [part.from_pretrained(named, local_files_only=True) for part in parts]
    except (OSError, ValueError) as error:
        if Path(named).is_dir():
            said = " ".join(str(error).split())
            raise EncoderError(
                f"encoder clip+clap: there is no such model in the folder {named} ({said}); download it once more"
            ) from error
    try:
        return [part.from_pretrained(named) for part in parts]
    except (OSError, ValueError) as error:
        raise EncoderError(
            f"encoder clip+clap: {named!r} is neither a folder on this disk nor within reach of a hub "
            f"({type(error).__name__}); download it on a machine that is online and name its folder"
        ) from error


def _pooled(output: Any) -> Points:
    """A model's features as an array; versions of transformers differ in what they wrap them in."""
    tensor = getattr(output, "pooler_output", output)
    return np.asarray(tensor.float().cpu().numpy(), np.float32)


def _unit(points: Points) -> Points:
    return np.asarray(points / (np.linalg.norm(points, axis=1, keepdims=True) + 1e-12), np.float32)


def load(encoder: str, device: str = "cpu") -> Encoder:
    """The encoder that the curator chose.

    Args:
        encoder: "own"; "clip+clap"; or "clip+clap:CLIP,CLAP" with names or folders of the two models.

    Raises:
        EncoderError: it does not exist or cannot be had.
        WeightsError: its weights are missing or damaged.
    """
    models = _models(encoder)
    return TrainedEncoder.load(device) if models is None else ClipClapEncoder(*models, device)


def name_of(encoder: str) -> str:
    """The name that `load` would give the encoder, at once: what an archive's index says it was written for.

    Raises:
        EncoderError: there is no such encoder.
        WeightsError: there are no weights, or their card is damaged.
    """
    from installation.networks import weights

    models = _models(encoder)
    return _own(weights.read_card(weights.WEIGHTS_FOLDER / f"{NAME}.yaml")) if models is None else _both(*models)


def _models(encoder: str) -> tuple[str, str] | None:
    """Names or folders of CLIP and CLAP; None for the project's own."""
    if encoder == "own":
        return None
    kind, _, models = encoder.partition(":")
    if kind == "clip+clap":
        named = [model.strip() for model in models.split(",") if model.strip()]
        if not named:
            return CLIP, CLAP
        if len(named) == 2:
            return named[0], named[1]
    raise EncoderError(f"encoder={encoder!r} must be own, clip+clap, or clip+clap:CLIP,CLAP (names or folders)")


def _own(card: Card) -> str:
    return f"{NAME}:{card.sha256[:12]}"


def _both(clip: str, clap: str) -> str:
    return f"clip+clap:{Path(clip).name}+{Path(clap).name}:{SHARPNESS:g}"
