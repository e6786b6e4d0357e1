"""Training: what belongs together is drawn together, and a cut run goes on."""

import csv
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import soundfile
import torch
from torch.nn.functional import normalize

from installation.locking import held
from installation.networks import phases, weights
from installation.networks.material import MaterialError
from installation.networks.restyling import restyled
from installation.networks.training import RunError
from pieces.imaginary_soundscape import held_out, material, train
from pieces.imaginary_soundscape.audio_network import FRAMES, MELS, RATE_HZ, Spectrogram, trimmed
from pieces.imaginary_soundscape.encoders import TrainedEncoder
from pieces.imaginary_soundscape.evaluate import measure, read_manifest
from pieces.imaginary_soundscape.image_network import SIDE, prepare
from pieces.imaginary_soundscape.material import Pictures, Scene, Sounds
from pieces.imaginary_soundscape.spaces import SHARPNESS, SOFT
from tests.pieces.imaginary_soundscape.test_evaluate import of_too_many_pixels

SCENES = {"sea": Scene(("sea",), ("waves",)), "fire": Scene(("fire",), ("crackling", "pops", "roar"))}


def pictures(count: int = 24) -> Pictures:
    rng = np.random.default_rng(0)
    images, label = [], np.arange(count) % 2
    for kind in label:
        image = rng.integers(0, 120, (140, 150, 3), dtype=np.uint8)
        image[..., 0 if kind else 2] += 120
        images.append(image)
    return Pictures(images, label.astype(np.int64), ("sea", "fire"))


def sounds() -> Sounds:
    rng = np.random.default_rng(1)
    kept, kinds = [], np.arange(24) % 3
    for kind in kinds:
        picture = rng.normal(-60, 4, (MELS, FRAMES + 30))
        picture[kind * 20 : kind * 20 + 16] += 40
        kept.append([picture.astype(np.float16)] * 3)
    return Sounds(kept, kinds.astype(np.int64), ("crackling", "dog", "waves"))


def test_scenes_become_weights() -> None:
    table = material.affinity(SCENES, ("fire", "moon", "sea"), ("crackling", "dog", "pops", "roar", "waves"))
    assert table.tolist() == [pytest.approx([1 / 3, 0, 1 / 3, 1 / 3, 0]), [0, 0, 0, 0, 0], [0, 0, 0, 0, 1]]


def test_every_synthetic_ambience_has_a_class() -> None:
    named = [kind for kinds in material.SAME_AS.values() for kind in kinds]
    assert len(named) == len(set(named))
    missing = set(material.ambiences.KINDS) - set(named)
    assert missing == set()
    assert set(named) <= set(material.ambiences.KINDS)


def test_a_split_takes_its_share_of_every_label() -> None:
    label = np.repeat([0, 1, 2], [10, 20, 40])
    out = material.split(label, 0.2, np.random.default_rng(0))
    assert np.bincount(label[out]).tolist() == [2, 4, 8]


def test_a_picture_seen_again_is_another_of_the_same_size() -> None:
    image = pictures(1).images[0]
    rng = np.random.default_rng(0)
    first, second = material.seen(image, rng), material.seen(image, rng)
    assert first.shape == second.shape == (SIDE, SIDE, 3)
    assert first.dtype == np.uint8
    assert np.abs(first.astype(int) - second).mean() > 2


def test_windows_are_cut_anywhere_and_varied() -> None:
    rng = np.random.default_rng(0)
    db = torch.from_numpy(np.stack([material.cut(sounds().pictures[0], rng) for _ in range(4)]))
    assert db.shape == (4, MELS, FRAMES)
    torch.manual_seed(0)
    x = material.heard(db, rng)
    assert x.shape == db.shape
    assert torch.isfinite(x).all()
    assert x[:, 4:12].mean() > x[:, 30:60].mean() + 0.3, "what sounded still sounds"


