"""What people read about a case."""

from collections.abc import Mapping, Sequence
from typing import Literal

from bot.domain.case import Case, CaseChange
from bot.domain.person import Person
from bot.domain.reference import Reference
from bot.messages.author import signed
from bot.messages.parts import (
    Bold,
    Button,
    Buttons,
    ChannelName,
    Context,
    Form,
    Inline,
    Line,
    Link,
    Message,
    OtherWay,
    Paragraph,
    Part,
    Quote,
    Superseded,
    Typed,
    Words,
    linked,
    one_line,
    plain_words,
    sentence,
    shortened,
)

SHOW_ALL = "Show all"
RESTORE = Button(label="Bring it back", command_name="case.restore", about="")


def bring_back(case: Case) -> Buttons:
    """The button that undoes a cancelling."""
    return Buttons(buttons=(RESTORE.model_copy(update={"about": str(case.ref)}),))


def _other(number: int, links: Mapping[int, str]) -> Inline:
    return linked(f"C-{number}", links.get(number))


def cancelled(case: Case, by: str, links: Mapping[int, str]) -> tuple[Part, ...]:
    """On the retro: who cancelled it, and why or as which case; nothing while it counts."""
    change = case.cancellation
    if change is None:
        return ()
    head = (Bold(text=f"Cancelled by {by}"),)
    if change.same_as is not None:
        return (Paragraph(words=(*head, " · same as ", _other(change.same_as, links))),)
    return (Paragraph(words=head), Quote(text=shortened(change.why)))


def changed(
    case: Case, change: CaseChange, by: Person, same_as: int | None, links: Mapping[int, str]
) -> Message:
    """In the thread: it was cancelled, by whom and why, or brought back.

    `same_as` is the case that has what was said here since it was cancelled, if one has.
    """
    who = signed(by.name)
    if change.step != "cancel" and same_as is not None:
        stays = ". What was moved to "
        return sentence(
            f"{who} brought {case.label} back", stays, _other(same_as, links), " stays there."
        )
    if change.step != "cancel":
        return sentence(f"{who} brought {case.label} back: everything goes on where it was.")
    back = (bring_back(case),) if change == case.cancellation else ()
    if same_as is not None:
        there = ": answers, discussion and action items are there now. "
        looked = "Its customer is looked after there."
        words: Words = (
            f"{who} found that {case.label} is the same as ",
            _other(same_as, links),
            f"{there}{looked}",
        )
        return Message(summary=plain_words(words), parts=(Paragraph(words=words), *back))
    says = f"{who} cancelled {case.label}. Nobody is asked or reminded any more, and it isn't counted."
    return Message(
        summary=says, parts=(Paragraph(words=(says,)), Quote(text=shortened(change.why)), *back)
    )


def moved(case: Case, by: Person, link: str | None) -> Message:
    """In the thread of the case that another one was found to be."""
    here = _other(case.number, {case.number: link} if link else {})
    says = " is the same: its answers, discussion and action items are part of this retro now."
    return sentence(f"{signed(by.name)} found that ", here, f"{says} Its customer is looked after here.")


def cancelled_for_you(case: Case, by: Person, link: str | None) -> Message:
    """To an owner or the customer's contact: nothing is left to do, or it is theirs again."""
    retro = linked(f"the retro {case.label}", link)
    change = case.cancellation
    if change is not None and change.same_as is not None:
        there = f" is the same as C-{change.same_as}: its customer is looked after there."
        return sentence(f"{signed(by.name)} found that ", retro, there)
    if change is not None:
        return sentence(
            f"{signed(by.name)} cancelled ", retro, ", so nothing is left for you to do in it."
        )
    return sentence(f"{signed(by.name)} brought ", retro, " back: what was yours in it is yours again.")


