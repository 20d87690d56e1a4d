"""What people read about what is owed to a customer: its card, its copies, its lines in lists."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from bot.domain.action_item import ActionItem, reopened_with
from bot.domain.case import Case
from bot.domain.owner_day import owner_day
from bot.domain.person import Person
from bot.domain.recovery import (
    Recovery,
    accounts,
    begin,
    can_leave,
    correctable,
    is_late,
    is_offered,
    is_one_sided,
    kind_of,
    next_step,
    owner_of,
    owners,
    promised_by,
    that_can_be_taken_back,
)
from bot.domain.recovery_step import (
    CATALOGUE,
    HOLDING,
    STEPS,
    Step,
    StepName,
    StepState,
    Verdict,
)
from bot.domain.reference import VIEW, CaseRef
from bot.domain.signal import Signal
from bot.domain.team import Team
from bot.domain.working_hours import today
from bot.messages.author import signed
from bot.messages.parts import (
    MAX_IN_MENU,
    MAX_IN_ROW,
    ROW_CHARACTERS,
    Bold,
    Button,
    Buttons,
    Context,
    Fields,
    Link,
    Mention,
    Message,
    Paragraph,
    Part,
    Progress,
    ProgressStep,
    Quote,
    Sign,
    Status,
    Timestamp,
    Words,
    joined,
    linked,
    on,
    one_line,
    plain_words,
    row,
    sentence,
    shortened,
)
from bot.messages.proposal import rated

SHOWN_WORDS = 100
SHOWN_ACCOUNT = 600
MAX_ROUNDS = 2
"""Rounds before the last that a summary tells of: it has to fit one message."""
ONE_SIDE = "We have heard one side only: the customer's is still missing."
BUTTONS: Mapping[StepName, Button] = {
    kind.name: Button(label=kind.label, command_name=f"recovery.{kind.name}", about="", opens=True)
    for kind in CATALOGUE
}
PROMISE_AGAIN = BUTTONS["promise"].model_copy(update={"label": "Promise another day"})
NOT_NEEDED = Button(label="Not needed", command_name="recovery.not_needed", about="", opens=True)
HAND_OVER = Button(label="Hand over", command_name="recovery.hand_over", about="", opens=True)
BEGIN = Button(label="Look after this customer", command_name="recovery.begin", about="", look="main")
NOBODY_YET = "Nobody looks after this customer yet, and nobody is asked to until somebody begins."
CORRECT = Button(label="Correct", command_name="recovery.correct", about="", opens=True)
TAKE_BACK = Button(label="Take back", command_name="recovery.take_back", about="", opens=True)
LATER = ("recovery.apologise_publicly", "recovery.ask_wish", "recovery.promise")
"""What may be done at any time, and whose turn comes after something else; the last of them last."""
BOTH_SIDES = Button(label="Both sides", command_name="recovery.read", about="", opens=True)
TOLD: Mapping[bool, str] = {
    True: "Told where things stand, and asked for their view.",
    False: "Told, and asked for their view.",
}
"""What the card says of *Tell what changed*, by whether no change was named."""


ENDED: Mapping[Verdict, str] = {
    "recovered": "{customer} says it's put right.",
    "no answer": "{customer} didn't answer.",
    "not recovered": "{customer} says it isn't put right.",
}
"""How it ended."""
THANKS: Mapping[Verdict, str] = {
    "recovered": " Thank you.",
    "no answer": " Thank you for asking.",
    "not recovered": "",
}
"""What whoever looked after them hears besides."""


class CardContext(NamedTuple):
    """All that the card is made from; `back`: former cases whose gap is here again, and which gap."""

    recovery: Recovery
    case: Case
    team: Team
    people: Mapping[str, Person]
    at: datetime
    links: Mapping[int, str]
    back: Mapping[int, tuple[str, ...]]
    later: Signal | None = None
    """The customer's last word in their helpdesk, while nobody has noted how it ended since."""

    @property
    def today(self) -> date:
        """The team's."""
        return today(self.team.zone, self.at)

    @property
    def is_late(self) -> bool:
        """Whether the day of the promise is over for whoever has to keep it."""
        return is_late(self.recovery, owner_day(self.recovery, self.people, self.team.zone, self.at))


