"""The house rules of the README, held by small readers of the code; each failure says the mend."""

import ast
import re
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from handlers.helpdesks.products import PRODUCTS

ROOT = Path(__file__).parent.parent
CODE = [
    path for folder in ("bot", "handlers", "storage") for path in sorted((ROOT / folder).rglob("*.py"))
]
COMPOSERS = ("bot/bootstrap.py", "bot/check.py", "bot/__main__.py")
ADAPTERS = ("slack", "teams", "web", "helpdesks")
FLOORS = ("bot.coach", "bot.domain", "bot.messages", "bot.jobs", "bot.commands", "bot.routes", "bot.bot")
OUTSIDE = (
    "handlers",
    "storage",
    "sqlalchemy",
    "sqlmodel",
    "slack_bolt",
    "slack_sdk",
    "botbuilder",
    "aiohttp",
)
BELOW_THE_LINE = (
    "bot/domain/",
    "bot/commands/",
    "bot/jobs/",
    "bot/messages/",
    "bot/board",
    "bot/repositories",
    "bot/retro_thread",
    "storage/",
)
THE_LINE = ("storage/database.py", "storage/turn.py")
"""Where the event loop's side asks, and the threads' side answers."""
THE_SDK, ITS_ONLY_USER = ("botbuilder", "botframework"), "handlers/teams/botbuilder_patches.py"
BANNED_NAMES = re.compile(r"(^|_)(utils?|helpers?|common|manager|service|base)(_|$)", re.IGNORECASE)
TOP = {"bot", "handlers", "storage", "tests", "docs", "scripts"} | {
    *("manifest.yml", "pyproject.toml", "requirements.txt", "Dockerfile", "compose.yaml"),
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "LICENSE"),
}
MADE = re.compile(r"build|dist|node_modules|.*\.egg-info|amends\.db.*|__pycache__")
"""What .gitignore leaves out, among the names that do not begin with a dot."""

COMFORTABLE_LINES = 300
OLD_WORDS = re.compile(r"\b(places?|doors?)\b", re.IGNORECASE)
"""What a channel, and an adapter or the web workspace, were called once."""
RETIRED: Mapping[str, str] = {
    r"(stays?|must not be|is left) empty": "say what to leave empty for: Leave empty for today.",
    r"one must not\b|is agreeing\b|on which you work": "say it to the reader: If you choose yourself, …",
    r"not here any more|or never was|I do not know": "say what can't be found, and what to do.",
    r"in other hands|no longer yours|put off|fallen away|its memory": "say who has it now, and the day.",
    r"were the fault|is judged": "say what is still missing.",
    r"Mark as failed": "it is called Mark a case failed everywhere.",
    r"There are more; ": "say how many, or how to see them.",
}
"""Phrases that people must never read again, and what to say instead."""


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: import by the full name, not relatively."
            yield from (f"{node.module}.{name.name}" for name in node.names)


