"""Choosing and balancing: calm where nothing changes, quick where everything does."""

from __future__ import annotations

import numpy as np
import pytest

from pieces.imaginary_soundscape.choosing import (
    MOST,
    REMEMBERED,
    REST_SECONDS,
    RESTED_SECONDS,
    WEARY,
    Choosing,
    Weariness,
    everything,
)
from pieces.imaginary_soundscape.collection import Match, exclusion
from pieces.imaginary_soundscape.playing import balanced, bed_name, gathered
from pieces.imaginary_soundscape.walk import REST_SHARE, Bounds, Hand, Walk


def ranked(**scores: float) -> list[Match]:
    return sorted((Match(name, score) for name, score in scores.items()), key=lambda match: -match.score)


def choosing() -> Choosing:
    return Choosing(np.random.default_rng(3))


def test_the_best_is_chosen_and_surprise_takes_others_that_are_near() -> None:
    one = choosing()
    for _ in range(20):
        one.arrive(0, [ranked(sea=0.9, rain=0.75, fire=0.2)], 0)
        assert one.chosen == ["sea"]
    found = set()
    for _ in range(60):
        one.arrive(0, [ranked(sea=0.9, rain=0.75, fire=0.2)], 1)
        found.add(one.chosen[0])
    assert found == {"sea", "rain"}, "surprise is no nonsense"


def test_who_is_restless_changes_for_less() -> None:
    after = {}
    for restlessness in (0.0, 1.0):
        one = choosing()
        one.arrive(0, [ranked(sea=0.8, rain=0.6)], 0)
        for look in range(20):
            one.hear(0.4 * look, [ranked(sea=0.7, rain=0.85)], 0, restlessness)
        after[restlessness] = one.chosen
    assert after == {0.0: ["sea"], 1.0: ["rain"]}


@pytest.mark.parametrize("restlessness", [0.0, 0.5, 1.0])
def test_a_slow_pan_over_one_scene_changes_at_most_twice_a_minute(restlessness: float) -> None:
    one, rng = choosing(), np.random.default_rng(1)
    changes, before = [], None
    for look in range(1500):  # ten minutes
        time = 0.4 * look
        wobble = 0.15 * np.sin(time / 7) + 0.03 * rng.normal()
        one.hear(time, [ranked(sea=0.7 + wobble, gulls=0.7 - wobble, harbour=0.66)], 0.2, restlessness)
        one.step(time, 0.2, restlessness, lambda name: True)
        if before is not None and one.chosen != before:
            changes.append(time)
        before = list(one.chosen)
    for start in np.arange(0, 540, 10):
        assert sum(start <= time < start + 60 for time in changes) <= MOST
    assert restlessness < 1 or changes, "and a restless one does change"


@pytest.mark.parametrize("restlessness", [0.2, 1.0])
@pytest.mark.parametrize("lead", [0.05, 0.15, 0.2, 0.28])
def test_what_restlessness_has_chosen_is_not_taken_back(lead: float, restlessness: float) -> None:
    """The camera goes on looking at the same; a few sounds only, of which one is clearly the best."""
    one, changes = choosing(), []
    matches = [ranked(sea=0.9, harbour=0.9 - lead, rain=0.3)]
    for look in range(4500):  # half an hour
        before = list(one.chosen)
        one.hear(0.4 * look, matches, 0.0, restlessness)
        one.step(0.4 * look, 0.0, restlessness, everything)
        if before and one.chosen != before:
            changes.append(0.4 * look)
    assert changes, "it is restless"
    assert min(np.diff(changes), default=np.inf) >= REST_SECONDS / restlessness
    one.hear(1801, [ranked(sea=0.9, harbour=0.4)], 0.0, restlessness)
    one.hear(1805, [ranked(sea=0.9, harbour=0.4)], 0.0, restlessness)
    assert one.chosen == ["sea"], "what does not belong any more goes all the same"


@pytest.mark.parametrize("restlessness", [0.2, 1.0])
def test_what_restlessness_has_chosen_goes_when_it_is_not_even_considered_any_more(restlessness: float) -> None:
    """A large archive: 24 are considered, which lie near each other, and the sound of the scene before is none."""
    one = choosing()
    sea = ranked(**{f"sea{number}": 0.9 - 0.004 * number for number in range(23)}, harbour=0.65)
    wood = ranked(**{f"wood{number}": 0.9 - 0.004 * number for number in range(24)})
    one.arrive(0, [sea], 0)
    one._change(1, 0, [Match("harbour", 0.65)], 0)
    one._strayed[0] = True  # as `step` has it when chance draws that one
    one.hear(2, [sea], 0, restlessness)
    one.hear(6, [sea], 0, restlessness)
    assert one.chosen == ["harbour"], "it is not taken back where it was drawn"
    for look in range(11):
        one.hear(8 + 0.4 * look, [wood], 0, restlessness)
    assert str(one.chosen[0]).startswith("wood")


def test_what_comes_in_the_place_of_a_restless_choice_is_no_restless_choice() -> None:
    one = choosing()
    one.arrive(0, [ranked(sea=0.9, rain=0.7, storm=0.75)], 0)
    one._change(1, 0, [Match("rain", 0.7)], 0)
    one._strayed[0] = True
    one.step(2, 0, 0, lambda name: name != "rain")
    assert one.chosen == ["sea"] and one._strayed == [False]
    for _ in range(40):  # only what lies farther behind than any choice does has strayed
        one.arrive(0, [ranked(sea=0.9, surf=0.85, rain=0.7)], 0)
        one.step(60, 0, 1, everything)
        assert one._strayed == [one.chosen == ["rain"]]


