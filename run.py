"""The one door. On a bare machine this makes .venv, installs the project into it and starts again inside.

python3 run.py            runs the exhibition in exhibition.yaml
python3 run.py test       installs what the tests need and runs them
python3 run.py --help     everything else

Only the standard library is used here, and nothing newer than Python 3.8, so that an old Python gets an answer
instead of a traceback.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
LOCK = "requirements.lock"  # the versions of all libraries that the project was tested with
NEEDED = (3, 11)
INSTALLING = ("name", "requires-python", "dependencies", "optional-dependencies", "scripts", "entry-points")
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
    testing = sys.argv[1:2] == ["test"]
    fault = prepare("test" if testing else "run")
    if fault:
        return fault
    command = [str(PYTHON), "-m", "pytest", *sys.argv[2:]] if testing else [str(PYTHON), "-m", "installation.cli"]
    if not testing:
        command += sys.argv[1:]
    else:
        os.chdir(HERE)
    if os.name == "nt":
        return subprocess.call(command)
    sys.stdout.flush()
    os.execv(command[0], command)


def prepare(purpose: str) -> int:
    """Make sure that .venv holds this version of the project; returns an exit code, 0 when it does."""
    depended, names = depends_on(purpose)
    wanted = hashlib.sha256(depended.encode() + repr(sys.version_info[:2]).encode()).hexdigest()
    marks = {"run": [VENV / "installed-run", VENV / "installed-test"], "test": [VENV / "installed-test"]}[purpose]
    if any(mark.exists() and mark.read_text() == wanted for mark in marks) and PYTHON.exists():
        return 0
    try:
        if not PYTHON.exists():
            print("Making .venv …", flush=True)
            venv.create(VENV, with_pip=True, clear=VENV.exists())
    except (subprocess.CalledProcessError, ImportError):
        print("Python cannot make a virtual environment here. On Debian or Ubuntu: apt install python3-venv")
        return 2
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
    if code and tested:
        print(f"The versions in {LOCK} cannot be had here; trying the newest that fit …", flush=True)
        code = subprocess.call(command)
    if code:
        print(
            "The installation did not finish. Check the network connection and the free disk space, then try again."
        )
        return 2
    marks[0].write_text(wanted)
    return 0


def depends_on(purpose: str) -> tuple[str, list[str]]:
    """What installing depends on, as a text that changes when it does, and the names of the libraries needed."""
    import tomllib  # since Python 3.11: an older one has been told so and left

    text = (HERE / "pyproject.toml").read_text(encoding="utf-8")
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError:  # pip says what is wrong with it
        return text, []
    project = said.get("project", {})
    lines = list(project.get("dependencies", []))
    if purpose == "test":
        lines += project.get("optional-dependencies", {}).get("test", [])
    names = [found.group() for found in (re.match(r"[\w.-]+", line) for line in lines) if found]
    lock = (HERE / LOCK).read_text(encoding="utf-8") if (HERE / LOCK).exists() else ""
    return repr([said.get("build-system"), *(project.get(key) for key in INSTALLING)]) + lock, names


if __name__ == "__main__":
    sys.exit(main())
