"""The command line: what `python3 run.py …` understands. Each command is a few lines that call a room.

Heavy libraries are imported inside the commands that need them, so that `check` answers at once.
"""

from __future__ import annotations

import contextlib
import functools
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Column, Table

from installation.exhibition import DEFAULT_PATH, Exhibition, ExhibitionError, judging, load
from installation.in_words import in_words
from installation.inspection import check
from installation.named_functions import NamedFunctionError
from installation.networks.weights import WeightsError
from installation.piece_commands import (
    as_on_show,
    benches,
    data_for,
    function_of,
    listed,
    on_show_or_not,
    only_one_with,
    options_for,
    said_of,
)
from installation.programme import what_failed
from installation.starting import load_or_last_good, say_missing
from installation.terminal import WRONG, err, load_or_leave, out, print_figures, say, tell, use_its_letters

app = typer.Typer(
    add_completion=False,
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    help="Runs AI artworks in a gallery. Without a command: runs the exhibition in exhibition.yaml.",
)

ExhibitionFile = Annotated[Path, typer.Option("--exhibition", "-e", help="The exhibition file.")]
NamedFile = Annotated[Path | None, typer.Argument(help="The exhibition file.", show_default=str(DEFAULT_PATH))]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output instead of a table.")]


@app.callback(invoke_without_command=True)
def main_command(
    context: typer.Context,
    exhibition: Annotated[Path | None, typer.Option("--exhibition", "-e", help="The exhibition file to run.")] = None,
) -> None:
    if context.invoked_subcommand is None:
        run(exhibition)
    elif exhibition is not None:
        raise typer.BadParameter(f"name the exhibition file behind the command: {context.invoked_subcommand} -e FILE")


@app.command()
def run(file: NamedFile = None, exhibition: ExhibitionFile = DEFAULT_PATH) -> None:
    """Run the exhibition until Ctrl-C or SIGTERM."""
    from installation.announcement import Announcer
    from installation.health.logs import configure
    from installation.process_name import call_this_process
    from installation.supervisor import Supervisor

    exhibition = (file or exhibition).absolute()  # and with it what it names, as those see it who look later
    opened = load_or_last_good(exhibition)
    say_missing(opened)
    configure("supervisor", level=opened.log_level.upper())  # no file before the folder is known to be there
    with locked_folder(opened):
        configure("supervisor", opened.data_folder / "logs", opened.log_level.upper())
        call_this_process("supervisor")
        supervisor = Supervisor(exhibition, opened, tell)
        announcer = Announcer(opened, supervisor.folder, tell)
        supervisor.every_turn = announcer.look
        code = supervisor.run()
    raise typer.Exit(code)


@app.command("check")
def check_command(file: NamedFile = None, exhibition: ExhibitionFile = DEFAULT_PATH) -> None:
    """List every mistake with line and column; without any, summarise the exhibition. Exit code 2 if there are
    mistakes."""
    exhibition = file or exhibition
    problems = check(exhibition)
    for problem in problems:
        print(problem)
    if problems:
        raise typer.Exit(WRONG)
    try:
        with judging(exhibition):
            understood = list(in_words(load(exhibition)))
    except ExhibitionError as error:
        say(error)
        raise typer.Exit(WRONG) from error
    print(f"{exhibition}: all is well")
    for what, how in understood:
        print(f"  {what:<12}{how}")


@app.command("doctor")
def doctor_command(
    file: NamedFile = None,
    exhibition: ExhibitionFile = DEFAULT_PATH,
    as_json: Annotated[bool, typer.Option("--json", help="A list in JSON on standard output, not a table.")] = False,
) -> None:
    """Look at every device, library and permission. Exit code 0 only if the exhibition can run on real devices."""
    from installation import doctor

    findings = doctor.examine(load_or_leave(file or exhibition))
    if as_json:
        print(json.dumps([vars(finding) for finding in findings]))
    else:
        out.print(doctor.table(findings))
    raise typer.Exit(0 if doctor.passes(findings) else 1)


