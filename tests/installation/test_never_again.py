"""What was put away stays away: through restarts, edits, damage and names in any script."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from installation import never_again
from installation.never_again import MOST, NeverAgain


def test_what_is_put_away_is_known_to_another_process_and_can_be_taken_back(tmp_path: Path) -> None:
    console, stage = NeverAgain(tmp_path / "data"), NeverAgain(tmp_path / "data")
    assert stage.of("soundscape") == ()
    console.put_away("soundscape", "siren.ogg")
    console.put_away("soundscape", "deep/horn [2].wav")
    console.put_away("soundscape", "siren.ogg")
    console.put_away("beatbox", "siren.ogg")
    assert stage.of("soundscape") == ("siren.ogg", "deep/horn [2].wav") and stage.of("beatbox") == ("siren.ogg",)
    console.take_back("soundscape", "siren.ogg")
    console.take_back("soundscape", "never put away")
    assert stage.of("soundscape") == ("deep/horn [2].wav",) == NeverAgain(tmp_path / "data").of("soundscape")
    console.take_back("soundscape", "deep/horn [2].wav")
    console.take_back("beatbox", "siren.ogg")
    assert stage.of("soundscape") == () == stage.of("beatbox")


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30), max_size=6, unique=True))
def test_any_name_comes_back_as_it_was(tmp_path: Path, names: list[str]) -> None:
    folder = tmp_path / os.urandom(6).hex()
    for name in names:
        NeverAgain(folder).put_away("piece", name)
    assert NeverAgain(folder).of("piece") == tuple(names)


DAMAGED = [
    "- a list",
    "piece: siren.ogg",
    "piece: [1, 2]",
    "{",
    "piece: [\x00]",
    "\xff\xfe",
    "p: [!!bool x]",
    "[" * 3000,
]


@pytest.mark.parametrize("said", DAMAGED)
def test_a_damaged_file_is_named_once_and_what_was_known_stays_away(
    tmp_path: Path, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    kept = NeverAgain(tmp_path)
    kept.put_away("piece", "horn.ogg")
    assert kept.trouble == ""
    kept.path.write_bytes(said.encode("latin-1"))
    assert kept.of("piece") == ("horn.ogg",) and kept.trouble and "cannot be used" in caplog.text
    caplog.clear()
    assert kept.of("piece") == ("horn.ogg",) and caplog.text == "", "said once"
    assert NeverAgain(tmp_path).of("piece") == ()
    kept.put_away("piece", "siren.ogg")
    assert NeverAgain(tmp_path).of("piece") == ("horn.ogg", "siren.ogg") and kept.trouble == ""
    assert (tmp_path / "never_again.damaged.yaml").read_bytes() == said.encode("latin-1")


def test_a_disk_that_hiccups_costs_nothing_that_was_put_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Not to be read for a moment is not to be damaged."""
    NeverAgain(tmp_path).put_away("piece", "horn.ogg")
    knows, fresh = NeverAgain(tmp_path), NeverAgain(tmp_path)
    assert knows.of("piece") == ("horn.ogg",)
    NeverAgain(tmp_path).put_away("piece", "siren.ogg")

    def ill(path: Path) -> None:
        raise OSError(5, "Input/output error", str(path))

    with monkeypatch.context() as disk:
        disk.setattr(never_again, "_read", ill)
        assert knows.of("piece") == ("horn.ogg",), "what was known stays away"
        assert fresh.of("piece") == () and fresh.of("piece") == ()
        assert "Input/output" in knows.trouble and "Input/output" in fresh.trouble
        assert caplog.text.count("cannot be used") == 2, "said once by each"
        for kept in (knows, fresh):
            with pytest.raises(OSError, match="Input/output"):
                kept.put_away("piece", "drill.ogg")
    for kept in (knows, fresh):
        assert kept.of("piece") == ("horn.ogg", "siren.ogg") and kept.trouble == ""
    fresh.put_away("piece", "drill.ogg")
    assert knows.of("piece") == ("horn.ogg", "siren.ogg", "drill.ogg")
    assert not list(tmp_path.glob("*.damaged*"))


def test_a_folder_that_is_away_is_no_empty_list(tmp_path: Path) -> None:
    folder, stick = tmp_path / "stick" / "data", tmp_path / "stick"
    kept = NeverAgain(folder)
    kept.put_away("piece", "horn.ogg")
    stick.rename(tmp_path / "pulled out")
    assert kept.of("piece") == ("horn.ogg",) and kept.trouble
    with pytest.raises(OSError, match="not written over"):
        kept.put_away("piece", "siren.ogg")
    assert not stick.exists()
    late = NeverAgain(folder)
    assert late.of("piece") == () and late.trouble, "not silently"
    (tmp_path / "pulled out").rename(stick)
    assert kept.of("piece") == late.of("piece") == ("horn.ogg",) and not kept.trouble and not late.trouble


def test_what_is_damaged_and_then_unreadable_is_damaged_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = NeverAgain(tmp_path)
    kept.path.write_text("{")
    assert kept.of("piece") == ()
    damage = kept.trouble
    with monkeypatch.context() as disk:
        disk.setattr(never_again.Path, "stat", lambda path: (_ for _ in ()).throw(OSError(5, "Input/output error")))
        disk.setattr(never_again.Path, "is_dir", lambda path: True)
        disk.setattr(never_again.Path, "exists", lambda path: True)
        assert kept.of("piece") == () and "Input/output" in kept.trouble
    assert kept.of("piece") == () and kept.trouble == damage


def test_people_may_edit_it_while_it_is_used(tmp_path: Path) -> None:
    kept = NeverAgain(tmp_path)
    kept.put_away("piece", "a.wav")
    assert kept.path.read_text().startswith("#")
    kept.path.write_text("piece:\n- b.wav  # too shrill for the opening\n")
    assert kept.of("piece") == ("b.wav",)
    kept.path.write_text("")
    assert kept.of("piece") == ()
    kept.path.unlink()
    assert kept.of("piece") == ()


def test_it_does_not_grow_for_ever(tmp_path: Path) -> None:
    kept = NeverAgain(tmp_path)
    kept.path.write_text(yaml.safe_dump({"piece": [f"{number}.wav" for number in range(MOST)]}))
    with pytest.raises(OSError, match="take some back"):
        kept.put_away("piece", "last.wav")
    kept.take_back("piece", "3.wav")
    kept.put_away("piece", "last.wav")
    assert len(kept.of("piece")) == MOST and kept.of("piece")[-1] == "last.wav"


def test_where_it_cannot_be_written_it_says_so_and_keeps_what_it_has(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    kept = NeverAgain(tmp_path / "data")
    with pytest.raises(OSError):
        kept.put_away("piece", "siren.ogg")
    assert kept.of("piece") == ()
