"""What the screen calls a sound: a title of the archive in a language of the exhibition, or the file's name.

Lives here: reading `titles.yaml` of an archive, and which title counts. Must not live here: how it is set
(`captions.py`).

    surf.wav: {en: Surf, de: Brandung}     # a path within the archive, or a file's name, with or without its end
    zoom0012: The harbour at night         # one title for all languages
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import yaml

from installation.texts import LANGUAGE, tags_for

FILE = "titles.yaml"
LONGEST = 200  # letters
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # all is text: a sound may be called 0012, or 2026-02-30
_ANY = ""  # the language of a title that is for all


class TitlesError(ValueError):
    """A file of titles that cannot be used; the message names the file, what is wrong and how it is written."""


@dataclass(frozen=True)
class Titles:
    """Titles by sound and language. `fault`: why there are none although there is a file."""

    by_sound: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    fault: str | None = None

    def of(self, name: str, languages: Sequence[str]) -> str:
        """What the sound with this path within the archive is called, in the first of the languages that can be."""
        path = PurePosixPath(name)
        for key in (name, path.with_suffix("").as_posix(), path.name, path.stem):
            titles = self.by_sound.get(key, {})
            for tag in (*(tag for language in languages for tag in tags_for(language)), _ANY):
                if tag in titles:
                    return titles[tag]
        return title_of(name)


def title_of(name: str) -> str:
    """A sound as one says it: `field/Rain on-the_roof.wav` is "Rain on the roof"."""
    said = PurePosixPath(name).stem.replace("_", " ").replace("-", " ").strip()
    return said[:1].upper() + said[1:] if said else "…"


def read_titles(archive: Path) -> Titles:
    """The titles of an archive; none where it has no `titles.yaml`.

    Raises:
        TitlesError: the file cannot be read, or is not of this form.
    """
    path = archive / FILE
    try:
        values = yaml.load(path.read_text(encoding="utf-8-sig"), Loader=_LOADER)
    except FileNotFoundError:
        return Titles()
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise TitlesError(f"{path}: {' '.join(str(error).split())}") from error
    if values is None:
        return Titles()
    if not isinstance(values, dict):
        raise TitlesError(f"{path}: write a line for each sound, 'surf.wav: {{en: Surf, de: Brandung}}'")
    return Titles({str(sound): _titles(path, str(sound), titles) for sound, titles in values.items()})


def _titles(path: Path, sound: str, titles: object) -> dict[str, str]:
    found = {}
    for language, title in (titles if isinstance(titles, dict) else {_ANY: titles}).items():
        if not (isinstance(language, str) and (language == _ANY or LANGUAGE.fullmatch(language))):
            raise TitlesError(
                f"{path}: {language!r} of '{sound}' is not a language; write for example 'en' or 'pt-BR'"
            )
        if not (isinstance(title, str) and title.strip() and len(title) <= LONGEST):
            raise TitlesError(f"{path}: the title of '{sound}' must be a text of up to {LONGEST} letters, in quotes")
        found[language] = " ".join(title.split())
    return found
