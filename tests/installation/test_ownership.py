"""What is typed where an account may not use a folder gives it what the exhibition keeps, and nothing above that."""

from __future__ import annotations

import getpass
import os
from pathlib import Path

import pytest

from installation import ownership


@pytest.fixture
def close(monkeypatch: pytest.MonkeyPatch):
    """Forbids this account to enter a folder."""
    really = Path.stat

    def close_(folder: Path) -> None:
        def stat(path: Path, **more: bool) -> os.stat_result:
            if folder in path.parents:
                raise PermissionError(13, "Permission denied", str(path))
            return really(path, **more)

        monkeypatch.setattr(Path, "stat", stat)

    monkeypatch.setattr(ownership, "account", lambda: "kiosk")
    return close_


@pytest.mark.parametrize("closed", ["data", "data/visits", "data/visits/media"])
def test_what_the_exhibition_keeps_is_given_to_the_account(tmp_path: Path, close, closed: str) -> None:
    (tmp_path / "data/visits/media").mkdir(parents=True)
    close(tmp_path / closed)
    said, remedy = ownership.forbidden(tmp_path / "data/visits/media/one.wav", tmp_path / "data")
    assert f"{tmp_path / closed} may not be used by this account, kiosk" in said
    assert remedy.endswith(f"if that is this one: sudo chown -R kiosk {tmp_path / closed}")


@pytest.mark.parametrize("closed", ["home/ines", "home"])
def test_somebodys_home_is_given_to_nobody(tmp_path: Path, close, closed: str) -> None:
    data = tmp_path / "home/ines/exhibition/data"
    (data / "visits").mkdir(parents=True)
    close(tmp_path / closed)
    said, remedy = ownership.forbidden(data / "visits", data)
    assert f"{tmp_path / closed} may not be used by this account, kiosk: it belongs to {getpass.getuser()}" in said
    assert "chown" not in remedy and remedy.startswith("use the account that shows the exhibition")
    error = PermissionError(13, "Permission denied", str(data / "visits"))
    assert ownership.unusable(data / "visits", data, error) == f"{said}; {remedy}"
