"""What scripts/mutants breaks, what it leaves alone, and whom it counts as killed."""

import subprocess
from pathlib import Path
from textwrap import dedent

import pytest

from scripts import mutants


def _broken(source: str) -> list[str]:
    """What each mutant makes of a source, in the order of its lines."""
    code = dedent(source).encode()
    return [mutant.broken(code).decode() for mutant in mutants.mutants_of("thing.py", code)]


@pytest.mark.parametrize(
    ("source", "made"),
    [
        ("a == b", ["(a != b)"]),
        ("a < b <= c", ["(a < b > c)", "(a >= b <= c)"]),
        ("a not in b", ["(a in b)"]),
        ("a is None", ["(a is not None)"]),
        ("x = (a and b) + 1", ["x = ((a or b)) + 1"]),
        ("x = 1 if a else 2", ["x = 1 if (False) else 2"]),
        ("x = [b for b in c if b]", ["x = [b for b in c if (False)]"]),
        ("if a:\n    raise Wrong(b)", ["if (False):\n    raise Wrong(b)", "if a:\n    pass"]),
        ("while a:\n    await b.c()", ["while (False):\n    await b.c()", "while a:\n    pass"]),
        ("match a:\n    case 1 if b:\n        c", ["match a:\n    case 1 if (False):\n        c"]),
        ("x = 'ä'; y = a == 'ö'", ["x = 'ä'; y = (a != 'ö')"]),
    ],
)
def test_a_line_is_broken_in_each_of_the_known_ways_and_in_no_other(
    source: str, made: list[str]
) -> None:
    wrapped = [
        f"async def work():\n    {line}" for line in (text.replace("\n", "\n    ") for text in made)
    ]
    assert _broken("async def work():\n    " + source.replace("\n", "\n    ")) == wrapped


@pytest.mark.parametrize(
    "source",
    [
        '"""Words."""\nx = a(b)',
        "log.info('Done')",
        "class A:\n    def f(self):\n        self._log(1)",
        "class A(Protocol):\n    def f(self):\n        b()",
        "class A:\n    def __repr__(self):\n        return 'a' if b else 'c'",
        "if TYPE_CHECKING:\n    a()",
        "x = f'{a == b}'",
        "while False:\n    a = 1",
    ],
)
def test_what_only_declares_or_logs_is_left_alone(source: str) -> None:
    assert _broken(source) == []


def test_all_of_the_bot_is_broken_but_what_starts_it_and_the_coach() -> None:
    every = mutants.sources([])
    assert "bot/access.py" in every
    assert "bot/domain/retro.py" in every
    assert not [path for path in every if path.startswith(mutants.NOT_MUTATED)]
    assert mutants.sources(["bot/coach/coach.py"]) == ["bot/coach/coach.py"]
    assert "bot/domain/retro.py" in mutants.sources(["bot/domain"])


THING = """
def kind(number):
    if number == 3:
        return "three"
    if number == 4:
        return "four"
    return "other"
"""
# Of the four mutants nothing asks for a 4, so that the test cannot tell `False` from `number == 4`.
FAST = """#!/bin/sh
echo tests/test_thing.py::test_three
exec "$PYTHON" -c "
from bot.thing import kind
assert kind(3) == 'three' and kind(5) == 'other'"
"""


@pytest.fixture
def thing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one file and one test, instead of this one."""
    for name, text in {
        "bot/thing.py": THING,
        "tests/test_thing.py": "",
        "scripts/fast": FAST,
    }.items():
        file = tmp_path / name
        file.parent.mkdir()
        file.write_text(text)
        file.chmod(0o755)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    monkeypatch.setattr(mutants, "ROOT", tmp_path)
    return tmp_path


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_who_survives_is_shown_before_and_after_and_the_floor_decides(
    thing: Path, capsys: pytest.CaptureFixture[str], jobs: str
) -> None:
    assert mutants.main(["--jobs", jobs]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "4 of 4 mutants",
        "bot/thing.py:5",
        "  - number == 4",
        "  + False",
        "killed 3 of 4",
    ]
    assert mutants.main(["--jobs", jobs, "--floor", "75"]) == 0
    assert (thing / "bot/thing.py").read_text() == THING


def test_the_same_seed_draws_the_same_mutants(thing: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    for seed in ("1", "1"):
        mutants.main(["--count", "2", "--seed", seed, "--floor", "0"])
        told.append(capsys.readouterr().out)
    assert told[0] == told[1]
    assert told[0].startswith("2 of 4 mutants")


def test_a_test_that_hangs_on_a_mutant_has_noticed_it(thing: Path) -> None:
    (thing / "scripts/fast").write_text(
        '#!/bin/sh\nexec "$PYTHON" -c "import threading as t; t.Event().wait()"\n'
    )
    (mutant, *_) = mutants.mutants_of("bot/thing.py", THING.encode())
    tree = mutants.Tree(thing.parent / "copy")
    assert tree.notices(mutant, [], seconds=0.2)
    assert (tree.folder / "bot/thing.py").read_text() == THING


def test_tests_that_fail_by_themselves_say_nothing_about_mutants(thing: Path) -> None:
    (thing / "scripts/fast").write_text("#!/bin/sh\necho broken\nexit 1\n")
    with pytest.raises(SystemExit, match="broken\n\nThe fast tests fail without any mutant"):
        mutants.main([])


def test_tests_named_like_the_file_go_first_and_without_one_those_that_name_it(thing: Path) -> None:
    (thing / "tests/test_other.py").write_text("from bot.thing import kind")
    both = ["tests/test_other.py", "tests/test_thing.py"]
    assert mutants.likely_killers("bot/thing.py", both) == ["tests/test_thing.py"]
    assert mutants.likely_killers("bot/thing.py", both[:1]) == both[:1]
    assert mutants.likely_killers("bot/else.py", both) == []
