"""Setting types: durations, colours and ranges as people write them, and messages that say how."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from installation.reference import allowed
from installation.settings import Colour, Duration, Field, Range, Settings, seconds, to_colour, to_seconds


class Example(Settings):
    """One of each."""

    fade: Duration = Field(default=seconds(3), ge=1, le=60)
    colour: Colour = "#ffffff"
    tempo: Range = Field(default=Range(low=90, high=100), json_schema_extra={"minimum": 60, "maximum": 180})


@pytest.mark.parametrize(
    "text, value",
    [("90 s", 90), ("1.5min", 90), ("20 minutes", 1200), ("2 h", 7200), ("30 days", 2_592_000), ("250 ms", 0.25),
     (" 1 WEEK ", 604_800)],
)  # fmt: skip
def test_durations_as_people_write_them(text: str, value: float) -> None:
    assert to_seconds(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "90", "s", "-3 s", "3 fortnights", "1e3 s", None, [3], True, "nan s", "inf s"])
def test_what_is_no_duration(text: object) -> None:
    with pytest.raises(ValueError, match="is not a duration; write for example"):
        to_seconds(text)


def test_a_number_without_a_unit_is_told_what_to_write() -> None:
    for number, seconds_meant in ((90, "90 s"), (2.5, "2.5 s"), (2592000, "2592000 s"), (1e-5, "0.00001 s")):
        with pytest.raises(ValueError, match=f"has no unit; write for example '{seconds_meant}'$"):
            to_seconds(number)
    for nonsense in (float("nan"), float("inf"), -3, 10**400):
        with pytest.raises(ValueError, match=r"has no unit; write for example '90 s'$"):
            to_seconds(nonsense)


@given(st.floats(0, 1e6).map(lambda value: round(value, 3)))
def test_any_number_of_seconds(value: float) -> None:
    assert to_seconds(f"{value:.3f} s") == pytest.approx(value)


def test_colours() -> None:
    assert to_colour("#FF8800") == "#ff8800"
    for wrong in ("ff8800", "#fff", "red", None, "#ff88000", "#ff880g"):
        with pytest.raises(ValueError, match="with the quotes"):
            to_colour(wrong)


def test_ranges() -> None:
    assert Example(tempo=[80, 90]).tempo == Range(low=80, high=90)  # type: ignore[arg-type]
    assert Example(tempo=80).tempo == Range(low=80, high=80)  # type: ignore[arg-type]
    assert Range(low=80, high=90).clamp(70) == 80 and Range(low=80, high=90).clamp(95) == 90
    for wrong in ([90, 80], [80], [80, 90, 100], "fast", True, [50, 90], [80, 200], [float("nan"), 90]):
        with pytest.raises(ValidationError):
            Example(tempo=wrong)  # type: ignore[arg-type]


def test_the_bounds_of_a_range_are_those_of_its_field_for_both_ends() -> None:
    class Written(Settings):
        tempo: Range = Field(default=Range(low=90, high=100), ge=60, le=180, json_schema_extra={"unit": "bpm"})
        other: Range | None = Field(default=None, ge=0)

    class Inherited(Written):
        pace: int = Field(default=1, ge=1)

    class Declared(Settings):
        tempo: Range = Field(
            default=Range(low=90, high=100), json_schema_extra={"unit": "bpm", "minimum": 60, "maximum": 180}
        )

    for model in (Written, Inherited):
        assert model(tempo=[60, 180]).tempo == Range(low=60, high=180)  # type: ignore[arg-type]
        for wrong in ([50, 90], [80, 200], [50, 200], 200):
            said = []
            for one in (model, Declared):
                with pytest.raises(ValidationError) as refused:
                    one.model_validate({"tempo": wrong})
                said.append([error["msg"] for error in refused.value.errors()])
            assert said[0] == said[1] and "is not allowed; it must be at" in said[0][0]
        with pytest.raises(ValidationError, match="-1 is not allowed; it must be at least 0"):
            model(other=-1)  # type: ignore[arg-type]
        assert model().other is None and model(other=3).other == Range(low=3, high=3)  # type: ignore[arg-type]
        fields = [each.model_fields["tempo"] for each in (model, Declared)]
        assert allowed(fields[0]) == allowed(fields[1]) == "`[low, high]`, 60 … 180 bpm"
        schemas = [each.model_json_schema()["properties"]["tempo"] for each in (model, Declared)]
        assert schemas[0] == schemas[1]
    with pytest.raises(ValidationError):
        Inherited(pace=0)


def test_a_default_beyond_the_bounds_of_its_range_is_refused() -> None:
    class Wrong(Settings):
        tempo: Range = Field(default=Range(low=90, high=100), le=95)

    with pytest.raises(ValidationError, match="100 is not allowed; it must be at most 95"):
        Wrong()


def test_defaults_are_checked_keys_are_known_and_values_never_change() -> None:
    example = Example()
    assert (example.fade, example.colour) == (3.0, "#ffffff")
    for wrong in ({"fadee": "3 s"}, {"fade": "90 s"}, {"fade": "0.5 s"}, {"fade": 3.0}):
        with pytest.raises(ValidationError):
            Example.model_validate(wrong)
    with pytest.raises(ValidationError):
        example.fade = 5.0
