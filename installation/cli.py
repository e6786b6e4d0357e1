"""The command line: what `python3 run.py …` understands. Each command is a few lines that call a room.

Heavy libraries are imported inside the commands that need them, so that `check` answers at once.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import importlib
import inspect
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from installation.exhibition import DEFAULT_PATH, Exhibition, ExhibitionError, Installed, OnShow, last_good, load
from installation.inspection import check, missing
from installation.networks.weights import WeightsError
from installation.never_again import NeverAgain
from installation.piece import Piece
from installation.programme import unregistered

if TYPE_CHECKING:
    from installation.visitors.on_request import Kept

app = typer.Typer(
    add_completion=False,
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    help="Runs AI artworks in a gallery. Without a command: runs the exhibition in exhibition.yaml.",
)
out = Console(soft_wrap=True, markup=False, emoji=False)  # what a file or a folder is called is no markup
err = Console(stderr=True, soft_wrap=True, markup=False, emoji=False)
_BY_PLACE = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
WRONG = 2  # exit code: what was asked for cannot be done as it is written

ExhibitionFile = Annotated[Path, typer.Option("--exhibition", "-e", help="The exhibition file.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output instead of a table.")]


@app.callback(invoke_without_command=True)
def main_command(
    context: typer.Context,
    exhibition: Annotated[Path | None, typer.Option("--exhibition", "-e", help="The exhibition file to run.")] = None,
) -> None:
    if context.invoked_subcommand is None:
        run(exhibition or DEFAULT_PATH)
    elif exhibition is not None:
        raise typer.BadParameter(f"name the exhibition file behind the command: {context.invoked_subcommand} -e FILE")


@app.command()
def run(exhibition: ExhibitionFile = DEFAULT_PATH) -> None:
    """Run the exhibition until Ctrl-C or SIGTERM."""
    from installation.announcement import Announcer
    from installation.health.logs import configure
    from installation.supervisor import Supervisor

    exhibition = exhibition.absolute()  # and with it every file that it names, as those see it who look later
    opened = _load_or_last_good(exhibition)
    _say_missing(opened)
    configure("supervisor", opened.data_folder / "logs", opened.log_level.upper())
    with locked_folder(opened):
        supervisor = Supervisor(exhibition, opened)
        announcer = Announcer(opened, supervisor.folder, lambda text: out.print(text, highlight=False))
        supervisor.every_turn = announcer.look
        code = supervisor.run()
    raise typer.Exit(code)


@app.command("check")
def check_command(
    file: Annotated[Path | None, typer.Argument(help="The exhibition file.", show_default=str(DEFAULT_PATH))] = None,
    exhibition: ExhibitionFile = DEFAULT_PATH,
) -> None:
    """Say everything that is wrong with the exhibition file, with line and column. Exit code 2 if anything is."""
    exhibition = file or exhibition
    problems = check(exhibition)
    for problem in problems:
        print(problem)
    if problems:
        raise typer.Exit(WRONG)
    print(f"{exhibition}: all is well")


@app.command("doctor")
def doctor_command(exhibition: ExhibitionFile = DEFAULT_PATH, as_json: Json = False) -> None:
    """Look at every device, library and permission. Exit code 0 only if the exhibition can run on real devices."""
    from installation import doctor

    findings = doctor.examine(_load(exhibition))
    if as_json:
        print(json.dumps([vars(finding) for finding in findings]))
    else:
        out.print(doctor.table(findings))
    raise typer.Exit(0 if doctor.passes(findings) else 1)


@app.command("render")
def render_command(
    piece: Annotated[str, typer.Argument(help="The piece, as `pieces` lists them.")],
    seconds: Annotated[float, typer.Option(help="Length of the film.", min=0.1)] = 60.0,
    out_path: Annotated[Path, typer.Option("--out", help="The film to write (.mp4).")] = Path("render.mp4"),
    camera: Annotated[Path | None, typer.Option(help="A film in the camera's place.")] = None,
    voice: Annotated[Path | None, typer.Option(help="A sound file: what the visitors perform.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same sound, byte for byte.")] = 0,
    size: Annotated[str, typer.Option(help="Picture size.")] = "1280x720",
    rate: Annotated[int, typer.Option(help="Pictures a second.", min=5, max=120)] = 30,
    press: Annotated[str, typer.Option(help="Controls to press and when, for example 3:button,5.5:next.")] = "",
    exhibition: ExhibitionFile = DEFAULT_PATH,
) -> None:
    """Render a piece with visitors to a film with sound, faster than real time."""
    from installation.render import RenderError, presses_of, render

    try:
        width, height = (int(part) for part in size.lower().split("x"))
    except ValueError as error:
        err.print(f"--size {size!r} is not a picture size; write for example 1280x720")
        raise typer.Exit(WRONG) from error
    show = _show(_load(exhibition) if exhibition.exists() else None, piece)
    try:
        report = render(
            show,
            seconds=seconds,
            out=out_path,
            camera=camera,
            voice=voice,
            seed=seed,
            size=(width, height),
            rate_hz=rate,
            press=presses_of(press, seconds) if press else (),
        )
    except RenderError as error:
        err.print(str(error), highlight=False)
        raise typer.Exit(WRONG) from error
    out.print(str(report), highlight=False)


@app.command()
def calibrate(
    what: Annotated[str, typer.Argument(help="delay: how late sound is in the room, beyond what the card says.")],
    exhibition: ExhibitionFile = DEFAULT_PATH,
) -> None:
    """Measure the room with sound, and keep what was measured as a profile that the exhibition uses."""
    from calibration.delay import CalibrationError, measure

    if what != "delay":
        err.print(f"nothing to calibrate is called {what!r}; there is: delay", highlight=False)
        raise typer.Exit(WRONG)
    try:
        with locked_folder(_load(exhibition)) as opened:
            found = measure(opened)
    except (CalibrationError, OSError) as error:  # what was measured may find no room on the disk
        err.print(str(error), highlight=False)
        raise typer.Exit(1) from error
    out.print(
        f"{found.speakers} → {found.microphone}: {found.delay_ms:.1f} ms ± {found.spread_ms:.1f} ms "
        f"({found.sweeps} sweeps), kept in {found.path}",
        highlight=False,
    )


@app.command("visits")
def visits_command(
    delete: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Delete this one for good. A beginning that no other id has is enough."),
    ] = None,
    exhibition: ExhibitionFile = DEFAULT_PATH,
    as_json: Json = False,
) -> None:
    """List the recordings that are kept, newest first; or delete some, for good. Also while the exhibition runs."""
    from installation.visitors import on_request

    opened = _load_or_last_good(exhibition.absolute())
    folder = opened.data_folder / "visits"
    try:
        found = on_request.kept(folder, opened.visitors.keep)
        if not delete:
            _print_kept(found, folder, as_json)
            return
        wanted = on_request.chosen(folder, delete)
        left = on_request.erase(folder, wanted, str(opened.path))
    except ValueError as error:
        err.print(f"{error}; `python3 run.py visits` lists them", highlight=False)
        raise typer.Exit(WRONG) from error
    except OSError as error:
        err.print(f"{folder}: {error}", highlight=False)
        raise typer.Exit(1) from error
    if as_json:
        print(json.dumps({"deleted": [visit for visit in wanted if visit not in left], "left": left}))
    for visit in wanted if not as_json else ():
        if visit not in left:
            out.print(f"{visit} is deleted: sound, film, and all that was derived from them", highlight=False)
    for visit in left:
        err.print(f"{visit} is not deleted yet; it will be as soon as the exhibition answers", highlight=False)
    raise typer.Exit(1 if left else 0)


def _print_kept(found: list[Kept], folder: Path, as_json: bool) -> None:
    if as_json:
        said = [
            {"id": one.id, "kept": _local(one.since), "until": _local(one.until), "stand_in": one.stand_in}
            for one in found
        ]
        print(json.dumps({"visits": said}))
        return
    if not found:
        out.print(f"no recording is kept in {folder}", highlight=False)
        return
    table = Table("id", "recorded", "of", "will be deleted")
    for one in found:
        who = "stand-in" if one.stand_in else "visitor"
        table.add_row(one.id, _local(one.since, " ")[:16], who, _local(one.until, " ")[:16])
    out.print(table)


def _local(seconds: float, between: str = "T") -> str:
    """A time since the Unix epoch as this place writes it, to the second, with its distance from UTC."""
    return datetime.datetime.fromtimestamp(seconds).astimezone().isoformat(between, "seconds")


@app.command()
def pieces() -> None:
    """List the pieces on this machine."""
    table = Table("piece", "what it is", "networks")
    for name, piece in _pieces().items():
        networks = [network for _, network in OnShow(name, piece, piece.Settings()).networks()]
        table.add_row(name, (piece.__doc__ or "").strip().splitlines()[0], "\n".join(networks))
    out.print(table)


@app.command()
def train(
    network: Annotated[str, typer.Argument(help="piece.network, as docs/commands.md lists them; or the piece")],
    data: Annotated[
        Path | None, typer.Option(help="The folder to learn from; left out where a network makes its own.")
    ] = None,
    run_folder: Annotated[Path | None, typer.Option("--run", help="Where the run keeps its place.")] = None,
    steps: Annotated[int | None, typer.Option(help="How long, in steps; the piece's default if left out.")] = None,
    world: Annotated[
        str | None, typer.Option(help="What the network is to be called, where a piece has many.")
    ] = None,
) -> None:
    """Train a network from a folder of files. Resumes where it was cut; ends with weights and a model card."""
    function = _function(network, "trains")
    try:
        options = _options(network, function, run=run_folder, steps=steps, world=world)
        function(*_data(network, function, data), **options)
    except (OSError, ValueError, WeightsError) as error:
        err.print(f"{network}: {error}", highlight=False)
        raise typer.Exit(WRONG) from error


@app.command()
def index(
    data: Annotated[Path, typer.Argument(help="The folder to index, with all that is in it.")],
    archive: Annotated[str, typer.Option("--for", help="piece.archive, or the piece; the first that has one.")] = "",
    encoder: Annotated[str | None, typer.Option(help="What indexes, where a piece has several.")] = None,
    engine: Annotated[str | None, typer.Option(help="Where: here, or ray, on the machines of a Ray cluster.")] = None,
    as_json: Json = False,
) -> None:
    """Make a folder findable for a piece. Goes on where it was cut, and only does what is new or has changed."""
    name = archive or _first("indexes")
    function = _function(name, "indexes")
    try:
        with contextlib.redirect_stdout(sys.stderr):
            done = function(data, **_options(name, function, encoder=encoder, engine=engine))
        _print(str(data), done, as_json)
    except (OSError, ValueError, WeightsError) as error:
        err.print(f"{name}: {error}", highlight=False)
        raise typer.Exit(WRONG) from error


@app.command("listen")
def listen_command(
    picture: Annotated[Path, typer.Argument(help="The picture to listen to.")],
    archive: Annotated[Path | None, typer.Option(help="Where to look; the piece's own archive if left out.")] = None,
    sense: Annotated[str, typer.Option("--for", help="piece.sense, or the piece; the first that has one.")] = "",
    encoder: Annotated[str | None, typer.Option(help="What listens, where a piece has several.")] = None,
    out_path: Annotated[
        Path | None, typer.Option("--out", help="Write the best sound here (.wav), play none.")
    ] = None,
    exhibition: ExhibitionFile = DEFAULT_PATH,
    as_json: Json = False,
) -> None:
    """Say what a picture sounds like in the exhibition: the ten best sounds with their scores; then play the first.

    Where there is no sound card it is written into a file instead; with --json neither is done.
    """
    name = sense or _first("listens")
    function = _function(name, "listens")
    try:
        options = _options(name, function, archive=archive, encoder=encoder)
        found = function(picture, **_as_on_show(name, function, exhibition) | options)
    except (OSError, ValueError, RuntimeError, WeightsError) as error:
        err.print(f"{name}: {error}", highlight=False)
        raise typer.Exit(WRONG) from error
    _print(str(picture), {str(path): score for path, score in found}, as_json)
    if found and (out_path is not None or not as_json):
        try:
            _sound_it(found[0][0], out_path, Path(f"{picture.stem}.wav"))
        except (OSError, RuntimeError) as error:
            err.print(f"{name}: {error}", highlight=False)
            raise typer.Exit(WRONG) from error


def _sound_it(sound: Path, out_path: Path | None, instead: Path) -> None:
    """Play a sound to its end or to Ctrl-C; write it where `out_path` says, or without a card `instead`."""
    import soundfile

    from installation.devices import DeviceError
    from installation.devices.speakers import find_device, import_sounddevice

    samples, rate_hz = soundfile.read(sound, dtype="float32")
    if out_path is None:
        try:
            sounddevice = import_sounddevice()
            find_device(sounddevice, None, "max_output_channels")
            err.print(f"playing {sound.name}; Ctrl-C stops it", highlight=False)
            with contextlib.suppress(KeyboardInterrupt):
                sounddevice.play(samples, rate_hz, blocking=True)
            return
        except (DeviceError, RuntimeError) as error:  # PortAudio's errors are RuntimeErrors
            err.print(f"nothing to play it on ({error})", highlight=False)
    target = out_path or instead
    soundfile.write(target, samples, rate_hz)
    err.print(f"{sound.name} is written to {target}", highlight=False)


@app.command()
def evaluate(
    figure: Annotated[str, typer.Argument(help="piece.figure, as docs/commands.md lists them; or the piece")],
    data: Annotated[
        Path | None, typer.Option(help="A manifest or a folder, as the piece's README says; or none.")
    ] = None,
    world: Annotated[str | None, typer.Option(help="Which network, where a piece has many.")] = None,
    reference: Annotated[Path | None, typer.Option(help="Weights of a network to measure beside it.")] = None,
    as_json: Json = False,
) -> None:
    """Measure a network's quality on data of yours."""
    function = _function(figure, "evaluates")
    try:
        with contextlib.redirect_stdout(sys.stderr):
            options = _options(figure, function, world=world, reference=reference)
            measured = function(*_data(figure, function, data), **options)
        _print(figure, measured, as_json)
    except (OSError, ValueError, WeightsError) as error:
        err.print(f"{figure}: {error}", highlight=False)
        raise typer.Exit(WRONG) from error


