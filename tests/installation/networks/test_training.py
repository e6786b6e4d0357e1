"""A training run that was cut goes on as if it had not been."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from installation.locking import HeldError, held
from installation.networks import training
from installation.networks.subject import Subject
from installation.networks.training import Run, RunError, alone, steps_had


class Network(nn.Module):
    """Small, with dropout, so that random numbers matter."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.ReLU(), nn.BatchNorm1d(8), nn.Linear(8, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x)


def train(
    folder: Path, steps: int, cut_after: int | None = None, save_every: int = 5, ctrl_c_in: int | None = None
) -> list[float]:
    """The losses of a run; with `cut_after`, of one that is killed after that step; Ctrl-C is pressed in the
    middle of the step `ctrl_c_in`."""
    torch.manual_seed(0)
    model, ema = Network(), Network()
    optimiser = torch.optim.AdamW(model.parameters(), lr=0.01)
    losses = []
    with Run(folder, steps) as run:
        for step in range(run.resume(model, optimiser, ema), run.steps):
            batch = torch.randn(16, 4, generator=torch.Generator().manual_seed(step))
            optimiser.param_groups[0]["lr"] = 0.01 * (1 - step / steps)
            loss = (model(batch) - batch.sum(1, keepdim=True)).square().mean()
            optimiser.zero_grad()
            loss.backward()
            if step == ctrl_c_in:
                os.kill(os.getpid(), signal.SIGINT)
            optimiser.step()
            with torch.no_grad():
                for kept, new in zip(ema.parameters(), model.parameters(), strict=True):
                    kept.lerp_(new, 0.1)
            losses.append(loss.item())
            run.progress(step, loss=loss.item())
            if step % save_every == save_every - 1:
                run.save(step, model, optimiser, ema)
            if step == cut_after:
                return losses
    return [*losses, *(float(p.detach().sum()) for p in ema.parameters())]


def test_a_run_that_was_cut_has_the_losses_of_one_that_was_not(tmp_path: Path) -> None:
    whole = train(tmp_path / "whole", 30)
    first = train(tmp_path / "cut", 30, cut_after=17)
    rest = train(tmp_path / "cut", 30)
    assert first == whole[:18]
    assert rest == whole[15:], "exactly: the same batches, dropout, optimiser and averages"


def test_ctrl_c_keeps_the_step_that_is_under_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not only what was last saved: that may have been an hour ago."""
    whole = train(tmp_path / "whole", 30)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "cut", 30, ctrl_c_in=17)
    assert "stopped after 18 of 30 steps; the same command goes on from there" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGINT) is before
    assert train(tmp_path / "cut", 30) == whole[18:]


def test_ctrl_c_in_the_last_step_lets_it_end(tmp_path: Path) -> None:
    assert train(tmp_path / "cut", 20, ctrl_c_in=19) == train(tmp_path / "whole", 20)


def test_a_second_ctrl_c_ends_a_run_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = Network()
    with pytest.raises(KeyboardInterrupt), Run(tmp_path / "run", 10) as run:
        run.resume(model, torch.optim.SGD(model.parameters(), lr=0.1))
        run.progress(0)
        os.kill(os.getpid(), signal.SIGINT)
        assert "this step is done and kept" in capsys.readouterr().err
        os.kill(os.getpid(), signal.SIGINT)
        pytest.fail("it went on")
    assert "stopped before a step was kept; the same command begins anew" in capsys.readouterr().err


def test_of_several_the_first_keeps_the_step_and_all_end_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whichever of them Ctrl-C reaches."""
    monkeypatch.setenv("WORLD_SIZE", "2")
    for rank, pressed_here, said in (("1", True, ""), ("0", False, "stopped after 6 of 10 steps")):
        monkeypatch.setenv("RANK", rank)
        model, asked = Network(), []

        def together(here: bool, asked: list[bool] = asked) -> bool:
            asked.append(here)
            return len(asked) == 6

        with pytest.raises(KeyboardInterrupt), Run(tmp_path, 10, together=together) as run:
            for step in range(run.resume(model, torch.optim.SGD(model.parameters(), lr=0.1)), run.steps):
                if pressed_here and step == 5:
                    os.kill(os.getpid(), signal.SIGINT)
                run.progress(step, loss=1.0)
        assert asked == [False] * 5 + [pressed_here]
        assert steps_had(tmp_path) == (0 if rank == "1" else 6)
        err = capsys.readouterr().err
        assert said in err and bool(err) is (rank == "0"), "the others say nothing"


