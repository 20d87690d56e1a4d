"""The golden files of the tree as it is, or as it was at another revision."""

import io
import subprocess
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
SNAPSHOTS, STYLE = "tests/snapshots", "handlers/web/static/app.css"
PLATFORMS = ("slack", "teams", "web")


class NoSuchRevision(Exception):
    """Git knows no such revision, or it has no golden files."""


class Golden(NamedTuple):
    """One golden file: the name of its message, without its ending, and what it holds."""

    name: str
    text: str

    @property
    def noun(self) -> str:
        """What the message is about: `retro` of `retro.invitation`."""
        return self.name.partition(".")[0]


@contextmanager
def tree_at(revision: str | None) -> Iterator[Path]:
    """A folder with the golden files and the web's style sheet; the working tree without a revision."""
    if revision is None:
        yield ROOT
        return
    command = ["git", "-C", str(ROOT), "archive", "--format=tar", revision, "--", SNAPSHOTS, STYLE]
    archived = subprocess.run(command, capture_output=True, check=False)
    if archived.returncode:
        raise NoSuchRevision(f"{revision}: {archived.stderr.decode().strip()}")
    with TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(archived.stdout)) as files:
            files.extractall(folder, filter="data")
        yield Path(folder)


def golden_files(tree: Path, platform: str) -> Sequence[Golden]:
    """All of a platform, in the order of their names."""
    paths = sorted((tree / SNAPSHOTS / platform).iterdir())
    return [Golden(path.stem, path.read_text(encoding="utf-8")) for path in paths]