@app.command()
def bench(
    name: Annotated[
        str | None, typer.Argument(help="A piece, piece.figure or figure of the runtime; else all.")
    ] = None,
    as_json: Json = False,
    minutes: Annotated[float, typer.Option(help="Length of the figure `sound`.", min=0.1)] = 1.0,
    visits: Annotated[int, typer.Option(help="Visits of the figure `soak`.", min=50)] = 500,
) -> None:
    """Measure speed on this machine."""
    from installation import bench as runtime

    figures: dict[str, Any] = dict(runtime.FIGURES)
    figures["sound"] = functools.partial(figures["sound"], minutes=minutes)
    figures["soak"] = functools.partial(figures["soak"], visits=visits)
    for piece_name, piece in _pieces().items():
        figures |= {f"{piece_name}.{figure}": _resolve(target) for figure, target in piece.benches.items()}
    chosen = {key: figure for key, figure in figures.items() if name in (None, key, key.partition(".")[0])}
    if not chosen:
        err.print(f"nothing to measure is called {name!r}; there are {', '.join(figures)}", highlight=False)
        raise typer.Exit(WRONG)
    measured: dict[str, Any] = {}
    for key, function in chosen.items():
        err.print(f"measuring {key} …", highlight=False)
        with contextlib.redirect_stdout(sys.stderr):
            measured[key] = function()
    if len(measured) == 1:
        measured = next(iter(measured.values()))
    _print("bench", measured, as_json)