def test_a_new_run_begins_at_its_first_step(tmp_path: Path) -> None:
    model = Network()
    with Run(tmp_path / "run", 3) as run:
        assert run.resume(model, torch.optim.SGD(model.parameters(), lr=0.1)) == 0
    with pytest.raises(ValueError, match="steps=0"):
        Run(tmp_path, 0)


def test_a_cut_while_saving_leaves_the_place_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Step and tensors are of one checkpoint, at whichever write the power fails."""
    whole = train(tmp_path / "whole", 20)
    train(tmp_path / "cut", 20, cut_after=6)
    real, writes = training.write_whole, [0]

    def fail(path: Path, data: bytes) -> None:
        writes[0] += 1
        if writes[0] == 1:
            raise KeyboardInterrupt
        real(path, data)

    monkeypatch.setattr(training, "write_whole", fail)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "cut", 20)
    monkeypatch.undo()
    assert train(tmp_path / "cut", 20) == whole[5:]
    assert {path.name for path in (tmp_path / "cut").iterdir()} == {
        "checkpoint.safetensors",
        "progress.jsonl",
        "running.lock",
    }


def test_a_checkpoint_of_another_network_is_an_error(tmp_path: Path) -> None:
    train(tmp_path / "run", 10)
    other = nn.Linear(3, 3)
    with Run(tmp_path / "run", 10) as run, pytest.raises(RunError, match=r"\(weight and .* missing\); move"):
        run.resume(other, torch.optim.AdamW(other.parameters()))


def test_a_run_goes_on_with_its_own_data_only(tmp_path: Path) -> None:
    """Otherwise a card would name pictures that the network has never seen."""

    def go_on(data: Path | None) -> int:
        model = Network()
        optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
        with Run(tmp_path / "run", 10, data) as run:
            step = run.resume(model, optimiser)
            run.save(step, model, optimiser)
        return step

    assert [go_on(tmp_path / "sea"), go_on(tmp_path / "sea"), go_on(None)] == [0, 1, 2]
    assert go_on(tmp_path / "sea") == 3, "who does not say what is learned from is trusted"
    with pytest.raises(RunError, match=r"learned from .*sea; to learn from .*fire, move the folder away or name"):
        go_on(tmp_path / "fire")
    assert go_on(tmp_path / "sea") == 4


def go_on(folder: Path, subject: Subject, steps: int = 10) -> int:
    """One step of a run, kept; returns the step that it went on from."""
    model = Network()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    with Run(folder, steps, subject) as run:
        step = run.resume(model, optimiser)
        if step < steps:
            run.save(step, model, optimiser)
    return step


def test_a_run_goes_on_under_its_own_names_only(tmp_path: Path) -> None:
    """A label that was renamed moves in the alphabet, and with it what the network's outputs are called."""
    told = Subject(tmp_path, ("fire", "forest", "sea"))
    assert [go_on(tmp_path / "run", told), go_on(tmp_path / "run", told)] == [0, 1]
    renamed = told.telling(("forest", "sea", "wildfire"))
    with pytest.raises(
        RunError, match=r"other names \(now it is without fire and with wildfire\); put them back, or"
    ):
        go_on(tmp_path / "run", renamed)
    with pytest.raises(RunError, match="now they are in another order"):
        go_on(tmp_path / "run", told.telling(("sea", "forest", "fire")))
    assert go_on(tmp_path / "run", Subject(tmp_path)) == 2, "who does not say them is trusted"
    with pytest.raises(RunError, match="other names"):
        go_on(tmp_path / "run", renamed)