def test_another_scene_is_followed_within_a_second() -> None:
    one = choosing()
    for look in range(10):
        one.hear(0.4 * look, [ranked(sea=0.9, fire=0.1, rain=0.3)], 0, 0)
    for look in range(10, 13):
        one.hear(0.4 * look, [ranked(sea=0.1, fire=0.9, rain=0.3)], 0, 0)
    assert one.chosen == ["fire"]


def test_what_is_not_allowed_goes_at_once() -> None:
    one = choosing()
    one.arrive(0, [ranked(sea=0.9, rain=0.5), ranked(sea=0.8)], 0)
    one.step(0.1, 0, 0, lambda name: name != "sea")
    assert one.chosen == ["rain", None]


def test_equals_take_turns_and_nothing_else_does() -> None:
    one, heard = choosing(), []
    for visit in range(40):
        one.arrive(60 * visit, [ranked(sea=0.90, surf=0.82, storm=0.86, rain=0.78)], 0)
        heard += one.chosen
    counts = {name: heard.count(name) for name in ("sea", "surf", "storm", "rain")}
    assert counts["rain"] == 0, "what belongs elsewhere does not come in a tired one's place"
    assert min(counts["sea"], counts["surf"], counts["storm"]) >= 8
    one.arrive(60 * 40 + 16 * RESTED_SECONDS, [ranked(sea=0.90, surf=0.82, storm=0.86)], 0)
    assert one.chosen == ["sea"], "by the next day they are rested"


def test_directions_of_one_scene_may_share_a_sound() -> None:
    one = choosing()
    one.arrive(0, [ranked(sea=0.90, surf=0.89)] * 6, 0)
    assert one.chosen == ["sea"] * 6


@pytest.mark.parametrize("restlessness", [0.0, 1.0])
def test_who_had_its_turn_before_does_not_come_back_at_once(restlessness: float) -> None:
    one = choosing()
    for visit in range(4):
        one.arrive(visit, [ranked(sea=0.90, surf=0.86)], 0)
    assert one.chosen == ["surf"]
    for look in range(50):
        one.hear(4 + 0.4 * look, [ranked(sea=0.90, surf=0.86)], 0, restlessness)
        assert one.chosen == ["surf"]


def test_weariness_goes_with_time_and_forgets_whom_it_has_not_seen_for_long() -> None:
    weariness = Weariness()
    for _ in range(4):
        weariness.choose("sea", 50.0)
    assert weariness.of("sea", 50.0) == pytest.approx(4 * WEARY)
    assert weariness.of("sea", 50.0 + RESTED_SECONDS) == pytest.approx(2 * WEARY)
    for number in range(10 * REMEMBERED):
        weariness.choose(f"{number}", 100.0 + number)
    assert weariness.of("sea", 50.0) == 0 and len(weariness._chosen) <= 2 * REMEMBERED


def test_directions_that_agree_are_one_sound_in_their_middle() -> None:
    found = gathered(["sea", "sea", "rain", None], [0.0, 90.0, 180.0, -90.0])
    assert found["sea"] == (pytest.approx(45), 2) and found["rain"] == (pytest.approx(180), 1)
    assert gathered(["sea"] * 4, [0.0, 90.0, 180.0, -90.0])["sea"] == (None, 4)


def test_the_power_of_everything_is_one_wherever_one_looks() -> None:
    where = {"sea": (0.0, 1), "rain": (90.0, 1), "fire": (None, 1)}
    for heading in (0.0, 77.0, -150.0):
        heard = balanced(where, heading, 9.0)
        assert sum(one.share for one in heard) == pytest.approx(1)
    front = balanced(where, 90.0, 9.0)[0]
    assert front.name == "rain" and front.azimuth == pytest.approx(0)


def test_a_curator_names_sounds_by_name_path_or_pattern() -> None:
    names = ["a/Rain.wav", "a/rain_heavy.ogg", "b/siren 1.wav", "b/sea.wav"]
    assert list(exclusion(names, ["rain"]).places) == [0]
    assert list(exclusion(names, ["rain*", "b/siren*"]).places) == [0, 1, 2]
    assert exclusion(names, ["siren*"]).names == {"b/siren 1.wav"}
    assert list(exclusion(names, ["", "train"]).places) == []


def test_beds_have_short_names_of_their_own() -> None:
    one, other = bed_name("x" * 300 + "a.wav"), bed_name("y" + "x" * 299 + "a.wav")
    assert one != other and len(one) <= 200 and bed_name("sea.wav") == "sea.wav"


def test_a_flick_glides_and_comes_to_rest_and_an_edge_is_an_edge() -> None:
    walk = Walk()

    def step(dragged: float = 0.0, limit: float | None = None) -> None:
        hand = Hand(dragged_deg=dragged, dragged_heights=abs(dragged) / 60)
        walk.step(1 / 60, hand, Bounds(limit), drift_deg=0, stay=100)

    for _ in range(12):
        step(1.0)
    let_go = walk.heading
    for _ in range(120):
        step()
    rest = walk.heading
    for _ in range(30):
        step()
    assert rest - let_go > 3 and walk.heading == pytest.approx(rest, abs=0.05)
    for _ in range(60):
        step(3.0, limit=20.0)
    assert walk.heading == 20.0
    back = [walk.heading]
    for _ in range(60):
        step(limit=20.0)
        back.append(walk.heading)
    assert back == sorted(back, reverse=True) and back[-1] == pytest.approx(REST_SHARE * 20, abs=0.1), "it gives way"
    assert 0.1 < back[0] - back[6] < 0.9 * (back[0] - back[-1]), "softly"
