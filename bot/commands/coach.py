"""What happens when the language coach reads along: remarks for the writer alone, before it is posted.

Nothing about them is stored or logged, and nothing is refused because of them.
"""

import hashlib
from collections.abc import Sequence

from bot.coach.coach import Remark, read_for_customer, read_for_team
from bot.commands import fields
from bot.domain.case import number_of
from bot.messages import coach as messages
from bot.messages.parts import COACHED
from bot.ports import UnitOfWork
from bot.request import Reply, Request

SHORT = 300
"""Characters that are read in a millisecond at most, once the coach knows its rules."""


def is_short(request: Request) -> bool:
    """Whether reading it takes so little that nobody needs to wait for it elsewhere."""
    return sum(map(len, (request.values or {}).values())) <= SHORT


def remarks(request: Request, names: Sequence[str], reader: str, whole: bool) -> list[Remark]:
    """What the coach says of these fields of a form, as long as its writer has not seen it."""
    if not request.values:
        return []
    texts = [fields.text(request, name) for name in names]
    if request.values.get(COACHED) == _mark(texts):
        return []
    return [remark for text in texts if text for remark in read(text, reader, whole=whole)]


def _mark(texts: Sequence[str]) -> str:
    """Tells these words from others, so that only words that were read are posted as they are."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


def read(text: str, reader: str, *, whole: bool = True) -> tuple[Remark, ...]:
    """The remarks on one text; `whole`: it is all that a customer will read."""
    return read_for_customer(text, whole=whole) if reader == "customer" else read_for_team(text)


def reads_along(request: Request, work: UnitOfWork) -> bool:
    """Whether whose thing this is lets the coach read along."""
    channel_id = _channel_of(request.about, work)
    if channel_id is None and request.channel is not None:
        channel_id = request.channel.id
    team = work.teams.get(channel_id) if channel_id else None
    return team is None or team.coach


def _channel_of(about: str, work: UnitOfWork) -> str | None:
    """Whose it is: the place of a case (`C-7`), of an item (`AI-12`), or of an answer."""
    label = about.partition("/")[0].upper()
    if label.startswith("AI-"):
        item = work.action_items.get(number_of(label, "AI"))
        return item.channel_id if item else None
    if not label.startswith("C-"):
        answer = work.retros.answer(about)
        if answer is None:
            return None
        label = f"C-{answer.case_number}"
    retro = work.retros.get(number_of(label, "C"))
    return retro.channel_id if retro else None


def opened_for(request: Request) -> str:
    """What its form was opened for: one from the customer's view is opened from there again."""
    from_view = bool(request.values and request.values.get("from_view"))
    return f"{request.about}/view" if from_view and "/" not in request.about else request.about


def once_more(asked: Reply, found: Sequence[Remark], names: Sequence[str], request: Request) -> Reply:
    """The form as it was filled in, with the remarks above it."""
    if asked.form is None:
        return asked
    mark = _mark([fields.text(request, name) for name in names])
    return Reply(form=messages.advised(asked.form, found, request.values or {}, mark))


def draft_form(request: Request, work: UnitOfWork) -> Reply:
    """Opens the form that reads any text."""
    return Reply(form=messages.draft_form())


def draft(request: Request) -> Reply:
    """Reads a text and shows it marked up, with the remarks; nothing of it is kept."""
    if request.values is None:
        text = request.typed.strip()
        return Reply(message=messages.read(text, read(text, "customer")))
    text = fields.text(request, "text", needed="Write or paste the text to read.")
    reader = fields.text(request, "reader") or "customer"
    return Reply(form=messages.draft_form(text, reader, read(text, reader)))
