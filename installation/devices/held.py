"""Controls that are held: keys, and the buttons of a gamepad, from the moment they go down until they come up.

Must not live here: which key is which control (`screen.py`), and fingers (`pointers.py`).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from installation.devices.pointers import endings


class Held:
    """The controls that are down now."""

    def __init__(self, pygame: Any) -> None:
        self._pygame, self._ends = pygame, endings(pygame)
        self._down: dict[tuple[Hashable, ...], tuple[str, ...]] = {}

    def see(self, event: Any, pressed: Sequence[str]) -> None:
        """Take in an event, and the controls that it presses."""
        pygame = self._pygame
        if event.type in self._ends:  # what comes up while another window is in front is not told to this one
            self._down.clear()
        elif event.type == pygame.KEYDOWN:
            self._down["key", event.scancode] = tuple(pressed)
        elif event.type == pygame.KEYUP:  # by its place: the layout may have changed meanwhile
            self._down.pop(("key", event.scancode), None)
        elif event.type == pygame.JOYBUTTONDOWN:
            self._down["gamepad", event.instance_id, event.button] = tuple(pressed)
        elif event.type == pygame.JOYBUTTONUP:
            self._down.pop(("gamepad", event.instance_id, event.button), None)
        elif event.type == pygame.JOYDEVICEREMOVED:  # pulled out while one was down
            gone = ("gamepad", event.instance_id)
            self._down = {source: names for source, names in self._down.items() if source[:2] != gone}

    @property
    def now(self) -> frozenset[str]:
        return frozenset(name for names in self._down.values() for name in names)