def card(context: CardContext) -> Message:
    """All that is owed to the customer of a case, as it stands now."""
    head = f"{context.recovery.case_label} · customer · {_state(context)}"
    return Message(
        summary=f"{one_line(context.case.what_happened)} · {head}",
        parts=(_head(context.case), *_body(context)),
    )


def _head(case: Case) -> Paragraph:
    """Who it is, and what happened to them."""
    customer = Bold(text=one_line(case.customer or "The customer", 60))
    return Paragraph(words=(customer, f" · {one_line(case.what_happened)}"))


def not_begun(case: Case, team: Team) -> Message:
    """To whoever looks at a case whose customer nobody looks after: what would be owed to them."""
    head = f"{case.label} · customer · not begun"
    steps = begin(case, None, team, case.failed_at).steps
    return Message(
        summary=f"{one_line(case.what_happened)} · {head}",
        parts=(
            _head(case),
            Paragraph(words=(f"{NOBODY_YET} Only you see this.",)),
            Progress(
                steps=tuple(
                    ProgressStep(label=STEPS[step.name].short, state="to come") for step in steps
                )
            ),
            Context(
                words=joined(
                    (Status(sign="note", text="not begun"),),
                    ("failed ", Timestamp(at=case.happened_at or case.failed_at, zone=team.zone)),
                    (case.label,),
                )
            ),
            Buttons(buttons=(BEGIN.model_copy(update={"about": str(case.ref)}),)),
        ),
    )


def own_copy(context: CardContext, recipient_id: str) -> Message:
    """The card in the direct messages of whoever has something to do in it."""
    recovery, case, label = context.recovery, context.case, context.recovery.case_label
    retro = linked(label, context.links.get(recovery.case_number))
    customer: Words = ("the customer of ", retro)
    if case.customer:
        customer = (one_line(case.customer, 60), " (", retro, ")")
    if recovery.cancelled:
        over: Words = _looked_after_in(context) or (
            "The case was cancelled: nothing to do for ",
            *customer,
            ".",
        )
        return Message(summary=plain_words(over), parts=(Context(words=over),))
    if recovery.outcome is not None:
        who = one_line(case.customer or "The customer", 60)
        done = ENDED[recovery.outcome].format(customer=who) + THANKS[recovery.outcome]
        from_retro = Paragraph(words=(done, " (", retro, ")"))
        return Message(summary=done, parts=(_head(case), from_retro, *_body(context)))
    if recipient_id not in owners(recovery):
        over = ("Thanks. Nothing is left for you to do for ", *customer, ".")
        gave_away = not any(step.owner == recipient_id for step in recovery.steps)
        if recovery.contact and gave_away:
            over = (
                f"Thanks. {_name(recovery.contact, context.people)} looks after ",
                *customer,
                " now.",
            )
        return Message(summary=plain_words(over), parts=(Context(words=over),))
    handed = [
        step
        for step in recovery.steps
        if step.owner == recipient_id and step.handed_by not in (None, recipient_id)
    ]
    why = ""
    says: Words = ("You're looking after ", *customer, ".")
    if recovery.contact != recipient_id or handed:
        what = ", ".join(STEPS[step.name].label for step in handed if step.state == "to do")
        by = _name(handed[-1].handed_by if handed else None, context.people)
        says = (f"{by} asks you to take over for ", *customer, f": {what or 'what is left'}.")
        why = handed[-1].handed_why if handed else ""
    return Message(
        summary=f"{plain_words(says)} {one_line(case.what_happened)}",
        parts=(
            _head(case),
            Paragraph(words=says),
            *((Quote(text=shortened(why, 400)),) if why else ()),
            *_body(context, recipient_id),
        ),
    )


def _looked_after_in(context: CardContext) -> Words:
    """Where somebody looks after the customer of a double; nothing of any other case."""
    change = context.case.cancellation
    if change is None or change.same_as is None:
        return ()
    other = linked(f"C-{change.same_as}", context.links.get(change.same_as))
    return (f"{context.case.label} is the same as ", other, ": its customer is looked after there.")


def _state(context: CardContext) -> str:
    going_on = context.recovery.outcome is None and not context.recovery.cancelled
    if going_on and context.is_late:
        return "promise late"
    return context.recovery.state


