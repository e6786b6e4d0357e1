"""The one door. On a bare machine this makes .venv, installs the project into it and starts again inside.

python3 run.py            runs the exhibition in exhibition.yaml
python3 run.py test       installs what the tests need and runs them
python3 run.py --help     everything else

Only the standard library is used here, and nothing newer than Python 3.8, so that an old Python gets an answer
instead of a traceback.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
LOCK = "requirements.lock"  # the versions of all libraries that the project was tested with
NEEDED = (3, 11)
SHORT = {errno.ENOMEM, errno.EAGAIN, errno.EMFILE, errno.ENFILE}  # of memory, processes, open files: for the moment
INTERRUPTED = 130  # exit code: as shells have it for a program that Ctrl-C has ended
NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
INSTALLING = ("name", "requires-python", "dependencies", "optional-dependencies", "scripts", "entry-points")
PIECES = "installation.pieces"  # of the entry points: the runtime reads them where they are written
# Whether all that is named can be imported. A library of the system that is missing (PortAudio) is the doctor's.
USABLE = """
import importlib, importlib.metadata, os, re, sys
os.environ["PYGAME_HIDE_SUPPORT_PROMPT"] = "1"
plain = lambda name: re.sub("[-_.]+", "-", name).lower()
modules = {}
for module, owners in importlib.metadata.packages_distributions().items():
    for owner in owners:
        modules.setdefault(plain(owner), []).append(module)
try:
    import installation.cli
    for name in sys.argv[1:]:
        for module in modules.get(plain(name)) or [name]:
            try:
                importlib.import_module(module)
            except OSError as error:
                print(error, file=sys.stderr)
except Exception as error:
    sys.exit(str(error))