@app.command("render")
def render_command(
    piece: Annotated[str, typer.Argument(help="The piece; `pieces` lists them.")],
    seconds: Annotated[float, typer.Option(help="Length of the film.", min=0.1)] = 60.0,
    out_path: Annotated[Path, typer.Option("--out", help="The film to write (.mp4).")] = Path("render.mp4"),
    camera: Annotated[
        Path | None,
        typer.Option(help="A film in place of the camera; or a folder of pictures, for a piece that shows pictures."),
    ] = None,
    voice: Annotated[
        Path | None, typer.Option(help="A sound file: what visitors perform, where the piece records them.")
    ] = None,
    microphone: Annotated[
        Path | None, typer.Option(help="A sound file: what is heard in the room all the time.")
    ] = None,
    seed: Annotated[
        int, typer.Option(help="The same seed gives the same sound, at the same rate and size.", min=0)
    ] = 0,
    size: Annotated[str, typer.Option(help="Picture size.")] = "1280x720",
    rate: Annotated[int, typer.Option(help="Pictures a second.", min=5, max=120)] = 30,
    press: Annotated[str, typer.Option(help="Controls to press and when, for example 3:button,5.5:next.")] = "",
    pointer: Annotated[Path | None, typer.Option(help="A table of what fingers do: second,id,x,y,phase.")] = None,
    exhibition: ExhibitionFile = DEFAULT_PATH,
) -> None:
    """Render a piece to a film with sound; with visitors, where the piece records them."""
    from installation.controls import own_controls
    from installation.programme import Installed, texts_of
    from installation.render import PieceError, Plan, render
    from installation.render_hands import touches_of
    from installation.render_inputs import RenderError
    from installation.render_visitors import presses_of

    try:
        width, height = (int(part) for part in size.lower().split("x"))
    except ValueError as error:
        err.print(f"--size {size!r} is not a picture size; write for example 1280x720")
        raise typer.Exit(WRONG) from error
    usual = exhibition == DEFAULT_PATH and not exhibition.exists()  # nobody named one, and there is none
    show = on_show_or_not(None if usual else load_or_leave(exhibition), piece)
    for name, fault in texts_of(Installed())[1].items():
        err.print(f"piece '{name}': {fault}", highlight=False, markup=False)
    try:
        plan = Plan(
            seconds,
            (width, height),
            rate,
            seed,
            camera=camera,
            voice=voice,
            microphone=microphone,
            press=presses_of(press, seconds, own_controls(show[0].settings)) if press else (),
            touches=touches_of(pointer, seconds) if pointer is not None else (),
        )
        report = render(show, plan, out_path)
    except RenderError as error:
        err.print(str(error), highlight=False)
        raise typer.Exit(WRONG) from error
    except PieceError as error:
        err.print(str(error), highlight=False, markup=False)
        raise typer.Exit(1) from error
    out.print(str(report), highlight=False)


@app.command()
def calibrate(
    what: Annotated[
        str,
        typer.Argument(
            help="delay: how late sound is in the room, beyond what the card says. speakers: which output is which."
        ),
    ],
    exhibition: ExhibitionFile = DEFAULT_PATH,
) -> None:
    """Try the room with sound: measure its delay, saved as a profile for the exhibition, or hear each speaker."""
    from calibration import delay, speakers
    from calibration.devices import CalibrationError

    if what not in ("delay", "speakers"):
        err.print(f"nothing to calibrate is called {what!r}; there are: delay, speakers", highlight=False)
        raise typer.Exit(WRONG)
    try:
        with locked_folder(load_or_leave(exhibition)) as opened:
            if what == "speakers":
                speakers.play(opened, lambda told: out.print(told, highlight=False))
                return
            found = delay.measure(opened)
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
        typer.Option(
            metavar="ID",
            help="Delete this recording for good; the first characters of its id are enough if no other has them. "
            "'stand-ins' deletes those of drawn visitors, 'everybody' all.",
        ),
    ] = None,
    clock_is_right: Annotated[
        bool,
        typer.Option(
            "--clock-is-right",
            help="Trust the machine's date and time again: recordings that expire by them are deleted.",
        ),
    ] = False,
    count: Annotated[
        bool, typer.Option("--count", help="How many visits there were, by month and day, including deleted ones.")
    ] = False,
    exhibition: ExhibitionFile = DEFAULT_PATH,
    as_json: Json = False,
) -> None:
    """List the kept recordings, newest first, or delete some for good. Works while the exhibition runs, too."""
    from installation import home_disk, shared, visits_told
    from installation.ownership import unusable
    from installation.visitors import attendance, on_request

    opened = load_or_last_good(exhibition.absolute())
    folder = opened.data_folder / "visits"
    try:
        counted_here = (
            count and (opened.data_folder / attendance.FILE).exists()
        )  # on another disk than the recordings
        if not counted_here and home_disk.away_in(shared.folders(), folder):
            err.print(f"{home_disk.AWAY.format(folder=folder)}; {home_disk.AWAY_REMEDY}", highlight=False)
            raise typer.Exit(1)
        if count:
            visits_told.print_count(attendance.read(opened.data_folder), as_json)
            return
        if clock_is_right and folder.is_dir():
            visits_told.vouch_for_clock(folder, str(opened.path))
        found = on_request.kept(folder, opened.visitors.keep)
        if not delete:
            visits_told.print_kept(found, folder, as_json)
            return
        wanted = on_request.chosen(folder, delete)
        left = on_request.erase(folder, wanted, str(opened.path))
    except ValueError as error:
        err.print(f"{error}; `python3 run.py visits` lists them", highlight=False)
        raise typer.Exit(WRONG) from error
    except OSError as error:
        err.print(unusable(folder, opened.data_folder, error), highlight=False)
        raise typer.Exit(1) from error
    if not wanted and not as_json:
        out.print("nothing is kept that could be deleted", highlight=False)
    if as_json:
        print(json.dumps({"deleted": [visit for visit in wanted if visit not in left], "left": left}))
    for visit in wanted if not as_json else ():
        if visit not in left:
            out.print(f"{visit} is deleted: sound, film, and all that was derived from them", highlight=False)
    for visit in left:
        err.print(f"{visit} is not deleted yet; it will be as soon as the exhibition answers", highlight=False)
    raise typer.Exit(1 if left else 0)