def _body(context: CardContext, recipient_id: str = "") -> tuple[Part, ...]:
    recovery = context.recovery
    if recovery.cancelled:
        cancelled = ("The retro was cancelled, so nothing is owed here.",)
        return (Context(words=_looked_after_in(context) or cancelled),)
    parts: list[Part] = []
    if recovery.earlier:
        parts.append(Paragraph(words=(_started_over(len(recovery.earlier) + 1),)))
        parts.append(Context(words=("What was done before stands under Both sides.",)))
    due = promised_by(recovery)
    if due is not None and context.is_late:
        late = (Bold(text="The promise is late"), ": it was due ", on(due, context.today), ".")
        parts.append(Paragraph(words=late))
    if recovery.outcome is None:
        parts.append(Paragraph(words=_next(context)))
    parts.append(_progress(recovery))
    if recovery.enough:
        verb = "was" if recovery.is_in("apologise", "done") else "is"
        parts.append(Context(words=(f"An apology {verb} enough: {one_line(recovery.enough, 200)}",)))
    if rows := _rows(context):
        parts.append(Fields(rows=rows))
    parts.extend(_account(context))
    parts.extend(_later(context))
    view = recovery.step("tell_changed").view
    if view:
        parts.append(Context(words=("Their view of what changed:",)))
        parts.append(Quote(text=shortened(view, SHOWN_ACCOUNT)))
    parts.extend(_recalled(context.back, context.links))
    quiet = Context(words=_quiet(context, recipient_id))
    at_hand: StepName | None = "verdict" if context.later else None
    return (*parts, quiet, offers(recovery, context.case.ref, at_hand).row)


SIGNS: Mapping[str, Sign] = {
    "promise late": "late",
    "recovered": "done",
    "not recovered": "waiting",
    "done": "done",
    "to do": "waiting",
    "cancelled": "note",
}


def status_of(recovery: Recovery, state: str) -> Status:
    """How it stands, by the word for it, at a glance."""
    waits = next_step(recovery) is not None
    return Status(sign=SIGNS.get(state, "waiting" if waits else "note"), text=state)


def step_status(step: Step) -> Status:
    """How one of its steps stands; how it ended is told in the customer's words."""
    told = step.chosen or step.state
    return Status(sign=SIGNS.get(told, "note"), text=told)


def _quiet(context: CardContext, recipient_id: str) -> Words:
    """How it stands, who looks after whom, by when what is owed, how far it is, and the case."""
    recovery = context.recovery
    status = status_of(recovery, _state(context))
    others = _looked_after(context, recipient_id)
    return joined((status,), *others, _by_when(context), _how_far(recovery), (recovery.case_label,))


def _by_when(context: CardContext) -> Words:
    """The day of what is owed first: of a promise, or the team's aim to apologise."""
    recovery = context.recovery
    due = promised_by(recovery)
    if due is not None:
        # That it is late is said above, with its day.
        return () if context.is_late else ("promised by ", on(due, context.today))
    if recovery.outcome is not None or not recovery.is_in("apologise", "to do"):
        return ()
    aim = on(recovery.apologise_by, context.today)
    if recovery.apologise_by < context.today:
        return ("the team's aim to apologise was ", aim)
    return ("apologise by ", aim)


def _how_far(recovery: Recovery) -> Words:
    """`2 of 9 steps`, as long as it goes on."""
    needed = [step for step in recovery.steps if step.state != "not needed"]
    done = sum(step.state == "done" for step in needed)
    return (f"{done} of {len(needed)} steps",) if recovery.outcome is None else ()


def _looked_after(context: CardContext, recipient_id: str) -> tuple[Words, ...]:
    """Whoever looks after the customer, once; and who has taken over which of the steps to come.

    Who reads that they look after somebody themself is not named once more.
    """
    recovery = context.recovery
    name = _name(recovery.contact, context.people)
    contact = f"looked after by {name}" if recovery.contact else "nobody looks after them yet"
    others: dict[str, list[str]] = {}
    for step in recovery.steps:
        owner = owner_of(recovery, step.name)
        if step.state == "to do" and owner and owner != recovery.contact:
            others.setdefault(owner, []).append(kind_of(recovery, step.name).label)
    taken = [(f"{_name(who, context.people)}: {', '.join(what)}",) for who, what in others.items()]
    own = recovery.contact is not None and recovery.contact == recipient_id
    return (*(() if own else ((contact,),)), *taken)


