"""Hands on a window: its fingers and its mouse as pointers on the picture, which may be turned and lie between bars.

Lives here: where a picture lies on a screen, and what SDL says of fingers. Must not live here: what becomes of a
pointer from picture to picture (`installation/hands.py`).
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from installation.hands import Contacts, Hands
from installation.piece import Point, Size

MOUSE: Hashable = "mouse"
LEFT = 1  # of a mouse's buttons


class Pointers:
    """Fingers, and the mouse with its left button held, on a window's picture."""

    def __init__(self, pygame: Any) -> None:
        self._pygame = pygame
        self._contacts = Contacts()
        self._ends = endings(pygame)

    def see(self, event: Any, window: Size, picture: Size, rotate: int) -> None:
        """Take in an event of a window in which `picture`, as pieces draw it, is shown turned by `rotate` degrees.

        A finger that SDL also reports as a mouse counts once.
        """
        pygame, contacts = self._pygame, self._contacts
        if event.type in self._ends:  # what is let go while another window is in front is not told to this one
            contacts.lift_all()
        elif event.type in (pygame.FINGERDOWN, pygame.FINGERMOTION, pygame.FINGERUP):
            key = event.touch_id, event.finger_id
            at = on_picture((event.x * window[0], event.y * window[1]), window, picture, rotate)
            if event.type == pygame.FINGERDOWN:
                contacts.down(key, at)
            elif event.type == pygame.FINGERMOTION:
                contacts.move(key, at)
            else:
                contacts.up(key, at)
        elif event.type in (pygame.MOUSEBUTTONDOWN, pygame.MOUSEMOTION, pygame.MOUSEBUTTONUP) and not event.touch:
            self._see_mouse(event, on_picture(event.pos, window, picture, rotate))

    def _see_mouse(self, event: Any, at: Point) -> None:
        pygame, contacts = self._pygame, self._contacts
        if event.type == pygame.MOUSEMOTION and event.buttons[0]:
            contacts.move(MOUSE, at)
        elif event.type == pygame.MOUSEMOTION:  # its button came up where nobody told
            contacts.up(MOUSE)
        elif event.button == LEFT and event.type == pygame.MOUSEBUTTONDOWN:
            contacts.down(MOUSE, at)
        elif event.button == LEFT:
            contacts.up(MOUSE, at)

    def taken(self, now: float, picture: Size) -> Hands:
        """What was done since it was last taken, on a `picture` as pieces draw it."""
        return self._contacts.taken(now, picture[0] / picture[1])


def endings(pygame: Any) -> frozenset[int]:
    """The events from which on a window is not told what is let go."""
    return frozenset((pygame.WINDOWFOCUSLOST, pygame.WINDOWHIDDEN, pygame.WINDOWMINIMIZED, pygame.WINDOWCLOSE))


def drawn(size: Size, rotate: int) -> Size:
    """The size of the pictures that pieces draw for a screen of `size` that turns them by `rotate` degrees."""
    width, height = int(size[0]), int(size[1])
    return (height, width) if rotate in (90, 270) else (width, height)


def placed(picture: Size, screen: Size) -> tuple[int, int, int, int]:
    """Where a turned picture lies on a screen: left, top, width, height [px]; in the middle, its proportions kept."""
    scale = min(screen[0] / picture[0], screen[1] / picture[1])
    width, height = (max(1, round(side * scale)) for side in picture)
    return (screen[0] - width) // 2, (screen[1] - height) // 2, width, height


def on_picture(at_px: Point, window: Size, picture: Size, rotate: int) -> Point:
    """Where a place of a window lies on the picture that is shown in it, as one who sees it upright would say: right
    and down, 0..1 within the picture, and beyond that beside it."""
    left, top, width, height = placed(drawn(picture, rotate), window)
    right, down = (at_px[0] - left) / width, (at_px[1] - top) / height
    return {0: (right, down), 90: (down, 1 - right), 180: (1 - right, 1 - down), 270: (1 - down, right)}[rotate]
