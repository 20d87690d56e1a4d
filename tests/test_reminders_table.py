"""The table of reminders in docs/using.md is the one that the scheduler goes by."""

from pathlib import Path

from bot.reminders import REMINDERS

USING = Path(__file__).parents[1] / "docs" / "using.md"
WHOM = {
    "owner": "its owner",
    "lead": "the lead",
    "asker": "whoever asked for it",
    "thread": "the thread",
}
NOUNS = {
    "item": "an action item",
    "retro": "a retro",
    "recovery": "a customer",
    "proposal": "a helpdesk",
}
WEEKLY = (
    "| each week, at the start of the team's first working day | the team's channel | which customers "
    "wait, what is late, not answered, without an owner, done and not verified, which gap came back "
    "after a verified fix, what was closed and verified, and how many proposed cases nobody decided; "
    "nothing when there is none of that |"
)


def table() -> str:
    """The rows as docs/using.md shows them: when, to whom, what it says."""
    rows = ["| when | to whom | says |", "|---|---|---|"]
    for reminder in REMINDERS:
        then = reminder.then.to if reminder.then else ()
        recipients = dict.fromkeys(
            WHOM[whom] for to in (*(on.to for on in reminder.on), then) for whom in to
        )
        noun = NOUNS[reminder.about]
        said = reminder.says.format(
            owner="Ana",
            day="Thu 5 Mar",
            planned="",
            step="Hear the customer",
        )
        rows.append(f"| {noun}: {reminder.when} | {', '.join(recipients)} | {said} |")
    return "\n".join([*rows, WEEKLY])


def test_the_docs_show_the_table_of_reminders() -> None:
    assert table() in USING.read_text(encoding="utf-8"), f"put this into docs/using.md:\n{table()}"
