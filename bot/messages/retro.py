"""What people read about a retro: its message, its prompts, answers and summary, and its forms."""

import re
from collections.abc import Mapping, Sequence
from datetime import date

from bot.domain.action_item import ActionItem
from bot.domain.case import Case, outside_hours
from bot.domain.person import Person
from bot.domain.prompt import Prompt, Prompts, label_of
from bot.domain.retro import Answer, Counts, Retro, WithdrawnAnswer, agreed_in, holds, state_of
from bot.domain.team import Team
from bot.domain.working_hours import today
from bot.messages.action_item import shown_to_work, summed_up
from bot.messages.author import UNNAMED, signed
from bot.messages.case import RESTORE, cancelled, show_all
from bot.messages.parts import (
    SHOWN_TEXT,
    Bold,
    Button,
    Buttons,
    Context,
    Form,
    Inline,
    Line,
    Link,
    Message,
    Paragraph,
    Part,
    Quote,
    Sign,
    Status,
    Superseded,
    Timestamp,
    Words,
    linked,
    on,
    one_line,
    plain_words,
    row,
    sentence,
    shortened,
)

TITLE = 80
SENTENCE_END = re.compile(r"(?<=\w{3}[.!?])(?<!Mrs\.)(?<!etc\.)\s+(?=[^\W\d_a-z])")
"""Where one sentence ends and another begins, as far as an abbreviation does not look like it."""
BLAMELESS = (
    "This retro is blameless: everybody did what made sense with what they knew and had. "
    "What training, communication or after-hours support was missing?"
)
UNNAMED_HINT = "Your name is stored nowhere, so this answer can't be edited later."
FEW_PEOPLE = {
    1: "Only one person is in this channel, so anybody can tell who wrote it.",
    2: "Only two people are in this channel, so the other one can tell who wrote it.",
}
"""What the form says where a name need not be written to be known; with three people nobody can tell."""
UNCOUNTED = (
    "I can't tell just now how many people are in this channel. With fewer than three, "
    "others can tell who wrote it."
)
UNNAME = (
    "This takes your name off the answer and posts it once more as someone on the team's. Nothing that "
    "is stored tells whose it is, so nobody can edit or delete it then, not even you."
)
READ_BEFORE = (
    "People who read it before know whose it is. Whoever sees the old message go just as the new one "
    "comes can tell that it's the same."
)
ANSWER = Button(label="Answer", command_name="retro.answer", about="", look="main", opens=True)
ADD_ITEM = Button(label="Add action item", command_name="action_item.add", about="", opens=True)
CLOSE = Button(label="Close retro", command_name="retro.close", about="", opens=True)
WITHDRAW = Button(label="Withdraw", command_name="retro.withdraw_answer", about="", opens=True)
OWN = (
    Button(label="Edit", command_name="retro.edit_answer", about="", opens=True),
    Button(label="Delete", command_name="retro.delete_answer", about="", opens=True),
    Button(label="Remove my name", command_name="retro.unname_answer", about="", opens=True),
)
"""What the author of a named answer may do with it."""
REOPEN = Button(label="Reopen", command_name="retro.reopen", about="", opens=True)
CUSTOMER = Button(label="Customer", command_name="recovery.open", about="")
SMALL = "small failure, no retro"
"""What a list says of it, where another has an outcome."""
ONLY_TO_MAKE_RIGHT = "what is left is to make it right for the customer."
UNDECIDED = "Closed without a decision"
NO_FIX_AGREED = (
    'it was closed with "fixes agreed", and no agreed fix is left. '
    "Close it with another outcome, or reopen it."
)
EDIT = Button(label="Edit case", command_name="case.edit", about="", opens=True)
CHAT = ("/archives/", "/message/")
"""What stands in a link to a chat message, in Slack and in Teams."""
SAME_AS = Button(label="Same as…", command_name="case.same_as", about="", opens=True)
CANCEL = Button(label="Cancel retro", command_name="case.cancel", about="", opens=True)
HEARD_PER_GAP = 5
HEARD_LENGTH = 280
MAX_LINKED = 10
"""Answers that a prompt leads to."""
MAX_CHANGES = 20
MAX_DROPPED = 5
MAX_CHANGES_LENGTH = 4_600
"""Characters: a whole summary stays below what Slack takes in one message, about 12,000."""


