"""A cluster listens as one machine does: the same index, few files ahead, and words where there is none."""

import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pieces.imaginary_soundscape import archive, cluster, encoders, finding
from pieces.imaginary_soundscape.archive import Index
from pieces.imaginary_soundscape.cluster import Cluster, ClusterError
from pieces.imaginary_soundscape.recordings import Listened
from tests.pieces.imaginary_soundscape.test_archive import Loudness, run, write
from tests.pieces.imaginary_soundscape.test_archive_rules import indexed_before


class Ray(SimpleNamespace):
    """Ray's face, as far as it is used; what is asked of it is done when its answer is fetched."""

    def __init__(self) -> None:
        super().__init__(asked=[], held=0, most=0, cancelled=0, fails=False)

    def is_initialized(self) -> bool:
        return True

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": 2.0}

    def remote(self, **options: int) -> Callable[[Callable[..., Any]], Any]:
        self.options = options
        return lambda work: SimpleNamespace(remote=lambda *arguments: self._ask(work, *arguments))

    def put(self, thing: Any) -> Any:
        return thing

    def _ask(self, work: Callable[..., Any], path: str, *arguments: Any) -> Any:
        self.asked.append(path)
        self.held += 1
        self.most = max(self.most, self.held)
        return lambda: work(path, *arguments)

    def get(self, answer: Any) -> Any:
        self.held -= 1
        if self.fails:
            raise OSError("a machine went away")
        return answer()

    def cancel(self, answer: Any) -> None:
        self.cancelled += 1


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ray]:
    fake = Ray()
    monkeypatch.setitem(sys.modules, "ray", fake)
    monkeypatch.setattr(encoders, "load", lambda name: Loudness())
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    cluster._encoder.cache_clear()
    yield fake
    cluster._encoder.cache_clear()


def test_a_core_hears_what_this_machine_hears(tmp_path: Path, ray: Ray) -> None:
    sound = write(tmp_path / "a.wav", 0.4)
    (tmp_path / "broken.ogg").write_bytes(b"OggS" + bytes(90))
    heard = cluster.listen(str(sound), "loudness", {})
    assert heard.listened is not None and heard.listened.point is not None
    assert heard.content == archive.content(sound)
    assert (heard.encoder, heard.machine) == (Loudness.name, socket.gethostname())
    broken = cluster.listen(str(tmp_path / "broken.ogg"), "loudness", {}).listened
    assert broken is not None and broken.point is None and "cannot be read" in broken.wrong
    assert isinstance(cluster.listen(str(tmp_path / "gone.wav"), "loudness", {}).content, FileNotFoundError)


