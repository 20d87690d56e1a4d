"""What people read when the bot speaks unasked: reminders, what nobody has answered, what was heard."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import NamedTuple

from bot.domain import message_key
from bot.domain.action_item import ActionItem, is_late
from bot.domain.digest_page import DigestPage
from bot.domain.item_step import ItemStep
from bot.domain.prompt import Prompts
from bot.domain.proposal import Proposal
from bot.domain.recovery import (
    Recovery,
    kind_of,
    next_step,
    owner_of,
)
from bot.domain.recovery import is_late as is_promise_late
from bot.domain.reference import CaseRef
from bot.domain.reminder import Reminder, SentReminder, Subject
from bot.domain.retro import Answer, Retro, agreed_in
from bot.messages.action_item import all_reminders, later_button, outcome_of, step_button
from bot.messages.case import show_all
from bot.messages.parts import (
    SHOW_MORE,
    Bold,
    Button,
    Buttons,
    Context,
    Inline,
    Line,
    Message,
    Paragraph,
    Part,
    Sign,
    Status,
    Superseded,
    Words,
    day_words,
    headed,
    in_list,
    joined,
    linked,
    on,
    one_line,
    plain_words,
    row,
)
from bot.messages.proposal import to_decide
from bot.messages.recovery import on_reminder
from bot.messages.retro import ADD_ITEM, ANSWER, CLOSE, REOPEN, heard
from bot.messages.team import MINE, TO_STATUS

SPELLED = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
MAX_TOLD = 3
"""Things that one message tells of; all others are counted, and one button away."""
MAX_LISTED = 10
"""Things in one answer to whoever wants to see all: what a card of Teams holds with their buttons."""
GROUPS: Mapping[str, Sign] = {"late": "late", "today": "yours", "waiting": "waiting"}
"""How urgent things are, the most urgent first, and the sign of each."""
OVER = "Nothing is left to do here."


class ReminderView(NamedTuple):
    """One thing to remind of: why (`reminder`), counted from `day`, and what its reader may press.

    It is a SentReminder with what other tables know of its thing when the message is said, because a
    message is made only from what it is given. `or_later`: they may also ask to be reminded later.
    `before`: when its owner was asked, for others to see. `holds` is False when the reason is gone.
    `fixes` are the items of a retro. A proposal has no case yet.
    """

    sent: SentReminder
    reminder: Reminder
    subject: Subject
    case_ref: CaseRef | None
    what: str
    link: str | None
    owner: str
    day: date | None
    steps: tuple[ItemStep, ...]
    or_later: bool
    before: tuple[date, ...]
    holds: bool
    fixes: Sequence[ActionItem] = ()
    read_on: date | None = None
    """The day on which somebody asks how it stands now; None: it is said on its message's day."""


def reminder_message(dues: Sequence[ReminderView], *, in_its_thread: bool = False) -> Message:
    """What is due for one reader: one thing with its words, or counts, the most urgent few and all.

    `in_its_thread`: it stands in the retro's own thread, which needs no word to say which retro it is.
    """
    open_ones = [due for due in dues if due.holds]
    over = [due for due in dues if not due.holds]
    if not open_ones:
        return Message(summary=plain_words(_over(over[0]).words), parts=_all_over(over))
    if len(dues) == 1:
        parts = _alone(open_ones[0], where=not in_its_thread)
        return Message(summary=_summary(open_ones[0]), parts=parts)
    ordered = _most_urgent_first(open_ones)
    listed = [*_grouped(ordered, ordered[:MAX_TOLD], where=not in_its_thread)]
    if len(ordered) > MAX_TOLD:
        to_all = _way_to_all(ordered[0].sent.message, len(ordered))
        listed.append(_rest(ordered, len(ordered) - MAX_TOLD, to_all))
    return _gathered(ordered, (*listed, *_all_over(over)))


def everything(dues: Sequence[ReminderView], key: str, left: int) -> Message:
    """All that still waits of the message with this key, or the last `left` of it (0: all of it).

    As much as one answer holds. A page is counted from the end: what was done meanwhile is mostly of
    the pages before it, and nothing that waits may be passed over.
    """
    ordered = _most_urgent_first([due for due in dues if due.holds])
    if not ordered:
        instead = TO_STATUS if message_key.reminder_day(key) is None else MINE
        return Message(summary=OVER, parts=(Context(words=(OVER,)), row((instead,))))
    first = max(0, len(ordered) - left) if left else 0
    parts = [*_grouped(ordered, ordered[first : first + MAX_LISTED], where=True)]
    if (more := len(ordered) - first - MAX_LISTED) > 0:
        button = _way_to_all(key, len(ordered), more).model_copy(update={"label": SHOW_MORE})
        parts.append(_rest(ordered, more, button))
    return _gathered(ordered, tuple(parts))


