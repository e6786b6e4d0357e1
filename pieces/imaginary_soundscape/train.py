"""Training of eye and ears into one space: from a folder of pictures and sounds to weights and their card.

Lives here: the losses, the two stages, the card. Must not live here: the networks (`image_network.py`,
`audio_network.py`) and what they learn from (`material.py`).

First the eye learns to name pictures. Then the ear learns, and the eye's last layers with it: every class of sounds
has an anchor in the space, which its sounds approach and which distractors need as much as scenes do; pictures
approach the anchors of their scene's sounds; sounds and pictures of one scene attract each other and repel all others
(symmetric InfoNCE with several positives); and the ear imagines what the eye would have named, as in SoundNet
(Aytar, Vondrick & Torralba 2016), the method of the work. Several ears learn in this way, each apart from the others,
the last from sounds in each other's colours; in the end their spaces are put side by side.
"""

import copy
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, log_softmax

from installation.networks import weights
from installation.networks.averaging import follow
from installation.networks.material import MaterialError, authors_to_name, demand, learned_from
from installation.networks.phases import counted
from installation.networks.restyling import restyled
from installation.networks.subject import Subject, digest, of_tables
from installation.networks.training import Run, alone, steps_had
from pieces.imaginary_soundscape import held_out
from pieces.imaginary_soundscape.audio_network import AudioNetwork
from pieces.imaginary_soundscape.encoders import NAME, TrainedEncoder
from pieces.imaginary_soundscape.evaluate import measure
from pieces.imaginary_soundscape.image_network import SIDE, ImageNetwork, place_pictures, prepare
from pieces.imaginary_soundscape.material import (
    PICTURES,
    SCENES,
    SOUNDS,
    Pictures,
    Sounds,
    affinity,
    cut,
    drawn_pictures,
    heard,
    make_synthetic,
    read_pictures,
    read_recordings,
    read_scenes,
    seen,
    spectrograms,
    without_scene,
)
from pieces.imaginary_soundscape.spaces import SHARPNESS, Spaces

IMAGE_WIDTHS = (24, 48, 96, 192)
AUDIO_WIDTHS = (24, 40, 80, 160)
PICTURES_PER_STEP = 48
SIDES = ((0.5, 96), (0.75, 112), (1.0, SIDE))  # the squares' size, up to which part of the steps
SOUNDS_PER_STEP = 64
SYNTHETIC_EACH = 2
DRAWINGS_EACH = 8
SYNTHETIC_SHARE = 0.18  # of what the ear hears while learning
VIEWS = 4  # of every picture, whose features the second stage draws from
RESTYLED = (False, False, True)  # of the ears: which hear sounds in each other's colours
EAR_STEPS = 5 / 12  # of the eye's, for each ear
TEMPERATURE = 0.1  # of the contrast between pictures and sounds
Generator = np.random.Generator

RESEARCH = (
    "Pictures of sea, forest, city, mountain, glacier and interiors are for research only (Intel Image "
    "Classification, SUN): there are no others. To be free of them, retrain on your own pictures: a folder "
    "images/ with INDEX.csv (path,label), and the command below"
)
MENDELEY = "Dataset for Forest Fire Detection, Multi-class Weather Dataset (CC BY 4.0)"
PAINTINGS = "Paintings and portraits (public domain, Rijksmuseum CC0)"
SOURCES = {
    "Intel Image Classification": RESEARCH,
    "SUN database subset": RESEARCH,
    "TensorFlow flower_photos (Flickr)": "TensorFlow flower_photos (CC-BY 2.0)",
    "Dataset for Forest Fire Detection, Mendeley gjmr63rz2r": MENDELEY,
    "Multi-class Weather Dataset, Mendeley 4drtyfjtfy": MENDELEY,
    "paintings of old masters": PAINTINGS,
    "Rijksmuseum": PAINTINGS,
    "ESC-50 (Piczak 2015), freesound.org": "ESC-50 (Piczak 2015), its clips that are CC0 or CC-BY by the authors "
    "below, on freesound.org",
}
"""What the shipped network learned from, by what the tables' columns source say."""


def rate(step: int, steps: int, highest: float) -> float:
    """The learning rate: up in the first twentieth, then down a cosine."""
    rising = min((step + 1) / max(steps / 20, 1), 1.0)
    return highest * rising * (0.5 + 0.5 * float(np.cos(np.pi * step / steps)) + 1e-3)


def side_at(step: int, steps: int) -> int:
    """How large the eye's squares are at a step, in pixels: small first (Touvron et al. 2019)."""
    return next(side for until, side in SIDES if step < until * steps)