def test_the_balance_is_between_equal_classes_and_equal_examples() -> None:
    kind = np.repeat([0, 1], [90, 10])
    chances = train.balanced(kind)
    assert chances.sum() == pytest.approx(1)
    assert chances[kind == 1].sum() == pytest.approx(np.sqrt(10) / (np.sqrt(10) + np.sqrt(90)))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("IMAGE_WIDTHS", (4, 8)), ("AUDIO_WIDTHS", (4, 8)), ("PICTURES_PER_STEP", 6), ("SOUNDS_PER_STEP", 16),
        ("VIEWS", 2),
    ):  # fmt: skip
        monkeypatch.setattr(train, name, value)


def learn(folder: Path, steps: int) -> train.Space:
    seen, heard = pictures(), sounds()
    eye = train.train_eye(seen, 8, 0, folder / "eye")
    belongs = material.affinity(SCENES, seen.labels, heard.classes)
    made = np.arange(24) >= 20
    return train.train_ear(eye, seen, heard, made, belongs, steps, 0, folder / "ear")


def test_scenes_come_together_and_distractors_stay_away(small: None, tmp_path: Path) -> None:
    space = learn(tmp_path, 60)
    with torch.inference_mode():
        db = torch.from_numpy(np.stack([clip[1][:, :FRAMES] for clip in sounds().pictures]).astype(np.float32))
        heard = space.sound(material.levelled(db))
        seen = space.picture.place(train.views(space.picture, pictures(), 0).mean(1))
    likeness = (seen @ heard.T).numpy()  # pictures: sea, fire, …; sounds: crackling, dog, waves, …
    kinds = sounds().kind
    assert likeness[0::2][:, kinds == 2].mean() > likeness[0::2][:, kinds != 2].mean() + 0.1
    assert likeness[1::2][:, kinds == 0].mean() > likeness[1::2][:, kinds != 0].mean() + 0.1
    assert likeness[:, kinds == 1].mean() < likeness[:, kinds != 1].mean()