def test_the_index_is_the_same_and_few_are_heard_ahead(
    tmp_path: Path, ray: Ray, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("here", "there"):
        for number in range(30):
            write(tmp_path / place / f"{number:02}.wav", 0.1 + number / 50)
        write(tmp_path / place / "twin.wav", 0.1)
    alone = run(tmp_path / "here")
    encoder, index = Loudness(), Index(tmp_path / "there")
    many = Cluster(index.survey(encoder).unknown, "loudness", encoder.name)
    with monkeypatch.context() as here:  # what is read on other machines is not read on this one as well
        here.setattr(archive, "content", lambda path: pytest.fail(f"{path} is read here"))
        assert len(list(index.update(encoder, ears=many))) == 31
    many.close()
    assert (index.points() == alone.points()).all()
    assert [clip.path for clip in index.usable()] == [clip.path for clip in alone.usable()]
    assert encoder.heard == 0, "this process listens to nothing"
    assert ray.most <= cluster.AHEAD * 2 + 1
    assert ray.cancelled == 0, "all answers were wanted"
    assert ray.options["max_retries"] >= 1, "a machine that goes away does not end the work"
    assert Index(tmp_path / "there").survey(encoder).unknown == []
    verified = Cluster([], "loudness", encoder.name)
    assert len(list(index.update(encoder, verify=True, ears=verified))) == 31
    assert len(ray.asked) == 31, "to verify is not to listen again"


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What any machine of the cluster listens to."""
    names: list[str] = []
    real = cluster.listened
    monkeypatch.setattr(cluster, "listened", lambda path, encoder: (names.append(path.name), real(path, encoder))[1])
    return names


def test_what_was_only_moved_is_read_and_not_listened_to(tmp_path: Path, ray: Ray, heard: list[str]) -> None:
    for number in range(30):
        write(tmp_path / "old" / f"{number:02}.wav", 0.1 + number / 50)
    points = run(tmp_path).points()
    (tmp_path / "old").rename(tmp_path / "new")
    write(tmp_path / "new/30.wav", 0.9)
    assert finding.index(tmp_path, engine="ray")["sounds"] == 31
    assert heard == ["30.wav"] and len(ray.asked) == 31
    assert (Index(tmp_path).points()[:30] == points).all()


def test_what_is_known_no_more_when_its_turn_comes_is_listened_to(tmp_path: Path, ray: Ray, heard: list[str]) -> None:
    """Another process has begun the index anew since it was asked what is known."""
    for number in range(10):
        write(tmp_path / "old" / f"{number}.wav", 0.1 + number / 50)
    index, encoder = run(tmp_path), Loudness()
    (tmp_path / "old").rename(tmp_path / "new")
    many = Cluster(index.survey(encoder).unheard(), "loudness", encoder.name, index.known(encoder).values())
    shutil.rmtree(tmp_path / archive.FOLDER)
    assert [step.clip.row for step in index.update(encoder, ears=many)] == list(range(10))
    assert heard == [f"{number}.wav" for number in range(10)]


def test_what_rules_of_before_heard_otherwise_is_heard_side_by_side(
    tmp_path: Path, ray: Ray, heard: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(12):
        write(tmp_path / f"{number:02}.wav", 0.1 + number / 50, channels=2 if number % 2 else 6)
    indexed_before(tmp_path, monkeypatch)
    for number in (8, 9, 10, 11):
        (tmp_path / f"{number:02}.wav").rename(tmp_path / f"moved_{number:02}.wav")
    assert finding.index(tmp_path, engine="ray")["sounds"] == 12
    assert heard == ["00.wav", "02.wav", "04.wav", "06.wav", "moved_08.wav", "moved_10.wav"]
    assert len(ray.asked) == 4 + 4 == ray.most, "once each, and not one after another"


def test_a_machine_that_goes_away_is_named_and_what_was_heard_stays(tmp_path: Path, ray: Ray) -> None:
    for number in range(6):
        write(tmp_path / f"{number}.wav", 0.1 + number / 50)
    encoder, index = Loudness(), Index(tmp_path)
    many = Cluster(index.survey(encoder).unknown, "loudness", encoder.name)
    steps = index.update(encoder, ears=many)
    next(steps), next(steps)
    ray.fails = True
    with pytest.raises(ClusterError, match="went away"):
        next(steps)
    many.close()
    assert ray.cancelled == 3, "of six, two were heard and one failed"
    assert len(Index(tmp_path).survey(encoder).unknown) == 4


def test_a_machine_with_other_weights_is_named_and_spoils_nothing(
    tmp_path: Path, ray: Ray, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        write(tmp_path / f"{number}.wav", 0.1 + number / 50)
    encoder, index = Loudness(), Index(tmp_path)
    work = index.update(encoder, ears=Cluster(index.survey(encoder).unknown, "loudness", encoder.name))
    next(work)
    next(work)
    monkeypatch.setattr(Loudness, "name", "loudness of last year")
    cluster._encoder.cache_clear()
    with pytest.raises(ClusterError, match=f"{socket.gethostname()} listens by loudness of last year.*update"):
        list(work)
    monkeypatch.undo()
    assert [clip.path for clip in run(tmp_path).usable()] == [f"{number}.wav" for number in range(4)]


def fewer(answer: Any) -> None:
    raise TypeError("listen() takes 2 positional arguments but 3 were given")


@pytest.mark.parametrize("answer", [lambda answer: Listened(1.0, None), fewer])
def test_a_machine_with_another_version_is_refused(
    tmp_path: Path, ray: Ray, monkeypatch: pytest.MonkeyPatch, answer: Callable[[Any], Any]
) -> None:
    """Each machine runs its own checkout: one that was not updated answers as it did then."""
    write(tmp_path / "a.wav", 0.1)
    encoder, index = Loudness(), Index(tmp_path)
    monkeypatch.setattr(ray, "get", answer)
    with pytest.raises(ClusterError, match="another version of the project; update it there"):
        list(index.update(encoder, ears=Cluster(index.survey(encoder).unknown, "loudness", encoder.name)))


def test_a_file_that_another_machine_cannot_read_is_named(
    tmp_path: Path, ray: Ray, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound, encoder, index = write(tmp_path / "a.wav", 0.1), Loudness(), Index(tmp_path)
    many = Cluster([sound], "loudness", encoder.name)
    monkeypatch.setattr(cluster, "content", lambda path: (_ for _ in ()).throw(PermissionError(13, "not for you")))
    assert [step.clip.wrong for step in index.update(encoder, ears=many)] == ["cannot be read: not for you"]


def test_without_ray_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ClusterError, match=r"\.venv/bin/pip install ray"):
        Cluster([], "own", "")


def test_nothing_imports_ray_unless_it_is_chosen() -> None:
    source = Path(cluster.__file__).read_text(encoding="utf-8")
    assert not [line for line in source.splitlines() if line.startswith(("import ray", "from ray"))]


@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_an_address_where_nothing_answers_is_said_at_once(
    ray: Ray, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"{scheme}127.0.0.1:{server.getsockname()[1]}"
        monkeypatch.setenv("RAY_ADDRESS", address)
        Cluster([], "own", "")
    with pytest.raises(ClusterError, match=f"nothing answers at RAY_ADDRESS={address}"):
        Cluster([], "own", "")


@pytest.mark.parametrize("address", ["", "auto", "local", "a.b:99999", "host:", ":6379", "ray://", "[::1"])
def test_an_odd_address_is_left_to_ray_or_refused_and_never_a_fault(address: str) -> None:
    assert cluster.answers(address) in (True, False)