def _progress(recovery: Recovery) -> Progress:
    """The whole way, without what is not needed; once it has ended, what was done."""
    following = next_step(recovery)
    is_over = recovery.outcome is not None
    return Progress(
        steps=tuple(
            ProgressStep(
                label=kind_of(recovery, step.name).short,
                state="done"
                if step.state == "done"
                else "next"
                if step.name == following
                else "to come",
            )
            for step in recovery.steps
            if step.state == "done" or (step.state == "to do" and not is_over)
        )
    )


def _started_over(number: int) -> str:
    """That the customer is not put right, and which round it is that begins."""
    return f"The customer says it isn't put right yet. We're starting over ({round_words(number)})."


def round_words(number: int) -> str:
    """`first round`, `round 6`."""
    ordinals = ("first", "second", "third", "fourth", "fifth")
    return f"{ordinals[number - 1]} round" if number <= len(ordinals) else f"round {number}"


def _next(context: CardContext) -> Words:
    recovery = context.recovery
    step = next_step(recovery)
    if step is not None:
        kind = kind_of(recovery, step)
        return ("Next: ", Bold(text=kind.label), f" · {kind.task}")
    waits = next(step.name for step in recovery.steps if step.state == "to do")
    return ("Next: ", Bold(text=STEPS[waits].label), f", {STEPS[waits].waits}.")


def _rows(context: CardContext) -> tuple[tuple[str, Words], ...]:
    """What was said or done in the steps that have words, and on which day.

    Who looks after the customer stands once, below; that a step is done says the progress. One why of
    several steps that were left out, or taken back, stands at the first of them.
    """
    rows: list[tuple[str, Words]] = []
    whys = {context.recovery.enough}
    for step in context.recovery.steps:
        why = step.words if step.state == "not needed" else step.undone_why
        if why and why in whys:
            continue
        whys.add(why)
        if words := SAID[step.state](context, step):
            rows.append((kind_of(context.recovery, step.name).short, words))
    return tuple(rows)


def _done(context: CardContext, step: Step) -> Words:
    """`We are sorry. · Ben · Thu 5 Mar`: nothing for what the customer said, which stands below."""
    if step.name == "hear":
        return ()
    said = (
        TOLD[step.how == HOLDING] if step.name == "tell_changed" else one_line(step.words, SHOWN_WORDS)
    )
    if step.chosen == "no answer":
        said = said or step.chosen
        said = "no answer, asked twice and then closed" if step.by is None else said
    if not said and not step.link and not step.corrected_by:
        return ()
    link: Words = (Link(text="the post", url=step.link),) if step.link else ()
    return joined((said,) if said else (), *_when(context, step), link, _corrected(context, step))


def _when(context: CardContext, step: Step) -> tuple[Words, ...]:
    """Who else did a step than whoever looks after the customer; and the day."""
    by = "" if step.by in (None, context.recovery.contact) else _name(step.by, context.people)
    day = (on(today(context.team.zone, step.at), context.today),) if step.at else ()
    return ((by,) if by else (), day)


def _corrected(context: CardContext, step: Step) -> Words:
    if step.corrected_by is None:
        return ()
    at = step.corrected_at
    day: Words = (" on ", on(today(context.team.zone, at), context.today)) if at else ()
    return (f"corrected by {_name(step.corrected_by, context.people)}", *day)


def _undone(context: CardContext, step: Step) -> Words:
    """That it was done before, and who took it back."""
    if step.undone_by is None:
        return ()
    why = one_line(step.undone_why, SHOWN_WORDS)
    return (f"taken back by {_name(step.undone_by, context.people)}: {why}",)


def _left_out(context: CardContext, step: Step) -> Words:
    return (f"not needed: {one_line(step.words, SHOWN_WORDS)}",)


SAID: Mapping[StepState, Callable[[CardContext, Step], Words]] = {
    "done": _done,
    "not needed": _left_out,
    "to do": _undone,
}
"""What the card says of a step, by its state."""