def invitation(
    retro: Retro,
    case: Case,
    team: Team,
    counts: Counts,
    beside: tuple[Part, ...] = (),
    people: Mapping[str, Person] | None = None,
    links: Mapping[int, str] | None = None,
) -> Message:
    """The retro itself: what happened, what it asks for, its live counts, and what stands beside it.

    `people`: whoever changed the case last, when anybody did. `links`: where the case is that it was
    found to be. `beside`: why rules opened it, where they did, and a word on the customer.
    """
    _, below = _titled(case)
    story = (Quote(text=shortened(below)),) if below else ()
    going_on = retro.state == "open" and not case.cancelled
    decided = () if case.cancelled or going_on else _outcome(retro, counts.agreed)
    title = title_of(case, small=retro.small)
    return Message(
        summary=title,
        title=title,
        parts=(
            *story,
            *_whose(case, team),
            *((Paragraph(words=(BLAMELESS,)),) if going_on else decided),
            *cancelled(case, _changed_by(case, people or {}), links or {}),
            Context(words=_counted(retro, counts)),
            Context(words=_about(retro, case, team)),
            *_edited(case, team, people or {}),
            *(() if case.cancelled else beside),
            _can_do(retro, case, counts.agreed),
        ),
    )


def _can_do(retro: Retro, case: Case, agreed: int) -> Buttons:
    """What is asked for first, then what decides it; all else is in the menu."""
    buttons: tuple[Button, ...] = (ANSWER, ADD_ITEM, CLOSE)
    menu: tuple[Button, ...] = (CUSTOMER, EDIT, SAME_AS, CANCEL)
    if case.cancelled:
        buttons, menu = (RESTORE,), ()
    elif retro.state == "closed":
        buttons = _when_closed(retro, agreed)
    whole = (show_all("case.read", case.ref),) if len(case.what_happened) > SHOWN_TEXT else ()
    about = {"about": str(case.ref if case.cancelled else retro.ref)}
    return row(
        [button.model_copy(update=about) for button in buttons],
        [*(button.model_copy(update=about) for button in menu), *whole],
    )


def title_of(case: Case, *, small: bool = False) -> str:
    """`Retro: Parcel promised twice, missed twice`; a `small` failure has none."""
    words, _ = _titled(case)
    return f"{'Small failure' if small else 'Retro'}: {words}"


def _titled(case: Case) -> tuple[str, str]:
    """The words of the title, and what stands below it: nothing, what follows, or once more the whole.

    A text that goes on is cut where a sentence ends, and then nothing is said twice.
    """
    text = case.what_happened.strip()
    short = one_line(text, TITLE)
    if short == text:
        return text, ""
    first_line = text[: TITLE + 1].partition("\n")[0]
    ends = [end for end in SENTENCE_END.finditer(text) if end.start() <= len(first_line)]
    if short.endswith("…") and ends:
        return text[: ends[-1].start()], text[ends[-1].end() :]
    return short, text


def _whose(case: Case, team: Team) -> tuple[Part, ...]:
    """Whom it happened to, and when."""
    words: list[Inline] = []
    known = today(team.zone, case.failed_at)
    if case.customer:
        words.append(Bold(text=one_line(case.customer, 60)))
    if case.forgotten_at:
        words += ["A customer who was forgotten on ", on(today(team.zone, case.forgotten_at), known)]
    if case.happened_at:
        words += [" · "] if words else []
        if case.happened_by_day:
            words.append(on(today(team.zone, case.happened_at), known))
        else:
            words.append(Timestamp(at=case.happened_at, zone=team.zone))
        if outside_hours(case, team.hours):
            words.append(" · outside the team's hours")
    return (Paragraph(words=tuple(words)),) if words else ()


def _about(retro: Retro, case: Case, team: Team) -> Words:
    """The quiet line: until when answers are welcome, its numbers, and where it came from."""
    words: list[Inline] = []
    if retro.state == "open" and not retro.cancelled:
        words += ["Answers close ", on(retro.answers_close_on, today(team.zone, case.failed_at)), " · "]
    words.append(case.label)
    words += [f" · {fact}" for fact in (case.reference, case.kind) if fact]
    if case.public_post:
        words += [" · ", Link(text="public post", url=case.public_post)]
    if case.link:
        from_chat = case.link.startswith("/") or any(sign in case.link for sign in CHAT)
        words += [" · ", Link(text="the message" if from_chat else "the ticket", url=case.link)]
    return tuple(words)


