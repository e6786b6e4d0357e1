"""Learning: it learns, goes on where it was cut, ends with a world and its card, alone or in a team."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from installation.locking import HeldError, held
from installation.networks import weights
from installation.networks.picture_folders import Pictures, is_held_back
from installation.networks.training import RunError, steps_had
from pieces.learning_to_see import train, worlds
from pieces.learning_to_see.adversary import Adversary, augmented, hinge_loss, patch_distance, r1
from pieces.learning_to_see.lesson import Asked, Learner, condition_loss, unsteadiness
from pieces.learning_to_see.pictures import Sampler, read_pictures
from pieces.learning_to_see.team import Team
from pieces.learning_to_see.train import Plan
from pieces.learning_to_see.worlds import Architecture

SMALL = Architecture(width=16, middle=8, fine=8, trunk=1, tail=1)
BRIEF = Plan(steps=4, batch=2, size_px=96, crop_px=96, save_every=2, sheet_every=4)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "Architecture", lambda: SMALL)
    monkeypatch.setattr(train, "measured", lambda world, data, size_px: {"swd": 0.5})


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Orange above blue, with some noise, of which two worlds are made."""
    rng = np.random.default_rng(0)
    for world, colours in (("ember", ((250, 120, 20), (60, 20, 10))), ("ice", ((220, 230, 250), (20, 60, 120)))):
        (tmp_path / "pictures" / world).mkdir(parents=True)
        for number in range(4):
            picture = np.repeat(np.repeat(np.array(colours, float)[:, None], 120, 1), 60, 0)
            picture = np.clip(picture + rng.normal(0, 12, picture.shape), 0, 255).astype(np.uint8)
            cv2.imwrite(str(tmp_path / "pictures" / world / f"{number}.png"), picture[..., ::-1])
    return tmp_path / "pictures"


def taught(pictures: Path, folder: Path, plan: Plan = BRIEF, world: str = "ember") -> Path:
    return train.train(pictures / world, world, folder / "run", folder=folder, plan=plan)


def test_it_ends_with_a_world_a_card_and_a_sheet(pictures: Path, tmp_path: Path) -> None:
    path = taught(pictures, tmp_path)
    assert path == tmp_path / "learning_to_see.ember.safetensors"
    world = worlds.load("ember", tmp_path)
    assert world.card.measured == {"swd": 0.5}
    assert world.card.command.endswith("--world ember --steps 4")
    assert "4 pictures" in world.card.data[0]
    sheet = cv2.imread(str(tmp_path / "run" / "sheet.png"))
    assert sheet is not None and sheet.shape == (3 * 96, 4 * 96, 3)