def _gathered(ordered: Sequence[ReminderView], parts: tuple[Part, ...]) -> Message:
    first, count = ordered[0], len(ordered)
    whom = _whom(first)
    summary = _summary(first)
    if count > 1:
        summary = f"{count} things wait for {whom}, first of all: {summary}"
    return Message(summary=summary, title=f"What waits for {whom}", parts=parts)


def _summary(due: ReminderView) -> str:
    """What it is, and why it is said: what a notification has room for."""
    return f"{one_line(due.what)} · {_sentence(due)}"


def _whom(due: ReminderView) -> str:
    return "you" if due.sent.recipient_id else "somebody"


def _group(due: ReminderView) -> str:
    """How urgent it is, by the name of its group."""
    if _is_late(due):
        return "late"
    said = _day_said(due)
    of_this_day = due.reminder.today and due.sent.day == said
    has_come = "this_day" in due.reminder.instead and due.day == said
    return "today" if of_this_day or has_come else "waiting"


def _most_urgent_first(dues: Sequence[ReminderView]) -> list[ReminderView]:
    """Group by group, whoever waits outside before what waits in the house."""
    order = [*GROUPS]
    return sorted(
        dues, key=lambda due: (order.index(_group(due)), not isinstance(due.subject, Recovery))
    )


def _grouped(
    ordered: Sequence[ReminderView], shown: Sequence[ReminderView], *, where: bool
) -> Iterator[Part]:
    """How many there are of each group, and below its name what is `shown` of it.

    `where`: it is said from which retro each is.
    """
    counts = Counter(map(_group, ordered))
    counted: list[Words] = [(Bold(text="1 thing" if len(ordered) == 1 else f"{len(ordered)} things"),)]
    for group, sign in GROUPS.items():
        if counts[group]:
            counted.append((Status(sign=sign, text=f"{counts[group]} {group}"),))
    yield Paragraph(words=joined(*counted))
    for group, dues in groupby(shown, key=_group):
        if len(counts) > 1:
            yield Paragraph(words=(Bold(text=group.capitalize()),))
        for due in dues:
            yield from _listed(due, where=where)


def _rest(ordered: Sequence[ReminderView], count: int, button: Button) -> Line:
    """How many are left, and the way to them."""
    waits = f"{count} more wait{'s' if count == 1 else ''} for {_whom(ordered[0])}."
    return Line(words=(waits,), button=button)


def _way_to_all(key: str, count: int, left: int = 0) -> Button:
    """What shows all that the message with this key counts; in a retro's own thread, the status."""
    if (day := message_key.reminder_day(key)) is not None:
        page = DigestPage(day, message_key.reminder_number(key), left)
        return show_all("reminder.show_all", str(page), count)
    if (day := message_key.reminder_day_in_channel(key)) is not None:
        return show_all("reminder.show_all_here", str(DigestPage(day, left=left)), count)
    return TO_STATUS


def _alone(due: ReminderView, *, where: bool) -> tuple[Part, ...]:
    """One thing that has a message for itself: its words, why, and what can be done."""
    retro: Words = ("from ", _retro(due)) if where else ()
    quiet = Context(words=joined((_status(due),), _number(due), retro))
    buttons = _pressable(due)
    row_of_it = (row(buttons),) if buttons else ()
    return (*headed(due.what), Paragraph(words=(_sentence(due),)), quiet, *_before(due), *row_of_it)


def _listed(due: ReminderView, *, where: bool) -> tuple[Part, ...]:
    """One thing among others: a line with what can be done beside it."""
    retro: Words = (_retro(due),) if where else ()
    quiet = joined((_sentence(due).rstrip(".:"),), _number(due), retro)
    words: Words = (Bold(text=one_line(due.what)), "\n", *quiet)
    return (in_list(words, _pressable(due)), *_before(due))


def _number(due: ReminderView) -> Words:
    """An item's own number; of all else its retro says it."""
    return (due.subject.label,) if isinstance(due.subject, ActionItem) else ()


def _retro(due: ReminderView) -> Inline:
    if isinstance(due.subject, Proposal):
        return linked("its message", due.link)
    return linked(f"the retro C-{due.subject.case_number}", due.link)


def _before(due: ReminderView) -> tuple[Part, ...]:
    """`I've reminded Ben three times, last on Wed 9 Dec.`, or `I reminded Ben on Wed 9 Dec.`"""
    if not due.before:
        return ()
    count, last = len(due.before), on(due.before[-1], _day_said(due))
    if count == 1:
        return (Context(words=(f"I reminded {due.owner} on ", last, ".")),)
    times = "twice" if count == 2 else f"{_spelled(count)} times"
    return (Context(words=(f"I've reminded {due.owner} {times}, last on ", last, ".")),)