def _account(context: CardContext) -> tuple[Part, ...]:
    """What the customer said last, in their own words, and when."""
    heard = accounts(context.recovery)
    if not heard:
        return ()
    step = heard[-1]
    head = joined(("What the customer says",), *_when(context, step), _corrected(context, step))
    return (Context(words=head), Quote(text=shortened(step.words, SHOWN_ACCOUNT)))


def _later(context: CardContext) -> tuple[Part, ...]:
    """What the customer said in their helpdesk since: whether it ended so is for a person to note."""
    if (signal := context.later) is None:
        return ()
    head = joined(
        ("Since then",),
        rated(signal.rating) or ("the customer wrote again",),
        (signal.reference,) if signal.reference != context.case.reference else (),
        (on(today(context.team.zone, signal.at), context.today),),
    )
    quoted = (Quote(text=shortened(signal.words, SHOWN_ACCOUNT)),) if signal.words else ()
    label = STEPS["verdict"].label
    return (Context(words=head), *quoted, Context(words=(f"{label} is filled in with this.",)))


def _name(person_id: str | None, people: Mapping[str, Person]) -> str:
    person = people.get(person_id or "")
    return person.name if person else "Somebody"


def step_button(recovery: Recovery, name: StepName) -> Button:
    """The button of a step, as this customer is owed it."""
    return BUTTONS[name].model_copy(update={"label": kind_of(recovery, name).label})


class Offers(NamedTuple):
    """What a card offers: in its row and its menu, and one more click away, under *Both sides*."""

    row: Buttons
    under_both_sides: tuple[Button, ...]


def offers(recovery: Recovery, ref: CaseRef, at_hand: StepName | None = None) -> Offers:
    """The natural next step first, then the others in their order; what does not fit is in the menu.

    `at_hand`: a step that comes second, because something is there to fill it in with.

    Under *Both sides*, where all that was done stands, it is put right; on the card, too, where there
    is room. While a card is full, a step whose turn comes later waits there.
    """
    steps = _steps_offered(recovery, ref, next_step(recovery) or at_hand)
    if at_hand is not None:
        steps.sort(key=lambda step: step.command_name != BUTTONS[at_hand].command_name)
    back = (
        *((CORRECT,) if correctable(recovery) else ()),
        *((TAKE_BACK,) if that_can_be_taken_back(recovery) else ()),
    )
    whole: tuple[Button, ...] = ()
    if recovery.outcome is None:
        whole = (*((NOT_NEEDED,) if can_leave(recovery) else ()), HAND_OVER)
    back, whole, both = (_about(ref, buttons) for buttons in (back, whole, (BOTH_SIDES,)))
    further, fitted = back, _fitted(steps, (*whole, *back, *both))
    later = [each for each in steps if each.command_name in LATER and each.look != "main"]
    if len(fitted.menu) > MAX_IN_MENU:
        fitted = _fitted(steps, (*whole, *both))
    while len(fitted.menu) > MAX_IN_MENU:
        further = (later.pop(), *further)
        fitted = _fitted([step for step in steps if step not in further], (*whole, *both))
    return Offers(fitted, further)


def _fitted(steps: Sequence[Button], others: Sequence[Button]) -> Buttons:
    """The row and its menu; where that is full, handing over beside two steps as the third one."""
    fitted = row(steps, others)
    beside = [button for button in others if button.command_name == HAND_OVER.command_name]
    buttons = (*fitted.buttons, *beside)
    fits = len(buttons) <= MAX_IN_ROW and sum(len(each.label) for each in buttons) <= ROW_CHARACTERS
    if len(fitted.menu) <= MAX_IN_MENU or not fits:
        return fitted
    return Buttons(buttons=buttons, menu=tuple(each for each in fitted.menu if each not in beside))


def _about(ref: CaseRef, buttons: Sequence[Button]) -> tuple[Button, ...]:
    return tuple(button.model_copy(update={"about": str(ref)}) for button in buttons)


