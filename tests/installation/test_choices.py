"""Where speakers stand, as a curator writes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from installation.choices import Speakers
from installation.exhibition import Exhibition, ExhibitionError

Loaded = Callable[[str], Exhibition]


@pytest.mark.parametrize(
    ("written", "azimuths"),
    [
        ("stereo", (-30, 30)),
        ("ring", (0, 45, 90, 135, -180, -135, -90, -45)),
        ("ring of 3", (0, 120, -120)),
        ("Ring of 3", (0, 120, -120)),
        ("[0, 0.5, 120]", (0, 0.5, 120)),
        ("ring of 1", (0,)),
        ("[-45, 45, -135, 135.5]", (-45, 45, -135, 135.5)),
        ("[-30, 30, -110, 110, 0, off]", (-30, 30, -110, 110, 0, None)),
        ('[0, "off", 90]', (0, None, 90)),
    ],
)
def test_layouts(loaded: Loaded, written: str, azimuths: tuple[Any, ...]) -> None:
    speakers = loaded(f"pieces: beat\nspeakers: {{layout: {written}}}").speakers
    assert speakers.azimuths == pytest.approx(azimuths)
    assert Speakers.model_validate(speakers.model_dump()) == speakers


def test_a_pair_where_nothing_is_written() -> None:
    assert Speakers().azimuths == (-30.0, 30.0) and Speakers.model_validate("silent").azimuths == (-30.0, 30.0)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("rign", "2:20: 'layout' of 'speakers': 'rign' is not a layout; did you mean 'ring'?"),
        ("ring of 17", "'ring of 17' is not a layout; write stereo, ring of 8, or the directions"),
        ("5", "5 is not a layout; write stereo"),
        ("[]", "0 speakers are listed; 1 … 16 are possible"),
        (str(list(range(17))), "17 speakers are listed; 1 … 16 are possible"),
        ("[off, off]", "no speaker has a direction"),
        ("[-0.785, 0.785, 2.356, -2.356]", "are radians; write the directions in degrees, for example [-45, 45"),
        (
            "[0, 400]",
            "2:24: item 2 of 'layout' of 'speakers': 400 is not a direction; write degrees from -360 to 360, or off",
        ),
        ("[0, left]", "2:24: item 2 of 'layout' of 'speakers': 'left' is not a direction; write degrees from"),
    ],
)
def test_a_layout_that_cannot_be(loaded: Loaded, written: str, expected: str) -> None:
    with pytest.raises(ExhibitionError) as caught:
        loaded(f"pieces: beat\nspeakers: {{layout: {written}}}")
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("wednesday", "wed"), ("Mon", "mon"), ("Mi.", "wed"), ("Sonnabend", "sat"), ("mercredi", "wed"),
     ("miércoles", "wed"), ("domingo", "sun"), ("giovedì", "thu"), ("do", "thu"), ("thr", "thu")],
)  # fmt: skip
def test_days_in_other_words_are_sent_to_ours(loaded: Loaded, written: str, meant: str) -> None:
    with pytest.raises(ExhibitionError) as caught:
        loaded(f"pieces: beat\nhours: {{open: 9:00, close: 18:00, days: [tue, {written}]}}")
    (problem,) = caught.value.problems
    assert problem.message == (
        f"item 2 of 'days' of 'hours': '{written}' is not one of mon, tue, wed, thu, fri, sat, sun; "
        f"did you mean '{meant}'?"
    )


@pytest.mark.parametrize("host", ["gallery..museum.example", ".gallery", 64 * "a", "müsli..example"])
def test_a_host_that_cannot_be_is_refused(loaded: Loaded, host: str) -> None:
    with pytest.raises(ExhibitionError) as caught:
        loaded(f"pieces: beat\nconsole: {{host: {host}}}")
    (problem,) = caught.value.problems
    assert problem.line == 2 and problem.message.startswith(f"'host' of 'console': '{host}' is not an address")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "::1", "fe80::1%eth0", "0.0.0.0", "gallery.", 63 * "a", "müsli.example"]
)
def test_a_host_that_can_be_is_taken(loaded: Loaded, host: str) -> None:
    assert loaded(f'pieces: beat\nconsole: {{host: "{host}"}}').console.host == host


@pytest.mark.parametrize("key", ["ф", "α", "ä", "Ä", "a\u0308", "ß", "ש", "q", "7"])
def test_any_letter_of_a_keyboard_may_be_the_button(loaded: Loaded, key: str) -> None:
    (button,) = loaded(f"pieces: beat\ncontrols: {{button: [{key!r}]}}").controls.button
    assert button == ("ä" if key in ("Ä", "a\u0308") else key)


@pytest.mark.parametrize("key", ["фы", "☺", "€", "ä7"])
def test_what_is_no_one_letter_is_no_key(loaded: Loaded, key: str) -> None:
    with pytest.raises(ExhibitionError, match=f"no control is called '{key}'; write a letter"):
        loaded(f"pieces: beat\ncontrols: {{button: [{key!r}]}}")


@pytest.mark.parametrize(
    ("written", "list_"),
    [("languages: en, de", "[en, de]"), ('controls: {button: "space, return"}', "[space, return]")],
)
def test_a_list_that_is_written_as_one_text_is_answered_with_the_list(
    loaded: Loaded, written: str, list_: str
) -> None:
    with pytest.raises(ExhibitionError, match="is one text; write ") as said:
        loaded(f"pieces: beat\n{written}\n")
    assert list_ in str(said.value)
