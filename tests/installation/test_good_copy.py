"""The copy for an emergency start: caught up once the disk takes it, and a condition until then."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from installation import exhibition
from installation.exhibition import last_good
from installation.files import write_whole
from tests.installation.test_ladder import World, world

__all__ = ["world"]


class FullDisk:
    """The data folder takes nothing while it is `full`; the run's folder lies elsewhere."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full, self.refused = False, 0
        monkeypatch.setattr(exhibition, "write_whole", self._write)

    def _write(self, path: Path, data: bytes) -> None:
        if self.full and path.parent.name == "data":
            self.refused += 1
            raise OSError(errno.ENOSPC, "No space left on device")
        write_whole(path, data)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> FullDisk:
    return FullDisk(monkeypatch)


def kept_title(world: World) -> str:
    """What a start would show after a mistake."""
    kept = last_good(world.path)
    assert kept is not None
    return kept.title


def test_what_a_full_disk_did_not_take_is_kept_once_there_is_room(disk: FullDisk, world: World) -> None:
    world.save("pieces: [neural_beatbox]\ntitle: Morning\n")
    disk.full = True
    world.save("pieces: [neural_beatbox]\ntitle: Noon\n")
    world.save("pieces: [neural_beatbox]\ntitle: Evening\n")
    assert world.supervisor._exhibition.title == "Evening", "it is on show all the same"
    assert "last_good_old" in world.raised and kept_title(world) == "Morning"
    world.run(300.0)
    assert disk.refused <= 2 + 6, "a full disk is asked about once a minute"
    disk.full = False
    world.run(70.0)
    assert kept_title(world) == "Evening" and "last_good_old" not in world.raised


def test_what_is_on_show_is_kept_from_the_start(disk: FullDisk, world: World) -> None:
    disk.full = True
    world.run(1.0)
    assert "last_good_old" in world.raised and last_good(world.path) is None
    disk.full = False
    world.save("pieces: [neural_beatbox]\ntitle: Morning\n")
    assert kept_title(world) == "Morning" and "last_good_old" not in world.raised, "what is new is not waited for"
