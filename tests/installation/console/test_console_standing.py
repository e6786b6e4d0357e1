"""How things stand, from a folder of status files: whole ones, missing ones, and garbage."""

from __future__ import annotations

import json
import logging
import os
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from installation.console.standing import MOST_NAMES, PID_SECONDS, Observer, OnNow, Situation, duration, text
from installation.never_again import NeverAgain
from installation.roles import ROLES
from tests.installation.console.made_run import NAMES, Run


def observer(run: Run) -> Observer:
    return Observer(run.folder, NAMES, disk=run.folder)


def seen(run: Run) -> Situation:
    return observer(run).look(time.monotonic())


def alert(severity: str, message: str, **more: Any) -> dict[str, Any]:
    said = {"name": "a", "severity": severity, "message": message, "remedy": "Do it.", "about": "", "since": 1.0}
    return said | {"last": 1.0, "count": 1} | more


def test_all_is_well_when_every_heart_beats(run: Run) -> None:
    situation = seen(run)
    assert situation.verdict == "well"
    assert situation.missing == []
    assert [process.name for process in situation.processes] == ["supervisor", *NAMES]
    assert {process.state for process in situation.processes} == {"working"}


def test_who_works_has_a_number_and_nobody_the_number_of_the_process_before(run: Run) -> None:
    assert {process.pid for process in seen(run).processes} == {os.getpid()}
    run.silence("camera", ROLES["camera"].next_beat + 0.5)
    run.write("stage", ago=PID_SECONDS + 1.0)
    run.path("sound").write_text(run.path("sound").read_text().replace(f'"pid":{os.getpid()}', '"pid":"1; rm"'))
    numbers = {process.name: process.pid for process in seen(run).processes}
    assert numbers == dict.fromkeys(("supervisor", "console"), os.getpid()) | dict.fromkeys(
        ("camera", "stage", "sound"), None
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_heart_that_stopped_is_named(run: Run, name: str) -> None:
    run.silence(name, ROLES[name].next_beat + 0.5)
    situation = seen(run)
    assert situation.verdict == "fault"
    assert len(situation.missing) == 1
    assert situation.missing[0].startswith(f"{name}: no work for ")


@pytest.mark.parametrize("name", NAMES)
def test_a_heart_within_its_patience_is_well(run: Run, name: str) -> None:
    run.silence(name, ROLES[name].next_beat - 0.5)
    assert seen(run).verdict == "well"


def test_a_process_may_take_its_time_to_start_but_not_for_ever(run: Run) -> None:
    run.table[:] = 0.0
    run.beat("sound", "camera", "console")
    run.status["supervisor"].set("installation_uptime_seconds", 2.0)
    run.write()
    situation = seen(run)
    assert situation.verdict == "starting"
    assert situation.missing == ["stage: starting"]
    run.status["supervisor"].set("installation_uptime_seconds", ROLES["stage"].first_beat + 1)
    run.write()
    situation = seen(run)
    assert situation.verdict == "fault"
    assert situation.missing == ["stage: has not started"]


def test_who_is_no_longer_watched_has_nothing_to_say_and_who_is_new_has_its_time_to_start(run: Run) -> None:
    run.status["camera"].fact("devices", {"camera": {"name": "film", "real": False, "reason": "none"}})
    run.alerts["camera"] = [alert("fault", "it is gone")]
    run.write()
    watching = observer(run)
    assert [device.kind for device in watching.look(time.monotonic()).devices] == ["camera"]
    watching.watch([name for name in NAMES if name != "camera"], time.monotonic())
    run.silence("camera", 60.0)
    run.table[[row for row, name in enumerate(NAMES) if name != "camera"], 1] = time.monotonic()
    situation = watching.look(time.monotonic())
    assert (situation.verdict, situation.devices, situation.alerts) == ("well", (), ())
    assert "camera" not in [process.name for process in situation.processes]
    run.alerts.clear()
    run.write()
    now = time.monotonic()
    watching.watch(NAMES, now)
    assert watching.look(now).missing == ["camera: starting"], "its last work was for another save"
    late = ROLES["camera"].first_beat + 1
    run.status["supervisor"].write(now + late)
    assert watching.look(now + late).missing == ["camera: has not started"]
    run.beat("camera")
    assert watching.look(time.monotonic()).verdict == "well"


def test_a_supervisor_that_has_gone_is_missed(run: Run) -> None:
    run.write("supervisor", ago=6.0)
    assert seen(run).missing == ["supervisor: no work for 6 s"]
    run.path("supervisor").unlink()
    assert seen(run).missing == ["supervisor: has not started"]


def test_alerts_come_the_gravest_first_and_decide_the_verdict(run: Run) -> None:
    run.alerts["stage"] = [
        alert("info", "a note", since=9.0),
        alert("warning", "older"),
        alert("warning", "newer", since=2),
    ]
    run.write()
    situation = seen(run)
    assert [said.message for said in situation.alerts] == ["newer", "older", "a note"]
    assert situation.verdict == "warning"
    run.alerts["sound"] = [alert("fault", "silence")]
    run.write()
    assert seen(run).verdict == "fault"
    assert seen(run).alerts[0].process == "sound"


def test_a_note_alone_leaves_all_well(run: Run) -> None:
    run.alerts["stage"] = [alert("info", "a note")]
    run.write()
    assert seen(run).verdict == "well"


def test_alerts_of_a_process_long_gone_are_not_repeated(run: Run) -> None:
    run.alerts["stage"] = [alert("fault", "from before")]
    run.write("stage", ago=31.0)
    assert seen(run).alerts == ()


def test_devices_are_told_real_from_stand_in(run: Run) -> None:
    run.status["camera"].fact("devices", {"camera": {"name": "C920", "real": True, "reason": ""}})
    about = {
        "speakers": {"name": "silent", "real": False, "reason": "no card"},
        "toaster": {"name": "x", "real": True},
    }
    run.status["sound"].fact("devices", about)
    run.write()
    assert [asdict(device) for device in seen(run).devices] == [
        {"kind": "camera", "name": "C920", "real": True, "reason": ""},
        {"kind": "speakers", "name": "silent", "real": False, "reason": "no card"},
    ]


def test_closed_doors_are_told_from_open_ones(run: Run) -> None:
    run.write()
    assert (seen(run).open, seen(run).opens_at) == (True, None), "a stage that has not said so yet"
    run.status["stage"].fact("open", False)
    run.status["stage"].fact("opens_at", 1.79e9)
    run.write("stage")
    assert (seen(run).open, seen(run).opens_at) == (False, 1.79e9)
    run.status["stage"].fact("opens_at", "tomorrow")
    run.write("stage")
    assert (seen(run).open, seen(run).opens_at) == (False, None)


def test_the_frame_rate_is_counted_between_two_reports(run: Run) -> None:
    watching = observer(run)
    stage, begin = run.status["stage"], time.monotonic() - 10.0
    stage.inc("installation_frames_total", 100)
    stage.write(begin)
    assert watching.look(begin).figures.frame_rate_hz is None
    stage.inc("installation_frames_total", 60)
    stage.write(begin + 2.0)
    assert watching.look(begin + 2.1).figures.frame_rate_hz == pytest.approx(30.0)
    assert watching.look(begin + 2.6).figures.frame_rate_hz == pytest.approx(30.0), "nothing new was written"
    again = run._status("stage")  # the stage was started again: its count begins at nothing
    again.inc("installation_frames_total", 5)
    again.write(begin + 4.0)
    assert watching.look(begin + 4.0).figures.frame_rate_hz == pytest.approx(30.0)
    again.inc("installation_frames_total", 50)
    again.write(begin + 6.0)
    assert watching.look(begin + 6.0).figures.frame_rate_hz == pytest.approx(25.0)
    assert watching.look(begin + 60.0).figures.frame_rate_hz is None, "a stage that writes no more shows no pictures"


def test_figures_of_who_does_not_work_are_not_shown_as_if_they_were_of_now(run: Run) -> None:
    run.status["stage"].inc("installation_frames_total", 100)
    run.status["stage"].observe("installation_frame_seconds", 0.04)
    run.status["sound"].set("installation_blocks_missed_total", 3)
    watching = observer(run)
    run.write(ago=1.0)
    watching.look(time.monotonic())
    run.status["stage"].inc("installation_frames_total", 30)
    run.write()
    figures = watching.look(time.monotonic()).figures
    assert None not in (figures.frame_rate_hz, figures.frame_p99_ms, figures.visits)
    run.silence("stage", ROLES["stage"].next_beat + 0.5)
    figures = watching.look(time.monotonic()).figures
    assert (figures.frame_rate_hz, figures.frame_p99_ms, figures.visits) == (None,) * 3
    assert figures.blocks_missed == 3 and figures.uptime_s == 600.0, "the others are"
    run.silence("sound", ROLES["sound"].next_beat + 0.5)
    run.write("supervisor", ago=6.0)
    figures = watching.look(time.monotonic()).figures
    assert (figures.blocks_missed, figures.uptime_s) == (None, None)


def test_figures_that_nobody_said_are_not_invented(tmp_path: Path) -> None:
    situation = Observer(tmp_path, NAMES, disk=tmp_path / "not" / "there").look(time.monotonic())
    figures = situation.figures
    assert (figures.frame_rate_hz, figures.blocks_missed, figures.visits, figures.uptime_s) == (None,) * 4
    assert figures.disk_free_bytes is not None, "the disk of a folder that is yet to be made"
    assert situation.verdict == "fault"


def test_a_disk_that_cannot_be_reached_has_no_figure(tmp_path: Path) -> None:
    situation = Observer(tmp_path, NAMES, disk=tmp_path / (300 * "a")).look(time.monotonic())
    assert situation.figures.disk_free_bytes is None


def test_no_visits_yet_is_none_rather_than_unknown(run: Run) -> None:
    assert seen(run).figures.visits == 0
    run.status["stage"].inc("installation_visits_total", 3)
    run.write()
    assert (seen(run).figures.visits, seen(run).figures.visits_stand_in) == (3, 0)
    run.status["stage"].inc("installation_visits_stand_in_total", 2)
    run.write()
    assert (seen(run).figures.visits, seen(run).figures.visits_stand_in) == (1, 2), "those drawn are no people"


def test_a_damaged_file_is_logged_once_for_as_long_as_it_stays(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    watching = observer(run)
    run.path("sound").write_text('{"process": "sound", "monoto')
    with caplog.at_level(logging.WARNING):
        for _ in range(20):
            watching.look(time.monotonic())
    assert len(caplog.records) == 1
    run.status["sound"].set("installation_blocks_missed_total", 7)
    run.write("sound")
    assert watching.look(time.monotonic()).figures.blocks_missed == 7


def offered(run: Run, piece: str, *names: str) -> dict[str, object]:
    return {"piece": piece, "names": list(names), "kept": str(NeverAgain(run.folder).path.resolve())}


def test_a_stage_with_another_data_folder_is_offered_nothing(run: Run) -> None:
    run.status["stage"].fact("on_now", offered(run, "p", "rain.ogg") | {"kept": "/elsewhere/never_again.yaml"})
    run.write()
    assert seen(run).on_now == OnNow()


def test_what_is_on_can_be_told_from_what_was_put_away(run: Run) -> None:
    kept = NeverAgain(run.folder)
    kept.put_away("soundscape", "siren.ogg")
    run.status["stage"].fact("on_now", offered(run, "soundscape", "rain.ogg", "siren.ogg"))
    run.write()
    assert seen(run).on_now == OnNow("soundscape", ("rain.ogg",), ("siren.ogg",))
    titles = {"rain.ogg": "Rain", "siren.ogg": "A siren\nafar", "other.ogg": "Another"}
    run.status["stage"].fact("on_now", offered(run, "soundscape", "rain.ogg", "siren.ogg") | {"titles": titles})
    run.write()
    assert seen(run).on_now.titles == {"rain.ogg": "Rain", "siren.ogg": "A siren afar"}
    for titles in (["Rain"], {"rain.ogg": 7}, {"rain.ogg": "rain.ogg"}, {"rain.ogg": " "}):  # type: ignore[assignment]
        run.status["stage"].fact("on_now", offered(run, "soundscape", "rain.ogg") | {"titles": titles})
        run.write()
        assert seen(run).on_now == OnNow("soundscape", ("rain.ogg",), ("siren.ogg",))
    run.status["stage"].fact("on_now", offered(run, "beatbox"))
    run.write()
    assert seen(run).on_now == OnNow("beatbox")


@pytest.mark.parametrize(
    "said",
    [
        None,
        [],
        "all",
        {"piece": 3},
        {"piece": "p", "names": "rain"},
        {"piece": "p", "names": [3, None, "a\u202eb", ""]},
    ],
)
def test_what_cannot_be_put_away_as_it_is_named_is_not_offered(run: Run, said: object) -> None:
    kept = {"kept": offered(run, "p")["kept"]}
    run.status["stage"].fact("on_now", said | kept if isinstance(said, dict) else said)
    run.write()
    assert seen(run).on_now.names == ()


def test_no_more_is_offered_than_anybody_would_read(run: Run) -> None:
    run.status["stage"].fact("on_now", offered(run, "p", *(f"{number}.ogg" for number in range(5000))))
    run.write()
    assert len(seen(run).on_now.names) == MOST_NAMES


def test_one_process_cannot_speak_for_another(run: Run) -> None:
    run.status["supervisor"].write(time.monotonic())
    run.path("supervisor").rename(run.path("sound"))
    assert "supervisor: has not started" in seen(run).missing


# ---- garbage ---------------------------------------------------------------------------------------------

leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([10**400, -1, 1e308, "fault"])
)
garbage = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
metrics = st.sampled_from(["installation_frames_total", "installation_uptime_seconds", "installation_frame_seconds"])
device = st.fixed_dictionaries({"name": garbage, "real": garbage, "reason": garbage}) | garbage
almost_right = st.fixed_dictionaries(
    {
        "process": st.just("stage") | garbage,
        "pid": garbage,
        "monotonic": st.floats(0, 100) | garbage,
        "facts": st.fixed_dictionaries(
            {"piece": garbage, "devices": st.dictionaries(st.sampled_from(["camera", "screen"]), device) | garbage}
        )
        | garbage,
        "alerts": st.lists(
            st.fixed_dictionaries(
                {
                    "name": garbage,
                    "severity": st.sampled_from(["fault", "info"]) | garbage,
                    "message": garbage,
                    "remedy": garbage,
                    "since": garbage,
                    "count": garbage,
                }
            )
            | garbage,
            max_size=3,
        )
        | garbage,
        "values": st.dictionaries(metrics, st.lists(st.tuples(garbage, garbage), max_size=2) | garbage) | garbage,
        "histograms": st.dictionaries(metrics, st.lists(st.tuples(garbage, garbage), max_size=2) | garbage) | garbage,
    }
)


def _survives(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "status").mkdir()
        (folder / "status" / "stage.json").write_bytes(content)
        watching = Observer(folder, NAMES, disk=folder)
        for now in (100.0, 101.0):
            situation = watching.look(now)
            written = json.dumps(
                {**asdict(situation), "verdict": situation.verdict}, ensure_ascii=False, allow_nan=False
            )
            written.encode("utf-8")
            assert situation.verdict == "fault"
            assert all(each.message.isprintable() and each.message for each in situation.alerts)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(almost_right)
def test_almost_a_status_file_is_survived(content: object) -> None:
    _survives(json.dumps(content).encode())


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60) | garbage.map(lambda value: json.dumps(value).encode()))
def test_anything_at_all_is_survived(content: bytes) -> None:
    _survives(content)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1" + "0" * 400, "true", '"7"', "null", "[1]"])