def _inside(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def _relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", CODE, ids=_relative)
def test_imports_point_the_way_the_design_says(path: Path) -> None:
    here = _relative(path)
    for name in _imports(path):
        if here.startswith("bot/") and here not in COMPOSERS:
            wrong = next((outside for outside in OUTSIDE if _inside(name, outside)), None)
            assert wrong is None, f"{here} imports {name}: say what you need in bot/ports.py instead."
        if here.startswith("handlers/"):
            assert not _inside(name, "storage"), f"{here} imports {name}: ask bot/ports.py for it."
        if here.startswith("storage/"):
            assert not _inside(name, "handlers"), f"{here} imports {name}: storage knows no adapters."
        for adapter in ADAPTERS:
            if here.startswith(f"handlers/{adapter}/"):
                others = [f"handlers.{other}" for other in ADAPTERS if other != adapter]
                wrong = next((other for other in others if _inside(name, other)), None)
                assert wrong is None, f"{here} imports {name}: adapters do not know each other."


def test_at_the_top_stands_only_what_belongs_there() -> None:
    names = {path.name for path in ROOT.iterdir() if path.name[0] != "."}
    strange = {name for name in names - TOP if not MADE.fullmatch(name)}
    assert not strange, (
        f"{sorted(strange)}: put it into one of the folders, or say here that it belongs."
    )
    assert names >= TOP, f"{sorted(TOP - names)} is gone: take it out of TOP."


@pytest.mark.parametrize("path", CODE, ids=_relative)
def test_one_file_alone_imports_the_sdk_of_teams(path: Path) -> None:
    found = [name for name in _imports(path) if any(_inside(name, package) for package in THE_SDK)]
    assert bool(found) == (_relative(path) == ITS_ONLY_USER), (
        f"{_relative(path)} imports {found}: only {ITS_ONLY_USER} does; ask an Authenticator instead."
    )


@pytest.mark.parametrize("path", CODE, ids=_relative)
def test_one_file_alone_looks_a_time_zone_up(path: Path) -> None:
    looks = "ZoneInfo(" in path.read_text()
    assert looks == (_relative(path) == "bot/domain/working_hours.py"), (
        f"{_relative(path)}: a zone that this machine does not know is UTC; ask working_hours.zone_of."
    )


@pytest.mark.parametrize(
    "path", [path for path in CODE if _relative(path).startswith("bot/")], ids=_relative
)
def test_inside_the_bot_each_floor_stands_only_on_those_below(path: Path) -> None:
    module = _relative(path).removesuffix(".py").replace("/", ".")
    floor = next((index for index, name in enumerate(FLOORS) if _inside(module, name)), None)
    if floor is None:
        return
    above = FLOORS[floor + 1 :]
    for name in _imports(path):
        wrong = next((higher for higher in above if _inside(name, higher)), None)
        assert wrong is None, (
            f"{module} imports {name}, which stands above it: move what both need down."
        )


def _cycle(imports: Mapping[str, Collection[str]]) -> list[str]:
    try:
        list(TopologicalSorter(imports).static_order())
    except CycleError as cycle:
        return list(cycle.args[1])
    return []


def test_no_modules_import_each_other() -> None:
    modules = {_relative(path).removesuffix(".py").replace("/", "."): path for path in CODE}
    imports = {
        module: {
            other
            for name in _imports(path)
            for other in (name, name.rpartition(".")[0])
            if other in modules and other != module
        }
        for module, path in modules.items()
    }
    assert _cycle(imports) == [], "move what they both need into a third module."
    assert _cycle({**imports, "bot.domain.case": {"bot.routes"}}) != []


@pytest.mark.parametrize(
    "path", [path for path in CODE if _relative(path).startswith(BELOW_THE_LINE)], ids=_relative
)
def test_below_the_line_nothing_waits(path: Path) -> None:
    kinds = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)
    waits = _relative(path) not in THE_LINE and any(
        isinstance(node, kinds) for node in ast.walk(ast.parse(path.read_text()))
    )
    assert not waits, (
        f"{_relative(path)}: below bot/bot.py and the worker all is plain code, which runs in a turn of "
        "the database: ask for one with Transactions, above."
    )


@pytest.mark.parametrize(
    "path", [path for path in CODE if not _relative(path).startswith("storage/")], ids=_relative
)
def test_what_is_read_speaks_of_channels_and_adapters(path: Path) -> None:
    found = [text for text in _sentences(path) if OLD_WORDS.search(text)]
    assert found == [], f"{_relative(path)}: say channel, adapter or the web workspace."


@pytest.mark.parametrize(
    "path", [path for path in CODE if not _relative(path).startswith("storage/")], ids=_relative
)
def test_what_is_read_has_no_retired_phrase(path: Path) -> None:
    assert list(_retired(_sentences(path))) == [], f"{_relative(path)}: say it in the newer words."


def test_the_pages_and_manifests_have_no_retired_phrase() -> None:
    assert list(_retired(["Today, when it stays empty."])) == [
        "'Today, when it stays empty.': say what to leave empty for: Leave empty for today."
    ]
    pages = [*(ROOT / "handlers").rglob("*.html"), *(ROOT / "handlers").rglob("*.js")]
    manifests = [ROOT / "manifest.yml", ROOT / "handlers/teams/manifest.json"]
    for path in (*pages, *manifests, ROOT / "README.md", *ROOT.glob("docs/*.md")):
        assert list(_retired(path.read_text().splitlines())) == [], f"{_relative(path)}"


