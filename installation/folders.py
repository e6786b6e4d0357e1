"""What lies in a folder of sounds or pictures and in the folders within it, linked ones too; nothing hidden.

Lives here: the way through folders, and what bars it. Must not live here: which files are of use.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

NAMED_OTHERWISE = "its name is not written in UTF-8, as old archives and sticks have them; rename it"
LEADS_NOWHERE = "the link leads nowhere now; plug in or mount what it leads to, or take it away"


@dataclass(frozen=True)
class Lying:
    """`places` has (a folder, the names of the files in it), the folder itself first; `unread` says of what could not
    be looked at why, by its path within the folder: of folders, ending in a slash."""

    places: list[tuple[str, list[str]]] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)

    def bars(self, name: str) -> bool:
        """Whether a file of this path within the folder may lie in a folder that could not be looked at."""
        return any(place.endswith("/") and name.startswith(place) for place in self.unread)


def lying_in(folder: Path, suffixes: tuple[str, ...]) -> Lying:
    """Look through a folder for files that end so; others are named, too, but nothing is said of what is unread among
    them. A linked folder is looked through once, and not where it leads back into this one.

    Raises:
        OSError: the folder itself cannot be looked at.
    """
    found = Lying()
    root, linked = os.path.realpath(folder), set[str]()

    def within(path: str) -> str:
        return os.fsencode(os.path.relpath(path, folder)).decode(errors="replace")

    def barred(error: OSError) -> None:
        if error.filename in (None, str(folder)):
            raise error
        found.unread[f"{within(error.filename)}/"] = (
            f"the folder cannot be looked into ({error.strerror}); allow it to the account that runs the exhibition"
        )

    def followed(place: str, name: str) -> bool:
        path = os.path.join(place, name)  # noqa: PTH118 (of a million names)
        if name.startswith("."):
            return False
        if not _is_utf8(name):
            found.unread[f"{within(path)}/"] = NAMED_OTHERWISE
            return False
        if not os.path.islink(path):  # noqa: PTH114
            return True
        target = os.path.realpath(path)
        inside, above = os.path.join(target, ""), os.path.join(root, "")  # noqa: PTH118
        leads_back = inside.startswith(above) or above.startswith(inside)
        seen = leads_back or target in linked
        linked.add(target)
        return not seen

    for place, folders, files in os.walk(folder, onerror=barred, followlinks=True):
        folders[:] = [name for name in sorted(folders) if followed(place, name)]
        shown = []
        for name in files:
            path = os.path.join(place, name)  # noqa: PTH118
            if name.startswith("."):
                continue
            if not _is_utf8(name):
                if name.lower().endswith(suffixes):
                    found.unread[within(path)] = NAMED_OTHERWISE
            elif not name.lower().endswith(suffixes) and _leads_nowhere(path):
                found.unread[f"{within(path)}/"] = LEADS_NOWHERE
            else:
                shown.append(name)
        found.places.append((place, shown))
    return found


def _leads_nowhere(path: str) -> bool:
    """Whether it is a link to what is not there; it may have been a folder."""
    return os.path.islink(path) and not os.path.exists(path)  # noqa: PTH110, PTH114


def _is_utf8(name: str) -> bool:
    """Whether a name can be said and written: its bytes are text."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
