"""What adding a step to an action item takes: its name and its row, tried on a copy of the program."""

import asyncio
import os
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from bot.messages.action_item import outcome_of
from bot.messages.parts import plain
from bot.routes import COMMANDS
from storage.database import Database
from tests.access_world import VALUES
from tests.commands.test_action_item import labels
from tests.desk import ANA, BEN, Desk, words
from tests.examples import DUE_TODAY, FORMS

ROOT = Path(__file__).parents[1]
LAST_NAME = '    "drop",\n]\n'
LAST_ROW = '        outcome="dropped",\n    ),\n)\n'
NAME = '    "split",\n'
ROW = """
    StepRow(
        name="split",
        button=StepButton("Split it", "main"),
        places={"agreed": 4},
        to="proposed",
        who=("owner",),
        others="Only the owner of {label} can split it.",
        owner="nobody",
        form=StepForm(
            title="Split",
            submit="Split it",
            fields=(StepField("rest", "What is left", "text", "Say what is left.", coach="team"),),
            confirmed="Made smaller.",
        ),
        story="Split by {by}, and left is",
        outcome="made smaller",
    ),
"""


def test_a_name_and_a_row_are_all_that_a_new_step_takes(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    shutil.copytree(ROOT / "bot", tmp_path / "bot", ignore=shutil.ignore_patterns("__pycache__"))
    table = tmp_path / "bot" / "domain" / "item_step.py"
    source = table.read_text(encoding="utf-8")
    assert source.count(LAST_NAME) == source.count(LAST_ROW) == 1
    source = source.replace(LAST_NAME, LAST_NAME.replace("]", f"{NAME}]"))
    source = source.replace(LAST_ROW, LAST_ROW.removesuffix(")\n") + ROW.lstrip("\n") + ")\n")
    table.write_text(source, encoding="utf-8")
    database = shutil.copy(request.getfixturevalue("_ready_on_sqlite"), tmp_path / "amends.db")
    played = subprocess.run(
        [sys.executable, "-m", "tests.test_added_step", f"sqlite:///{database}"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert played.returncode == 0, played.stderr
    assert played.stdout == "played\n"


async def play(desk: Desk) -> None:
    """Meets the new step wherever people do; for the program that has it."""
    await desk.fail()
    item = await desk.add_item(ANA, owner=ANA.id)
    buttons = labels(desk.say_all()["item:1"])
    assert buttons[3:] == [
        *("Decline", "Split it"),
        *("Remind me later", "Edit item", "Drop"),
    ], buttons
    assert (
        words(await desk.ask(BEN, "action_item.split", item)) == "Only the owner of AI-1 can split it."
    )
    form = (await desk.ask(ANA, "action_item.split", item)).form
    assert form is not None
    assert (form.title, form.submit) == ("Split", "Split it")
    assert [(field.label, field.needed) for field in form.fields] == [("What is left", True)]
    nothing = await desk.ask(ANA, "action_item.split", item, {"rest": ""})
    assert nothing.faults == {"rest": "Say what is left."}
    assert not (await desk.ask(ANA, "action_item.split", item, {"rest": "The app."})).faults
    assert (desk.item(item).state, desk.item(item).owner) == ("proposed", None)
    told = plain(desk.say_all()["item:1"])
    assert "Split by Ana, and left is:\nThe app." in told, told
    assert words(await desk.ask(ANA, "action_item.split", item)) == "AI-1 is already proposed."
    # What the coach reads, what came of a reminder, and what tests go through by themselves.
    fields = COMMANDS["action_item.split"].command.fields()
    assert [(spec.name, spec.coach) for spec in fields] == [("rest", "team")]
    assert outcome_of(DUE_TODAY.sent.model_copy(update={"outcome": "split"})) == "made smaller"
    assert "action_item.split" in FORMS
    assert list(VALUES["action_item.split"]) == ["rest"]


if __name__ == "__main__":
    with closing(Database(sys.argv[1])) as opened:
        asyncio.run(play(Desk(opened)))
    print("played")