@app.command()
def pieces() -> None:
    """List the pieces on this machine. Exit code 1 if something is wrong with one."""
    table = Table(Column("piece", no_wrap=True), "what it is", Column("networks", no_wrap=True))
    shows, well = listed()
    for show in shows:
        networks = [network for _, network in show.networks()]
        table.add_row(show.name, (show.piece.__doc__ or "").strip().partition("\n")[0], "\n".join(networks))
    out.print(table)
    if not well:
        raise typer.Exit(1)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="What the piece is called: small letters, digits and _.")],
    records: Annotated[bool, typer.Option("--records", help="It records its visitors.")] = False,
) -> None:
    """Begin a piece of your own: a folder with a small work that runs, its test, and its line in pyproject.toml."""
    from installation.new_piece import NewPieceError, begin, what_next

    try:
        written = begin(name, records=records)
    except (NewPieceError, OSError) as error:
        err.print(str(error), highlight=False)
        raise typer.Exit(WRONG) from error
    out.print("\n".join([*map(str, written), what_next(name)]), highlight=False)


@app.command()
def train(
    network: Annotated[str, typer.Argument(help="piece.network (docs/commands.md lists them), or the piece.")],
    data: Annotated[
        Path | None, typer.Option(help="The folder to learn from, unless the network makes its own data.")
    ] = None,
    run_folder: Annotated[
        Path | None, typer.Option("--run", file_okay=False, writable=True, help="The folder that keeps the progress.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(help="How long, in steps; by default the piece decides.", min=1)
    ] = None,
    world: Annotated[str | None, typer.Option(help="The name for the network, where a piece has many.")] = None,
    hold_out: Annotated[
        str | None,
        typer.Option(help="A part of the data (a fold) not to learn from but to measure with."),
    ] = None,
    out_folder: Annotated[
        Path | None,
        typer.Option(
            "--out",
            file_okay=False,
            writable=True,
            help="Where weights and card go, instead of where the exhibition has them.",
        ),
    ] = None,
) -> None:
    """Train a network from a folder of files. Continues where it was stopped; ends with weights and a model card."""
    from installation.networks.training import leads

    function = function_of(network, "trains")
    with said_of(network):
        given = {"run": run_folder, "steps": steps, "world": world, "hold_out": hold_out, "out": out_folder}
        options = options_for(network, function, **given)
        made = function(*data_for(network, function, data), **options)
    if isinstance(made, Path) and leads():
        out.print(f"{made}, and its card beside it", highlight=False, soft_wrap=True)


@app.command()
def index(
    data: Annotated[Path, typer.Argument(help="The folder to index, with everything in it.")],
    archive: Annotated[
        str, typer.Option("--for", help="piece.archive, or the piece; needed where several have one.")
    ] = "",
    encoder: Annotated[str | None, typer.Option(help="The encoder, where a piece has several.")] = None,
    engine: Annotated[str | None, typer.Option(help="Where to compute: here, or ray (a Ray cluster).")] = None,
    as_json: Json = False,
) -> None:
    """Make a folder searchable for a piece. Continues where it was interrupted; does only what is new or changed."""
    name = archive or only_one_with("indexes")
    function = function_of(name, "indexes")
    with said_of(name):
        with contextlib.redirect_stdout(sys.stderr):
            done = function(data, **options_for(name, function, encoder=encoder, engine=engine))
        print_figures(str(data), done, as_json)


@app.command("listen")
def listen_command(
    picture: Annotated[Path, typer.Argument(help="The picture to listen to.")],
    archive: Annotated[Path | None, typer.Option(help="Where to search; by default the piece's own archive.")] = None,
    sense: Annotated[
        str, typer.Option("--for", help="piece.sense, or the piece; needed where several have one.")
    ] = "",
    encoder: Annotated[str | None, typer.Option(help="The encoder, where a piece has several.")] = None,
    out_path: Annotated[
        Path | None, typer.Option("--out", help="Write the best sound to this file (.wav), and do not play it.")
    ] = None,
    exhibition: ExhibitionFile = DEFAULT_PATH,
    as_json: Json = False,
) -> None:
    """Find the ten best sounds for a picture, as the exhibition would, with their scores; then play the first.

    Without a sound card the first is written to a file instead. With --json it is neither played nor written, unless
    --out names a file.
    """
    from installation import audition

    if out_path is not None and (fault := audition.fault_of_name(out_path)):  # before a search that may take minutes
        err.print(fault, highlight=False)
        raise typer.Exit(WRONG)
    name = sense or only_one_with("listens")
    function = function_of(name, "listens")
    try:
        options = options_for(name, function, archive=archive, encoder=encoder)
        found = function(picture, **as_on_show(name, function, exhibition) | options)
    except typer.Exit:  # which is a RuntimeError
        raise
    except (OSError, ValueError, RuntimeError, WeightsError) as error:
        err.print(f"{name}: {error}", highlight=False)
        raise typer.Exit(WRONG) from error
    if as_json:
        print(json.dumps({str(each.path): each.score for each in found}))
    else:
        out.print(audition.table_of(picture, found))
    if found and (out_path is not None or not as_json):
        try:
            audition.sound_it(found[0].path, out_path, Path(f"{picture.stem}.wav"))
        except (OSError, RuntimeError) as error:
            err.print(f"{name}: {error}", highlight=False)
            raise typer.Exit(WRONG) from error


@app.command()
def evaluate(
    figure: Annotated[str, typer.Argument(help="piece.figure (docs/commands.md lists them), or the piece.")],
    data: Annotated[
        Path | None, typer.Option(help="A manifest or a folder, if the figure needs one; see the piece's README.")
    ] = None,
    world: Annotated[str | None, typer.Option(help="The network to measure, where a piece has many.")] = None,
    encoder: Annotated[str | None, typer.Option(help="The encoder, where a piece has several.")] = None,
    reference: Annotated[Path | None, typer.Option(help="Weights of another network to measure as well.")] = None,
    as_json: Json = False,
) -> None:
    """Measure a network's quality on your own data."""
    function = function_of(figure, "evaluates")
    with said_of(figure):
        with contextlib.redirect_stdout(sys.stderr):
            options = options_for(figure, function, world=world, encoder=encoder, reference=reference)
            measured = function(*data_for(figure, function, data), **options)
        print_figures(figure, measured, as_json)


@app.command()
def bench(
    name: Annotated[
        str | None, typer.Argument(help="A piece, piece.figure or figure of the runtime; by default everything.")
    ] = None,
    as_json: Json = False,
    minutes: Annotated[float, typer.Option(help="How long `sound` measures.", min=0.1)] = 1.0,
    visits: Annotated[int, typer.Option(help="How many visits `soak` makes.", min=50)] = 500,
) -> None:
    """Measure speed on this machine. Exit code 1 if something could not be measured."""
    from installation import bench as runtime

    figures: dict[str, Any] = dict(runtime.FIGURES)
    figures["sound"] = functools.partial(figures["sound"], minutes=minutes)
    figures["soak"] = functools.partial(figures["soak"], visits=visits)
    figures |= benches()
    chosen = {key: figure for key, figure in figures.items() if name in (None, key, key.partition(".")[0])}
    if not chosen:
        err.print(f"nothing to measure is called {name!r}; there are {', '.join(figures)}", highlight=False)
        raise typer.Exit(WRONG)
    measured: dict[str, Any] = {}
    code = 0
    for key, function in chosen.items():
        err.print(f"measuring {key} …", highlight=False)
        try:
            with contextlib.redirect_stdout(sys.stderr):
                measured[key] = function()
        except NamedFunctionError as error:  # the other figures are none the worse
            err.print(str(error), highlight=False)
            code = WRONG
            continue
        except (OSError, ValueError, WeightsError) as error:
            err.print(f"{key}: {what_failed(error)}", highlight=False)
            code = code or 1
            continue
        if not as_json:
            print_figures(key, measured[key], as_json)  # at once: all of them take long, and may be cut short
    if as_json and measured:
        print_figures("bench", next(iter(measured.values())) if len(chosen) == 1 else measured, as_json)
    if code:
        raise typer.Exit(code)


def main() -> None:
    use_its_letters()
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


if __name__ == "__main__":
    main()