def test_a_run_goes_on_with_its_files_and_with_what_came_since(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder that grows for months is learned from further; one whose pictures were replaced is another."""

    def began(**files: str) -> int:
        return go_on(tmp_path / "run", Subject(tmp_path, files=files), steps=4)

    assert [began(a="1", b="2"), began(a="1", b="2")] == [0, 1]
    for other in ({"a": "1"}, {"a": "1", "b": "3"}, {"c": "1", "d": "2"}):
        with pytest.raises(
            RunError, match=r"from 2 files, and \d of them are gone now, .*put back what was there, or move"
        ):
            began(**other)
    assert "came since" not in capsys.readouterr().err
    assert began(a="1", b="2", c="3") == 2
    assert "from step 2 on it also learns from what came since, files: 1 (the first: c)" in capsys.readouterr().err
    assert began(a="1", b="2", c="3") == 3
    with pytest.raises(
        RunError, match=r"has its 4 steps and has not seen all .* 1 came since \(the first: d\)\. For more steps"
    ):
        began(a="1", b="2", c="3", d="4")
    assert began(a="1", b="2", c="3") == 4


def test_the_steps_that_a_run_has_had_are_known(tmp_path: Path) -> None:
    assert steps_had(tmp_path / "run") == 0
    train(tmp_path / "run", 10)
    train(tmp_path / "run", 5)
    assert steps_had(tmp_path / "run") == 10, "whatever was asked for"


def test_a_finished_run_says_that_it_learns_no_more(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train(tmp_path / "run", 10)
    assert "learns no more" not in capsys.readouterr().err
    train(tmp_path / "run", 10)
    assert "this run has its 10 steps and learns no more; for more ask with --steps" in capsys.readouterr().err
    train(tmp_path / "run", 12)
    assert "learns no more" not in capsys.readouterr().err


class Clock:
    """Goes on by `pace` seconds whenever it is looked at."""

    def __init__(self, pace: float) -> None:
        self.now, self.pace = 0.0, pace

    def __call__(self) -> float:
        self.now += self.pace
        return self.now


def test_without_a_terminal_progress_is_a_line_now_and_then(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Steps, share, how long it still takes, and two figures: nobody watches nine."""
    with Run(tmp_path / "rust", 1250, clock=Clock(0.6)) as run:
        for step in range(250):
            run.progress(step, light=0.04449, colour=0.5, patches=0.1, **({"r1": 0.25} if step % 16 == 0 else {}))
    printed = capsys.readouterr()
    assert not printed.out, "standard output is for results"
    first, *lines = printed.err.strip().splitlines()
    assert first.startswith("rust: light: how far off it still is") and first.endswith("rust/progress.jsonl")
    assert lines == [
        "rust: 1/1,250 steps, 0 %, light 0.0445 colour 0.5",
        "rust: 101/1,250 steps, 8 %, 12 min left, light 0.0445 colour 0.5",
        "rust: 201/1,250 steps, 16 %, 11 min left, light 0.0445 colour 0.5",
    ]
    kept = [json.loads(line) for line in (tmp_path / "rust" / "progress.jsonl").read_text().splitlines()]
    assert [each["step"] for each in kept] == [0, 100, 200]
    assert kept[1] == {"step": 100, "light": 0.04449, "colour": 0.5, "patches": 0.1, "r1": 0.25}


def test_the_last_step_is_said_and_a_run_without_figures_says_its_steps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Run(tmp_path / "waves", 30_000, clock=Clock(1.0)) as run:
        for step in (20_000, 20_100, 29_999):
            run.progress(step)
    assert capsys.readouterr().err.splitlines() == [
        "waves: 20,001/30,000 steps, 66 %",
        "waves: 20,101/30,000 steps, 67 %, 2 min left",  # by its own 100 steps a second
        "waves: 30,000/30,000 steps, 100 %, done",
    ]


def test_a_run_that_time_ends_says_its_share_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It may have a thousand million steps, of which it will do two thousand."""
    with Run(tmp_path / "reference", 10**9, clock=Clock(9.0)) as run:
        for step in range(101):
            run.progress(step, step / 1000)
    assert capsys.readouterr().err.splitlines()[-1] == "reference: 101 steps, 10 %, 2 h 15 min left"


def test_on_a_terminal_it_is_a_bar_with_the_same_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setattr(shown, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm")
    with Run(tmp_path / "rust", 30_000, clock=Clock(0.3)) as run:
        for step in range(12_400, 12_402):
            run.progress(step, light=0.0445, colour=0.181, patches=1.0)
    assert "12,402/30,000 steps, 41 %, 88 min left, light 0.0445 colour 0.181" in shown.getvalue()
    assert "patches" not in shown.getvalue()


def test_only_one_training_at_a_time_is_under_way_in_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    refused = pytest.raises(RunError, match=r"run: another training is under way here, by process \d+.*--run")
    with held(folder / "running.lock", "somebody"), Run(tmp_path / "other", 10), refused, Run(folder, 10):
        pass
    with alone(folder):
        with Run(folder, 10):
            pass  # what has the place to itself may train there, and keeps it to write its weights
        with pytest.raises(HeldError), held(folder / "running.lock", "somebody", 0):
            pass
    with pytest.raises(KeyboardInterrupt), Run(tmp_path / "run", 10):
        raise KeyboardInterrupt
    with Run(tmp_path / "run", 10):
        pass


def test_a_training_that_was_killed_holds_its_folder_no_longer(tmp_path: Path) -> None:
    code = (
        "import os, sys, pathlib\nfrom installation.networks.training import Run\n"
        "Run(pathlib.Path(sys.argv[1]), 10).__enter__()\nos._exit(1)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "run")], cwd=Path(__file__).parents[3], check=False)
    assert "process" in (tmp_path / "run/running.lock").read_text()
    with Run(tmp_path / "run", 10):
        pass


def test_a_damaged_checkpoint_is_said(tmp_path: Path) -> None:
    train(tmp_path / "run", 10)
    path = tmp_path / "run/checkpoint.safetensors"
    whole = path.read_bytes()
    size = 8 + int.from_bytes(whole[:8], "little")
    header = json.loads(whole[8:size])
    for about in ("{", "[]", None):
        header["__metadata__"] = {} if about is None else {"about": about}
        text = json.dumps(header).encode()
        damaged = len(text).to_bytes(8, "little") + text + whole[size:]
        _refused(path, damaged)
    for damaged in (b"", whole[:100], whole[:-100], b"\xff" * 400):
        _refused(path, damaged)


def _refused(path: Path, damaged: bytes) -> None:
    path.write_bytes(damaged)
    model = Network()
    with (
        Run(path.parent, 10) as run,
        pytest.raises(RunError, match=r"checkpoint is damaged .*; move the folder away"),
    ):
        run.resume(model, torch.optim.AdamW(model.parameters()))


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_a_run_whose_figures_are_no_numbers_ends_and_goes_on_from_before(tmp_path: Path, wrong: float) -> None:
    """It would go on to its last step, and its network replace the one on show."""
    model = Network()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(RunError, match=r"after 7 steps 'loss' is (nan|inf); what it had learned after 5 is kept"):
        _learn(Run(tmp_path / "run", 20), model, optimiser, lambda step: wrong if step == 6 else 1.0)
    assert steps_had(tmp_path / "run") == 5
    _learn(Run(tmp_path / "run", 20), model, optimiser, lambda step: 1.0)
    assert steps_had(tmp_path / "run") == 20


def test_a_run_that_was_no_numbers_before_does_not_go_on(tmp_path: Path) -> None:
    """It was kept so by an earlier version: the same command would fail for ever, and say that it goes on."""
    model = Network()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    _learn(Run(tmp_path / "run", 5), model, optimiser, lambda step: 1.0)
    path = tmp_path / "run" / "checkpoint.safetensors"
    with safe_open(path, framework="pt") as file:
        about = file.metadata()
    spoiled = load_file(path)
    spoiled["model.layers.0.weight"][0] = float("nan")
    save_file(spoiled, path, metadata=about)
    with Run(tmp_path / "run", 10) as run, pytest.raises(RunError, match=r"no number; move the folder away to begin"):
        run.resume(model, optimiser)


def test_of_several_whose_figures_are_no_numbers_all_end_behind_the_same_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others would wait in their next step for the one that left; only the first says what is kept."""
    asked: list[bool] = []

    def together(stop: bool) -> bool:
        asked.append(stop)
        return stop

    monkeypatch.setenv("RANK", "1")
    model = Network()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(RunError, match=r"after 3 steps 'loss' is nan$"):
        _learn(
            Run(tmp_path / "run", 20, together=together),
            model,
            optimiser,
            lambda step: float("nan") if step == 2 else 1.0,
        )
    assert asked == [False, False, True]


def test_a_mask_of_infinities_is_kept(tmp_path: Path) -> None:
    model = Network()
    model.register_buffer("mask", torch.full((2, 2), float("-inf")))
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    _learn(Run(tmp_path / "run", 5), model, optimiser, lambda step: 1.0)
    assert steps_had(tmp_path / "run") == 5


def test_a_network_that_is_no_numbers_is_not_kept(tmp_path: Path) -> None:
    model = Network()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)

    def spoil(step: int) -> float:
        if step == 8:
            with torch.no_grad():
                next(model.parameters())[0] = float("nan")
        return 1.0

    with pytest.raises(RunError, match=r"after 10 steps its tensor 'layers.0.weight' holds what is no number"):
        _learn(Run(tmp_path / "run", 20), model, optimiser, spoil)
    kept = load_file(tmp_path / "run" / "checkpoint.safetensors")
    assert all(bool(value.isfinite().all()) for value in kept.values() if value.is_floating_point())
    assert steps_had(tmp_path / "run") == 5