def _retired(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        for phrase, instead in RETIRED.items():
            if re.search(phrase, text, re.IGNORECASE):
                yield f"{text!r}: {instead}"


def test_the_pages_speak_of_channels() -> None:
    for path in sorted((ROOT / "handlers/web/templates").glob("*.html")):
        text = re.sub(r"{[{%#].*?[}%#]}", "", path.read_text(), flags=re.DOTALL)
        shown = re.findall(r'>([^<>]+)<|="([^"]* [^"]*)"', text)
        found = [words for words in map("".join, shown) if OLD_WORDS.search(words)]
        assert found == [], f"{_relative(path)}: say channel."


def _sentences(path: Path) -> Iterator[str]:
    """Each text of several words that is no docstring, so that somebody may come to read it."""
    tree = ast.parse(path.read_text())
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and id(node) not in docs else None
        if isinstance(text, str) and " " in text.strip():
            yield text


@pytest.mark.parametrize("path", CODE, ids=_relative)
def test_no_file_is_named_for_nothing(path: Path) -> None:
    assert not BANNED_NAMES.search(path.stem), f"{_relative(path)}: name the file for what it holds."


@pytest.mark.parametrize("path", CODE, ids=_relative)
def test_an_init_file_is_empty(path: Path) -> None:
    if path.name == "__init__.py":
        assert path.read_text() == "", f"{_relative(path)}: put this into a file with a name."


@pytest.mark.parametrize("path", CODE, ids=_relative)
def test_every_module_and_public_definition_says_what_it_is(path: Path) -> None:
    if path.name == "__init__.py" or "migrations/versions" in _relative(path):
        return
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree), f"{_relative(path)}: begin the file with one sentence."
    for node in tree.body:
        if (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            and node.name[0] != "_"
        ):
            doc = ast.get_docstring(node)
            # A Protocol of self-evident methods may stay silent inside, but not as a whole.
            assert doc, f"{_relative(path)}: {node.name} needs a docstring of one sentence first."


def _questions(lengths: Mapping[str, int]) -> list[str]:
    return [
        f"{name} has {lines} lines: does it hold more than one thing?"
        for name, lines in lengths.items()
        if lines > COMFORTABLE_LINES and "migrations" not in name
    ]


def test_a_file_beyond_a_comfortable_size_is_asked_about() -> None:
    """A long file is a question, and not an error: the answer may be that it holds one thing."""
    asked = _questions({"bot/short.py": 300, "bot/long.py": 301, "storage/migrations/long.py": 301})
    assert asked == ["bot/long.py has 301 lines: does it hold more than one thing?"]
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        for question in _questions({_relative(p): len(p.read_text().splitlines()) for p in CODE}):
            warnings.warn(question, stacklevel=1)


@pytest.mark.parametrize(
    "path", [path for path in CODE if path.is_relative_to(ROOT / "bot")], ids=_relative
)
def test_no_command_knows_a_products_name(path: Path) -> None:
    """A new helpdesk is one file and one line: what differs between two of them is said there."""
    own = {name for name, product in PRODUCTS.items() if product.HOSTS}
    names = own | {PRODUCTS[name].TITLE.casefold() for name in own}
    text = path.read_text(encoding="utf-8").casefold()
    found = sorted(name for name in names if name in text)
    assert not found, f"{_relative(path)} names {found}: say it in its file in handlers/helpdesks."


def test_no_swallowed_exception() -> None:
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ExceptHandler):
                broad = node.type is None or (
                    isinstance(node.type, ast.Name) and node.type.id == "Exception"
                )
                silent = all(isinstance(line, ast.Pass | ast.Continue) for line in node.body)
                assert not (broad and silent), (
                    f"{_relative(path)}:{node.lineno} swallows every exception."
                )


def test_nothing_names_this_machine() -> None:
    # Put together here so that this very file does not hold the words it looks for.
    forbidden = ["/wo" + "rk/", "/tm" + "p/w", "/ro" + "ot/", "pypi." + "org", "registry.npmjs." + "org"]
    for path in sorted(ROOT.rglob("*")):
        hidden = any(part.startswith(".") and part != ".ci" for part in path.relative_to(ROOT).parts)
        built = any(part in ("__pycache__", "node_modules", "build") for part in path.parts)
        if hidden or built or not path.is_file() or path.suffix in (".png", ".db", ".gz"):
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        found = [word for word in forbidden if word in text]
        assert not found, f"{path.relative_to(ROOT)} names {found}."