"""


def main() -> int:
    if sys.version_info < NEEDED:
        found = ".".join(map(str, sys.version_info[:3]))
        print(f"This needs Python {NEEDED[0]}.{NEEDED[1]} or newer; this is {found}. Try: python3.11 run.py")
        return 2
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal need not have every letter
            stream.reconfigure(errors="replace")
    testing = sys.argv[1:2] == ["test"]
    command = [str(PYTHON), "-m", "pytest", *sys.argv[2:]] if testing else [str(PYTHON), "-m", "installation"]
    if not testing:
        command += sys.argv[1:]
    try:
        fault = prepare("test" if testing else "run")
        if fault:
            return fault
        if testing:
            os.chdir(HERE)
        if os.name == "nt":
            return subprocess.call(command)
        sys.stdout.flush()
        os.execv(command[0], command)
    except OSError as error:
        return say(error)
    except KeyboardInterrupt:
        return INTERRUPTED


def prepare(purpose: str) -> int:
    """Make sure that .venv holds this version of the project; returns an exit code, 0 when it does."""
    depended, names = depends_on(purpose)
    wanted = hashlib.sha256(depended.encode() + repr(sys.version_info[:2]).encode()).hexdigest()
    marks = {"run": [VENV / "installed-run", VENV / "installed-test"], "test": [VENV / "installed-test"]}[purpose]
    if any(mark.exists() and mark.read_bytes() == wanted.encode() for mark in marks) and PYTHON.exists():
        return 0
    if not has_pip():
        fault = make_venv()
        if fault:
            return fault
    first = not any(VENV.glob("installed-*"))
    takes = "; the first time takes some minutes and 6 GB" if first else ""
    print(f"Installing the exhibition's libraries{takes} …", flush=True)
    extra = "[test]" if purpose == "test" else ""
    command = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "-e", f"{HERE}{extra}"]
    if not sys.stdout.isatty():
        command += ["--progress-bar", "off", "-q"]
    tested = (HERE / LOCK).exists()
    code = subprocess.call([*command, "--constraint", str(HERE / LOCK)] if tested else command)
    if code and not first and names and not subprocess.call([str(PYTHON), "-c", USABLE, *names]):
        print("The installation did not finish, but all that is needed is here from before: starting with that.")
        return 0
    broken = broken_project() if code else ""
    if broken:
        print(f"pyproject.toml cannot be read: {broken}. Undo the last change to it, then try again.")
        return 2
    if code and tested:
        print(f"The versions in {LOCK} cannot be had here; trying the newest that fit …", flush=True)
        code = subprocess.call(command)
    if code:
        print(
            "The installation did not finish. Check the network connection and the free disk space, then try again."
        )
        return 2
    try:
        for mark in VENV.glob("installed-*"):  # what they say was installed was written over
            mark.unlink()
        marks[0].write_text(wanted)
    except OSError as error:  # what is installed can be started all the same
        print(f"{marks[0]} cannot be written ({error.strerror}): the next start installs once more. Free disk space.")
    return 0


def broken_project() -> str:
    """What makes pyproject.toml no TOML, with its place; empty where it is."""
    import tomllib  # of Python 3.11, which is here by now

    try:
        tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        return str(error)
    return ""


def has_pip() -> bool:
    """Whether .venv has a Python that starts, and its pip can install. One that was cut off while it was made, or
    whose Python was replaced by a newer one, has not."""
    try:
        asked = subprocess.run([str(PYTHON), "-m", "pip", "install", "--help"], capture_output=True, check=False)
    except OSError as error:  # it is not there, or no program of this machine
        if error.errno in SHORT or isinstance(error, PermissionError):  # no reason to throw away what is installed
            raise
        return False
    if asked.returncode == -9 or b"MemoryError" in asked.stderr:  # want of memory, which says nothing about pip
        return True
    return asked.returncode == 0 and bool(asked.stdout)  # after a power cut files may be there, and empty


def make_venv() -> int:
    """Make .venv anew; returns an exit code. Nothing is left of one that was not finished."""
    print("Making .venv …", flush=True)
    try:
        venv.create(VENV, with_pip=True, clear=VENV.exists())
    except (subprocess.CalledProcessError, ImportError) as error:
        shutil.rmtree(VENV, ignore_errors=True)
        said = (getattr(error, "output", None) or b"").decode(errors="replace").strip().splitlines()
        why = f" ({said[-1].strip()})" if said else ""
        print(f"Python cannot make a virtual environment here{why}. On Debian or Ubuntu: apt install python3-venv")
        return 2
    except BaseException:  # Ctrl-C, or a disk that is full
        shutil.rmtree(VENV, ignore_errors=True)
        raise
    return 0


def say(error: OSError) -> int:
    """What keeps .venv from being made or used, and what to do about it; returns an exit code."""
    remedy = f"Delete the folder {VENV}, then try again."
    if isinstance(error, PermissionError):
        remedy = f"Start it from the account whose folder it is, or make it yours: sudo chown -R $USER {HERE}"
    elif error.errno == errno.EROFS:
        remedy = f"Copy {HERE} to a disk that can be written, and start it there."
    elif error.errno in NO_ROOM:
        remedy = "Free disk space, then try again."
    elif error.errno in SHORT:
        remedy = "Close other programs, then try again."
    print(f"{error.filename or VENV} cannot be used ({error.strerror}). {remedy}")
    return 2


def depends_on(purpose: str) -> tuple[str, list[str]]:
    """What installing depends on, as a text that changes when it does, and the names of the libraries needed."""
    import tomllib  # since Python 3.11: an older one has been told so and left

    text = (HERE / "pyproject.toml").read_text(encoding="utf-8")
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError:  # pip says what is wrong with it
        return text, []
    project = said.get("project", {})
    points = project.get("entry-points")
    if isinstance(points, dict):
        points.pop(PIECES, None)
    lines = list(project.get("dependencies", []))
    if purpose == "test":
        lines += project.get("optional-dependencies", {}).get("test", [])
    names = [found.group() for found in (re.match(r"[\w.-]+", line) for line in lines) if found]
    lock = (HERE / LOCK).read_text(encoding="utf-8") if (HERE / LOCK).exists() else ""
    return repr([said.get("build-system"), *(project.get(key) for key in INSTALLING)]) + lock, names


if __name__ == "__main__":
    sys.exit(main())
