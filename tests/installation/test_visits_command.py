"""`visits`: what is kept is listed and deleted, whether or not the exhibition runs."""

from __future__ import annotations

import functools
import getpass
import io
import json
import os
import shutil
import time
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from installation import ownership, shared
from installation.exhibition import keep_last_good, load
from installation.home_disk import NOTE, note
from installation.visitors import on_request
from installation.visitors.attendance import Attendance
from installation.visitors.film import JpegFilm, encode
from installation.visitors.ledger import Ledger
from installation.visitors.retention import Reckoning
from installation.visitors.store import Store


@pytest.fixture
def store(run: Any) -> Iterator[Store]:
    """The store of the exhibition in this folder, with three visits; it is in use until it is closed."""
    store = Store(Path("data/visits"), reserve_bytes=0, clock=lambda: 1.8e9)
    film = JpegFilm([encode(np.zeros((16, 16, 3), np.uint8))], 20.0)
    for visit in ("aa11aa11aa11aa11", "aa22aa22aa22aa22", "bb33bb33bb33bb33"):
        store.keep(np.full(100, 0.1, np.float32), 48_000, film, 86_400.0, visit[0] == "b", visit)
    yield store
    store.close()


@pytest.mark.usefixtures("store")
def test_the_recordings_that_are_kept_are_listed(run: Any) -> None:
    done = run("visits")
    lines = [line for line in done.stdout.splitlines() if "11aa" in line or "22aa" in line or "33bb" in line]
    recorded, until = (f"{datetime.fromtimestamp(at):%Y-%m-%d %H:%M}" for at in (1.8e9, 1.8e9 + 86_400))
    assert done.exit_code == 0 and len(lines) == 3
    assert "bb33bb33bb33bb33" in lines[0] and "stand-in" in lines[0] and "visitor" in lines[1]
    assert all(recorded in line and until in line for line in lines)
    said = json.loads(run("visits", "--json").stdout)["visits"]
    assert [one["id"] for one in said] == ["bb33bb33bb33bb33", "aa22aa22aa22aa22", "aa11aa11aa11aa11"]
    assert datetime.fromisoformat(said[0]["until"]).timestamp() == 1.8e9 + 86_400 and said[0]["stand_in"] is True


def test_of_several_works_each_recording_says_whose_it_is(run: Any, store: Store) -> None:
    film = JpegFilm([encode(np.zeros((8, 8, 3), np.uint8))], 20)
    store.keep(np.full(100, 0.1, np.float32), 48_000, film, 86_400.0, False, "cc44cc44cc44cc44", "portraits")
    (line,) = [line for line in run("visits").stdout.splitlines() if "cc44cc44cc44cc44" in line]
    assert "portraits" in line
    assert [one["piece"] for one in json.loads(run("visits", "--json").stdout)["visits"]] == ["portraits", "", "", ""]


def test_where_nothing_is_kept_that_is_said(run: Any) -> None:
    done = run("visits")
    assert done.exit_code == 0 and "no recording is kept in" in done.stdout and not Path("data").exists()
    assert json.loads(run("visits", "--json").stdout) == {"visits": []}


def test_recordings_are_deleted_by_the_beginnings_of_their_ids(run: Any, store: Store) -> None:
    store.close()
    done = run("visits", "--delete", "aa1", "--delete", "b")
    assert (
        done.exit_code == 0 and "aa11aa11aa11aa11 is deleted" in done.stdout and "bb33bb33bb33bb33 is" in done.stdout
    )
    assert {path.stem for path in Path("data/visits/media").iterdir()} == {"aa22aa22aa22aa22"}
    assert json.loads(run("visits", "--delete", "aa2", "--json").stdout) == {"deleted": ["aa22" * 4], "left": []}


def test_stand_ins_or_everybody_can_be_deleted_before_an_opening(run: Any, store: Store) -> None:
    store.close()
    done = run("visits", "--delete", "stand-ins")
    assert done.exit_code == 0 and "bb33bb33bb33bb33 is deleted" in done.stdout and "aa" not in done.stdout
    done = run("visits", "--delete", "stand-ins")
    assert done.exit_code == 0 and "nothing is kept that could be deleted" in done.stdout
    done = run("visits", "--delete", "everybody", "--json")
    assert json.loads(done.stdout) == {"deleted": ["aa11aa11aa11aa11", "aa22aa22aa22aa22"], "left": []}
    assert not list(Path("data/visits/media").iterdir())


def test_how_many_came_is_said_by_month_and_day(run: Any) -> None:
    assert "nobody was counted yet" in run("visits", "--count").stdout
    counted = Attendance(Path("data"))
    Path("data").mkdir()
    for day, visits in (("2026-10-30", 5), ("2026-11-01", 2), ("2026-11-22", 40)):
        counted.add(date.fromisoformat(day), visits)
    done = run("visits", "--count")
    rows = [line.replace("│", " ").split() for line in done.stdout.splitlines()]
    assert done.exit_code == 0 and ["2026-10", "5"] in rows and ["2026-11", "42"] in rows
    assert any(row[-2:] == ["2026-11-22", "40"] for row in rows)
    said = json.loads(run("visits", "--count", "--json").stdout)
    assert said == {"days": {"2026-10-30": 5, "2026-11-01": 2, "2026-11-22": 40}, "total": 47}


def test_they_are_deleted_under_a_file_with_mistakes_in_it_too(run: Any, store: Store) -> None:
    """Whoever asks to be deleted need not wait until a setting is spelt right."""
    store.close()
    keep_last_good(load(Path("exhibition.yaml")))
    Path("exhibition.yaml").write_text("title: [\n")
    assert run("visits", "--delete", "b").exit_code == 0
    assert not list(Path("data/visits/media").glob("bb33*"))


