"""A training run that a person can watch, stop and continue: checkpoints and a progress bar.

The network, its data and its loss belong to the piece; this room keeps the run's place on disk.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from installation.files import write_whole
from installation.locking import HeldError, held
from installation.networks.subject import Subject
from installation.networks.weights import no_numbers_in, otherwise_shaped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from torch import Tensor, nn
    from torch.optim import Optimizer


LOG = "progress.jsonl"  # in the run's folder: a line of all figures, every EVERY steps
EVERY = 100
PATIENCE = 0.5  # seconds that a training which just ends is waited for
_OURS: set[Path] = set()  # folders that this process holds


class RunError(ValueError):
    """A run that cannot go on in its folder. The message says why, and what to do."""


def leads() -> bool:
    """Whether this process speaks, and keeps what is learned: the only one, or the first that torchrun started."""
    return os.environ.get("RANK", "0") == "0"


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """No other process trains in `folder`, which is made; one that dies holds it no longer.

    Of several processes that torchrun started for one training, the first holds it for all.

    Raises:
        RunError: somebody does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    place = folder.resolve()
    if place in _OURS or not leads():
        yield
        return
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(held(folder / "running.lock", "training", PATIENCE))
        except HeldError as error:
            raise RunError(
                f"{folder}: another training is under way here, by {error.holder}; wait for its end, or name another "
                "folder with --run"
            ) from error
        stack.callback(_OURS.discard, place)
        _OURS.add(place)
        yield


