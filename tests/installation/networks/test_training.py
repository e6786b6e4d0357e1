"""A training run that was cut goes on as if it had not been."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from installation.locking import HeldError, held
from installation.networks import training
from installation.networks.training import Run, RunError, alone


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
    assert "stopped before a step was kept" in capsys.readouterr().err


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
    assert {path.name for path in (tmp_path / "cut").iterdir()} == {"checkpoint.safetensors", "running.lock"}


def test_a_checkpoint_of_another_network_is_an_error(tmp_path: Path) -> None:
    train(tmp_path / "run", 10)
    other = nn.Linear(3, 3)
    with Run(tmp_path / "run", 10) as run, pytest.raises(RunError, match="another version of the network; move"):
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


def test_a_finished_run_says_that_it_learns_no_more(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train(tmp_path / "run", 10)
    assert "learns no more" not in capsys.readouterr().err
    train(tmp_path / "run", 10)
    assert "this run has its 10 steps and learns no more; for more ask with --steps" in capsys.readouterr().err
    train(tmp_path / "run", 12)
    assert "learns no more" not in capsys.readouterr().err


def test_without_a_terminal_progress_is_a_line_now_and_then(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Run(tmp_path / "rhythm", 250) as run:
        for step in range(250):
            run.progress(step, loss=0.5)
    printed = capsys.readouterr()
    assert not printed.out, "standard output is for results"
    lines = printed.err.strip().splitlines()
    assert lines == [f"rhythm step {step}/250 loss 0.5" for step in (0, 100, 200, 249)]


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
