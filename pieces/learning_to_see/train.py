"""Learning a world from a folder of pictures, and the parent that all worlds are grown from.

The recipe is self-supervised (Akten, Learning to See, 2020): the input is made from the picture itself, by taking
away all but a few grey cells. A world is the parent taught further on its own pictures only, so that worlds can be
blended. A run is kept in its folder, with a contact sheet every few minutes, and goes on where it was cut.
"""

from __future__ import annotations

import contextlib
import copy
import re
import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from installation.networks import weights
from installation.networks.averaging import follow
from installation.networks.material import demand_folder
from installation.networks.picture_folders import FEW, Pictures
from installation.networks.subject import Subject
from installation.networks.training import Run, alone, steps_had
from installation.networks.weights import Card, WeightsError
from pieces.learning_to_see import worlds
from pieces.learning_to_see.descent import Descent
from pieces.learning_to_see.evaluate import measured
from pieces.learning_to_see.lesson import Asked, Learner, Seer, lesson
from pieces.learning_to_see.pictures import Batch, Sampler, drawn_shift, read_pictures
from pieces.learning_to_see.sheet import Sheet
from pieces.learning_to_see.team import Team, team
from pieces.learning_to_see.worlds import PARENT, PREFIX, Architecture

RUNS = Path("runs")
SHEET = "sheet.png"  # in a run's folder
NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
WORTHWHILE = 200
"""With fewer pictures a world soon repeats itself."""
TINT, SEER = "tint.", "seer."


@dataclass(frozen=True)
class Plan:
    """How a network is taught.

    size_px: what a whole picture's shorter side is learned at; crop_px: side of what is cut from it; workers: how
    many threads cut crops beside the learning.
    """

    steps: int = 30_000
    batch: int = 4
    size_px: int = 256
    crop_px: int = 128
    rate: float = 2e-4
    adversary_rate: float = 4e-4
    averaging: float = 0.998
    save_every: int = 250
    sheet_every: int = 500
    workers: int = 1
    seed: int = 0
    asked: Asked = field(default_factory=Asked)


ON_PROCESSOR = Plan()
ON_GPU = Plan(batch=16, size_px=512, crop_px=256, save_every=1000, sheet_every=1000, workers=8)


def train(
    data: Path,
    world: str | None = None,
    run: Path | None = None,
    steps: int | None = None,
    folder: Path | None = None,
    plan: Plan | None = None,
    out: Path | None = None,
) -> Path:
    """Teach one world from a folder of pictures; returns the file of its weights.

    world: its name, small letters, digits, - and _; run: where the run keeps its place (default runs/WORLD); steps:
    how long; folder: where the parent lies (default assets/weights); out: where the world goes (default: there, too).

    Raises:
        ValueError: no name, or no picture that can be used.
    """
    if world is None or not NAME.fullmatch(world) or world == PARENT:
        raise ValueError(f"--world {world or ''}: give the world a name of small letters, digits, - and _, e.g. rust")
    with team() as our, contextlib.ExitStack() as stack:
        plan = planned(plan, our, steps)
        pictures = read_pictures(data, plan.size_px)
        tell(our, world, pictures)
        stack.enter_context(alone(run or RUNS / world))  # until the weights are written
        torch.manual_seed(plan.seed)
        learner, descent = from_parent(world, folder, our)
        if our.leads:
            descent = descent.of_run(run or RUNS / world)
        sheet = Sheet(shown(data, pictures, plan), plan.size_px)
        sampler = Sampler(pictures, plan.size_px, plan.crop_px)
        subject = Subject(data, (world,), pictures.files)
        seer = fit(run or RUNS / world, subject, learner, [sampler], sheet, plan, our)
        path = weights.path_of(f"{PREFIX}{world}", out or folder)
        if our.leads:
            network = seer.worlds()[0].cpu()
            had = replace(plan, steps=steps_had(run or RUNS / world))
            card = card_of(world, data, len(pictures.kept), had, descent)
            figures = measured(worlds.of(world, network, card), data, plan.size_px)
            path = worlds.save(world, network, replace(card, measured=figures), out or folder)
        return path