def _edited(case: Case, team: Team, people: Mapping[str, Person]) -> tuple[Part, ...]:
    """Who put the case right last, and on which day."""
    last = case.last_change
    if last is None or last.step != "edit":
        return ()
    day = on(today(team.zone, last.at), today(team.zone, case.failed_at))
    words = (f"Edited by {_changed_by(case, people)} on ", day, ".")
    return (Context(words=words),)


def _changed_by(case: Case, people: Mapping[str, Person]) -> str:
    """Who changed the case last."""
    by = people.get(case.last_change.by) if case.last_change else None
    return signed(by.name) if by else "somebody"


def _counted(retro: Retro, counts: Counts) -> Words:
    """How it stands, and its live counts."""
    state = state_of(retro, counts)
    if retro.small:
        return (Status(sign="done", text="closed"), " · small failure")
    signs: Mapping[str, Sign] = {"closed": "done", "finished": "done"}
    counted = f" · {_number(counts.answers, 'answer')} · {_number(counts.items, 'action item')}"
    late: Words = ()
    if counts.late and not retro.cancelled:
        late = (" · ", Status(sign="late", text=f"{counts.late} late"))
    return (Status(sign=signs.get(state, "note"), text=state), counted, *late)


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _when_closed(retro: Retro, agreed: int) -> tuple[Button, ...]:
    """Reopen, and, when its outcome holds no more, Close retro with another one."""
    close = () if holds(retro, agreed) else (CLOSE.model_copy(update={"look": "main"}),)
    return tuple(button.model_copy(update={"about": str(retro.ref)}) for button in (*close, REOPEN))


def _outcome(retro: Retro, agreed: int) -> tuple[Part, ...]:
    turn = retro.last
    if retro.small:
        return (Paragraph(words=(Bold(text="No retro"), f": {ONLY_TO_MAKE_RIGHT}")),)
    if turn is None or turn.outcome is None:
        return ()
    if not holds(retro, agreed):
        return (Paragraph(words=(Bold(text=UNDECIDED), f": {NO_FIX_AGREED}")),)
    head = Paragraph(words=("Closed: ", Bold(text=turn.outcome)))
    return (head, Quote(text=shortened(turn.why))) if turn.why else (head,)


def question(retro: Retro, prompt: Prompt, count: int = 0, links: Sequence[str] = ()) -> Message:
    """One prompt, in the retro's thread; one that hears no answers has no button.

    `count`: how many answers it has; `links` lead to them, as far as they have been said.
    """
    paragraph = Paragraph(words=(Bold(text=prompt.label), f"\n{prompt.question}"))
    heard: tuple[Part, ...] = (Context(words=_answers(count, links)),) if count else ()
    button = ANSWER.model_copy(update={"about": str(retro.ref.at(prompt.key)), "look": "plain"})
    hears = retro.state == "open" and not retro.cancelled
    return Message(
        summary=f"{prompt.label}: {prompt.question}",
        parts=(paragraph, *heard, *((Buttons(buttons=(button,)),) if hears else ())),
    )


def _answers(count: int, links: Sequence[str]) -> Words:
    """`1 answer`, or `3 answers: 1, 2, 3`, each leading there."""
    counted = _number(count, "answer")
    if count == 1:
        return (linked(counted, links[0] if links else None),)
    shown = links[:MAX_LINKED]
    words: list[Inline] = [counted]
    for place, link in enumerate(shown, start=1):
        words += [", " if place > 1 else ": ", linked(str(place), link)]
    return (*words, *((" …",) if len(links) > len(shown) else ()))


def answered(answer: Answer, prompts: Prompts, author: Person | None) -> Message:
    """An answer, in the retro's thread: `Training · Ana`, or without a name."""
    head = heading(answer, prompts, author)
    about = {"about": answer.id}
    menu = [
        button.model_copy(update=about) for button in (OWN if answer.author is not None else (WITHDRAW,))
    ]
    if len(answer.text) > SHOWN_TEXT:
        menu.append(show_all("retro.read_answer", answer.ref))
    return Message(
        summary=f"{head}: {one_line(answer.text)}",
        parts=(
            Paragraph(words=(Bold(text=head),)),
            Quote(text=shortened(answer.text)),
            row((ADD_ITEM.model_copy(update=about),), menu),
        ),
    )


def taken_back(*, discussed: bool) -> Message:
    """In place of an answer that is gone, or stands elsewhere without a name; `discussed`: it stays."""
    gone = sentence("An answer stood here. It was taken back.")
    return gone if discussed else Superseded(summary=gone.summary, parts=gone.parts)