def test_a_finished_run_is_not_run_again(small: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = learn(tmp_path, 3)
    monkeypatch.setattr(train, "losses", lambda *_: pytest.fail("nothing is left to learn"))
    again = learn(tmp_path, 3)
    for name, value in first.sound.state_dict().items():
        assert torch.equal(value, again.sound.state_dict()[name]), name


def test_a_run_does_not_go_on_under_other_names(small: None, tmp_path: Path) -> None:
    train.train_eye(pictures(), 3, 0, tmp_path / "eye")
    seen = pictures()
    renamed = Pictures(seen.images, 1 - seen.label, ("sea", "wildfire"))
    with pytest.raises(RunError, match="without fire and with wildfire"):
        train.train_eye(renamed, 6, 0, tmp_path / "eye")


def test_an_ear_that_learns_on_has_the_eye_that_learned_on(small: None, tmp_path: Path) -> None:
    seen, heard = pictures(), sounds()
    belongs = material.affinity(SCENES, seen.labels, heard.classes)
    for steps in (2, 4):
        eye = train.train_eye(seen, steps, 0, tmp_path / "eye")
        space = train.train_ear(eye, seen, heard, np.arange(24) >= 20, belongs, steps, 0, tmp_path / "ear")
    for name, value in eye.trunk.state_dict().items():
        assert torch.equal(value, space.picture.trunk.state_dict()[name]), name


def lay_out(tmp_path: Path) -> Path:
    """A folder as somebody fills it who trains: three pictures, three sounds, one scene."""
    (tmp_path / "images").mkdir()
    folder = tmp_path / "ambience/train/esc50"
    folder.mkdir(parents=True)
    (tmp_path / "scenes.csv").write_text("scene,pictures,sounds\nsea,sea,sea_waves\n")
    rng = np.random.default_rng(0)
    for number, label in enumerate(["sea", "sea", "portraits"]):
        cv2.imwrite(str(tmp_path / f"images/{number}.png"), rng.integers(0, 255, (60, 80, 3), dtype=np.uint8))
        with (tmp_path / "images/INDEX.csv").open("a") as index:
            index.write(("path,label\n" if number == 0 else "") + f"{number}.png,{label}\n")
    for number, label in enumerate(["sea_waves", "dog", "dog"]):
        soundfile.write(folder / f"{number}.wav", rng.uniform(-0.5, 0.5, RATE_HZ), RATE_HZ)
        with (folder / "INDEX.csv").open("a") as index:
            index.write(("path,label,fold\n" if number == 0 else "") + f"{number}.wav,{label},{number}\n")
    return tmp_path


@pytest.fixture
def data(tmp_path: Path, small: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(train, "SYNTHETIC_EACH", 0)
    monkeypatch.setattr(train, "DRAWINGS_EACH", 1)
    return lay_out(tmp_path)


def test_the_data_folder_is_learned_from_as_it_lies(data: Path, tmp_path: Path) -> None:
    path = train.train(data, tmp_path / "out", 2, 0, tmp_path / "run")
    assert path.name == "imaginary_soundscape.space.safetensors"
    assert path.with_suffix(".yaml").exists()


@pytest.fixture
def undrawn(data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder, and no drawings beside its pictures: they take a while."""
    monkeypatch.setattr(train, "DRAWINGS_EACH", 0)
    return data


def test_every_phase_that_lasts_is_told(
    undrawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Pictures, panoramas and ambiences took five minutes without a word."""
    monkeypatch.setattr(phases, "SOON_S", 0.0)
    monkeypatch.setattr(train, "DRAWINGS_EACH", 1)
    monkeypatch.setattr(material.drawings, "draw", lambda name, seed: np.zeros((64, 256, 3), np.uint8))
    train.train(undrawn, tmp_path / "out", 1, 0, tmp_path / "run")
    told = capsys.readouterr().err
    for phase in (
        "reading pictures 1/3 …", "drawing panoramas 1/", "reading the sounds of ", "looking at sounds: 1/3 …",
        "making ambiences: kind 1/", "the eye looks at pictures 1/",
    ):  # fmt: skip
        assert phase in told


def test_what_is_held_out_is_measured_with_and_not_learned_from(
    undrawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = undrawn / "ambience/train/esc50"
    for name in ("4.wav", "5.wav"):  # fold 1 has a sea as well, and something else
        shutil.copy(folder / "0.wav", folder / name)
    with (folder / "INDEX.csv").open("a") as index:
        index.write("4.wav,sea_waves,1\n5.wav,rooster,1\n")
    monkeypatch.setattr(held_out, "SHARE", 0.5)
    learned: list[tuple[int, int]] = []
    train_ear = train.train_ear

    def watched(eye: object, pictures: Pictures, sounds: Sounds, *rest: object) -> train.Space:
        learned.append((len(pictures.images), len(sounds.pictures)))
        return train_ear(eye, pictures, sounds, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(train, "train_ear", watched)
    path = train.train(undrawn, tmp_path / "out", 1, 0, tmp_path / "run", hold_out="1")
    assert learned == [(2, 2)] * 3, "of three pictures and five sounds, without one picture of the sea and fold 1"
    card = weights.read_card(path.with_suffix(".yaml"))
    assert "--hold-out 1" in card.command and any("all but fold 1" in line for line in card.data)
    (found,) = card.measured.values()
    assert (found["n"], found["sounds"]) == (1, 3)
    manifest = read_manifest(tmp_path / "run/without_1/held_out.csv")
    assert [(row.label, row.kind) for row in manifest] == [
        ("sea", "picture"), ("dog", "sound"), ("sea", "sound"), ("rooster", "sound")
    ]  # fmt: skip
    again = measure(manifest, TrainedEncoder.load(folder=tmp_path / "out"))
    assert again["p_at_1"] == found["p_at_1"] and again["map"] == pytest.approx(found["map"], abs=1e-6)
    for fold, out, said in (
        ("7", "out", "no sound is of fold 7"),
        ("2", "out", "leave --hold-out"),
        ("1", "", "--out a"),
    ):
        with pytest.raises(MaterialError, match=said):
            train.train(undrawn, tmp_path / out if out else None, 1, 0, tmp_path / "run", hold_out=fold)


def test_the_card_says_the_steps_that_the_run_had(undrawn: Path, tmp_path: Path) -> None:
    data = undrawn
    for steps in (3, 2):
        path = train.train(data, tmp_path / "out", steps, 0, tmp_path / "run")
    assert weights.read_card(path.with_suffix(".yaml")).command.endswith("--data DIR --steps 3")


def test_a_run_does_not_go_on_with_other_pictures_or_scenes(undrawn: Path, tmp_path: Path) -> None:
    data = undrawn
    train.train(data, tmp_path / "out", 2, 0, tmp_path / "run")
    index = data / "images/INDEX.csv"
    whole = index.read_text()
    index.write_text(whole.replace("0.png,sea", "0.png,portraits").replace("2.png,portraits", "2.png,sea"))
    with pytest.raises(RunError, match=r"eye: .*2 of them are gone now, .*images/0\.png"):
        train.train(data, tmp_path / "out", 4, 0, tmp_path / "run")
    index.write_text(whole)
    (data / "scenes.csv").write_text("scene,pictures,sounds\nsea,portraits,sea_waves\n")
    with pytest.raises(RunError, match=r"ear1: .*1 of them are gone now, .*scenes\.csv"):
        train.train(data, tmp_path / "out", 2, 0, tmp_path / "run")


def test_the_last_ear_hears_sounds_in_each_others_colours(
    undrawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learning, asked = [], []

    def train_ear(*arguments: object) -> train.Space:
        learning.append(len(learning))
        return learns(*arguments)  # type: ignore[arg-type]

    def recorded(shown: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
        asked.append(learning[-1])
        return restyled(shown, rng)

    learns = train.train_ear
    monkeypatch.setattr(train, "train_ear", train_ear)
    monkeypatch.setattr(train, "restyled", recorded)
    train.train(undrawn, tmp_path / "out", 5, 0, tmp_path / "run")
    assert learning == [0, 1, 2]
    assert asked == [2, 2], "at each of its steps"


def test_ears_that_learned_apart_are_saved_side_by_side(undrawn: Path, tmp_path: Path) -> None:
    """The loaded encoder says in the mean what each says by itself of a picture and of a sound."""
    train.train(undrawn, tmp_path / "out", 2, 0, tmp_path / "run")
    encoder = TrainedEncoder.load(folder=tmp_path / "out")
    spaces = encoder._spaces
    assert len(spaces.sounds) == len(train.RESTYLED) == 3
    assert encoder.bank.shape == (3, len(spaces.classes)), "one for each picture"
    picture, sound = pictures(1).images[0], np.random.default_rng(3).uniform(-0.5, 0.5, 5 * RATE_HZ)
    square, window = prepare([cv2.resize(picture, (SIDE, SIDE))]), trimmed(sound.astype(np.float32))
    said: list[list[torch.Tensor]] = [[], []]
    with torch.inference_mode():
        heard = Spectrogram()(torch.from_numpy(window)[None])
        for number, ear in enumerate(spaces.sounds):
            anchors = normalize(ear.anchors, dim=1)
            seen = spaces.picture.place(spaces.picture.features(square), number)
            said[0].append(torch.softmax(SHARPNESS * seen @ anchors.T, 1))
            said[1].append(torch.softmax(SOFT * ear(heard) @ anchors.T, 1))
        for each, whole in zip(said, (spaces.of_pictures(square), spaces.of_sounds(heard)), strict=True):
            assert (each[0] - each[1]).abs().max() > 1e-6, "they did not learn the same"
            assert torch.allclose(whole, torch.stack(each).mean(0), rtol=1e-5, atol=1e-8)
            assert float(whole.sum()) == pytest.approx(1, abs=1e-5)
        assert encoder.sound(window) == pytest.approx(normalize(whole, dim=1)[0].numpy(), abs=1e-5)


def test_who_trains_there_too_hears_of_it_before_anything_is_read(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading takes minutes, and would be for nothing."""
    (tmp_path / "run").mkdir()
    monkeypatch.setattr(train, "read_pictures", lambda table: pytest.fail("it has begun to read"))
    with (
        held(tmp_path / "run" / "running.lock", "training"),
        pytest.raises(RunError, match="another training is under way here"),
    ):
        train.train(data, out=tmp_path / "out", steps=1, run=tmp_path / "run")


def test_tables_that_a_spreadsheet_saved_are_learned_from(data: Path, tmp_path: Path) -> None:
    for name in ("images/INDEX.csv", "ambience/train/esc50/INDEX.csv", "scenes.csv"):
        text = (data / name).read_text()
        (data / name).write_text(text.replace("\n", "\r\n") + ",,\r\n", encoding="utf-8-sig", newline="")
    assert train.train(data, tmp_path / "out", 2, 0, tmp_path / "run").exists()


def test_pictures_and_sounds_that_cannot_be_read_are_named(data: Path, tmp_path: Path) -> None:
    (data / "images/1.png").write_text("no picture")
    with (data / "images/INDEX.csv").open("a") as index:
        index.write("9.png,sea\n")
    with pytest.raises(
        MaterialError, match=r"2 broken rows\n  line 3: .*1\.png: not a pic.*\n  line 5: .*9\.png: no such"
    ):
        train.train(data, tmp_path / "out", 2, 0, tmp_path / "run")
    for content, said in (
        ("path,label\n", "images/INDEX.csv: holds no rows"),
        ("path,label\n0.png\n", "line 2: empty"),
    ):
        (data / "images/INDEX.csv").write_text(content)
        with pytest.raises(MaterialError, match=said):
            train.train(data, tmp_path / "out", 2, 0, tmp_path / "run")
    sounds = data / "ambience/train/esc50"
    (sounds / "1.wav").write_text("no sound")
    with pytest.raises(MaterialError, match=r"esc50/INDEX.csv: 1 broken row\n  line 3: .*1\.wav: not a sound"):
        material.read_recordings(sounds / "INDEX.csv")


def test_a_picture_of_too_many_pixels_is_named_with_its_line(data: Path) -> None:
    of_too_many_pixels(data / "images/huge.png")
    with (data / "images/INDEX.csv").open("a") as index:
        index.write("huge.png,sea\n")
    with pytest.raises(
        MaterialError, match=r"1 broken row\n  line 5: .*huge\.png: .*60000 × 60000 pixels are too many"
    ):
        material.read_pictures(data / "images/INDEX.csv")


def test_pictures_that_no_scene_names_are_told(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    train.train(data, tmp_path / "out", 2, 0, tmp_path / "run")
    assert "have no scene, and no sound: portraits\n" in capsys.readouterr().err
    before = {path: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    (data / "scenes.csv").write_text("scene,pictures,sounds\nmoon,moon,sea_waves\n")
    monkeypatch.setattr(train, "train_eye", lambda *_: pytest.fail("it is said before hours of learning"))
    with pytest.raises(
        MaterialError, match=r"no label of images/INDEX.csv is in scenes.csv.* Labels: portraits, sea$"
    ):
        train.train(data, tmp_path / "out", 2, 0, tmp_path / "run")
    assert before == {path: path.read_bytes() for path in (tmp_path / "out").iterdir()}


def test_the_card_names_what_was_learned_from_and_nothing_else(data: Path, tmp_path: Path) -> None:
    path = train.train(data, tmp_path / "out", 2, 0, tmp_path / "run")
    unknown = "; whoever passes these weights on writes here whose they are"
    assert weights.read_card(path.with_suffix(".yaml")).data[:-1] == [
        f"3 pictures of '{data.name}/images'{unknown}",
        f"3 sounds of '{data.name}/ambience/train/esc50'{unknown}",
    ]
    shipped = weights.read_card(weights.WEIGHTS_FOLDER / f"{train.NAME}.yaml")
    for name, sources in (
        ("images", [source for source in train.SOURCES if "ESC" not in source]),
        ("ambience/train/esc50", ["ESC-50 (Piczak 2015), freesound.org"]),
    ):
        with (data / name / "INDEX.csv").open("w", newline="") as table:
            csv.writer(table).writerows([["path", "source"], *(["a", source] for source in sources)])
    assert train.material_of(data) == shipped.data, "the long text where the data are those"