def _steps_offered(recovery: Recovery, ref: CaseRef, first: StepName | None) -> list[Button]:
    """The steps that can be noted now, in their order, and what can be added to one that was."""
    about, buttons = str(ref), list[Button]()
    for step in recovery.steps:
        # Who could not be reached may still call; and the verdict may change.
        may_change = step.state == "not needed" if step.name == "hear" else step.name == "verdict"
        closed = recovery.outcome is not None and step.name not in ("verdict", "tell_changed")
        if closed or not (is_offered(recovery, step.name) or may_change):
            continue
        look = {"about": about, "look": "main" if step.name == first else "plain"}
        buttons.append(step_button(recovery, step.name).model_copy(update=look))
        if step.name == "keep" and not closed:
            buttons.append(PROMISE_AGAIN.model_copy(update={"about": about}))
    tell_step = recovery.step("tell_changed")
    if tell_step.state == "done" and not tell_step.view and not is_offered(recovery, "tell_changed"):
        view = {"about": about, "label": f"{tell_step.kind.label}: their view"}
        buttons.append(BUTTONS["tell_changed"].model_copy(update=view))
    if tell_step.view:
        view_of = str(ref.at(VIEW))
        buttons.append(
            Button(label="Add action item", command_name="action_item.add", about=view_of, opens=True)
        )
    return buttons


def on_reminder(recovery: Recovery, step: StepName | None, ref: CaseRef) -> tuple[Button, ...]:
    """What can be done about a reminder: the step it is about, or hand it over."""
    name = step or next_step(recovery)
    if name is None:
        return ()
    about, part = str(ref), str(ref.at(name))
    first = step_button(recovery, name).model_copy(update={"about": about, "look": "main"})
    later = [PROMISE_AGAIN.model_copy(update={"about": about})]
    others = [] if name == "verdict" else [NOT_NEEDED.model_copy(update={"about": part})]
    return (
        first,
        *(later if name == "keep" else ()),
        HAND_OVER.model_copy(update={"about": part}),
        *others,
    )


def _recalled(back: Mapping[int, tuple[str, ...]], links: Mapping[int, str]) -> tuple[Part, ...]:
    parts: list[Part] = []
    for number, gaps in sorted(back.items(), reverse=True)[:3]:
        link = links.get(number)
        case = linked(f"C-{number}", link)
        gap = "gap" if len(gaps) == 1 else "gaps"
        words = ("An apology was enough in ", case, f", and the same {gap} is back: {', '.join(gaps)}.")
        parts.append(Context(words=words))
    return tuple(parts)


def beside(
    recovery: Recovery | None,
    back: Mapping[int, tuple[str, ...]],
    links: Mapping[int, str],
) -> tuple[Part, ...]:
    """What the retro itself says of the customer: whether they were heard, and what is back."""
    one_side: tuple[Part, ...] = (Context(words=(ONE_SIDE,)),) if is_one_sided(recovery) else ()
    ended: tuple[Part, ...] = ()
    if recovery is not None and recovery.outcome is not None:
        ended = (Context(words=(ENDED[recovery.outcome].format(customer="The customer"),)),)
    elif recovery is not None and recovery.earlier:
        ended = (Paragraph(words=(_started_over(len(recovery.earlier) + 1),)),)
    return (*one_side, *ended, *_recalled(back, links))


def in_summary(recovery: Recovery | None) -> tuple[Part, ...]:
    """The customer's side, round by round, beside the team's, when the retro is closed."""
    if recovery is None or is_one_sided(recovery):
        return (Context(words=(ONE_SIDE,)),)
    heard, verdict = accounts(recovery), recovery.step("verdict")
    parts: list[Part] = []
    if heard:
        *before, last = heard
        parts.append(Paragraph(words=(Bold(text="What the customer says"),)))
        for number, step in enumerate(before[-MAX_ROUNDS:], start=max(1, len(before) - MAX_ROUNDS + 1)):
            parts.append(Context(words=(f"In the {round_words(number)}:",)))
            parts.append(Quote(text=shortened(step.words, SHOWN_ACCOUNT)))
        if before:
            parts.append(Context(words=("And since then:",)))
        parts.append(Quote(text=shortened(last.words, SHOWN_ACCOUNT)))
    if verdict.chosen is not None:
        ended = ENDED[verdict.chosen].format(customer="The customer")
        parts.append(Context(words=(f"How it ended: {verdict.chosen}" if heard else ended,)))
        if verdict.words:
            parts.append(Quote(text=shortened(verdict.words, SHOWN_ACCOUNT)))
    return tuple(parts)