def withdrawn(answer: WithdrawnAnswer, by: Person | None) -> Message:
    """In place of an unnamed answer that the team's lead withdrew: who did, and why."""
    head = f"An answer was withdrawn by {signed(by.name) if by else 'the lead'}"
    return Message(
        summary=f"{head}: {one_line(answer.why)}",
        parts=(Paragraph(words=(f"{head}:",)), Quote(text=shortened(answer.why))),
    )


def heading(answer: Answer, prompts: Prompts, author: Person | None) -> str:
    """`Training · Ana`, or without a name."""
    return f"{label_of(prompts, answer.prompt)} · {_who(answer, author)}"


def _who(answer: Answer, author: Person | None) -> str:
    return UNNAMED if answer.author is None else signed(author.name if author else answer.author)


def whole_answer(answer: Answer, prompts: Prompts, author: Person | None) -> Form:
    """All of a long answer, to read."""
    return Form(
        command_name="retro.read_answer",
        title="Answer",
        about=answer.id,
        parts=(
            Paragraph(words=(Bold(text=heading(answer, prompts, author)),)),
            Quote(text=answer.text),
        ),
    )


def unnamed_hint(people: int | None) -> str:
    """Under the tick to post without a name; `people`: how many could have written it, if known."""
    few = UNCOUNTED if people is None else FEW_PEOPLE.get(max(people, 1), "")
    return f"{few} {UNNAMED_HINT}".strip()


def above_deleting(answer: Answer, prompts: Prompts) -> tuple[Part, ...]:
    """Above the form that deletes one's own answer: which one, and what goes with it."""
    gone = "It goes from the thread, the counts, the summary and the export. This cannot be undone."
    return (*_which(answer, prompts), Context(words=(gone,)))


def above_unnaming(answer: Answer, prompts: Prompts, people: int | None) -> tuple[Part, ...]:
    """Above the form that takes the name off an answer; `people`: how many could have written it."""
    few = UNCOUNTED if people is None else FEW_PEOPLE.get(max(people, 1), "")
    return (
        *_which(answer, prompts),
        Paragraph(words=(UNNAME,)),
        Context(words=(f"{READ_BEFORE} {few}".strip(),)),
    )


def above_withdrawing(answer: Answer, prompts: Prompts) -> tuple[Part, ...]:
    """Above the form that withdraws an unnamed answer: which one, and what stays of it."""
    kept = "It goes for good, and nobody learns whose it was. The thread says that you did it."
    return (*_which(answer, prompts), Context(words=(kept,)))


def _which(answer: Answer, prompts: Prompts) -> tuple[Part, ...]:
    head = Paragraph(words=(Bold(text=label_of(prompts, answer.prompt)),))
    return (head, Quote(text=shortened(answer.text)))


def above_answers(case: Case) -> tuple[Part, ...]:
    """Above the answer form: what it is about, and what must be filled in."""
    return (Context(words=(f"{title_of(case)} · Answer as many as you like, at least one.",)),)


def above_closing(retro: Retro) -> tuple[Part, ...]:
    """Above the form that closes it."""
    return (Context(words=(f"This closes the retro {retro.label}. It can be reopened.",)),)


def above_reopening(retro: Retro) -> tuple[Part, ...]:
    """Above the form that reopens it."""
    return (Context(words=(f"This opens the retro {retro.label} again.",)),)


def summary(
    retro: Retro,
    answers: Sequence[Answer],
    items: Sequence[ActionItem],
    people: Mapping[str, Person],
    team: Team,
    links: Mapping[int, str],
    customer: tuple[Part, ...] = (),
) -> Message:
    """At the end of the thread: what was heard per gap and from the customer, and what will change.

    `links` leads from an item's number to its message, as far as it has been said.
    """
    closed_by = Context(words=(f"Closed by {_by(retro, people)}.",))
    agreed = agreed_in(items)
    parts: list[Part] = [*_outcome(retro, agreed), closed_by, *heard(retro, answers), *customer]
    closed_on = today(team.zone, retro.last.at if retro.last else retro.opened_at)
    changes = [item for item in items if item.state != "dropped"]
    if changes:
        parts.append(Paragraph(words=(Bold(text="What will change" if agreed else "What is proposed"),)))
        parts += _changes(changes, links, people, closed_on)
    dropped = [item for item in items if item.state == "dropped"]
    parts += _dropped(dropped, links, people, closed_on)
    if not holds(retro, agreed):
        parts.append(Buttons(buttons=_when_closed(retro, agreed)))
    return Message(
        summary=f"The retro {retro.label} is closed.",
        title=f"What we heard{' and what will change' if agreed else ''} · {retro.label}",
        parts=tuple(parts),
    )


