"""The visitors' store of the stage process: opened for its exhibition, unless another process holds it.

Lives here: where the store lies and what of the disk it leaves alone. Must not live here: the store's work
(`visitors/store.py`) and when it is asked for (`stage_process.py`).
"""

from __future__ import annotations

import logging
from pathlib import Path

from installation.exhibition import Exhibition
from installation.health import alerts
from installation.home_disk import RECORDINGS, noted
from installation.visitors.attendance import Attendance
from installation.visitors.clerk import Clerk
from installation.visitors.owed import NOTE, Owed, lasting_notes
from installation.visitors.store import PATIENCE_S, Store, StoreInUse

log = logging.getLogger("stage")


def open_store(exhibition: Exhibition, run_folder: Path, patience_s: float = PATIENCE_S) -> Clerk | None:
    """The clerk of the exhibition's store; None, and an alert, while another process holds it after `patience_s`."""
    folder = exhibition.data_folder / RECORDINGS
    try:
        store = Store(
            folder,
            exhibition=str(exhibition.path),
            reserve_bytes=reserve_bytes(exhibition),
            patience_s=patience_s,
            home=noted(run_folder),
            owed=Owed(run_folder / NOTE, *lasting_notes(folder)),
        )
    except StoreInUse as error:
        alerts.alert("store_in_use", folder=folder, owner=error.owner)
        log.log(logging.ERROR if patience_s else logging.DEBUG, "%s", error)  # said once, though tried again
        return None
    alerts.clear("store_in_use", folder=folder)
    return Clerk(store, exhibition.visitors.keep, Attendance(exhibition.data_folder))


def reserve_bytes(exhibition: Exhibition) -> int:
    """The room on the disk that recordings never use."""
    return exhibition.visitors.disk_reserve_mb * 1_000_000