def test_only_finite_numbers_are_figures(value: str) -> None:
    rows = f"[[[],{value}]]"
    frames = f'{{"installation_frames_total":{rows},"installation_visits_total":{rows}}}'
    late = f'{{"installation_frame_seconds":[[[],{{"recent":{{"0.99":{value}}}}}]]}}'
    alerts = f'[{{"severity":"fault","message":"m","since":{value},"count":{value}}}]'
    said = f'"process":"stage","pid":1,"monotonic":99.0,"facts":{{}},"alerts":{alerts},"values":{frames}'
    _survives(f'{{{said},"histograms":{late}}}'.encode())


def test_brackets_without_end_are_survived() -> None:
    _survives(b"[" * 100_000)


@given(st.text(st.characters(), max_size=600))
def test_a_text_becomes_one_printable_line(words: str) -> None:
    line = text(words)
    assert len(line) <= 400
    assert line.encode("utf-8").decode() == line
    assert not set(line) & set("\n\r\t\0\x1b\x7f\u2028\u202e\u2066")


def test_a_text_that_would_turn_the_line_round_is_cleaned() -> None:
    assert text("a\u202ecba\x00\n  b\ud800") == "a cba b"
    assert text({"no": "text"}) == ""
    assert text("x" * 500) == "x" * 399 + "…"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (89, "89 s"),
        (90, "2 min"),
        (3600, "60 min"),
        (5400, "1 h 30 min"),
        (7200, "2 h"),
        (12 * 86400, "12 days"),
    ],
)
def test_durations_read_as_people_say_them(seconds: float, words: str) -> None:
    assert duration(seconds) == words