def already_cancelled(case: Case, links: Mapping[int, str]) -> Message:
    """To whoever marks a cancelled case failed again: it is there, and how it comes back."""
    same_as = case.cancellation.same_as if case.cancellation else None
    words: Words = (f"{case.reference} is {case.label}, which was cancelled. It can be brought back.",)
    if same_as is not None:
        words = (f"{case.reference} is {case.label}, which is the same as ", _other(same_as, links), ".")
    return Message(summary=plain_words(words), parts=(Paragraph(words=words), bring_back(case)))


def marked_from(link: str) -> tuple[Part, ...]:
    """Above the form that marks a message's case failed: which message it is."""
    return (Context(words=("From ", Link(text="this message", url=link), ".")),)


SMALL_HINT = "For a small failure: nobody is asked what was missing. It can be reopened as a retro."


def failed(case: Case, channel_name: str, *, small: bool = False) -> Message:
    """To the person who marked it failed: where its retro opens, or, of a `small` failure, its card."""
    what = "What is owed to its customer stands" if small else "Its retro opens"
    words: Words = (
        f"{case.label} is marked failed. {what} in ",
        ChannelName(channel_id=case.channel_id, name=channel_name),
        ".",
    )
    return Message(summary=f"{case.label} is marked failed.", parts=(Paragraph(words=words),))


def already(case: Case, channel_name: str, link: str | None) -> Message:
    """To the person who marked the same case failed again: where the first retro is."""
    words: Words = (
        f"{case.reference or 'This case'} already has a retro, so no second one was opened: see ",
        linked(f"the retro {case.label}", link),
        " in ",
        ChannelName(channel_id=case.channel_id, name=channel_name),
        ".",
    )
    return Message(
        summary=f"{case.reference or 'This case'} already has the retro {case.label}.",
        parts=(Paragraph(words=words),),
    )


def above_cancelling(case: Case) -> tuple[Part, ...]:
    """Above the form that cancels it."""
    words = f"This cancels {case.label}: nobody is asked any more, and it isn't counted."
    return (Context(words=(f"{words} You can bring it back.",)),)


def likely_double(
    form: Form,
    doubles: Sequence[Case],
    links: Mapping[int, str],
    seen: Mapping[str, str],
    *,
    lies_on_form: bool,
) -> Form:
    """The form once more, as it was filled in, with the cases that this may be; it can be opened anyway.

    `seen` comes back with it and says which were pointed out. `lies_on_form`: there is a form below.
    """
    change = OtherWay(label="Change it", hidden=form.hidden) if lies_on_form else None
    return form.model_copy(
        update={
            "parts": (*form.parts, *_likely(doubles, links)),
            "submit": "Open it all the same",
            "other_way": change,
            "hidden": {**form.hidden, **seen},
        }
    )


def _likely(doubles: Sequence[Case], links: Mapping[int, str]) -> tuple[Part, ...]:
    if len(doubles) == 1:
        (double,) = doubles
        return (
            Paragraph(words=("This may be ", _other(double.number, links), ":")),
            Quote(text=one_line(double.what_happened)),
            Context(words=("If it is, go on there. If not, open it all the same.",)),
        )
    more = len(doubles) - MAX_OFFERED
    rest = (Context(words=(f"and {more} more",)),) if more > 0 else ()
    return (
        Paragraph(words=("This may be one of these:",)),
        *(
            Paragraph(words=(_other(case.number, links), f" · {one_line(case.what_happened)}"))
            for case in doubles[:MAX_OFFERED]
        ),
        *rest,
        Context(words=("If it is, go on there. If not, open it all the same.",)),
    )


def above_same_as(case: Case, steps: Sequence[str] = ()) -> tuple[Part, ...]:
    """Above the form that asks which case it is; `steps` are noted for the customer of this one."""
    about = Context(words=(f"{case.label} · {one_line(case.what_happened)}",))
    if not steps:
        return (about,)
    moves = "This moves too. If steps are noted there as well, I'll tell you what to do first."
    return (about, Context(words=(f"Noted for its customer: {', '.join(steps)}. {moves}",)))