def _learn(run: Run, model: nn.Module, optimiser: torch.optim.Optimizer, loss: Callable[[int], float]) -> None:
    """Steps that tell this loss; every fifth is kept."""
    with run:
        for step in range(run.resume(model, optimiser), run.steps):
            run.progress(step, loss=loss(step))
            if step % 5 == 4:
                run.save(step, model, optimiser)


def test_a_folder_that_was_moved_is_known_by_its_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A training goes on on another computer, or after its pictures were put elsewhere."""

    def said() -> str:
        return capsys.readouterr().err

    model = Network()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    files, others = {"a.png": "100", "b.png": "200"}, {"a.png": "101", "c.png": "300"}
    _learn(Run(tmp_path / "run", 5, Subject(tmp_path / "here", files=files)), model, optimiser, lambda step: 1.0)
    with Run(tmp_path / "run", 10, Subject(tmp_path / "there", files=files)) as run:
        assert run.resume(model, optimiser) == 5
    assert f"its 2 files were in {tmp_path / 'here'}, and are taken from {tmp_path / 'there'} now" in said()
    with Run(tmp_path / "run", 10, Subject(tmp_path / "here", files=files)) as run:
        assert run.resume(model, optimiser) == 5
    assert "taken from" not in said()
    with (
        Run(tmp_path / "run", 10, Subject(tmp_path / "there", files=others)) as run,
        pytest.raises(RunError, match=r"learned from .*/here; to learn from .*/there, move"),
    ):
        run.resume(model, optimiser)
    with Run(tmp_path / "run", 10, tmp_path / "there") as run, pytest.raises(RunError, match=r"learned from .*/here"):
        run.resume(model, optimiser)  # of this folder nothing is known but its name
    with (
        Run(tmp_path / "run", 10, Subject(tmp_path / "there", files={"a.png": "100", "b.png": "201"})) as run,
        pytest.raises(RunError, match=r"2 files in .*/here, and 1 of them are gone now, were changed .*b\.png"),
    ):
        run.resume(model, optimiser)