def not_recovered(
    recovery: Recovery, number: int, case: Case, items: Sequence[ActionItem], link: str | None
) -> Message:
    """To the lead and the owners of the fixes: a customer is not put right, in their own words.

    `number`: of the round that ended so, from 1.
    """
    label = recovery.case_label
    retro = linked(f"the retro {label}", link)
    verdict = recovery.earlier[number - 1][-1]
    news = _started_over(number + 1)
    parts: list[Part] = [
        Paragraph(words=(Bold(text=news),)),
        Quote(text=shortened(verdict.words, SHOWN_ACCOUNT)),
        Context(words=(f"{one_line(case.what_happened)} · ", retro)),
    ]
    parts.extend(Paragraph(words=(words,)) for words in _fixes_of(items, verdict))
    customer = Button(label="Customer", command_name="recovery.open", about=str(case.ref))
    parts.append(Buttons(buttons=(customer,)))
    summary = f"{one_line(case.what_happened)} · {news}"
    return Message(summary=summary, parts=tuple(parts))


def recovered_after_all(recovery: Recovery, by: Person | None, link: str | None) -> Message:
    """In place of the word that a customer is not put right, once somebody has taken that back."""
    who = signed(by.name) if by else "Somebody"
    retro = linked(recovery.case_label, link)
    return sentence(f"{who} took back that the customer of ", retro, " isn't put right.")


def _fixes_of(items: Sequence[ActionItem], verdict: Step) -> tuple[str, ...]:
    """To their owner: which fix was reopened with this verdict, and how the others stand."""
    reopened = [item for item in items if _was_named(item, verdict)]
    done = [item for item in items if item.state in ("done", "verified")]
    others = [item for item in items if item not in (*reopened, *done)]
    question = "Did it hold?" if len(done) == 1 else "Did they hold?"
    return (
        *(f"{_named(item)} is open again: the customer says it didn't hold." for item in reopened),
        *((f"Yours: {_with_states(done)}. {question}",) if done else ()),
        *((f"{'Also yours' if done else 'Yours'}: {_with_states(others)}.",) if others else ()),
    )


def _was_named(item: ActionItem, verdict: Step) -> bool:
    """Whether the customer named it with this verdict as what did not hold, and it is still open."""
    # By its moment: its words may have been corrected since.
    reopened = reopened_with(item, verdict.by, verdict.at)
    with_it = reopened is not None and reopened == item.last("reopen")
    return with_it and item.state not in ("done", "verified")


def _with_states(items: Sequence[ActionItem]) -> str:
    return ", ".join(f"{_named(item)}, {item.state}" for item in items)


def _named(item: ActionItem) -> str:
    """`“Notes on every order” (AI-2)`."""
    return f"“{one_line(item.what)}” ({item.label})"


def call_owner(recovery: Recovery, owner: Person) -> Message:
    """In the thread, to somebody whose direct messages cannot be reached."""
    label = recovery.case_label
    return Message(
        summary=f"{owner.name}: the customer of {label} waits for you in this thread.",
        parts=(
            Paragraph(
                words=(
                    Mention(person_id=owner.id, name=owner.name),
                    f", the customer of {label} waits for you in this thread. I can't write to you "
                    "directly.",
                )
            ),
        ),
    )


def unreached(recovery: Recovery, owner: Person, reason: str) -> Message:
    """To the lead: somebody who looks after a customer and cannot be reached directly."""
    label = recovery.case_label
    return sentence(
        f"I can't write to {owner.name} about the customer of {label}, so I named them in the thread "
        f"instead. {reason}"
    )


def check_in(recovery: Recovery, lead: str) -> Message:
    """To whoever handled a case that no one could have won, and to nobody else."""
    talk = f"{lead}, or anybody you trust," if lead else "somebody you trust"
    return Message(
        summary=f"About {recovery.case_label}: this was not about you.",
        parts=(
            Paragraph(
                words=(
                    f"The retro {recovery.case_label} came to this: nothing we could have changed. What "
                    "the customer felt was real, and it was not personal. Cases like this stay with one "
                    "for a while.",
                )
            ),
            Paragraph(
                words=(
                    f"If you want to talk, {talk} will listen: you need no reason. And you may stay out "
                    "of the thread from here on; nobody will ask why.",
                )
            ),
            Context(
                words=("Only you can read this. I tell nobody that I sent it, or what you do with it.",)
            ),
        ),
    )