OPEN = Button(label="Open the retro", command_name="case.open", about="")
MAX_OFFERED = 5
"""Cases that are listed with their button; nobody opens more at once."""


def taken_in(case: Case) -> Message:
    """A case that was taken in quietly, to whoever asks for it."""
    facts = " · ".join(filter(None, (case.label, case.reference, case.customer)))
    quiet = "It came from a list: nobody is asked about it until somebody opens its retro."
    title = one_line(case.what_happened)
    more = title != case.what_happened.strip()
    return Message(
        summary=f"{case.label} has no retro yet.",
        title=title,
        parts=(
            *((Quote(text=shortened(case.what_happened)),) if more else ()),
            Context(words=(facts,)),
            Context(words=(quiet,)),
            Buttons(buttons=(_open(case, look="main"),)),
        ),
    )


def backlog(newest: Sequence[Case], count: int) -> Message:
    """To a channel: how many cases were taken in quietly, the `newest` few, and how to get at others."""
    if not newest:
        words = "The retro of every older case that was taken in here is open."
        return Message(summary=words, parts=(Context(words=(words,)),))
    was = "case was" if count == 1 else "cases were"
    summary = f"{count:,} older {was} taken in here, quietly."
    quiet = "Nobody is asked or reminded of anything until somebody opens a retro."
    parts: list[Part] = [Paragraph(words=(summary, " ", quiet))]
    for case in newest[:MAX_OFFERED]:
        quiet_line = " · ".join(filter(None, (case.label, case.reference)))
        what = Bold(text=one_line(case.what_happened))
        parts.append(Line(words=(what, f" · {quiet_line}"), button=_open(case)))
    if count > MAX_OFFERED:
        example = newest[0].reference or newest[0].label
        words_of_it: Words = (
            f"{count - MAX_OFFERED:,} more: ",
            Typed(words=f"customer {example}"),
            " shows one, by its own reference or its number, with the same button.",
        )
        parts.append(Context(words=words_of_it))
    return Message(summary=summary, title="Older cases", parts=tuple(parts))


def _open(case: Case, look: Literal["plain", "main"] = "plain") -> Button:
    """The button that opens its retro.

    It names the case by its number alone: what tells a case from another one that got its number after a
    backup was restored is the moment of its failure, and that is when its retro opens.
    """
    return OPEN.model_copy(update={"about": case.label, "look": look})


def story(case: Case) -> Form:
    """All of what happened, to read."""
    return Form(
        command_name="case.read",
        title=f"{case.label}: what happened",
        about=str(case.ref),
        parts=(Quote(text=case.what_happened),),
    )


def show_all(command_name: str, subject: Reference | str, count: int = 0) -> Button:
    """The button to the rest of a shortened text, or to all `count` things of a list."""
    label = f"{SHOW_ALL} {count}" if count else SHOW_ALL
    return Button(label=label, command_name=command_name, about=str(subject), opens=True)


def withdrawn() -> Message:
    """In place of a message that named a customer."""
    return sentence("This was taken back with the customer's details. The retro holds what was learned.")


def withdrawn_of_colleague(*, stays: bool) -> Message:
    """In place of a message that named a colleague who was forgotten; it `stays` if it said more."""
    words = sentence("This named somebody who has left, so it was taken back. The retro holds the rest.")
    return words if stays else Superseded(summary=words.summary, parts=words.parts)


def unsaid(what: str, reason: str, *, channel_id: str, name: str) -> Message:
    """To the person who asked: which message could not be said, why, and that it is not lost.

    Without a `channel` it was meant for one person's direct messages.
    """
    where: tuple[Inline, ...] = (
        (" in ", ChannelName(channel_id=channel_id, name=name)) if channel_id else ()
    )
    return Message(
        summary=f"I couldn't post {what}. {reason}",
        parts=(
            Paragraph(words=(f"I couldn't post {what}", *where, f". {reason}")),
            Context(words=("What you did is saved. Only this message is missing.",)),
        ),
    )
