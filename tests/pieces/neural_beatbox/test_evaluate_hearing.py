"""The figures mean what they say, and a broken manifest says which rows are broken."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from pieces.neural_beatbox import evaluate_hearing, hearing
from pieces.neural_beatbox.evaluate_hearing import ManifestError, matched_errors_s
from pieces.neural_beatbox.hearing import LABELS, HeardHit
from pieces.neural_beatbox.together import Impressions


class Listener:
    """Stands in for the network: hears what it is told, and a snare in whatever it is given to classify."""

    def __init__(self, onsets_s: list[float], second: str = "kick") -> None:
        self.onsets_s = onsets_s
        self.probabilities = np.full(9, 0.01, np.float32)
        self.probabilities[LABELS.index("snare")] = 0.5
        self.probabilities[LABELS.index(second)] = 0.3

    def impression(self, samples: np.ndarray, rate_hz: int) -> Impressions:
        assert samples.ndim == 1
        return Impressions(np.log(self.probabilities)[None, None], np.ones(1), np.ones((1, 1), np.float32))

    def hear(self, samples: np.ndarray, rate_hz: int) -> list[HeardHit]:
        return [HeardHit(at, 0.1, "snare", self.probabilities, 0.5, None, None, 0.5) for at in self.onsets_s]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    noise = np.random.default_rng(0).standard_normal((8000, 2)) * 0.1
    soundfile.write(tmp_path / "a.wav", noise, 8000)
    soundfile.write(tmp_path / "b.flac", noise[:, 0], 44_100)
    (tmp_path / "a.csv").write_text("time,label\n0.50,kick\n0.20,snare\n")
    return tmp_path


def test_accuracy_counts_all_labels_and_restricted_only_those_present(folder: Path) -> None:
    manifest = folder / "m.csv"
    manifest.write_text(f"path,label,performer\na.wav,bd,P1\n{folder / 'b.flac'},Hi-Hat,P2\n")
    result = evaluate_hearing.hits(manifest, Listener([]), degraded=True)  # type: ignore[arg-type]
    assert (result["accuracy"], result["accuracy_restricted"], result["n"]) == (0.0, 0.5, 2)
    assert result["per_label"]["kick"] == {"accuracy": 0.0, "accuracy_restricted": 1.0, "n": 1}
    assert result["confusion"]["hat_closed"] == {"snare": 1}
    assert result["per_performer"]["P1"]["n"] == 1
    assert set(result["degraded"]) == {"rumble", "dull", "room"}


class Ears:
    """Takes a sound for what its level says: quiet ones are snares that are nearly hats, loud ones are hats."""

    def impression(self, samples: np.ndarray, rate_hz: int) -> Impressions:
        quiet = np.abs(samples).max() < 0.3
        alone = np.full(len(LABELS), 0.005, np.float32)
        alone[LABELS.index("hat_closed")] = 0.5 if quiet else 0.95
        alone[LABELS.index("snare")] = 0.48 if quiet else 0.02
        return Impressions(np.log(alone)[None, None], np.ones(1), np.array([[quiet, not quiet]], np.float32))


def test_what_one_performer_left_is_heard_together_and_of_nobody_alone(tmp_path: Path) -> None:
    """By itself each of these snares is a hat; beside the hats of whoever made them they are told."""
    noise = np.random.default_rng(0).uniform(-1, 1, 800)
    lines = []
    for number in range(60):
        label, level = ("snare", 0.2) if number % 2 else ("hat_closed", 0.9)
        soundfile.write(tmp_path / f"{number}.wav", noise * level, 8000)
        lines.append(f"{number}.wav,{label}")
    anonymous, named = tmp_path / "anonymous.csv", tmp_path / "named.csv"
    anonymous.write_text("\n".join(["path,label", *lines]))
    named.write_text("\n".join(["path,label,performer", *(f"{line},P1" for line in lines)]))
    alone = evaluate_hearing.hits(anonymous, Ears(), degraded=False)  # type: ignore[arg-type]
    heard = evaluate_hearing.hits(named, Ears(), degraded=False)  # type: ignore[arg-type]
    assert alone["accuracy"] == heard["alone"]["accuracy"] == 0.5 and "takes" not in alone
    assert heard["accuracy"] == heard["takes"]["accuracy"] == heard["per_performer"]["P1"]["accuracy"] == 1.0


def test_every_broken_row_is_named_by_its_line(folder: Path) -> None:
    (folder / "text.wav").write_text("not sound")
    manifest = folder / "m.csv"
    manifest.write_text("path,label\na.wav,kick\nmissing.wav,kick\nb.flac,trumpet\ntext.wav,snare\n")
    with pytest.raises(ManifestError) as caught:
        evaluate_hearing.hits(manifest, Listener([]))  # type: ignore[arg-type]
    message = str(caught.value)
    assert "3 broken rows" in message
    for part in ("line 3: ", "missing.wav", "line 4: unknown label 'trumpet'", "line 5: ", "text.wav"):
        assert part in message
    assert "line 2" not in message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("path\na.wav\n", "no column label"),
        ("path,label\n", "no rows"),
        ("path,label\n,kick\n", "line 2: empty path"),
        ("path;label\na.wav;kick\n", "separated by ; - save it with commas"),
    ],
)
def test_a_manifest_of_another_shape_is_refused(folder: Path, text: str, says: str) -> None:
    (folder / "m.csv").write_text(text)
    with pytest.raises(ManifestError, match=says):
        evaluate_hearing.read_hits_manifest(folder / "m.csv")
    with pytest.raises(ManifestError, match="cannot be read"):
        evaluate_hearing.read_hits_manifest(folder / "none.csv")


def test_onsets_are_scored_one_to_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "librosa", None)  # as where it is not installed
    (folder / "m.csv").write_text("path,annotations\na.wav,a.csv\n")
    result = evaluate_hearing.onsets(folder / "m.csv", Listener([0.21, 0.22, 0.9]))  # type: ignore[arg-type]
    assert result == {
        "f1": 0.4, "precision": 0.3333, "recall": 0.5, "median_error_ms": 10.0, "n": 2, "files": 1,
        "label_accuracy": 1.0, "n_labels": 1,
    }  # fmt: skip


def test_what_is_heard_within_a_take_is_held_against_its_labels(folder: Path) -> None:
    (folder / "b.csv").write_text("0.50,bd\n0.20,sd\n0.80\n0.90,snare_roll\n")
    (folder / "m.csv").write_text("path,annotations\na.wav,b.csv\n")
    ear = Listener([0.21, 0.51, 0.8, 0.9, 2.0])  # hears snares only
    result = evaluate_hearing.onsets(folder / "m.csv", ear)  # type: ignore[arg-type]
    assert (result["label_accuracy"], result["n_labels"], result["n"]) == (0.5, 2, 4)
    (folder / "b.csv").write_text("time\n0.50\n")
    assert "label_accuracy" not in evaluate_hearing.onsets(folder / "m.csv", ear)  # type: ignore[arg-type]


@pytest.mark.parametrize("time", ["soon", "nan", "inf"])
def test_annotations_with_words_for_times_are_named(folder: Path, time: str) -> None:
    (folder / "bad.csv").write_text(f"time\n0.1\n{time}\n")
    (folder / "m.csv").write_text("path,annotations\na.wav,bad.csv\n")
    with pytest.raises(ManifestError, match=rf"line 2: annotations bad.csv: bad.csv:3: '{time}'"):
        evaluate_hearing.read_onsets_manifest(folder / "m.csv")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("time;label\n0,5;kick\n", "bad.csv: the columns are separated by ; - save it with commas, and points in"),
        ("0,5;kick\n", "bad.csv: the columns are separated by ;"),
        ("time\tlabel\n0.5\tkick\n", "bad.csv: the columns are separated by tabs"),
        (
            "time,label\n0.1,kick\n9.5,kick\n",
            "bad.csv:3: 9.5 s lies beyond the end of the sound, which is 1.00 s long",
        ),
        ("0,5\n1,2\n", "bad.csv:1: 0,5 would be read as 0 s and a label; write points in the times (0.5), or 0.0"),
        ("time,label\n0,5,snare\n", "bad.csv:2: 0,5 would be read as 0 s and a label"),
        ("-0.2,kick\n", "bad.csv:1: -0.2 s lies before the beginning of the sound"),
    ],
)
def test_annotations_that_would_be_scored_as_something_else_are_refused(folder: Path, text: str, says: str) -> None:
    """Decimal commas were read as times without their fractions, and labels that are none of ours."""
    (folder / "bad.csv").write_text(text)
    (folder / "m.csv").write_text("path,annotations\na.wav,bad.csv\n")
    with pytest.raises(ManifestError) as refused:
        evaluate_hearing.read_onsets_manifest(folder / "m.csv")
    assert f"line 2: annotations bad.csv: {says}" in str(refused.value)


def test_annotations_that_were_fitted_may_err_a_little(folder: Path) -> None:
    (folder / "b.csv").write_text("-0.004,kick\n1.9,kick\n")
    (folder / "m.csv").write_text("path,annotations\na.wav,b.csv\n")
    (row,) = evaluate_hearing.read_onsets_manifest(folder / "m.csv")
    assert row.onsets_s.tolist() == [-0.004, 1.9]


def test_annotations_that_are_not_there_are_said_in_words(folder: Path) -> None:
    (folder / "inside").mkdir()
    (folder / "odd.csv").write_bytes(b"0.1,\xff\xfe\n")
    (folder / "m.csv").write_text("path,annotations\na.wav,none.csv\na.wav,inside\na.wav,odd.csv\n")
    with pytest.raises(ManifestError) as refused:
        evaluate_hearing.read_onsets_manifest(folder / "m.csv")
    assert str(refused.value).splitlines()[1:] == [
        "  line 2: annotations none.csv: no such file",
        "  line 3: annotations inside: no such file",
        "  line 4: annotations odd.csv: cannot be read (no text in UTF-8; save it as that)",
    ]


def test_labels_may_be_numbers_where_the_times_have_points(folder: Path) -> None:
    (folder / "b.csv").write_text("0.0,36\n0.5,38\n")
    (folder / "m.csv").write_text("path,annotations\na.wav,b.csv\n")
    (row,) = evaluate_hearing.read_onsets_manifest(folder / "m.csv")
    assert row.onsets_s.tolist() == [0.0, 0.5]


@pytest.mark.parametrize("text", ["", "time,label\n"])
def test_annotations_that_all_hold_no_time_are_refused(folder: Path, text: str) -> None:
    """One in which nothing is to be heard is none the worse beside others."""
    (folder / "none.csv").write_text(text)
    (folder / "m.csv").write_text("path,annotations\na.wav,none.csv\n")
    with pytest.raises(ManifestError, match=r"m\.csv: its annotations hold no time"):
        evaluate_hearing.onsets(folder / "m.csv", Listener([0.2]))  # type: ignore[arg-type]
    (folder / "m.csv").write_text("path,annotations\na.wav,none.csv\na.wav,a.csv\n")
    result = evaluate_hearing.onsets(folder / "m.csv", Listener([0.2, 0.5]))  # type: ignore[arg-type]
    assert (result["n"], result["files"], result["recall"], result["precision"]) == (2, 2, 1.0, 0.5)


def test_what_holds_nothing_to_hear_is_left_out_and_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    soundfile.write(folder / "silent.wav", np.zeros(8000), 8000)
    soundfile.write(folder / "one.wav", np.full(1, 0.5), 8000)
    soundfile.write(folder / "nan.wav", np.full(8000, np.nan), 8000, subtype="FLOAT")
    soundfile.write(folder / "empty.wav", np.zeros(0), 8000)
    soundfile.write(folder / "slow.wav", np.random.default_rng(0).uniform(-1, 1, 100), 100)
    odd = ("silent", "one", "nan", "empty", "slow")
    (folder / "m.csv").write_text("path,label\na.wav,snare\n" + "".join(f"{name}.wav,kick\n" for name in odd))
    result = evaluate_hearing.hits(folder / "m.csv", Listener([]))  # type: ignore[arg-type]
    assert (result["accuracy"], result["n"], result["left_out"]) == (1.0, 1, 5)
    assert [line.rpartition("/")[2] for line in result["unusable"]] == [
        "silent.wav: is silent", "one.wav: is 1 samples long", "nan.wav: holds what is no number (NaN or infinite)",
        "empty.wav: is 0 samples long", "slow.wav: has 100 samples a second",
    ]  # fmt: skip
    assert "5 of 6 files are left out:\n" in capsys.readouterr().err
    (folder / "m.csv").write_text("path,label\nsilent.wav,kick\n")
    with pytest.raises(ManifestError, match=r"nothing to hear in it: .*silent\.wav: is silent"):
        evaluate_hearing.hits(folder / "m.csv", Listener([]))  # type: ignore[arg-type]


class Clicks:
    """Hears every click of what it is given, a little early or late each time; keeps how long that was."""

    def __init__(self) -> None:
        self.lengths: list[int] = []

    def hear(self, samples: np.ndarray, rate_hz: int) -> list[HeardHit]:
        self.lengths.append(len(samples))
        even = np.full(9, 1 / 9, np.float32)
        onsets_s = np.flatnonzero(samples) / rate_hz + 0.004 * (-1) ** len(self.lengths)
        return [HeardHit(onset_s, 0.1, "kick", even, 0.1, None, None, 0.5) for onset_s in onsets_s]


@pytest.mark.parametrize("seconds", [5.0, 119.0, 200.5, 400.0])
def test_a_recording_of_any_length_is_heard_to_its_end(seconds: float) -> None:
    """What is longer than a take may be was cut, and what lay behind counted as missed."""
    rate_hz, ear = 100, Clicks()
    samples = np.zeros(round(seconds * rate_hz), np.float32)
    clicks = 5 * np.unique(np.random.default_rng(0).integers(0, samples.size // 5, 300))  # 50 ms apart, or more
    clicks = np.union1d(clicks, range(0, samples.size, 6000))
    samples[clicks] = 1.0
    heard = evaluate_hearing.whole(ear, samples, rate_hz)  # type: ignore[arg-type]
    np.testing.assert_allclose([hit.onset_s * rate_hz for hit in heard], clicks, atol=0.5)
    assert max(ear.lengths) <= hearing.LONGEST_S * rate_hz


def test_matching_is_a_largest_matching() -> None:
    def errors(annotated: list[float], detected: list[float]) -> list[float]:
        return matched_errors_s(np.array(annotated), np.array(detected))

    assert errors([0.10, 0.16], [0.13, 0.20]) == pytest.approx([0.03, 0.04])
    assert errors([0.10], [0.151]) == []
    assert errors([], [0.1]) == []
    assert len(errors([0.10, 0.12, 0.14], [0.145])) == 1


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("perc", "percussion"),
        (" Hat Open ", "hat_open"),
        ("hihat", "hat_closed"),
        ("Side-Stick", "rim"),
        ("kazoo", None),
        ("LT", "tom"),
    ],
)
def test_labels_may_be_written_in_other_ways(text: str, label: str | None) -> None:
    assert evaluate_hearing.canonical_label(text) == label