def balanced(kind: NDArray[np.int64], power: float = 0.5) -> NDArray[np.float64]:
    """Probability of drawing each example [n]: a class counts as (its size) ** power."""
    counts = np.bincount(kind)
    chances = (counts[kind] ** power) / counts[kind]
    return chances / chances.sum()


# ---- the eye ---------------------------------------------------------------------------------------------------


def train_eye(
    pictures: Pictures, steps: int, seed: int, run: Path, data: Path | Subject | None = None
) -> ImageNetwork:
    """A network that names pictures, out of the folder `data`."""
    torch.manual_seed(seed)
    # Colours innermost in memory: so convolutions take half as long on a processor.
    network = ImageNetwork(IMAGE_WIDTHS, pictures.labels)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = copy.deepcopy(network).eval()
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=0.05)
    chances = balanced(pictures.label)
    with Run(run, steps, Subject.of(data).telling(pictures.labels)) as place:
        for step in range(place.resume(network, optimiser, average), steps):
            rng = np.random.default_rng([seed, step])
            chosen = rng.choice(chances.size, PICTURES_PER_STEP, p=chances)
            x = prepare([seen(pictures.images[one], rng, side_at(step, steps)) for one in chosen])
            x = x.contiguous(memory_format=torch.channels_last)
            truth = torch.from_numpy(pictures.label[chosen])
            share = float(rng.beta(0.3, 0.3))
            order = torch.from_numpy(rng.permutation(PICTURES_PER_STEP))
            network.train()
            with torch.autocast("cpu", torch.bfloat16):
                features = network.features(share * x + (1 - share) * x[order])
            named = network.classify(features.float())
            loss = share * cross_entropy(named, truth, label_smoothing=0.05)
            loss = loss + (1 - share) * cross_entropy(named, truth[order], label_smoothing=0.05)
            _learn(network, average, optimiser, loss, rate(step, steps, 2.5e-3), step)
            place.progress(step, named=loss.item())
            if step % 200 == 199 or step == steps - 1:
                place.save(step, network, optimiser, average)
    return average


def _learn(
    network: nn.Module, average: nn.Module, optimiser: torch.optim.Optimizer, loss: Tensor, lr: float, step: int
) -> None:
    for group in optimiser.param_groups:
        group["lr"] = lr
    optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(network.parameters(), 2.0)
    optimiser.step()
    follow(average, network, min(0.995, step / (step + 10)))


@torch.inference_mode()
def views(network: ImageNetwork, pictures: Pictures, seed: int) -> Tensor:
    """What the eye makes of every picture, seen VIEWS times: features [pictures, VIEWS, width]."""
    rng = np.random.default_rng(seed)
    rows = []
    for image in counted("the eye looks at pictures", pictures.images):
        with torch.autocast("cpu", torch.bfloat16):
            rows.append(network.features(prepare([seen(image, rng) for _ in range(VIEWS)])).float())
    return torch.stack(rows)


# ---- the ear, and the space ------------------------------------------------------------------------------------


class Space(nn.Module):
    """The eye and an ear, while it learns."""

    def __init__(self, picture: ImageNetwork, sound: AudioNetwork) -> None:
        super().__init__()
        self.picture, self.sound = picture, sound


@dataclass(frozen=True)
class Batch:
    """spectrograms [n, MELS, FRAMES]; classes of what is mixed in them [n, classes], rows sum to 1;
    features of pictures [m, width], their labels [m]."""

    spectrograms: Tensor
    classes: Tensor
    features: Tensor
    label: Tensor