@pytest.mark.parametrize("wrong, message", [("aa", "2 ids begin with 'aa'"), ("cc", "no recording that is kept")])
def test_where_one_is_not_meant_clearly_none_is_deleted(run: Any, store: Store, wrong: str, message: str) -> None:
    store.close()
    done = run("visits", "--delete", "bb33", "--delete", wrong)
    assert done.exit_code == 2 and message in done.stderr and not done.stdout
    assert len(list(Path("data/visits/media").glob("*.wav"))) == 3


def test_an_exhibition_that_does_not_answer_is_said(run: Any, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_request, "erase", functools.partial(on_request.erase, patience_s=0.0))
    done = run("visits", "--delete", "b")
    assert done.exit_code == 1 and "bb33bb33bb33bb33 is not deleted yet" in done.stderr and not done.stdout
    assert on_request.answer(store) == ["bb33bb33bb33bb33"]


def test_a_clock_that_was_doubted_is_believed_from_now_on(run: Any) -> None:
    """The store was in use three years from now: by today's clock, which is doubted, that cannot be."""
    ahead = time.time() + 1000 * 86_400
    Store(Path("data/visits"), reserve_bytes=0, clock=lambda: ahead).close()
    Store(Path("data/visits"), reserve_bytes=0).close()
    assert reckoning().doubted and reckoning().believed == pytest.approx(ahead, abs=60)
    done = run("visits", "--clock-is-right")
    assert done.exit_code == 0 and f"by this machine's clock again: {datetime.now():%Y-%m-%d} " in done.stderr
    assert not reckoning().doubted and reckoning().believed == pytest.approx(time.time(), abs=60)


def reckoning() -> Reckoning:
    ledger = Ledger(Path("data/visits/visits.sqlite"))
    found = ledger.remembered()
    ledger.close()
    assert found is not None
    return found


def test_a_voucher_for_the_clock_that_is_not_answered_is_said(
    run: Any, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_request, "vouch_for_clock", functools.partial(on_request.vouch_for_clock, patience_s=0.0))
    done = run("visits", "--clock-is-right")
    assert done.exit_code == 1 and "does not answer" in done.stderr and not done.stdout


@pytest.mark.parametrize("begun", ["never", "by hand"])
def test_where_there_is_nobody_to_delete_no_store_is_begun(run: Any, begun: str) -> None:
    if begun == "by hand":
        Path("data/visits").mkdir(parents=True)
    before = sorted(Path().rglob("*"))
    done = run("visits", "--delete", "everybody")
    assert done.exit_code == 0 and "nothing is kept that could be deleted" in done.stdout
    assert sorted(Path().rglob("*")) == before


@pytest.fixture
def away(run: Any, tmp_path: Path) -> Iterator[None]:
    """An exhibition runs in this folder, and the disk on which its recordings lay is away."""
    run_folder = shared.make_folder()
    (tmp_path / "data").mkdir()
    note(tmp_path / "data", run_folder)
    said = json.loads((run_folder / NOTE).read_text())
    (run_folder / NOTE).write_text(json.dumps(said | {"device": said["device"] + 1}))
    yield
    shutil.rmtree(run_folder)


@pytest.mark.usefixtures("away")
@pytest.mark.parametrize(
    "arguments", [(), ("--json",), ("--delete", "everybody"), ("--delete", "aa"), ("--clock-is-right",), ("--count",)]
)
def test_while_the_disk_is_away_nobody_is_told_that_nothing_is_kept(run: Any, arguments: tuple[str, ...]) -> None:
    done = run("visits", *arguments)
    assert done.exit_code == 1 and not done.stdout and "plug it in" in done.stderr
    there = Path("data/visits").absolute()
    assert f"the disk with the recordings is away: another one lies in the place of {there}" in done.stderr
    assert list(Path("data").iterdir()) == []


@pytest.mark.usefixtures("away")
def test_who_was_counted_on_another_disk_than_the_one_that_is_away_is_said(run: Any) -> None:
    Attendance(Path("data")).add(date.fromisoformat("2026-11-01"), 2)
    assert json.loads(run("visits", "--count", "--json").stdout)["total"] == 2


def test_a_store_that_cannot_be_read_is_said_in_a_line(run: Any) -> None:
    Path("data/visits").mkdir(parents=True)
    Path("data/visits/media").write_text("")
    done = run("visits")
    assert done.exit_code == 1 and "Not a directory" in done.stderr and "Traceback" not in done.output


@pytest.mark.parametrize("arguments", [(), ("--delete", "b"), ("--clock-is-right",)])
def test_a_store_that_this_account_may_not_enter_names_its_owner_and_the_command(
    run: Any, store: Store, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    store.close()
    folder = Path("data/visits").absolute()
    monkeypatch.setattr(os, "stat", functools.partial(refused, folder, os.stat))
    monkeypatch.setattr(os, "open", functools.partial(refused, folder, os.open))
    monkeypatch.setattr(os, "listdir", functools.partial(refused, folder, os.listdir))
    monkeypatch.setattr(io, "open", functools.partial(refused, folder, io.open))
    monkeypatch.setattr(ownership, "account", lambda: "kiosk")
    done = run("visits", *arguments)
    owner = getpass.getuser()
    assert done.exit_code == 1 and not done.stdout and "Errno" not in done.stderr
    assert f"{folder} may not be used by this account, kiosk: it belongs to {owner}" in done.stderr
    assert (
        "use the account that shows the exhibition" in done.stderr and f"sudo chown -R kiosk {folder}" in done.stderr
    )


def refused(folder: Path, really: Any, path: Any, *more: Any, **named: Any) -> Any:
    if not isinstance(path, int) and folder in Path(path).parents:
        raise PermissionError(13, "Permission denied", str(path))
    return really(path, *more, **named)
