"""Breaks the code in small ways, one at a time, and counts what the fast tests notice.

A mutant is a comparison turned, a condition made false, `and` made `or`, a `raise` dropped, or a call
dropped whose result nobody takes. Each runs in a throw-away copy of the tree, never in this one. Who
survives is printed with its line before and after: it asks for a test more, or for code less.
"""

import argparse
import ast
import copy
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from importlib.util import cache_from_source
from pathlib import Path
from queue import SimpleQueue

from pydantic import BaseModel

ROOT = Path(__file__).parent.parent
NOT_MUTATED = ("bot/coach", "bot/bootstrap.py", "bot/settings.py", "bot/__main__.py", "bot/check.py")
"""Left out unless a path names them: what composes and starts the program, and the coach."""
TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
SWAPPED: dict[type[ast.boolop], type[ast.boolop]] = {ast.And: ast.Or, ast.Or: ast.And}
TOO_LATE = -1
LOGS = ("log", "_log", "logger", "logging", "warnings")


class Mutant(BaseModel, frozen=True):
    """One small break: the bytes `start` to `end` of a file, on `line` (from 1), become `text`."""

    path: str
    line: int
    before: str
    after: str
    start: int
    end: int
    text: str

    def broken(self, source: bytes) -> bytes:
        """The file's content with this break in it."""
        return source[: self.start] + self.text.encode() + source[self.end :]


def mutants_of(path: str, source: bytes) -> list[Mutant]:
    """Every mutant of a file, in the order of its lines; none of what it only logs or declares."""
    tree = ast.parse(source)
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    made = []
    for old, new in _breaks(tree):
        text = ast.unparse(new)
        assert old.end_lineno is not None
        assert old.end_col_offset is not None
        mutant = Mutant(
            path=path,
            line=old.lineno,
            before=ast.unparse(old),
            after=text,
            start=starts[old.lineno - 1] + old.col_offset,
            end=starts[old.end_lineno - 1] + old.end_col_offset,
            text=text if isinstance(new, ast.stmt) else f"({text})",
        )
        if ast.dump(ast.parse(mutant.broken(source))) != ast.dump(tree):
            made.append(mutant)
    return sorted(made, key=lambda mutant: (mutant.start, mutant.end, mutant.after))


def _breaks(node: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, ast.expr | ast.stmt]]:
    """What stands there and what would stand there instead, for a node and all that is in it."""
    if _only_declares(node):
        return
    if isinstance(node, ast.Compare):
        for at, operator in enumerate(node.ops):
            turned = copy.deepcopy(node)
            turned.ops[at] = TURNED[type(operator)]()
            yield node, turned
    elif isinstance(node, ast.BoolOp):
        yield node, ast.BoolOp(op=SWAPPED[type(node.op)](), values=node.values)
    elif isinstance(node, ast.Raise) or (isinstance(node, ast.Expr) and _is_a_call(node.value)):
        yield node, ast.Pass()
    for condition in _conditions(node):
        yield condition, ast.Constant(False)
    for child in ast.iter_child_nodes(node):
        yield from _breaks(child)


def _conditions(node: ast.AST) -> Sequence[ast.expr]:
    match node:
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
            return [test]
        case ast.comprehension(ifs=conditions):
            return conditions
        case ast.match_case(guard=ast.expr() as guard):
            return [guard]
    return []


def _only_declares(node: ast.AST) -> bool:
    """Whether no test should care; or it is an f-string, in which Python 3.11 gives no true places."""
    match node:
        case ast.JoinedStr() | ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.ClassDef(bases=bases):
            return any(isinstance(base, ast.Name) and base.id == "Protocol" for base in bases)
        case ast.FunctionDef(name="__repr__"):
            return True
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=called) as function)):
            of = function.value.id if isinstance(function.value, ast.Name) else ""
            return called in LOGS or of in LOGS
    return False


def _is_a_call(value: ast.expr) -> bool:
    return isinstance(value.value if isinstance(value, ast.Await) else value, ast.Call)


def sources(paths: Sequence[str]) -> list[str]:
    """The Python files in these folders, or everything under bot/ that is worth it, from the root."""
    if not paths:
        every = (path.relative_to(ROOT) for path in (ROOT / "bot").rglob("*.py"))
        return sorted(str(path) for path in every if not str(path).startswith(NOT_MUTATED))
    found: set[str] = set()
    for name in paths:
        given = ROOT / name
        files = given.rglob("*.py") if given.is_dir() else [given]
        found |= {str(path.relative_to(ROOT)) for path in files}
    return sorted(found)