def draw(
    rng: Generator,
    sounds: Sounds,
    made: NDArray[np.bool_],
    seen_as: Tensor,
    pictures: Pictures,
    restyles: bool = False,
) -> Batch:
    """Sounds for one step, half of them mixed with another, and as many pictures.

    Args:
        rng: of what is drawn.
        sounds: to learn from.
        made: which of them are synthetic, [n].
        seen_as: features of the pictures' views, [pictures, VIEWS, width].
        pictures: their labels.
        restyles: whether sounds are heard in each other's colours.
    """
    chances = balanced(sounds.kind)
    chances = np.where(made, chances * SYNTHETIC_SHARE / max(chances[made].sum(), 1e-9), chances)
    rest = 1 - SYNTHETIC_SHARE if made.any() else 1.0
    chances = np.where(made, chances, chances * rest / chances[~made].sum())
    chosen = rng.choice(chances.size, (2, SOUNDS_PER_STEP), p=chances / chances.sum())
    db = [torch.from_numpy(np.stack([cut(sounds.pictures[one], rng) for one in row])) for row in chosen]
    db = [part - torch.logsumexp(part.flatten(1) * 0.2303, 1)[:, None, None] / 0.2303 for part in db]
    alone = rng.random(SOUNDS_PER_STEP) < 0.4
    second_db = np.where(alone, -200.0, rng.uniform(-16, 0, SOUNDS_PER_STEP)).astype(np.float32)
    mixed = torch.logaddexp(db[0] * 0.2303, (db[1] + torch.from_numpy(second_db)[:, None, None]) * 0.2303) / 0.2303
    share = torch.from_numpy(np.where(alone, 0.0, 0.5 * 10 ** (second_db / 24)).astype(np.float32))[:, None]
    kinds = torch.nn.functional.one_hot(torch.from_numpy(sounds.kind[chosen]), len(sounds.classes)).float()
    looked = rng.choice(pictures.label.size, SOUNDS_PER_STEP, p=balanced(pictures.label))
    which = torch.from_numpy(rng.integers(VIEWS, size=SOUNDS_PER_STEP))
    return Batch(
        heard(restyled(mixed, rng) if restyles else mixed, rng),
        (1 - share) * kinds[0] + share * kinds[1],
        seen_as[torch.from_numpy(looked), which],
        torch.from_numpy(pictures.label[looked]),
    )


def losses(space: Space, batch: Batch, belongs: Tensor) -> dict[str, Tensor]:
    """What is wrong with the space, by name. belongs [labels, classes]: rows of weights that sum to 1, or 0."""
    with torch.autocast("cpu", torch.bfloat16):
        x = space.sound.trunk(batch.spectrograms[:, None].to(memory_format=torch.channels_last))
    x = x.float()
    features = space.sound.rest(torch.cat([x.mean(3), x.amax(3)], 1).flatten(1))
    sounds, pictures = space.sound.place(features), space.picture.place(batch.features)
    anchors = nn.functional.normalize(space.sound.anchors, dim=1)
    named = cross_entropy(SHARPNESS * sounds @ anchors.T, batch.classes, label_smoothing=0.05)
    wanted = belongs[batch.label]  # [pictures, classes]
    has_scene = wanted.sum(1) > 0
    placed = -(wanted * log_softmax(SHARPNESS * pictures @ anchors.T, 1)).sum(1)[has_scene].mean()
    # A picture and a sound are a pair as far as the picture's label and the sound's classes belong together.
    pairs = (wanted > 0).float() @ batch.classes.T
    likeness = pictures @ sounds.T / TEMPERATURE
    contrast = _several_positives(likeness, pairs) + _several_positives(likeness.T, pairs.T)
    with torch.no_grad():  # what the eye would name, in the mean over the pictures that belong to a sound
        names = torch.softmax(space.picture.classify(batch.features), 1)
        weight = pairs.T / pairs.sum(0)[:, None].clamp(min=1e-6)
        imagined = weight @ names
        fits = pairs.sum(0) > 0.3
    dreamed = -(imagined * log_softmax(space.sound.imagine(features), 1)).sum(1)[fits].mean()
    return {"named": named, "placed": placed, "contrast": contrast, "imagined": dreamed}


def _several_positives(likeness: Tensor, pairs: Tensor) -> Tensor:
    """Cross-entropy of each row's softmax with its pairs; rows without a pair do not count."""
    total = pairs.sum(1)
    rows = total > 0.3
    target = pairs[rows] / total[rows][:, None]
    return -(target * log_softmax(likeness[rows], 1)).sum(1).mean() if rows.any() else likeness.sum() * 0


