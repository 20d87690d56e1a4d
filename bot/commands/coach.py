"""What happens when the language coach reads along: remarks for the writer alone, before it is posted.

Nothing about them is stored or logged, and nothing is refused because of them.
"""

import hashlib
from collections.abc import Mapping, Sequence

from bot.coach.coach import Remark, read_for_customer, read_for_team, said_once
from bot.command import Command, Opening, Reply, Request
from bot.fields import Choice, Text, field
from bot.messages import coach as messages
from bot.messages.coach import COACHED, READERS
from bot.messages.parts import Form
from bot.ports import ReadOnlyWork, UnitOfWork

SHORT = 300
"""Characters that are read in a millisecond at most, once the coach knows its rules."""


class Draft(Command, frozen=True):
    """Reads a text before it is sent; nothing of it is kept."""

    name = "coach.draft"
    access = "own"
    title = "Check a draft"
    submit = "Check"

    text: Text = field(
        "Text", needed="Write or paste the text to read.", hint="I read it and keep nothing."
    )
    reader: Choice = field("Who will read it")

    @classmethod
    def values_of(cls, request: Request) -> Mapping[str, str] | None:
        typed = request.typed.strip()
        return {"text": typed} if typed and request.values is None else request.values


def is_short(command: Command) -> bool:
    """Whether reading it takes so little that nobody needs to wait for it elsewhere."""
    return sum(len(text) for _, text in command.for_coach()) <= SHORT


def remarks(command: Command) -> list[Remark]:
    """What the coach says of what a form says, as long as its writer has not seen it."""
    texts = command.for_coach()
    if not texts or (command.request.values or {}).get(COACHED) == _mark(command):
        return []
    read_in_turn = (
        remark
        for spec, text in texts
        if text
        for remark in read(text, spec.coach or "team", whole=spec.whole, owed=spec.whole)
    )
    return list(said_once(read_in_turn))


def _mark(command: Command) -> str:
    """Tells these words from others, so that only words that were read are posted as they are."""
    # Platforms send the fields of a form in any order.
    words = "\0".join(sorted(text for _, text in command.for_coach()))
    return hashlib.sha256(words.encode()).hexdigest()[:16]


def read(text: str, reader: str, *, whole: bool = True, owed: bool = False) -> tuple[Remark, ...]:
    """The remarks on one text; `whole`: it is all that a customer will read, `owed`: their apology."""
    if reader == "team":
        return read_for_team(text)
    return read_for_customer(text, whole=whole, owed=owed or reader == "apology")


def reads_along(channel_id: str | None, work: UnitOfWork) -> bool:
    """Whether the team of this channel lets the coach read along."""
    team = work.teams.get(channel_id) if channel_id else None
    return team is None or team.coach


def once_more(opened: Reply, remarks: Sequence[Remark], command: Command) -> Reply:
    """The form as it was filled in, with the remarks above it."""
    if opened.form is None:
        return opened
    values = command.request.values or {}
    return Reply(form=messages.advised(opened.form, remarks, values, _mark(command)))


def open_draft(opening: Opening, work: ReadOnlyWork) -> Reply:
    """Opens the form that reads any text."""
    return Reply(form=draft_form())


def draft(command: Draft) -> Reply:
    """Reads a text and shows it marked up, with the remarks; nothing of it is kept."""
    text, reader = command.text, command.reader or "customer"
    remarks = read(text, reader)
    if command.request.values is None:
        return Reply(message=messages.read(text, remarks))
    return Reply(form=draft_form(text, reader, remarks))


def draft_form(text: str = "", reader: str = "customer", remarks: Sequence[Remark] = ()) -> Form:
    """Check a draft: the text, and once it was read, what the coach says of it."""
    form = Draft.form(
        parts=messages.above_draft(text, remarks) if text else (),
        values={"text": text, "reader": reader},
        changed={"reader": {"options": READERS}},
    )
    return form.model_copy(update={"submit": "Check again"}) if text else form