class Tree:
    """A throw-away copy of the project, in which one mutant at a time meets the fast tests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        listed = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
        names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        for name in filter(None, names.split("\0")):
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, folder / name)

    def notices(self, mutant: Mutant, likely: Sequence[str], seconds: float) -> bool:
        """Whether a test fails or is too late with this mutant; the `likely` files go first."""
        file = self.folder / mutant.path
        source = file.read_bytes()
        try:
            _write(file, mutant.broken(source))
            return bool(likely and self.run(seconds, "-x", *likely)[0]) or bool(
                self.run(seconds, "-x")[0]
            )
        finally:
            _write(file, source)

    def run(self, seconds: float | None, *arguments: str) -> tuple[int, str]:
        """How the fast tests ended (0: green, TOO_LATE: not at all), and their words.

        They run one after the other: the cores have a mutant each.
        """
        environment = {**os.environ, "PYTHON": sys.executable, "PYTHONPATH": str(self.folder)}
        environment.pop("PYTEST_ADDOPTS", None)
        with subprocess.Popen(
            ["scripts/fast", "-n", "0", "-q", "-p", "no:cacheprovider", *arguments],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as tests:
            try:
                words, _ = tests.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                os.killpg(tests.pid, signal.SIGKILL)
                return TOO_LATE, ""
        return tests.returncode, words


def _write(file: Path, source: bytes) -> None:
    file.write_bytes(source)
    # Python knows what it compiled by second and size, and a mutant may share both.
    Path(cache_from_source(str(file))).unlink(missing_ok=True)


def likely_killers(path: str, tests: Sequence[str]) -> list[str]:
    """Of the test files those that are named like a file, or else those that name its module."""
    stem, module = Path(path).stem, path.removesuffix(".py").replace("/", ".")
    named = [test for test in tests if Path(test).stem == f"test_{stem}"]
    return named or [test for test in tests if module in (ROOT / test).read_text()]


def survivors(mutants: Sequence[Mutant], jobs: int) -> Iterator[Mutant]:
    """Those that no fast test notices, as they are found, with `jobs` of them tried at once.

    Raises SystemExit when the tests fail without a mutant, for then they could say nothing.
    """
    with ExitStack() as stack:
        folders = [
            stack.enter_context(tempfile.TemporaryDirectory(prefix="mutants-")) for _ in range(jobs)
        ]
        free: SimpleQueue[Tree] = SimpleQueue()
        for folder in folders:
            free.put(tree := Tree(Path(folder)))
        started = time.monotonic()
        ended, words = tree.run(None, "-x", "--verbose")
        if ended:
            raise SystemExit(f"{words}\nThe fast tests fail without any mutant.")
        # Thrice as long, for those that make a test wait, and a bit for the start.
        seconds = 30 + 3 * (time.monotonic() - started)
        tests = sorted({line.partition("::")[0] for line in words.splitlines() if "::" in line})

        def survives(mutant: Mutant) -> bool:
            tree = free.get()
            try:
                return not tree.notices(mutant, likely_killers(mutant.path, tests), seconds)
            finally:
                free.put(tree)

        threads = stack.enter_context(ThreadPoolExecutor(jobs))
        for mutant, survived in zip(mutants, threads.map(survives, mutants), strict=True):
            if survived:
                yield mutant


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: 0 when enough mutants were killed, else 1."""
    says = argparse.ArgumentParser(prog="scripts/mutants", description=__doc__)
    says.add_argument("--count", type=int, default=100, help="how many mutants to try (100)")
    says.add_argument("--seed", type=int, default=1, help="another number draws other mutants (1)")
    says.add_argument(
        "--floor", type=float, default=92, help="how many of a hundred must be killed (92)"
    )
    says.add_argument("--jobs", type=int, default=1, help="how many to try at once (1)")
    says.add_argument("--paths", nargs="+", default=(), help="folders or files to break (most of bot/)")
    told = says.parse_args(arguments)
    every = [
        mutant for path in sources(told.paths) for mutant in mutants_of(path, (ROOT / path).read_bytes())
    ]
    drawn = random.Random(told.seed).sample(every, min(told.count, len(every)))
    print(f"{len(drawn)} of {len(every)} mutants", flush=True)
    survived = 0
    for mutant in survivors(drawn, told.jobs):
        survived += 1
        print(f"{mutant.path}:{mutant.line}\n  - {mutant.before}\n  + {mutant.after}", flush=True)
    killed = len(drawn) - survived
    print(f"killed {killed} of {len(drawn)}")
    return 0 if 100 * killed >= told.floor * len(drawn) else 1


if __name__ == "__main__":
    sys.exit(main())