def train_parent(
    data: Path,
    run: Path | None = None,
    steps: int | None = None,
    folder: Path | None = None,
    plan: Plan | None = None,
    out: Path | None = None,
) -> Path:
    """Teach the parent from a folder that holds one folder of pictures for each world; returns the weights' file.

    Raises:
        ValueError: there are no such folders, or one has no picture that can be used.
    """
    demand_folder(data, "one folder of pictures for each world")
    names = sorted(path.name for path in data.iterdir() if path.is_dir())
    if not names:
        raise ValueError(f"{data}: the parent is taught from one folder for each world; there is none in it")
    with team() as our, contextlib.ExitStack() as stack:
        plan = planned(plan, our, steps)
        parts = [read_pictures(data / name, plan.size_px) for name in names]
        for name, pictures in zip(names, parts, strict=True):
            tell(our, name, pictures)
        stack.enter_context(alone(run or RUNS / PARENT))  # until the weights are written
        torch.manual_seed(plan.seed)
        learner = Learner(Architecture(), len(names))
        on_sheet = [shown(data / name, part, plan)[0] for name, part in zip(names, parts, strict=True)]
        samplers = [Sampler(part, plan.size_px, plan.crop_px) for part in parts]
        files = {
            f"{name}/{file}": kept
            for name, part in zip(names, parts, strict=True)
            for file, kept in part.files.items()
        }
        subject = Subject(data, tuple(names), files)
        seer = fit(run or RUNS / PARENT, subject, learner, samplers, Sheet(on_sheet, plan.size_px), plan, our)
        learner.seer.load_state_dict(seer.state_dict())
        if our.leads:
            had = replace(plan, steps=steps_had(run or RUNS / PARENT))
            card = card_of(PARENT, data, sum(len(part.kept) for part in parts), had)
            save_parent(learner, names, card, out or folder)
        return weights.path_of(f"{PREFIX}{PARENT}", out or folder)


def fit(
    folder: Path, subject: Subject, learner: Learner, samplers: Sequence[Sampler], sheet: Sheet, plan: Plan, our: Team
) -> Seer:
    """Teach a learner in a folder, going on where an earlier call with the same subject was cut; returns the averaged
    seer."""
    learner.to(our.device)
    learner.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    our.agree(learner.state_dict().values())
    averaged = copy.deepcopy(learner.seer).eval()
    groups = [{"params": list(learner.seer.parameters())}, {"params": list(learner.adversary.parameters())}]
    optimiser = torch.optim.Adam(groups, betas=(0.5, 0.99))
    if our.leads:
        print(f"{folder / SHEET} shows every {plan.sheet_every} steps what it makes of pictures", file=sys.stderr)
    with Run(folder, plan.steps, subject, together=our.any) as run:
        first = run.resume(learner, optimiser, averaged)
        for step, (batch, world) in batches(samplers, plan, first, our.rank):
            for group, rate in zip(optimiser.param_groups, (plan.rate, plan.adversary_rate), strict=True):
                group["lr"] = rate * pace_at(step, plan)
            figures = lesson(learner, optimiser, batch, world.to(our.device), step, plan.asked, our)
            follow(averaged, learner.seer, min(plan.averaging, (step + 1) / (step + 20)))
            last = step + 1 == plan.steps
            if our.leads and ((step + 1) % plan.save_every == 0 or last):
                run.save(step, learner, optimiser, averaged)
            if our.leads and ((step + 1) % plan.sheet_every == 0 or last):
                sheet.write(folder / SHEET, averaged.worlds())
            run.progress(step, **figures)  # last: who asked to stop leaves here
    return averaged


def pace_at(step: int, plan: Plan) -> float:
    """The share of the learning rate: a short start, then level, then falling to a tenth over the last third."""
    end = min(1.0, (plan.steps - step) / (plan.steps / 3))
    return min(1.0, (step + 1) / 100) * (0.1 + 0.9 * end)


def batches(
    samplers: Sequence[Sampler], plan: Plan, first: int, rank: int
) -> Iterator[tuple[int, tuple[Batch, Tensor]]]:
    """Each step from `first` on, with its batch; a few are cut ahead. A step's batch is the same in every run."""

    def cut(step: int) -> tuple[Batch, Tensor]:
        return draw(samplers, plan.batch, np.random.default_rng((plan.seed, rank, step)))

    with ThreadPoolExecutor(plan.workers) as pool:
        ahead = deque(pool.submit(cut, step) for step in range(first, min(plan.steps, first + 2 * plan.workers)))
        for step in range(first, plan.steps):
            batch = ahead.popleft().result()
            if step + 2 * plan.workers < plan.steps:
                ahead.append(pool.submit(cut, step + 2 * plan.workers))
            yield step, batch


def draw(samplers: Sequence[Sampler], size: int, rng: np.random.Generator) -> tuple[Batch, Tensor]:
    """A batch with as many worlds as fit, equally, and which world each row is of: int64 [b]."""
    order = rng.permutation(len(samplers))[:size]
    each = size // len(order)
    shift = drawn_shift(rng)
    parts = [samplers[number].draw(each, rng, shift) for number in order]
    return Batch.joined(parts), torch.from_numpy(order.repeat(each))