def superseded(retro: Retro, number: int, people: Mapping[str, Person], team: Team) -> Message:
    """What is left of the summary of an earlier closing, the retro's `number`th turn: a line."""
    turn = retro.history[number - 1]
    since = "Reopened" if retro.history[number].step == "reopen" else "Closed again"
    by = people.get(turn.by)
    who = signed(by.name) if by else "Somebody"
    closed = f"Closed by {who} with the outcome {turn.outcome} on "
    day = on(today(team.zone, turn.at), today(team.zone, retro.history[number].at))
    words = (closed, day, f". {since} since then.")
    return Message(summary=plain_words(words), parts=(Context(words=words),))


def lapsed(retro: Retro) -> Message:
    """To whoever took the last agreed fix away from a retro that was closed with it."""
    words = f"{retro.label} is {UNDECIDED[0].lower()}{UNDECIDED[1:]} now: {NO_FIX_AGREED}"
    return Message(
        summary=words,
        parts=(Paragraph(words=(words,)), Buttons(buttons=_when_closed(retro, agreed=0))),
    )


def heard(retro: Retro, answers: Sequence[Answer]) -> tuple[Part, ...]:
    """What was answered, per prompt, the first few of each."""
    parts: list[Part] = []
    for prompt in retro.prompts:
        of_this = [answer for answer in answers if answer.prompt == prompt.key]
        if not of_this:
            continue
        head = (Bold(text=prompt.label), f" · {_number(len(of_this), 'answer')}")
        lines = [f"• {one_line(answer.text, HEARD_LENGTH)}" for answer in of_this[:HEARD_PER_GAP]]
        if len(of_this) > HEARD_PER_GAP:
            lines.append(f"and {len(of_this) - HEARD_PER_GAP} more, in this thread")
        parts += [Paragraph(words=head), Quote(text="\n".join(lines))]
    return tuple(parts) or (Paragraph(words=("No answers were posted.",)),)


def _dropped(
    items: Sequence[ActionItem], links: Mapping[int, str], people: Mapping[str, Person], day: date
) -> tuple[Part, ...]:
    """What was dropped, by whom and why, the first few."""
    if not items:
        return ()
    lines = [
        Line(words=summed_up(item, links.get(item.number), people, day)) for item in items[:MAX_DROPPED]
    ]
    return (
        Paragraph(words=(Bold(text="What was dropped"),)),
        *lines,
        *_more(len(items) - MAX_DROPPED),
    )


def _changes(
    items: Sequence[ActionItem], links: Mapping[int, str], people: Mapping[str, Person], day: date
) -> tuple[Part, ...]:
    """The items, those that are verified with what changed and what was seen, as far as it fits."""
    shown = items[:MAX_CHANGES]
    lines = [summed_up(item, links.get(item.number), people, day) for item in shown]
    whole = [(*line, *shown_to_work(item, people)) for item, line in zip(shown, lines, strict=True)]
    fits = sum(len(plain_words(line)) for line in whole) <= MAX_CHANGES_LENGTH
    elsewhere = "What changed and what was seen stands with each item, in this thread."
    return (
        *(Line(words=line) for line in (whole if fits else lines)),
        *(() if fits else (Context(words=(elsewhere,)),)),
        *_more(len(items) - MAX_CHANGES),
    )


def _more(left: int) -> tuple[Part, ...]:
    """Where the items are that a list has no room for."""
    return (Context(words=(f"and {left} more, in this thread",)),) if left > 0 else ()


def reopened(retro: Retro, people: Mapping[str, Person]) -> Message:
    """In the thread: the retro is open again, by whom, and why."""
    turn, by = retro.last, _by(retro, people)
    words = f"{by} opened the retro {retro.label} again: answers and action items are welcome."
    return Message(
        summary=f"The retro {retro.label} is open again.",
        parts=(
            Paragraph(words=(words,)),
            *((Quote(text=shortened(turn.why)),) if turn and turn.why else ()),
        ),
    )


def _by(retro: Retro, people: Mapping[str, Person]) -> str:
    """Who closed or reopened it last."""
    person = people.get(retro.last.by) if retro.last else None
    return signed(person.name) if person else "Somebody"