class Run:
    """One training run, kept in `folder` so that it goes on where it was cut; nobody else trains there meanwhile.

    `data` is the folder that is learned from, or the whole `Subject`: a run goes on only with its own, so that no
    card names pictures that the network has never seen; what came into the folder since is learned from, too. Ctrl-C
    ends a run behind the step that is under way, which is kept; a second one, at once.

    Of several processes that learn one network together the first keeps the run and speaks. `together` is asked in
    each of them behind each step, with whether Ctrl-C was pressed there, and answers whether it was in any: so all of
    them end behind the same step.

    Whoever watches reads the steps, their share, how long it still takes, and the first two figures that the piece
    tells; every hundred steps all of them are kept in `progress.jsonl` beside the run.

    with Run(Path("runs/rhythm"), steps=20_000, data=data) as run:
        for step in range(run.resume(model, optimiser), run.steps):
            ...
            run.progress(step, loss=loss.item())
            if step % 500 == 0:
                run.save(step, model, optimiser)
    """

    def __init__(
        self,
        folder: Path,
        steps: int,
        data: Path | Subject | None = None,
        clock: Callable[[], float] = time.monotonic,
        together: Callable[[bool], bool] | None = None,
    ) -> None:
        if steps <= 0:
            raise ValueError(f"steps={steps} must be positive")
        self.folder = folder
        self.steps = steps
        self._subject = Subject.of(data)
        self.came_since: list[str] = []  # the files that it had not learned from when it was stopped
        self._alone = contextlib.ExitStack()
        self._learning: tuple[nn.Module, Optimizer, nn.Module | None] | None = None
        self._kept = self._done = -1  # the last step that is on disk, and the last that was done
        self._asked_to_stop = False
        self._together, self._leads = together, leads()
        self._live = sys.stderr.isatty() and self._leads
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=8),
            TextColumn("{task.fields[said]}"),
            console=Console(stderr=True),
            disable=not self._live,
        )
        self._task = self._bar.add_task(folder.name, total=1.0, said="")
        self._clock = clock
        self._first: tuple[float, float] | None = None  # the share that was done when this process began, and when
        self._figures: dict[str, float] = {}  # the newest of each name

    def __enter__(self) -> Run:
        self._alone.enter_context(alone(self.folder))
        ends_here = self._together is not None or os.environ.get("WORLD_SIZE", "1") == "1"
        if ends_here and threading.current_thread() is threading.main_thread():
            self._alone.callback(signal.signal, signal.SIGINT, signal.signal(signal.SIGINT, self._stop))
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
        self._alone.close()
        if kind is KeyboardInterrupt:
            went = (
                f"after {self._kept + 1} of {self.steps} steps; the same command goes on from there"
                if self._kept >= 0
                else "before a step was kept; the same command begins anew"
            )
            self._say(f"{self.folder}: stopped {went}")

    def _stop(self, number: int, frame: FrameType | None) -> None:
        # Of several, the others would wait for this one in their first step.
        begun = self._done >= 0 or self._together is not None
        if self._asked_to_stop or self._learning is None or not begun:
            raise KeyboardInterrupt
        self._asked_to_stop = True
        self._say("\nthis step is done and kept, then the run stops; Ctrl-C again: at once")

    def _say(self, sentence: str) -> None:
        if self._leads:
            print(sentence, file=sys.stderr, flush=True)

    def resume(self, model: nn.Module, optimiser: Optimizer, ema: nn.Module | None = None) -> int:
        """Load the newest checkpoint into the arguments; returns the step to go on from (0 for a new run).

        torch's random numbers go on as well: where batches are drawn by step, the losses are those of a run that was
        never cut. A run that has all its steps says so, and one that learns from more files than it did.

        Raises:
            RunError: what lies there is damaged, another network's, or learned something else.
        """
        import torch

        self._learning = model, optimiser, ema
        path = self.folder / "checkpoint.safetensors"
        if not path.exists():
            return 0
        tensors, about = self._read(path)
        if fault := self._subject.fault(about):
            raise RunError(f"{self.folder}: {fault} move the folder away or name another with --run")
        if fault := no_numbers_in(_part(tensors, "model.")):
            raise RunError(f"{self.folder}: of its checkpoint {fault}; move the folder away to begin anew")
        if moved := self._subject.moved(about):
            self._say(f"{self.folder}: {moved}")
        self.came_since = more = self._subject.came_since(about)
        if more and int(about["step"]) + 1 >= self.steps:
            raise RunError(
                f"{self.folder}: this run has its {int(about['step']) + 1} steps and has not seen all files that "
                f"are there now: {len(more)} came since (the first: {more[0]}). For more steps ask with --steps, or "
                "take out what came"
            )
        self._subject = self._subject.after(about)
        try:
            self._restore(tensors, about, model, optimiser, ema)
        except torch.OutOfMemoryError:
            raise
        except (RuntimeError, ValueError, KeyError) as error:  # other tensors than those of this network
            said = otherwise_shaped(model.state_dict(), _part(tensors, "model.")) or str(error).splitlines()[0]
            raise RunError(
                f"{self.folder}: cannot go on from its checkpoint, which is of another version of the network "
                f"({said}); move the folder away to begin anew, or name another with --run"
            ) from error
        if "random" in tensors:
            torch.set_rng_state(tensors["random"])
        self._kept = int(about["step"])
        step = self._kept + 1
        if more:
            self._say(
                f"{self.folder}: from step {step} on it also learns from what came since, files: {len(more)} (the "
                f"first: {more[0]})"
            )
        if step >= self.steps:
            self._say(
                f"{self.folder}: this run has its {step} steps and learns no more; for more ask with --steps, or "
                "move the folder away to begin it anew"
            )
        return step

    def _read(self, path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """The checkpoint's tensors, and what it says of itself. Raises RunError."""
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="pt") as file:
                tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (it is no mapping)
                said = (file.metadata() or {}).get("about")
            # Until a run of an earlier version has ended, its place stands in a file of its own.
            about = json.loads(said or (self.folder / "checkpoint.json").read_text(encoding="utf-8"))
            if not isinstance(about, dict) or "step" not in about:
                raise ValueError("it does not say its step")
        except (SafetensorError, ValueError, OSError) as error:
            raise RunError(
                f"{self.folder}: cannot go on, its checkpoint is damaged ({str(error).splitlines()[0]}); move the "
                "folder away to begin anew"
            ) from error
        return tensors, about

    @staticmethod
    def _restore(
        tensors: dict[str, Tensor],
        about: dict[str, Any],
        model: nn.Module,
        optimiser: Optimizer,
        ema: nn.Module | None,
    ) -> None:
        model.load_state_dict(_part(tensors, "model."))
        if ema is not None:
            ema.load_state_dict(_part(tensors, "ema."))
        state: dict[int, dict[str, Any]] = {int(key): dict(value) for key, value in about["optimiser"].items()}
        for key, value in _part(tensors, "optimiser.").items():
            index, _, name = key.partition(".")
            state.setdefault(int(index), {})[name] = value
        groups = optimiser.state_dict()["param_groups"]
        for group, kept in zip(groups, about["groups"], strict=True):
            group.update(kept)
        optimiser.load_state_dict({"state": state, "param_groups": groups})

    def _gone_wrong(self) -> str:
        """What to do where what is learned is no number any more; of several processes the first knows."""
        if not self._leads:
            return ""
        kept = f"what it had learned after {self._kept + 1} is kept, and the same command goes on from there"
        return (
            f"; {kept if self._kept >= 0 else 'no step was kept'}. If it ends there again, look in the training at "
            "what divides, roots or takes logarithms, or let it learn in smaller steps (a lower learning rate)"
        )

    def save(self, step: int, model: nn.Module, optimiser: Optimizer, ema: nn.Module | None = None) -> None:
        """Keep the run's place: `step` is done. A cut while writing leaves the previous checkpoint.

        Raises:
            RunError: a tensor of `model` or `ema` holds NaN; the previous checkpoint stays.
        """
        from safetensors.torch import save as to_bytes
        from torch import Tensor, get_rng_state

        for network in filter(None, (model, ema)):
            if fault := no_numbers_in(network.state_dict()):
                raise RunError(f"{self.folder}: after {step + 1} steps {fault}{self._gone_wrong()}")
        tensors: dict[str, Tensor] = {f"model.{k}": v for k, v in model.state_dict().items()}
        tensors["random"] = get_rng_state()
        if ema is not None:
            tensors |= {f"ema.{k}": v for k, v in ema.state_dict().items()}
        state = optimiser.state_dict()
        scalars: dict[int, dict[str, Any]] = {}
        for index, values in state["state"].items():
            for name, value in values.items():
                if isinstance(value, Tensor):
                    tensors[f"optimiser.{index}.{name}"] = value
                else:
                    scalars.setdefault(index, {})[name] = value
        groups = [{k: v for k, v in group.items() if k != "params"} for group in state["param_groups"]]
        about = {"step": step, **self._subject.kept(), "optimiser": scalars, "groups": groups}
        copies = {k: v.detach().cpu().clone().contiguous() for k, v in tensors.items()}
        data = to_bytes(copies, metadata={"about": json.dumps(about)})  # one file: a cut cannot part step and tensors
        write_whole(self.folder / "checkpoint.safetensors", data)
        (self.folder / "checkpoint.json").unlink(missing_ok=True)
        self._kept = step

    def progress(self, step: int, share: float | None = None, **figures: float) -> None:
        """Show the step that is done: on a terminal as a bar, in a log as a line every 100 steps.

        figures: how well it goes, for two are shown: how far off it still is, then what else matters most; share: of
        the whole that is done, 0..1, where it is not the steps that end the run.

        Raises:
            KeyboardInterrupt: it was asked for meanwhile; the step is kept.
            RunError: a figure is no number any more: from here on nothing is learned.
        """
        self._done = step
        fault = _no_number(figures.items())
        if self._leads and not fault:
            self._show(step, share, figures)
        stop = self._asked_to_stop or bool(fault)
        stop = self._together(stop) if self._together is not None else stop
        if fault:
            raise RunError(f"{self.folder}: after {step + 1} steps {fault}{self._gone_wrong()}")
        if stop and self._learning is not None and step + 1 < self.steps:  # the last one is about to end
            if self._leads:
                model, optimiser, ema = self._learning
                self.save(step, model, optimiser, ema)
            raise KeyboardInterrupt

    def _show(self, step: int, share: float | None, figures: Mapping[str, float]) -> None:
        now, done = self._clock(), (step + 1) / self.steps if share is None else share
        if self._first is None:
            self._first = done, now
            self._begin(figures)
        self._figures |= figures
        steps = f"{step + 1:,}/{self.steps:,} steps" if share is None else f"{step + 1:,} steps"
        shown = " ".join(f"{name} {value:.3g}" for name, value in list(figures.items())[:2])
        said = ", ".join(filter(None, (steps, f"{math.floor(100 * done)} %", self._left(done, now), shown)))
        now_and_then = step % EVERY == 0 or step == self.steps - 1
        if self._live:
            self._bar.update(self._task, completed=done, said=said)
        elif now_and_then:
            print(f"{self.folder.name}: {said}", file=sys.stderr, flush=True)
        if now_and_then:
            with (self.folder / LOG).open("a", encoding="utf-8") as file:
                file.write(json.dumps({"step": step, **self._figures}) + "\n")

    def _begin(self, figures: Mapping[str, float]) -> None:
        """What the figures are, once."""
        if figures:
            self._say(
                f"{self.folder.name}: {next(iter(figures))}: how far off it still is, less is better; "
                f"all figures go to {self.folder / LOG}"
            )

    def _left(self, done: float, now: float) -> str:
        """How long it still takes, by what this process has done until now; empty where that says nothing yet."""
        assert self._first is not None
        share, began = self._first
        if done >= 1.0:
            return "done"
        if done <= share or now <= began:
            return ""
        minutes = math.ceil((1.0 - done) * (now - began) / (done - share) / 60)
        return f"{minutes} min left" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min left"


def steps_had(folder: Path) -> int:
    """How many steps the run in `folder` has had: what a card must say, whatever was asked for. 0 for none."""
    from safetensors import safe_open

    path = folder / "checkpoint.safetensors"
    if not path.exists():
        return 0
    with safe_open(path, framework="pt") as file:
        said = (file.metadata() or {}).get("about")
    return int(json.loads(said or (folder / "checkpoint.json").read_text(encoding="utf-8"))["step"]) + 1


def _no_number(figures: Iterable[tuple[str, float]]) -> str:
    """Which figure is no number, or ''."""
    return next((f"'{name}' is {value:g}" for name, value in figures if not math.isfinite(value)), "")


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