# ---- the parent ---------------------------------------------------------------------------------------------------


def save_parent(learner: Learner, names: Sequence[str], card: Card, folder: Path | None = None) -> Path:
    """Write the parent with its adversary, so that a new world begins with both. Worlds in alphabetical order."""
    state = {key: value.half() for key, value in learner.state_dict().items() if key != f"{SEER}tint.weight"}
    state |= {f"{TINT}{name}": row.half() for name, row in zip(names, learner.seer.tint.weight, strict=True)}
    return weights.save(f"{PREFIX}{PARENT}", state, card, folder)


def from_parent(world: str, folder: Path | None, our: Team) -> tuple[Learner, Descent]:
    """A learner of one world that knows what the parent knows of it, or of all worlds if it is a new one; and from
    whom it descends."""
    learner = Learner(Architecture(), 1)
    try:
        found = weights.load(f"{PREFIX}{PARENT}", folder)
    except WeightsError as error:
        if our.leads:
            said = "This world begins from nothing: it cannot be blended with others, and is shown by itself."
            print(f"{error}\n{said}", file=sys.stderr)
        return learner, Descent()
    if fault := worlds.fault_of(found.card.architecture):
        raise ValueError(f"{PREFIX}{PARENT}: {fault}; restore it or train it again: {found.card.command}")
    names = sorted(key.removeprefix(TINT) for key in found.state if key.startswith(TINT))
    rows = [names.index(world)] if world in names else list(range(len(names)))
    learner.load_state_dict(of_one_world(found.state, [f"{TINT}{names[row]}" for row in rows], rows))
    return learner, Descent.from_card(found.card)


def of_one_world(state: Mapping[str, Tensor], tints: Sequence[str], rows: Sequence[int]) -> dict[str, Tensor]:
    """The parent's state as that of a learner of one world: the mean of what it knows of some."""
    one = {key: value.float() for key, value in state.items() if not key.startswith(TINT)}
    one[f"{SEER}tint.weight"] = torch.stack([state[tint].float() for tint in tints]).mean(0, keepdim=True)
    for key in one:
        if ".score." in key:
            one[key] = one[key][list(rows)].mean(0, keepdim=True)
    return one


# ---- what a run is told and says -----------------------------------------------------------------------------------


def planned(plan: Plan | None, our: Team, steps: int | None) -> Plan:
    """The plan for this machine."""
    plan = plan or (ON_PROCESSOR if our.device == "cpu" else ON_GPU)
    return plan if steps is None else replace(plan, steps=steps)


def tell(our: Team, world: str, pictures: Pictures) -> None:
    """Say what was left out, and whether there are enough pictures."""
    if not our.leads:
        return
    for reason in pictures.left_out:
        print(reason, file=sys.stderr)
    number = len(pictures.kept)
    print(f"{world}: {number} pictures to learn from, {pictures.held_back} held back", file=sys.stderr)
    if not pictures.held_back:
        print(
            f"{world}: no picture is held back (with fewer than {FEW} none is): nothing is measured", file=sys.stderr
        )
    if number < WORTHWHILE:
        print(f"{world}: with fewer than {WORTHWHILE} pictures a world repeats itself", file=sys.stderr)


def shown(data: Path, pictures: Pictures, plan: Plan) -> list[np.ndarray]:
    """Pictures for the contact sheet: held back where there are any."""
    try:
        return list(read_pictures(data, plan.size_px, "held_back").kept)
    except ValueError:
        return list(pictures.kept)


def card_of(world: str, data: Path, number: int, plan: Plan, descent: Descent | None = None) -> Card:
    """A card that only lacks what is measured. The parent itself has no descent."""
    mine = f"{number} pictures of {data.name!r}; whoever passes this world on writes here whose they are"
    before = descent.told() if descent is not None else []
    if world == PARENT:
        command, evaluation = "python3 run.py train learning_to_see.parent --data FOLDER_OF_FOLDERS", ""
    else:
        command = f"python3 run.py train learning_to_see --data PICTURES --world {world}"
        evaluation = f"python3 run.py evaluate learning_to_see --data PICTURES --world {world}"
    return Card(
        name=f"{PREFIX}{world}",
        architecture=asdict(Architecture()),
        data=[mine, *before],
        licence=f"that of the pictures{', and of those of its parent' if before else ''}",
        parent_sha256=descent.parent_sha256 if descent is not None else "",
        command=f"{command} --steps {plan.steps}",
        evaluation=evaluation,
        notes=f"Learned at {plan.size_px} px in crops of {plan.crop_px} px, {plan.batch} at a time.",
    )