def main() -> None:
    app(prog_name="run.py")


@contextlib.contextmanager
def locked_folder(exhibition: Exhibition) -> Iterator[Exhibition]:
    """Hold the exhibition's data folder, or say who does and leave."""
    from installation.locking import LockedError, locked

    try:
        with locked(exhibition.data_folder, str(exhibition.path)):
            yield exhibition
    except LockedError as error:
        err.print(str(error), highlight=False)
        raise typer.Exit(WRONG) from error


def _load_or_last_good(path: Path) -> Exhibition:
    """The exhibition, or what was last on show if it has mistakes now: a machine that starts in the morning must not
    stay dark for what was typed in the evening. The supervisor says it on the console, too."""
    try:
        return load(path)
    except ExhibitionError as error:
        _say(error)
        kept = last_good(path)
        if kept is None:
            raise typer.Exit(WRONG) from error
        err.print(f"Going by what was last good. `python3 run.py check` says when {path.name} is.", highlight=False)
        return kept


def _say_missing(opened: Exhibition) -> None:
    """What the exhibition asks for and is not here, before it is shown without."""
    absent = missing(opened)
    for problem in absent:
        err.print(str(problem), highlight=False)
    if absent:
        err.print("Starting all the same, with what is here.", highlight=False)


def _load(path: Path) -> Exhibition:
    try:
        return load(path)
    except ExhibitionError as error:
        _say(error)
        raise typer.Exit(WRONG) from error


