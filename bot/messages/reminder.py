"""What people read when the bot speaks unasked: reminders, what nobody has answered, what was heard."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from bot.domain import message_key
from bot.domain.action_item import ActionItem, is_late
from bot.domain.item_step import ItemStep
from bot.domain.recovery import (
    Recovery,
    kind_of,
    next_step,
    owner_of,
)
from bot.domain.recovery import is_late as is_promise_late
from bot.domain.reference import CaseRef
from bot.domain.reminder import Reminder, SentReminder
from bot.domain.retro import Answer, Retro, agreed_in
from bot.messages.action_item import later_button, outcome_of, step_button
from bot.messages.case import show_all
from bot.messages.parts import (
    Bold,
    Button,
    Buttons,
    Context,
    Day,
    Line,
    Message,
    Paragraph,
    Part,
    Status,
    Superseded,
    Typed,
    Words,
    headed,
    in_list,
    linked,
    one_line,
    plain_words,
    row,
)
from bot.messages.recovery import on_reminder
from bot.messages.retro import ADD_ITEM, ANSWER, CLOSE, REOPEN, heard
from bot.prompts import Prompt

SPELLED = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
MAX_TOLD = 10
"""Things in one message: Slack allows 50 blocks, and nobody acts on more at once."""
OVER = "Nothing is left to do here."


class ReminderView(NamedTuple):
    """One thing to remind of: why (`reminder`), counted from `day`, and what its reader may press.

    It is a SentReminder with what other tables know of its thing when the message is said, because a
    message is made only from what it is given. `or_later`: they may also ask to be reminded later.
    `before`: when its owner was asked, for others to see. `holds` is False when the reason is gone.
    `fixes` are the items of a retro.
    """

    sent: SentReminder
    reminder: Reminder
    subject: ActionItem | Retro | Recovery
    case_ref: CaseRef
    what: str
    link: str | None
    owner: str
    day: date | None
    steps: tuple[ItemStep, ...]
    or_later: bool
    before: tuple[date, ...]
    holds: bool
    fixes: Sequence[ActionItem] = ()


def reminder_message(dues: Sequence[ReminderView]) -> Message:
    """What is due for one reader: one thing with its words, or several with the buttons of each."""
    open_ones = [due for due in dues if due.holds]
    if not open_ones:
        over = tuple(_over(due) for due in dues)
        return Message(summary=plain_words(over[0].words), parts=over)
    listed = [*open_ones, *(due for due in dues if not due.holds)][:MAX_TOLD]
    parts: list[Part] = []
    for due in listed:
        parts.extend(_parts(due, alone=len(dues) == 1) if due.holds else (_over(due),))
    if len(dues) > MAX_TOLD:
        more = f"and {len(dues) - MAX_TOLD} more: "
        parts.append(Context(words=(more, Typed(words="mine"), ", ", Typed(words="status"))))
    first = open_ones[0]
    whom = "you" if first.sent.recipient_id else "somebody"
    summary = f"{_sentence(first)} {one_line(first.what)}"
    if len(open_ones) > 1:
        summary = f"{len(open_ones)} things wait for {whom}: {_sentence(first)}"
    title = f"What waits for {whom}" if len(dues) > 1 else None
    return Message(summary=summary, title=title, parts=tuple(parts))


def _parts(due: ReminderView, *, alone: bool) -> tuple[Part, ...]:
    retro = f"the retro C-{due.subject.case_number}"
    where = linked(retro, due.link)
    body: tuple[Part, ...] = ()
    words = (_status(due), " ", Bold(text=one_line(due.what)), f"\n{_sentence(due)} · ", where)
    if alone:
        body = (
            *headed(due.what),
            Paragraph(words=(_sentence(due),)),
            Context(words=(_status(due), " · from ", where)),
        )
    if due.before:
        body = (*body, Context(words=_reminded_before(due.owner, due.before)))
    if isinstance(due.subject, Retro):
        buttons = _on_retro(due.case_ref, due.subject, due.fixes)
    elif isinstance(due.subject, Recovery):
        buttons = on_reminder(due.subject, due.reminder.recovers, due.case_ref)
    else:
        ref = due.subject.ref
        buttons = tuple(step_button(step, ref) for step in due.steps)
        if due.or_later:
            buttons = (*buttons, later_button(ref))
        if due.before:  # whoever looks after others sees who was asked when, and what came of it
            buttons = (*buttons, show_all("action_item.read", ref))
    if alone:
        return (*body, row(buttons)) if buttons else body
    return (in_list(words, buttons), *body)


def _status(due: ReminderView) -> Status:
    """At a glance: late, asked of its reader, or waiting for somebody."""
    day = due.sent.day
    if isinstance(due.subject, ActionItem) and is_late(due.subject, day):
        return Status(sign="late", text="late")
    if isinstance(due.subject, Recovery) and is_promise_late(due.subject, day):
        return Status(sign="late", text="promise late")
    own = due.sent.recipient_id == _owner_id(due)
    return Status(sign="yours", text="yours") if own else Status(sign="waiting", text="waiting")


def _reminded_before(owner: str, days: Sequence[date]) -> Words:
    """`I've reminded Ben three times, last on Wed 9 Dec 2026.`"""
    if len(days) == 1:
        return (f"I've reminded {owner} on ", Day(day=days[-1]), ".")
    times = "twice" if len(days) == 2 else f"{_spelled(len(days))} times"
    return (f"I've reminded {owner} {times}, last on ", Day(day=days[-1]), ".")


def _label(due: ReminderView) -> str:
    """What people know it by."""
    return due.subject.case_label if isinstance(due.subject, Recovery) else due.subject.label


def _on_retro(ref: CaseRef, retro: Retro, fixes: Sequence[ActionItem] = ()) -> tuple[Button, ...]:
    """What decides a retro first: with fixes that is to close it."""
    others = REOPEN if retro.state == "closed" else ADD_ITEM
    buttons = (CLOSE, others) if fixes or retro.state == "closed" else (others, CLOSE)
    return tuple(button.model_copy(update={"about": str(ref)}) for button in buttons)


def _stands(due: ReminderView) -> str:
    """How a retro stands that is to be decided: by the name of the sentence for it."""
    if isinstance(due.subject, Retro) and due.subject.unsettled_at is not None:
        return "unsettled"
    if agreed_in(due.fixes):
        return "agreed"
    return "proposed" if due.fixes else ""


def _fixes(fixes: Sequence[ActionItem]) -> str:
    """`Four fixes are proposed`, `One of four fixes is agreed`, `Two fixes are agreed`."""
    agreed, count = agreed_in(fixes), len(fixes)
    how_many = f"{_spelled(count)} fix{'' if count == 1 else 'es'}"
    if agreed in (0, count):
        verb = "is" if count == 1 else "are"
        return f"{how_many.capitalize()} {verb} {'agreed' if agreed else 'proposed'}"
    return f"{_spelled(agreed).capitalize()} of {how_many} {'is' if agreed == 1 else 'are'} agreed"


def _planned(due: ReminderView) -> str:
    """The day that an item is planned for, which binds nobody before it is agreed to."""
    day = due.subject.due if isinstance(due.subject, ActionItem) else None
    if day is None:
        return ""
    return f"; it {'was' if day < _day_said(due) else 'is'} planned for {plain_words((Day(day=day),))}"


def _day_said(due: ReminderView) -> date:
    """The day of the message that says it: a newer one may have taken it along."""
    return max(due.sent.day, message_key.reminder_day(due.sent.message) or due.sent.day)


def _spelled(count: int) -> str:
    return SPELLED[count] if count < len(SPELLED) else str(count)


def _owner_id(due: ReminderView) -> str | None:
    """Whoever has to do it."""
    if isinstance(due.subject, ActionItem):
        return due.subject.owner
    if isinstance(due.subject, Recovery):
        step = due.reminder.recovers or next_step(due.subject)
        return owner_of(due.subject, step) if step else due.subject.contact
    return None


def _sentence(due: ReminderView) -> str:
    step = due.reminder.recovers or next_step(due.subject) if isinstance(due.subject, Recovery) else None
    own = due.sent.recipient_id in (_owner_id(due), "")
    template = due.reminder.says if own or not due.reminder.tells else due.reminder.tells
    template = due.reminder.instead.get(_stands(due), template)
    day = plain_words((Day(day=due.day),)) if due.day else ""
    return template.format(
        label=_label(due),
        step=kind_of(due.subject, step).label if step and isinstance(due.subject, Recovery) else "",
        owner=due.owner,
        fixes=_fixes(due.fixes),
        planned=_planned(due),
        day=f"today, {day}" if due.day == _day_said(due) else day,
    )


def _over(due: ReminderView) -> Context:
    outcome = outcome_of(due.sent) or due.subject.state
    return Context(words=(f"{_label(due)} · {outcome} · {one_line(due.what)}",))


def unanswered(due: ReminderView, retro: Retro, prompts: Sequence[Prompt]) -> Message:
    """In the thread, to everybody and nobody in particular: what has no answer yet."""
    if retro.cancelled:
        return _quiet("This retro was cancelled.")
    if retro.state == "closed":
        return _quiet("This retro is closed.")
    if not prompts:
        return _quiet("Every prompt has an answer.")
    close = _sentence(due._replace(day=retro.answers_close_on))
    parts: list[Part] = [Paragraph(words=(close,))]
    for prompt in prompts:
        button = ANSWER.model_copy(update={"about": str(retro.ref.at(prompt.key)), "look": "plain"})
        parts.append(Line(words=(Bold(text=prompt.label), f"\n{prompt.question}"), button=button))
    return Message(summary=f"{close} {prompts[0].label}", parts=tuple(parts))


def superseded() -> Message:
    """What an older reminder says where it cannot be deleted."""
    return Superseded(summary=OVER, parts=(Context(words=(OVER,)),))


def _quiet(words: str) -> Message:
    return Message(summary=words, parts=(Context(words=(words,)),))


def answers_closed(due: ReminderView, retro: Retro, answers: Sequence[Answer]) -> Message:
    """In the thread: what was heard per gap, and the way on."""
    over = retro.cancelled or retro.state == "closed"
    buttons = () if over else (Buttons(buttons=_on_retro(retro.ref, retro)),)
    ended = "This retro was cancelled." if retro.cancelled else "This retro is closed."
    words = ended if over else _sentence(due)
    return Message(
        summary=words,
        title=f"{retro.label}: what we heard so far",
        parts=(Paragraph(words=(words,)), *heard(answers), *buttons),
    )