def _pressable(due: ReminderView) -> tuple[Button, ...]:
    """What its reader may do about it."""
    if isinstance(due.subject, Proposal):
        return to_decide(due.subject)
    if due.case_ref is None:
        return ()
    if due.reminder.of_unanswered:
        return (ANSWER.model_copy(update={"about": str(due.case_ref)}),)
    if isinstance(due.subject, Retro):
        return _on_retro(due.case_ref, due.subject, due.fixes)
    if isinstance(due.subject, Recovery):
        return on_reminder(due.subject, due.reminder.recovers, due.case_ref)
    ref = due.subject.ref
    later = (later_button(ref),) if due.or_later else ()
    # Whoever looks after others sees who was asked when, and what came of it.
    asked = (all_reminders(ref),) if due.before else ()
    return (*(step_button(step, ref) for step in due.steps), *later, *asked)


def _is_late(due: ReminderView) -> bool:
    day = _day_said(due)
    if isinstance(due.subject, Recovery):
        return is_promise_late(due.subject, day)
    return isinstance(due.subject, ActionItem) and is_late(due.subject, day)


def _status(due: ReminderView) -> Status:
    """At a glance: late, asked of its reader, or waiting for somebody."""
    if _is_late(due):
        return Status(sign="late", text="promise late" if isinstance(due.subject, Recovery) else "late")
    owner = _owner_id(due)
    if isinstance(due.subject, ActionItem) and (owner is None or due.reminder.name == "item_left"):
        return Status(sign="waiting", text="waits for an owner")
    own = due.sent.recipient_id == owner
    return Status(sign="yours", text="yours") if own else Status(sign="waiting", text="waiting")


def _label(due: ReminderView) -> str:
    """What people know it by."""
    if isinstance(due.subject, Proposal):
        return due.subject.reference or "a proposed case"
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
    said = _day_said(due)
    return f"; it {'was' if day < said else 'is'} planned for {day_words(on(day, said))}"


def _day_said(due: ReminderView) -> date:
    """The day on which somebody asks, or else of the message: a newer one may have taken it along."""
    return due.read_on or max(due.sent.day, message_key.reminder_day(due.sent.message) or due.sent.day)


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
    is_on, said = _day(due), _day_said(due)
    if is_on and is_on <= said:
        template = due.reminder.instead.get("past" if is_on < said else "this_day", template)
    day = day_words(on(is_on, said)) if is_on else ""
    return template.format(
        step=kind_of(due.subject, step).label if step and isinstance(due.subject, Recovery) else "",
        owner=due.owner,
        fixes=_fixes(due.fixes),
        one="it" if len(due.fixes) == 1 else "one",
        planned=_planned(due),
        day=f"today, {day}" if is_on == said else day,
    )


def _day(due: ReminderView) -> date | None:
    """The day that its sentence names: of a retro without answers the one on which they close."""
    if due.reminder.of_unanswered and isinstance(due.subject, Retro):
        return due.subject.answers_close_on
    return due.day


def _all_over(dues: Sequence[ReminderView]) -> tuple[Part, ...]:
    """What came of those that need nobody any more: of the first few, and how many else."""
    left = len(dues) - MAX_TOLD
    more = (
        (Context(words=(f"{left} more {'is' if left == 1 else 'are'} over, too.",)),) if left > 0 else ()
    )
    return (*map(_over, dues[:MAX_TOLD]), *more)


def _over(due: ReminderView) -> Context:
    what, item = one_line(due.what), due.subject
    if due.sent.outcome == "remind_later" and isinstance(item, ActionItem) and item.remind_on:
        return Context(words=joined(("Reminder moved to ", on(item.remind_on, due.sent.day)), (what,)))
    outcome = outcome_of(due.sent) or due.subject.state
    return Context(words=joined((what,), (_label(due),), (outcome,)))


def unanswered(due: ReminderView, retro: Retro, prompts: Prompts) -> Message:
    """In the thread, to everybody and nobody in particular: what has no answer yet.

    It goes with the question: nobody needs to read there that the retro is over.
    """
    if retro.cancelled or retro.state == "closed":
        return superseded()
    if not prompts:
        return _quiet("Every prompt has an answer.")
    close = _sentence(due._replace(subject=retro))
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
    """In the thread: what was heard per gap, and the way on, unless it was ended or opened since."""
    ended = ""
    if retro.cancelled:
        ended = "This retro was cancelled."
    elif retro.state == "closed":
        ended = "This retro is closed."
    elif due.sent.outcome:
        ended = "This retro was opened again since then."
    buttons = () if ended else (Buttons(buttons=_on_retro(retro.ref, retro)),)
    words = ended or _sentence(due)
    return Message(
        summary=words,
        title=f"What we heard so far · {retro.label}",
        parts=(Paragraph(words=(words,)), *heard(retro, answers), *buttons),
    )