def _say(error: ExhibitionError) -> None:
    for problem in error.problems:
        err.print(str(problem), highlight=False)


def _show(exhibition: Exhibition | None, name: str) -> Any:
    """The piece with the exhibition's settings for it, or with its defaults where it is not on show."""
    for show in exhibition.pieces if exhibition is not None else ():
        if show.name == name:
            return show, exhibition
    piece = _piece(name)
    if piece is None:
        there = ", ".join(sorted(Installed()))
        err.print(f"no piece is called {name!r}; there are {there}{unregistered(name)}", highlight=False)
        raise typer.Exit(WRONG)
    return OnShow(name, piece, piece.Settings()), exhibition


def _pieces() -> dict[str, type[Piece]]:
    """The pieces on this machine by name; one that cannot be loaded is named and left out."""
    pieces: dict[str, type[Piece]] = {}
    known = Installed()
    for name in known:
        try:
            pieces[name] = known[name]
        except Exception as error:  # an artist's module may fail in any way; the other pieces are none the worse
            _say_unloadable(name, error)
    return pieces


def _piece(name: str) -> type[Piece] | None:
    """The piece of a name, if there is one; one that cannot be loaded is named and ends the command."""
    known = Installed()
    if name not in known:
        return None
    try:
        return known[name]
    except Exception as error:
        _say_unloadable(name, error)
        raise typer.Exit(WRONG) from error


