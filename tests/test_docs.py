"""Documents and program hold each other: what is declared is documented, and what is documented is declared."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from installation import texts
from installation.choices import Choices
from installation.problems import models_in
from installation.programme import DISTRIBUTION, Installed, texts_of
from installation.reference import json_schema, reference, schema_text
from tests.shipped import exhibition_text

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/settings.md"
REMEDY = "run: python -m installation.reference"


def test_the_page_of_settings_is_what_the_settings_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), REMEDY


def test_the_schema_for_editors_is_what_the_settings_say() -> None:
    text = (ROOT / "docs/exhibition.schema.json").read_text(encoding="utf-8")
    assert text == schema_text(), REMEDY
    (modeline,) = re.findall(r"(?m)^# yaml-language-server: \$schema=(\S+)$", exhibition_text())
    assert (ROOT / modeline).is_file()


def declared() -> list[tuple[str, str, str | None]]:
    """Every setting: its section, its name as it is written, and its description."""
    models = [("", Choices)]
    for name, field in Choices.model_fields.items():
        models += [(field.alias or name, model) for model in models_in(field.annotation)]
    models += [(name, piece.Settings) for name, piece in Installed(DISTRIBUTION).items()]
    return [
        (section, field.alias or name, field.description)
        for section, model in models
        for name, field in model.model_fields.items()
    ]


@pytest.mark.parametrize(("section", "name", "description"), declared(), ids=lambda value: str(value)[:30])
def test_every_setting_is_described_and_on_the_page(section: str, name: str, description: str | None) -> None:
    assert description, f"{section}.{name} has no description"
    page = PAGE.read_text(encoding="utf-8")
    if section:
        parts = re.split(rf"(?m)^## (?:Piece `)?{section}`?$", page)
        assert len(parts) == 2, f"{PAGE.name} has no part '{section}'; {REMEDY}"
        page = parts[1].split("\n## ")[0]
    assert f"| `{name}` |" in page or f"## {name}\n" in page, f"{PAGE.name} lacks '{section}.{name}'; {REMEDY}"


def test_numbers_say_their_unit_or_count_something() -> None:
    suffixes = {"_hz": "Hz", "_db": "dB", "_ms": "ms", "_mb": "MB", "_px": "px"}
    for name, field in Choices.model_fields.items():
        for model in models_in(field.annotation):
            for inner, declaration in model.model_fields.items():
                extra = declaration.json_schema_extra
                for suffix, unit in suffixes.items():
                    if inner.endswith(suffix):
                        assert isinstance(extra, dict) and extra["unit"] == unit, f"{name}.{inner}"


def test_every_text_is_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert all(f"| `{name}` | {texts.SHOWN[name]} |" in page for name in texts.names())
    assert list(texts.SHOWN) == list(texts.names())


def test_every_text_of_a_piece_is_on_the_page_with_when_it_is_shown() -> None:
    wording = texts_of(Installed(DISTRIBUTION))[0]
    assert "learning_to_see" in wording
    for piece, own in wording.items():
        part = PAGE.read_text(encoding="utf-8").split(f"## Piece `{piece}`")[1].split("\n## ")[0]
        for name in own.names:
            assert own.shown.get(name), f"say below 'shown' in pieces/{piece}/texts.yaml when '{name}' is shown"
            assert f"| `{name}` | {own.shown[name]} | {own.line(name, 'en')} |" in part, REMEDY


def test_the_default_file_uses_only_what_the_schema_knows() -> None:
    schema = json.loads(json.dumps(json_schema()))
    values = yaml.safe_load(exhibition_text())
    assert set(values) <= set(schema["properties"])
    ((name, chosen),) = values["pieces"].items()
    described = next(form for form in schema["properties"]["pieces"]["anyOf"] if "properties" in form)
    assert set(chosen) <= set(described["properties"][name]["anyOf"][0]["properties"])
    assert schema["required"] == ["pieces"] and schema["additionalProperties"] is False


def test_defaults_in_the_schema_are_what_can_be_written() -> None:
    schema = json_schema()
    assert schema["properties"]["change_every"]["default"] == "20 min"
    assert schema["$defs"]["Visitors"]["properties"]["keep"]["default"] == "30 days"
    assert {"type": "string"}.items() <= schema["$defs"]["Camera"]["anyOf"][0].items()
    assert schema["$defs"]["Range"]["anyOf"][0]["minItems"] == 2


@pytest.mark.parametrize("page", ["settings.md", "curators.md"])
def test_the_pages_show_late_hours_that_can_be_written(page: str, tmp_path: Path) -> None:
    from installation.exhibition import load
    from installation.inspection import check

    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(hours:\n.*?)```", text, re.DOTALL)
    (tmp_path / "exhibition.yaml").write_text(f"pieces: imaginary_soundscape\n{block}")
    assert check(tmp_path / "exhibition.yaml") == []
    hours = load(tmp_path / "exhibition.yaml").hours
    assert [each.close.hour for each in hours if "thu" in each.days] == [22]


def test_the_page_for_curators_shows_wording_that_can_be_written() -> None:
    from installation.exhibition import parse

    text = (ROOT / "docs/curators.md").read_text(encoding="utf-8")
    block = next(each for each in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if each.startswith("title:"))
    kept = parse(block.encode(), Path("exhibition.yaml")).texts()["kept"]
    assert [line.replace("\u00a0", " ") for line in kept] == [
        "Ton und Film bleiben 30 Tage hier, dann löschen wir sie",
        "Sound and film stay here for 30 days, then we delete them",
    ]


@pytest.mark.parametrize("page", ["docs/curators.md", "docs/settings.md", "docs/commands.md"])
def test_no_page_promises_every_mistake_of_a_file_that_cannot_be_read(page: str) -> None:
    text = " ".join((ROOT / page).read_text(encoding="utf-8").split())
    assert "every mistake" in text and re.search(
        r"every mistake.{,100}file cannot be read at all,[^.]* the first", text
    )


def test_what_the_default_file_has_in_comments_can_be_uncommented() -> None:
    from installation.exhibition import parse

    text = re.sub(r"(?m)^#(?=(  )*[a-z_]+:)", "", exhibition_text())
    shown = parse(text.encode(), ROOT / "exhibition.yaml")
    assert [show.name for show in shown.pieces] == ["neural_beatbox", "learning_to_see", "imaginary_soundscape"]
    assert shown.hours is not None and shown.texts
    assert shown.texts()["kept"] == ["Sound and film stay here for 30\u00a0days, then we delete them"]


def test_the_default_file_shows_the_defaults() -> None:
    """What a curator reads in the file is what holds without it."""
    from installation.exhibition import parse

    written = parse(exhibition_text().encode(), ROOT / "exhibition.yaml")
    fresh = Choices()
    for name in Choices.model_fields:
        if name not in {"title", "data_folder"}:
            assert getattr(written, name) == getattr(fresh, name), name
    for show in written.pieces:
        assert show.settings == show.piece.Settings(), show.name