def test_a_sheet_is_written_now_and_then_and_at_the_end(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: dict[int, bytes] = {}
    sheet, steps = tmp_path / "run" / "sheet.png", [0]
    lesson = train.lesson

    def counted(*arguments: object) -> object:
        if sheet.exists() and sheet.read_bytes() not in written.values():
            written[steps[0]] = sheet.read_bytes()
        steps[0] += 1
        return lesson(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(train, "lesson", counted)
    taught(pictures, tmp_path, replace(BRIEF, steps=6, save_every=6, sheet_every=2, rate=1e-2))
    assert list(written) == [2, 4] and sheet.read_bytes() not in written.values(), "what it sees now"


def test_a_run_that_was_cut_goes_on_as_if_it_had_not_been(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[int] = []
    lesson = train.lesson

    def counted(
        learner: Learner, optimiser: object, batch: object, world: object, step: int, *more: object
    ) -> object:
        if step in steps[:1]:
            raise KeyboardInterrupt
        steps.append(step)
        return lesson(learner, optimiser, batch, world, step, *more)  # type: ignore[arg-type]

    taught(pictures, tmp_path / "whole")
    monkeypatch.setattr(train, "lesson", counted)
    steps.append(3)
    with pytest.raises(KeyboardInterrupt):
        taught(pictures, tmp_path / "cut")
    assert steps == [3, 0, 1, 2]
    steps.clear()
    taught(pictures, tmp_path / "cut")  # its checkpoint was written after step 1
    assert steps == [2, 3]
    cut, whole = (worlds.load("ember", tmp_path / name).state for name in ("cut", "whole"))
    assert all(torch.equal(cut[key], whole[key]) for key in whole)


def test_the_card_is_of_the_pictures_and_steps_that_the_run_had(pictures: Path, tmp_path: Path) -> None:
    taught(pictures, tmp_path)
    taught(pictures, tmp_path, replace(BRIEF, steps=2))
    assert worlds.load("ember", tmp_path).card.command.endswith("--steps 4"), "whatever was asked for"
    for picture in (pictures / "ember").iterdir():
        picture.write_bytes((pictures / "ice" / picture.name).read_bytes())
    with pytest.raises(RunError, match=r"from 4 files, and 4 of them are gone now, .*first: 0\.png\)"):
        taught(pictures, tmp_path, replace(BRIEF, steps=6))
    with pytest.raises(RunError, match="without ember and with ice"):
        train.train(pictures / "ember", "ice", tmp_path / "run", folder=tmp_path, plan=BRIEF)


def test_what_a_world_was_stays_until_what_it_becomes_is_measured(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = taught(pictures, tmp_path).read_bytes()

    def stopped(*_: object) -> dict[str, float]:
        raise KeyboardInterrupt

    monkeypatch.setattr(train, "measured", stopped)
    with pytest.raises(KeyboardInterrupt):
        taught(pictures, tmp_path, replace(BRIEF, steps=6))
    assert worlds.load("ember", tmp_path).card.measured == {"swd": 0.5}
    assert (tmp_path / "learning_to_see.ember.safetensors").read_bytes() == before


def test_it_learns_the_colours_of_its_world(pictures: Path, tmp_path: Path) -> None:
    plan = replace(BRIEF, steps=60, averaging=0.9, rate=2e-3, save_every=60, sheet_every=60)
    taught(pictures, tmp_path, plan)
    sheet = cv2.imread(str(tmp_path / "run" / "sheet.png"))
    assert sheet is not None
    made = sheet[2 * 96 :][:48, :96].reshape(-1, 3).mean(0)
    assert made[2] > made[0] + 30 and made[2] > made[1]  # B, G, R: it began grey


def test_a_world_begins_from_its_parent_and_from_its_own_part_of_it(pictures: Path, tmp_path: Path) -> None:
    train.train_parent(pictures, tmp_path / "parent", folder=tmp_path, plan=BRIEF)
    parent = weights.load("learning_to_see.parent", tmp_path).state
    assert {key for key in parent if key.startswith("tint.")} == {"tint.ember", "tint.ice"}
    for name, expected in (("ice", parent["tint.ice"]), ("new", (parent["tint.ice"] + parent["tint.ember"]) / 2)):
        learner, _ = train.from_parent(name, tmp_path, Team(0, 1, "cpu"))
        assert torch.allclose(learner.seer.tint.weight[0], expected.float(), atol=1e-3)
        first = learner.seer.generator.first.weight
        assert torch.allclose(first, parent["seer.generator.first.weight"].float())
        assert learner.adversary.fine.score.weight.shape[0] == 1
    assert worlds.names(tmp_path) == []


def test_its_card_says_what_its_parent_was_taught(pictures: Path, tmp_path: Path) -> None:
    """Whoever passes the world on passes on what the parent has seen."""
    train.train_parent(pictures, tmp_path / "parent", folder=tmp_path, plan=BRIEF)
    found = weights.load("learning_to_see.parent", tmp_path)
    whose = ["904 of a data set of unclear licence", "96 of mine (CC0)"]
    parent = weights.save("learning_to_see.parent", found.state, replace(found.card, data=whose), tmp_path)
    taught(pictures, tmp_path)
    card = worlds.load("ember", tmp_path).card
    assert card.data[0].startswith("4 pictures of 'ember'; whoever passes this world on")
    assert card.data[1:] == [f"begun from a parent that was taught: {'; '.join(whose)}"]
    assert card.parent_sha256 == found.card.sha256 and card.licence.endswith("and of those of its parent")
    other = {key: value + 0.01 for key, value in found.state.items()}
    weights.save("learning_to_see.parent", other, found.card, tmp_path)
    taught(pictures, tmp_path, replace(BRIEF, steps=6))
    assert worlds.load("ember", tmp_path).card.data == card.data, "a run goes on from what it began from"
    assert worlds.load("ember", tmp_path).card.parent_sha256 == card.parent_sha256
    parent.unlink()
    taught(pictures, tmp_path, replace(BRIEF, steps=8))
    assert worlds.load("ember", tmp_path).card.parent_sha256 == card.parent_sha256
    (tmp_path / "run" / "parent.yaml").write_text("gone")
    with pytest.raises(ValueError, match=r"parent\.yaml: does not say from which parent .* move the folder away"):
        taught(pictures, tmp_path, replace(BRIEF, steps=8))


def test_without_a_parent_it_begins_from_nothing_and_says_so(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    taught(pictures, tmp_path)
    card = worlds.load("ember", tmp_path).card
    assert (card.parent_sha256, len(card.data), card.licence) == ("nothing", 1, "that of the pictures")
    said = capsys.readouterr().err
    assert "begins from nothing" in said and "nothing is measured" in said and "repeats itself" in said


def test_a_parent_of_another_version_is_refused_in_words(pictures: Path, tmp_path: Path) -> None:
    train.train_parent(pictures, tmp_path / "parent", folder=tmp_path, plan=BRIEF)
    found = weights.load("learning_to_see.parent", tmp_path)
    older = {key: value for key, value in found.card.architecture.items() if key != "version"}
    weights.save("learning_to_see.parent", found.state, replace(found.card, architecture=older), tmp_path)
    with pytest.raises(ValueError, match=r"parent: of another version .*train it again: python3 run\.py train"):
        taught(pictures, tmp_path)


def test_a_run_of_another_version_is_refused_in_words(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taught(pictures, tmp_path)
    monkeypatch.setattr(train, "Architecture", lambda: replace(SMALL, width=24))
    with pytest.raises(ValueError, match=r"run: cannot go on .* another version .* move the folder away"):
        taught(pictures, tmp_path)


def test_a_folder_as_it_is_teaches_what_can_be_learned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Twenty pictures, the printer's colours, an animation, twelve megapixels; and one that is broken."""
    image = pytest.importorskip("PIL.Image")
    folder = tmp_path / "mine"
    folder.mkdir()
    rng = np.random.default_rng(0)
    small = [image.fromarray(rng.integers(0, 255, (100, 120, 3), np.uint8)) for _ in range(18)]
    for number, picture in enumerate(small[:16]):
        picture.save(folder / f"{number}.jpg")
    small[16].convert("CMYK").save(folder / "cmyk.jpg")
    small[16].save(folder / "moving.gif", save_all=True, append_images=small[17:], duration=100)
    small[17].resize((4000, 3000)).save(folder / "large.jpg")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    path = train.train(folder, "mine", tmp_path / "run", folder=tmp_path, plan=replace(BRIEF, steps=2))
    assert path.exists() and worlds.load("mine", tmp_path).card.measured == {"swd": 0.5}
    said = capsys.readouterr().err
    held_back = sum(is_held_back(one, 20) for one in folder.iterdir())
    assert held_back and f"{19 - held_back} pictures to learn from, {held_back} held back" in said
    assert "broken.jpg: cannot be decoded" in said and "nothing is measured" not in said


@pytest.mark.parametrize("name", [None, "", "My World", "../sea", "parent"])
def test_a_world_needs_a_name(pictures: Path, name: str | None) -> None:
    with pytest.raises(ValueError, match="--world"):
        train.train(pictures / "ice", name)


def test_no_pictures(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no picture"):
        train.train(tmp_path, "rust", tmp_path / "run", folder=tmp_path, plan=BRIEF)
    with pytest.raises(ValueError, match="one folder for each world"):
        train.train_parent(tmp_path, plan=BRIEF)


# ---- the parts of a lesson ----------------------------------------------------------------------------------------


def test_a_lesson_asks_about_walls_and_outlines(pictures: Path) -> None:
    sampler = Sampler(read_pictures(pictures / "ember", 96), 96, 96)
    batch, world = train.draw([sampler], 2, np.random.default_rng(0))
    taught_by: list[torch.Tensor] = []
    for strange in (0.0, 1.0):
        torch.manual_seed(0)
        learner = Learner(SMALL, 1)
        optimiser = torch.optim.SGD(learner.parameters(), 1e-2)
        parts = train.lesson(learner, optimiser, batch, world, 1, Asked(strange=strange))
        taught_by.append(torch.cat([part.detach().flatten() for part in learner.seer.generator.parameters()]))
        assert parts["strange"] != 0
    assert float((taught_by[0] - taught_by[1]).abs().max()) > 1e-5


def test_the_adversary_tells_noise_from_pictures() -> None:
    torch.manual_seed(0)
    adversary, chance = Adversary(1), torch.Generator().manual_seed(0)
    optimiser = torch.optim.Adam(adversary.parameters(), 1e-3)
    real = torch.linspace(0, 1, 64)[None, None, None].expand(4, 3, 64, 64).contiguous()
    made, world, sharp = torch.rand(4, 3, 64, 64), torch.zeros(4, dtype=torch.long), torch.ones(4, dtype=torch.bool)
    for _ in range(20):
        views = augmented([real, made], chance)
        loss = hinge_loss(*(adversary(view, world, sharp) for view in views))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss < 0.5
    assert r1(adversary, real, world, sharp) > 0
    assert len(adversary(real, world, ~sharp)) == 1  # unsharp pictures teach the coarse one alone


def test_the_distance_of_patches_sees_texture_and_ignores_where_it_lies() -> None:
    chance, sharp = torch.Generator().manual_seed(0), torch.ones(1, dtype=torch.bool)
    torch.manual_seed(0)
    real = torch.rand(1, 3, 64, 64)
    elsewhere = real.roll((9, 12), (2, 3))
    smooth = real.mean(dim=(2, 3), keepdim=True).expand_as(real)
    near, far = (float(patch_distance(made, real, sharp, chance)) for made in (elsewhere, smooth))
    assert near < 0.4 * far


def test_light_is_of_areas_alone() -> None:
    picture = torch.rand(1, 3, 32, 32)
    turned = picture.unfold(2, 16, 16).unfold(3, 16, 16).flip(-1, -2).permute(0, 1, 2, 4, 3, 5).reshape(1, 3, 32, 32)
    assert all(value < 1e-6 for value in condition_loss(turned, picture))
    brighter = condition_loss(picture + 0.1, picture)
    assert all(abs(float(value) - 0.1) < 1e-5 for value in brighter)


def test_unsteadiness_is_nothing_for_what_has_moved() -> None:
    whole = torch.rand(1, 3, 40, 40)
    here, there = whole[..., 8:, 8:], whole[..., 3:35, 5:37]  # 3 px further right, 5 further down
    assert unsteadiness(here, there, (3, 5)) == 0 < unsteadiness(here, there, (2, 5))


def test_worlds_take_turns_where_a_batch_is_smaller_than_their_number() -> None:
    samplers = [Sampler(Pictures([np.full((64, 64, 3), value, np.uint8)]), 64, 32) for value in (0, 100, 200)]
    seen = set()
    for seed in range(12):
        batch, world = train.draw(samplers, 2, np.random.default_rng(seed))
        assert len(world) == 2 and len(set(world.tolist())) == 2
        assert torch.allclose(batch.picture.mean(dim=(1, 2, 3)) * 255, world * 100.0, atol=1)
        seen |= set(world.tolist())
    assert seen == {0, 1, 2}


def test_a_team_averages_what_it_learns(tmp_path: Path) -> None:
    script = tmp_path / "one.py"
    script.write_text(
        "import torch\n"
        "from pieces.learning_to_see.team import team\n"
        "with team() as our:\n"
        "    one = torch.nn.Parameter(torch.full((3,), float(our.rank)))\n"
        "    our.agree([one.data])\n"
        "    assert one.tolist() == [0.0, 0.0, 0.0]\n"
        "    (one * (our.rank + 1)).sum().backward()\n"
        "    our.share([one, torch.zeros(2)])\n"
        "    assert one.grad.tolist() == [1.5, 1.5, 1.5], one.grad\n"
        "    assert our.leads == (our.rank == 0) and our.size == 2\n"
    )
    root = Path(__file__).resolve().parents[3]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    team = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "CUDA_VISIBLE_DEVICES": ""}
    everyone = {**os.environ, **team, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    processes = [  # as torchrun starts them
        subprocess.Popen([sys.executable, str(script)], env={**everyone, "RANK": rank, "LOCAL_RANK": rank})
        for rank in ("0", "1")
    ]
    assert [process.wait(timeout=200) for process in processes] == [0, 0]


@pytest.mark.slow
@pytest.mark.parametrize("pressed", [True, False], ids=["stopped", "whole"])
def test_two_processes_teach_one_world(pictures: Path, tmp_path: Path, pressed: bool) -> None:
    """With everything as it is shipped, as torchrun starts them: one speaks, and Ctrl-C costs no step."""
    root = Path(__file__).resolve().parents[3]
    command = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "--", "installation"]
    options = ["--data", str(pictures / "ice"), "--world", "ice", "--run", "run", "--out", "out"]
    steps = "1000" if pressed else "2"
    process = subprocess.Popen(
        [sys.executable, *command, "train", "learning_to_see", *options, "--steps", steps],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None and process.stdout is not None
        said = ""
        for line in process.stderr:
            said += line
            if pressed and "run: 1/" in line:
                process.send_signal(signal.SIGINT)
        made = process.stdout.read()
        process.wait(timeout=60)
    finally:
        process.terminate()  # where it has not ended: the two with it
    had = steps_had(tmp_path / "run")
    assert said.count("4 pictures to learn from") == 1
    if pressed:
        assert 0 < had < 100 and not made
        assert said.count(f"run: stopped after {had} of 1000 steps; the same command goes on from there") == 1
    else:
        assert had == 2 and process.returncode == 0 and "Traceback" not in said
        assert made == "out/learning_to_see.ice.safetensors, and its card beside it\n"
        assert worlds.load("ice", tmp_path / "out").card.command.endswith("--steps 2")


def test_a_seer_s_world_is_what_it_sees_of_it() -> None:
    torch.manual_seed(0)
    learner = Learner(SMALL, 2)
    abstract, rows, grain = torch.rand(1, 1, 8, 8), torch.zeros(1, 1, 8, 1), torch.randn(1, 4, 8, 8)
    dust = torch.randn(1, 1, 32, 32)
    with torch.inference_mode():
        for number, network in enumerate(learner.seer.worlds()):
            asked = learner.seer(abstract, rows, grain, dust, torch.tensor([number]))
            assert torch.allclose(network(abstract, rows, grain, dust), asked, atol=1e-5)


def test_a_world_has_its_folder_to_itself_until_its_weights_are_written(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = []

    def save(world: str, *rest: object) -> Path:
        with pytest.raises(HeldError), held(tmp_path / "run/running.lock", "another", 0):
            pass
        refused.append(world)
        return real(world, *rest)  # type: ignore[arg-type]

    real = train.worlds.save
    monkeypatch.setattr(train.worlds, "save", save)
    taught(pictures, tmp_path)
    assert refused
    with held(tmp_path / "run/running.lock", "another", 0):
        pass