def _say_unloadable(name: str, error: Exception) -> None:
    err.print(f"piece {name!r} cannot be loaded: {type(error).__name__}: {error}", highlight=False)


def _function(name: str, kind: str) -> Any:
    """The function behind `piece.figure`, or behind the first figure of `piece`."""
    piece_name, dot, figure = name.partition(".")
    piece = _piece(piece_name)
    targets: Mapping[str, str] = getattr(piece, kind) if piece is not None else {}
    if not dot:
        figure = next(iter(targets), "")
    if figure not in targets:
        every = [f"{other}.{key}" for other, known in _pieces().items() for key in getattr(known, kind)]
        hint = unregistered(piece_name) if piece is None else ""
        err.print(f"there is no {name!r}; there are {', '.join(every) or 'none'}{hint}", highlight=False)
        raise typer.Exit(WRONG)
    return _resolve(targets[figure])


def _first(kind: str) -> str:
    """The first piece that has functions of a kind."""
    name = next((name for name, piece in _pieces().items() if getattr(piece, kind)), None)
    if name is None:
        err.print(f"no piece on this machine {kind}", highlight=False)
        raise typer.Exit(WRONG)
    return name


def _data(name: str, function: Any, given: Path | None) -> tuple[Path, ...]:
    """What the function is given to learn from or to measure on: its first parameter, if that is for data."""
    first = next(iter(inspect.signature(function).parameters.values()), None)
    needed = first is not None and first.default is first.empty and first.kind in _BY_PLACE
    if given is None and needed:
        err.print(f"{name}: needs --data, the folder or file to use", highlight=False)
        raise typer.Exit(WRONG)
    if given is not None and not needed and (first is None or first.name != "data"):
        err.print(f"{name}: takes no --data", highlight=False)
        raise typer.Exit(WRONG)
    return () if given is None else (given,)


def _options(name: str, function: Any, **given: Any) -> dict[str, Any]:
    """The options that were given; one that the function does not know is said to be of no use there."""
    options = {key: value for key, value in given.items() if value is not None}
    known = inspect.signature(function).parameters
    if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in known.values()):
        for key in options.keys() - known.keys():
            err.print(f"{name}: takes no --{key}", highlight=False)
            raise typer.Exit(WRONG)
    return options


def _as_on_show(name: str, function: Any, path: Path) -> dict[str, Any]:
    """What the exhibition at `path` says of a piece, as far as the function has parameters that are called as the
    piece's settings are, or `never_again`; nothing where there is no exhibition, or the piece is not on show."""
    if path == DEFAULT_PATH and not path.exists():
        return {}
    exhibition, piece = _load(path), name.partition(".")[0]
    known = inspect.signature(function).parameters
    for show in exhibition.pieces:
        if show.name == piece:
            options = {key: value for key, value in show.settings if key in known and value is not None}
            if "never_again" in known and exhibition.data_folder.is_dir():
                options["never_again"] = frozenset(NeverAgain(exhibition.data_folder).of(piece))
            return options
    return {}


def _resolve(target: str) -> Any:
    module, _, function = target.partition(":")
    return getattr(importlib.import_module(module), function)


def _print(title: str, values: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(values))
        return
    table = Table("figure", "value", title=title)
    for key, value in _flat(values):
        table.add_row(key, f"{value:.4g}" if isinstance(value, float) else str(value))
    out.print(table)


def _flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for key, value in values.items():
        if isinstance(value, Mapping):
            rows += _flat(value, f"{prefix}{key}.")
        else:
            rows.append((f"{prefix}{key}", value))
    return rows


if __name__ == "__main__":
    main()