def train_ear(
    eye: ImageNetwork,
    pictures: Pictures,
    sounds: Sounds,
    made: NDArray[np.bool_],
    belongs: NDArray[np.float32],
    steps: int,
    seed: int,
    run: Path,
    data: Path | Subject | None = None,
    restyles: bool = False,
) -> Space:
    """The ear, and the eye's way into the space.

    Args:
        eye: names pictures; all but its projection stays as it is.
        pictures: what it saw.
        sounds: recordings and synthetic ambiences.
        made: which of the sounds are synthetic, [n].
        belongs: weight of each class of sounds for each label of pictures, [labels, classes].
        steps: of SOUNDS_PER_STEP sounds and as many pictures.
        seed: of everything random.
        run: where the run keeps its place.
        data: the folder that pictures and recordings are from.
        restyles: whether it hears sounds in each other's colours.
    """
    torch.manual_seed(seed)
    seen_as = views(eye.eval(), pictures, seed)
    space = Space(copy.deepcopy(eye), AudioNetwork(AUDIO_WIDTHS, sounds.classes, len(pictures.labels)))
    space.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = copy.deepcopy(space).eval()
    for part in (space.picture.trunk, space.picture.classify):
        part.requires_grad_(False)
    parameters = [parameter for parameter in space.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(parameters, lr=1e-3, weight_decay=0.05)
    weights_of = torch.from_numpy(belongs)
    with Run(run, steps, Subject.of(data).telling((*pictures.labels, *sounds.classes))) as place:
        first = place.resume(space, optimiser, average)
        for one in (space, average):
            _see_with(one, eye)
        for step in range(first, steps):
            batch = draw(np.random.default_rng([seed, 1, step]), sounds, made, seen_as, pictures, restyles)
            space.train()
            space.picture.trunk.eval()
            parts = losses(space, batch, weights_of)
            loss = parts["named"] + 0.5 * parts["placed"] + 0.25 * parts["contrast"] + 0.1 * parts["imagined"]
            _learn(space, average, optimiser, loss, rate(step, steps, 2.5e-3), step)
            place.progress(step, **{name: float(value.detach()) for name, value in parts.items()})
            if step % 200 == 199 or step == steps - 1:
                place.save(step, space, optimiser, average)
    return average


def _see_with(space: Space, eye: ImageNetwork) -> None:
    """The eye as it is now: a run that goes on may remember one that had learned for fewer steps."""
    space.picture.trunk.load_state_dict(eye.trunk.state_dict())
    space.picture.classify.load_state_dict(eye.classify.state_dict())


def joined(spaces: Sequence[Space], pictures: Pictures, seed: int) -> Spaces:
    """Side by side what was learned apart, by ears that share an eye; with the bank of some of the pictures."""
    eye, ear = spaces[0].picture, spaces[0].sound
    whole = Spaces(IMAGE_WIDTHS, AUDIO_WIDTHS, eye.labels, ear.classes, len(spaces))
    whole.picture.trunk, whole.picture.classify = eye.trunk, eye.classify
    whole.picture.project = nn.ModuleList(space.picture.project[0] for space in spaces)
    whole.sounds = nn.ModuleList(space.sound for space in spaces)
    whole.bank = bank(whole.eval(), pictures, seed)
    return whole


# ---- all of it -------------------------------------------------------------------------------------------------


def train(
    data: Path,
    out: Path | None = None,
    steps: int = 3600,
    seed: int = 0,
    run: Path = Path("runs") / NAME,
    hold_out: str | None = None,
) -> Path:
    """Train from a data folder and write weights and card; an interrupted run goes on where it was.

    Args:
        data: holds images/INDEX.csv, ambience/train/esc50/INDEX.csv and scenes.csv.
        out: folder of the weights; None is the project's own.
        steps: optimiser steps of the eye; each ear takes EAR_STEPS of them.
        seed: of everything random.
        run: where the run keeps its place.
        hold_out: a fold of sounds not to learn from, nor from some pictures of every label (`held_out.py`); measured
            on these, the figures go onto the card, and their manifest into the run's folder.

    Returns:
        Path of the safetensors file.

    Raises:
        MaterialError: the folder does not hold what it must, rows of its tables are broken, or no picture has
            a scene; or nothing can be measured with what is held out, or that would replace the exhibition's own.
    """
    if hold_out is not None and out is None:
        raise MaterialError(
            "a network that has not learned from all there is must not replace the exhibition's: give --out a folder"
        )
    run = run if hold_out is None else run / f"without_{hold_out}"
    demand(
        data,
        {
            PICTURES: ("path", "label"),
            SOUNDS: ("path", "label", "fold"),
            SCENES: ("scene", "pictures", "sounds"),
        },
    )
    with alone(run):  # until the weights are written
        return _train(data, out, steps, seed, run, hold_out)


def _train(data: Path, out: Path | None, steps: int, seed: int, run: Path, hold_out: str | None) -> Path:
    """As `train`, with a run that is nobody else's."""
    pictures = read_pictures(data / PICTURES)
    asked = held_out.rows(data, hold_out, seed) if hold_out is not None else []
    if asked:
        pictures = pictures.only(~held_out.pictures(pictures.label, seed))
    pictures = pictures.plus(drawn_pictures(pictures.labels, DRAWINGS_EACH))
    recordings = read_recordings(data / SOUNDS, () if hold_out is None else (hold_out,))
    synthetic = make_synthetic(seed, SYNTHETIC_EACH)
    sounds = spectrograms(recordings + synthetic)
    made = np.arange(len(sounds.pictures)) >= len(recordings)
    belongs = affinity(read_scenes(data / SCENES), pictures.labels, sounds.classes)
    if without := without_scene(belongs, pictures.labels):
        print(f"labels of pictures that have no scene, and no sound: {', '.join(without)}", file=sys.stderr)
    learned, authors = material_of(data), authors_to_name(data / SOUNDS)
    files = of_tables(data, (PICTURES,))
    heard = of_tables(data, (SOUNDS,)) | {SCENES: digest(data / SCENES)}
    eye = train_eye(pictures, steps, seed, run / "eye", Subject(data, files=files))
    steps = steps_had(run / "eye")  # more than was asked for, where it had them before
    ear_steps = max(1, round(EAR_STEPS * steps))
    subject = Subject(data, files=files | heard)
    spaces = [
        train_ear(
            eye, pictures, sounds, made, belongs, ear_steps, seed + ear, run / f"ear{ear + 1}", subject, restyles
        )
        for ear, restyles in enumerate(RESTYLED)
    ]
    whole = joined(spaces, pictures, seed).half().float()  # as it is saved
    measured = {}
    if asked:
        held_out.write(asked, run / "held_out.csv")
        measured = {f"without_fold_{hold_out}": measure(asked, TrainedEncoder(whole, "measured"))}
        print(f"measured without fold {hold_out}: {measured}", file=sys.stderr)
        learned.append(f"all but fold {hold_out} of the sounds and {held_out.SHARE:.0%} of every label's pictures")
    return save(whole, steps, measured, learned, authors, out, hold_out)


def material_of(data: Path) -> list[str]:
    """What the card says of the data, by the tables of the folder."""
    return [
        *learned_from(data, PICTURES, "pictures", SOURCES),
        *learned_from(data, SOUNDS, "sounds", SOURCES),
        "drawn panoramas by drawings.py and synthetic ambiences by ambiences.py of this project",
    ]


def architecture(spaces: Spaces) -> dict[str, Any]:
    """What rebuilds the networks."""
    return {
        "image_widths": list(IMAGE_WIDTHS),
        "audio_widths": list(AUDIO_WIDTHS),
        "labels": list(spaces.picture.labels),
        "classes": list(spaces.classes),
        "ears": len(spaces.sounds),
        "banked": len(spaces.bank),
    }


@torch.inference_mode()
def bank(spaces: Spaces, pictures: Pictures, seed: int, each: int = 24) -> Tensor:
    """What some pictures of every label call for, unit vectors [n, classes]: what hubs are known by.

    They are seen as other cameras would have them: as they are, the eye knows them too well, and what answers
    pictures of which it is less sure would go unnoticed.
    """
    rng = np.random.default_rng([seed, 2])
    chosen = [
        place for label in range(len(pictures.labels)) for place in np.flatnonzero(pictures.label == label)[:each]
    ]
    images = [seen(pictures.images[place], rng) for place in chosen]
    parts = [place_pictures(spaces.of_pictures, images[start : start + 32]) for start in range(0, len(images), 32)]
    return torch.from_numpy(np.concatenate(parts))


def save(
    spaces: Spaces,
    steps: int,
    measured: dict[str, Any],
    data: list[str],
    authors: list[str],
    out: Path | None = None,
    hold_out: str | None = None,
) -> Path:
    """Weights in half the bytes, and their card."""
    state = {
        key: value.half() if value.dtype == torch.float32 else value for key, value in spaces.state_dict().items()
    }
    options = f"--data DIR --steps {steps}" + (f" --hold-out {hold_out} --out DIR" if hold_out is not None else "")
    return weights.save(NAME, state, card(architecture(spaces), options, measured, data, authors), out)


def card(
    architecture: dict[str, Any], options: str, measured: dict[str, Any], data: list[str], authors: list[str]
) -> weights.Card:
    """The model card: what the networks are, what they learned from, and how to make and measure them again."""
    return weights.Card(
        name=NAME,
        architecture=architecture,
        data=data,
        licence="Apache-2.0 for what is ours; see data for the pictures learned from",
        command=f"python3 run.py train {NAME} {options}",
        measured=measured,
        notes="Visitors' pictures are never in the training data.",
        evaluation="python3 run.py evaluate imaginary_soundscape --data MANIFEST.csv",
        authors=authors,
    )
