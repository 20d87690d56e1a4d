"""What people read about an action item: its message, its owner's copy, its lists and forms."""

from collections.abc import Mapping, Sequence
from datetime import date

from bot.domain.action_item import (
    OPEN_STATES,
    ActionItem,
    EditedPart,
    ItemEdit,
    Moved,
    can_wait,
    is_late,
    is_news,
    may,
    steps,
    told_of,
)
from bot.domain.item_edit import (
    agreed_words,
    can_correct,
    can_edit,
    edited,
    is_corrected,
    is_edit_news,
)
from bot.domain.item_step import STEPS, ItemState, ItemStep
from bot.domain.person import Person
from bot.domain.recovery_step import CATALOGUE
from bot.domain.reference import ItemRef
from bot.domain.reminder import SentReminder
from bot.messages.case import show_all
from bot.messages.parts import (
    FIRST_PAGE,
    MAX_IN_MENU,
    SHOWN_TEXT,
    Bold,
    Button,
    Buttons,
    Context,
    Form,
    Line,
    Mention,
    Message,
    Option,
    Page,
    Paragraph,
    Part,
    Quote,
    Sign,
    Status,
    Timestamp,
    Words,
    day_words,
    headed,
    in_list,
    joined,
    linked,
    on,
    one_line,
    rest_of,
    row,
    sentence,
    shortened,
)
from bot.messages.team import MY_SETTINGS

MAX_REMINDED = 20
SUMMED_UP = 160
"""Characters of each text of an item where its retro is summed up."""
EVIDENCE = ("done", "verify", "reopen")
"""Steps whose words stay in an item's messages until it is done again."""
MAX_EDITS = 20
MEASURE = "How we will know it worked"
EDITED_PARTS: Mapping[EditedPart, str] = {
    "what": "What will change",
    "gap": "Gap",
    "measure": MEASURE,
}
"""What of an item was edited, as its form says it; the words of a step have no name of their own."""
OWN_SETTINGS = Buttons(buttons=(MY_SETTINGS,))

# What came of a reminder: a step somebody took, of an item or for a customer, or that it was moved.
OUTCOMES: Mapping[str, str] = {
    **{name: row.outcome for name, row in STEPS.items()},
    **{kind.name: kind.outcome for kind in CATALOGUE},
    "remind_later": "reminder moved",
}


def step_button(step: ItemStep, ref: ItemRef) -> Button:
    """The button of a step of this item."""
    row = STEPS[step]
    return Button(
        label=row.button.label,
        command_name=f"action_item.{step}",
        about=str(ref),
        look=row.button.look,
        opens=row.form is not None,
    )


def later_button(ref: ItemRef) -> Button:
    """The button to be reminded later of this item."""
    label, about = "Remind me later", str(ref)
    return Button(label=label, command_name="action_item.remind_later", about=about, opens=True)


def _edit_button(ref: ItemRef) -> Button:
    """The button to put right what an item says."""
    return Button(label="Edit item", command_name="action_item.edit", about=str(ref), opens=True)


def _correct_button(ref: ItemRef) -> Button:
    """The button to put right, or take back, what one wrote with its last step."""
    label, name = "Correct what I wrote", "action_item.correct"
    return Button(label=label, command_name=name, about=str(ref), opens=True)


def all_reminders(ref: ItemRef) -> Button:
    """The button to who was reminded of this item when, and what came of that."""
    return Button(label="All reminders", command_name="action_item.read", about=str(ref), opens=True)


def card(item: ActionItem, people: Mapping[str, Person], today: date) -> Message:
    """The item's one message in the retro's thread, as it stands now."""
    return Message(
        summary=f"{one_line(item.what)} · {_head(item, today)}",
        parts=(
            *headed(item.what),
            Context(
                words=joined(
                    _stands(item, today),
                    _owned(item, people),
                    _due(item, today),
                    _gap(item),
                    _edited(item, people),
                )
            ),
            *_measured(item),
            *_story(item, people),
            *_buttons(item),
        ),
    )


def own_copy(
    item: ActionItem, recipient_id: str, people: Mapping[str, Person], today: date, link: str | None
) -> Message:
    """The item in its owner's direct messages, with the buttons that fit its state."""
    thread = linked(f"the retro C-{item.case_number}", link)
    if item.owner != recipient_id:
        over, what = _passed_on(item, people), one_line(item.what)
        return Message(
            summary=f"{over} {what}",
            parts=(Context(words=(over,)), Context(words=joined((what,), (thread,), (item.label,)))),
        )
    handed = item.last("hand_over")
    asker = _name(handed.by if handed else item.asked_by, people)
    intro = {
        "proposed": f"{asker} asks you to take this on. It is from ",
        "agreed": "This is yours. It is from ",
        "done": "You marked this done. Somebody else can verify it now. It is from ",
        "verified": "This is verified: thank you. It is from ",
        "dropped": "This was dropped. It was from ",
    }[item.state]
    if item.cancelled and item.state in OPEN_STATES:
        intro = "This needs nothing from you: its retro was cancelled. It was from "
    return Message(
        summary=f"{one_line(item.what)} · {_head(item, today)}",
        parts=(
            *headed(item.what),
            Paragraph(words=(intro, thread, ".")),
            Context(
                words=joined(_stands(item, today), _due(item, today), _gap(item), _edited(item, people))
            ),
            *_measured(item),
            *_story(item, people),
            *_buttons(item, _for_owner(item), recipient_id),
        ),
    )


def _passed_on(item: ActionItem, people: Mapping[str, Person]) -> str:
    """To somebody who had it, or was asked to take it on: who has it now."""
    if item.owner is None:
        return "This isn't yours any more. Thanks, nothing more to do."
    handed, owner = item.last("hand_over"), _name(item.owner, people)
    has_it = f"Handed over to {owner}" if handed and handed.to == item.owner else f"{owner} has this now"
    return f"{has_it}. Thanks, nothing more to do."


def step_news(
    item: ActionItem,
    number: int,
    people: Mapping[str, Person],
    link: str | None,
    verifier: Person | None = None,
) -> Message:
    """To whom it concerns: the `number`th step of an item, and its words; a line once it went on.

    `verifier`: whoever alone verifies in this team, if so.
    """
    moved, reader = item.history[number - 1], told_of(item, number) or ""
    if moved.step == "add" or not is_news(item, number):
        return _went_on(item, reader)
    row = STEPS[moved.step]
    head = row.news.format(by=_name(moved.by, people))
    label = f"{row.words.label}:" if row.words else ""
    due: Words = (", due ", on(item.due, moved.at.date())) if item.due and item.state == "agreed" else ()
    mine = tuple(
        step for step in steps(item) if step != "drop" and may(item, step, reader, None, verifier)
    )
    return Message(
        summary=f"{head} {one_line(item.what)} · {item.label}",
        parts=(
            Paragraph(words=(Bold(text=head),)),
            Quote(text=shortened(item.what)),
            *((Context(words=(label,)), Quote(text=shortened(moved.words))) if moved.words else ()),
            Context(
                words=(
                    f"{item.label}, from ",
                    linked(f"the retro C-{item.case_number}", link),
                    *due,
                    ".",
                )
            ),
            *_buttons(item, mine, reader),
        ),
    )


def edit_news(
    item: ActionItem, number: int, person_id: str, people: Mapping[str, Person], link: str | None
) -> Message:
    """To its owner: the `number`th edit changed what they agreed to; a line once it went on."""
    edit, what = item.edits[number - 1], one_line(item.what)
    thread = linked(f"the retro C-{item.case_number}", link)
    if not is_edit_news(item, number, person_id):
        return _went_on(item, person_id)
    head = f"{_name(edit.by, people)} changed what you agreed to."
    return Message(
        summary=f"{head} It is now: {what}",
        parts=(
            *headed(item.what),
            Paragraph(words=(f"{head} It was:",)),
            Quote(text=shortened(agreed_words(item, number, person_id))),
            Context(words=(f"{item.label}, from ", thread, ".")),
            *_buttons(item, _for_owner(item), person_id),
        ),
    )


def _went_on(item: ActionItem, reader: str) -> Message:
    """In a line, where news of an item is none any more: how it stands, for whom it is still there.

    Whoever had it once may not be in its channel: what others write into it since is not for them.
    """
    if reader not in (item.owner, item.asked_by):
        words = f"{item.label} is out of your hands now."
        return Message(summary=words, parts=(Context(words=(words,)),))
    words = f"{one_line(item.what)} · {item.label} · {item.state}"
    return Message(summary=words, parts=(Context(words=(words,)),))


def call_owner(item: ActionItem, owner: Person) -> Message:
    """In the thread, to an owner whose direct messages cannot be reached.

    By its number alone, as to the lead: nobody brings either up to date, whatever its words become.
    """
    waits = f"{item.label} waits for you in this thread."
    return Message(
        summary=f"{owner.name}: {waits}",
        parts=(
            Paragraph(
                words=(
                    Mention(person_id=owner.id, name=owner.name),
                    f", {waits} I can't write to you directly.",
                )
            ),
        ),
    )


def unreached(item: ActionItem, owner: Person, reason: str) -> Message:
    """To the lead: an owner who cannot be reached directly, and what helps."""
    return sentence(
        f"I can't write to {owner.name} about {item.label}, so I named them in the thread of "
        f"C-{item.case_number} instead. {reason}"
    )


def _head(item: ActionItem, today: date) -> str:
    if item.cancelled:
        return f"{item.label} · {item.state} · its retro was cancelled"
    return f"{item.label} · {item.state}" + (" · late" if is_late(item, today) else "")


def _name(person_id: str | None, people: Mapping[str, Person]) -> str:
    person = people.get(person_id or "")
    return person.name if person else "Somebody"


SIGNS: Mapping[ItemState, Sign] = {
    "proposed": "waiting",
    "agreed": "note",
    "done": "waiting",
    "verified": "done",
    "dropped": "note",
}
"""How a state looks at a glance: what is done still waits for somebody to verify it."""


def _stands(item: ActionItem, today: date) -> Words:
    """How it stands, and its number."""
    if item.cancelled:
        return (Status(sign="note", text=f"{item.state}, its retro was cancelled"), f" · {item.label}")
    late = is_late(item, today)
    text = f"{item.state} · late" if late else item.state
    return (Status(sign="late" if late else SIGNS[item.state], text=text), f" · {item.label}")


def _owned(item: ActionItem, people: Mapping[str, Person]) -> Words:
    if not item.owner:
        return ("no owner yet",)
    waits = " has still to accept" if item.state == "proposed" and not item.cancelled else ""
    return (f"{_name(item.owner, people)}{waits}",)


def _due(item: ActionItem, today: date) -> Words:
    return ("due ", on(item.due, today)) if item.due else ("no date yet",)


def _gap(item: ActionItem) -> Words:
    return (item.gap,) if item.gap else ()


def _edited(item: ActionItem, people: Mapping[str, Person]) -> Words:
    """Who put right last what it says."""
    edits = edited(item)
    return (f"edited by {_name(edits[-1].by, people)}",) if edits else ()


def _measured(item: ActionItem) -> tuple[Part, ...]:
    if not item.measure:
        return ()
    return (Context(words=(f"{MEASURE}: {one_line(item.measure, 300)}",)),)


def _story(item: ActionItem, people: Mapping[str, Person]) -> tuple[Part, ...]:
    parts: list[Part] = []
    for moved in told(item):
        line = _story_line(moved, people)
        if line and is_corrected(item, item.history.index(moved) + 1):
            line += " (corrected)"
        if line:
            parts.append(Context(words=(f"{line}:" if moved.words else f"{line}.",)))
        if line and moved.words:
            parts.append(Quote(text=shortened(moved.words)))
    return tuple(parts)


def told(item: ActionItem) -> tuple[Moved, ...]:
    """What its messages tell: the last step, and what was done and seen so far, the evidence."""
    places = [place for place, moved in enumerate(item.history) if moved.step == "done"]
    since_done = item.history[places[-1] :] if places else ()
    kept = tuple(moved for moved in since_done[:-1] if moved.step in EVIDENCE)
    return (*kept, *item.history[-1:])


def evidence(item: ActionItem, doer: Person | None) -> tuple[Part, ...]:
    """Above the form of whoever verifies it: how one will know that it worked, and what changed."""
    done = item.last("done")
    parts: list[Part] = [Paragraph(words=(Bold(text=MEASURE),))]
    if item.measure:
        parts.append(Quote(text=shortened(item.measure)))
    else:
        parts.append(Context(words=("Nobody wrote that down: say what you looked at.",)))
    if done is not None and done.words:
        parts.append(
            Paragraph(words=(Bold(text=f"What changed, says {doer.name if doer else 'Somebody'}"),))
        )
        parts.append(Quote(text=shortened(done.words)))
    return tuple(parts)


def _story_line(moved: Moved, people: Mapping[str, Person]) -> str:
    """What is said of a step, before the words that came with it."""
    story = "" if moved.step == "add" else STEPS[moved.step].story
    return story.format(by=_name(moved.by, people), to=_name(moved.to, people))


def _for_owner(item: ActionItem) -> tuple[ItemStep, ...]:
    """The steps that are its owner's to take."""
    return tuple(step for step in steps(item) if may(item, step, item.owner or "", lead=None))


def _buttons(
    item: ActionItem, among: Sequence[ItemStep] | None = None, reader: str | None = None
) -> tuple[Part, ...]:
    """What can be done with it; `reader` is who alone sees it, where it is not for everybody."""
    edits = [_edit_button(item.ref)] if can_edit(item) and reader in (None, item.owner) else []
    buttons, menu = _pressable(item, among, edits)
    drawn = row(buttons, menu)
    if can_correct(item) and reader in (None, item.history[-1].by):
        with_it = row(buttons, [_correct_button(item.ref), *menu])
        # Where the menu has no room left, it stands below all of the item's words.
        drawn = with_it if len(with_it.menu) <= MAX_IN_MENU else drawn
    return (drawn,) if drawn.buttons or drawn.menu else ()


def _pressable(
    item: ActionItem, among: Sequence[ItemStep] | None = None, edits: Sequence[Button] = ()
) -> tuple[Sequence[Button], Sequence[Button]]:
    """The steps that are open with `edits` among them, and what else the menu has."""
    offered = () if item.cancelled else steps(item) if among is None else among
    buttons = [step_button(step, item.ref) for step in offered]
    later = can_wait(item) and not item.cancelled
    # Beside the steps, but what ends an item stays the last of them.
    place = offered.index("drop") if "drop" in offered else len(buttons)
    buttons[place:place] = [*([later_button(item.ref)] if later else []), *edits]
    is_long = any(len(text) > limit for text, limit in _long_texts(item))
    menu = [show_all("action_item.read", item.ref)] if is_long or edited(item) else []
    return buttons, menu


def _long_texts(item: ActionItem) -> tuple[tuple[str, int], ...]:
    words = tuple((moved.words, SHOWN_TEXT) for moved in told(item))
    return ((item.what, SHOWN_TEXT), (item.measure, 300), *words)


def whole(
    item: ActionItem, people: Mapping[str, Person], sent_reminders: Sequence[SentReminder] = ()
) -> Form:
    """All of an item's words, to read, and who was reminded of it when, and what came of that."""
    parts: list[Part] = [Quote(text=item.what)]
    if item.measure:
        parts += [
            Paragraph(words=(Bold(text=MEASURE),)),
            Quote(text=item.measure),
        ]
    for moved in item.history:
        if moved.words:
            line = _story_line(moved, people) or _name(moved.by, people)
            parts += [Paragraph(words=(Bold(text=line),)), Quote(text=moved.words)]
    for edit in edited(item)[-MAX_EDITS:]:
        parts += [Context(words=_edit_words(edit, people)), Quote(text=edit.was or "–")]
    if sent_reminders:
        parts.append(Paragraph(words=(Bold(text="Reminders"),)))
        newest = sent_reminders[-1].day
        parts.extend(
            Context(words=_reminded(sent, people, newest)) for sent in sent_reminders[-MAX_REMINDED:]
        )
    if can_correct(item):
        correct = Buttons(buttons=(_correct_button(item.ref),))
        parts += [Context(words=("More that you can do:",)), correct]
    about = str(item.ref)
    return Form(command_name="action_item.read", title=item.label, about=about, parts=tuple(parts))


def _edit_words(edit: ItemEdit, people: Mapping[str, Person]) -> Words:
    """`What will change, before Ana edited it · Thu 5 Mar, 14:30`."""
    edited_it = f"{EDITED_PARTS[edit.part]}, before {_name(edit.by, people)} edited it"
    return joined((edited_it,), (Timestamp(at=edit.at, zone="UTC"),))


def _reminded(sent: SentReminder, people: Mapping[str, Person], newest: date) -> Words:
    """`Thu 5 Mar · Ana · late · done`."""
    who = _name(sent.recipient_id, people) if sent.recipient_id else "the thread"
    why = sent.name.partition("_")[2].replace("_", " ")
    return (on(sent.day, newest), f" · {who} · {why} · {outcome_of(sent) or 'no answer yet'}")


def outcome_of(sent: SentReminder) -> str:
    """What came of a reminder, in words; empty while nothing did."""
    return OUTCOMES.get(sent.outcome, sent.outcome)


def above_step(item: ActionItem) -> tuple[Part, ...]:
    """Above the form of a step: which item it is about."""
    return (Context(words=(f"{item.label}: {one_line(item.what)}",)),)


def later_days(item: ActionItem, today: date) -> tuple[Option, ...]:
    """When its owner may be reminded again, to choose from."""
    choices = [("tomorrow", "Tomorrow"), ("three_days", "In three days"), ("next_week", "Next week")]
    if item.due is not None and item.due >= today:
        choices.append(("after_due", "After the due date"))
    return tuple(Option(value=value, label=label) for value, label in choices)


def reminded_later(item: ActionItem, today: date) -> Message:
    """To its owner: when they hear of it again."""
    day = day_words(on(item.remind_on, today)) if item.remind_on else ""
    what = one_line(item.what, 60)
    return sentence(f"I'll remind you of “{what}” on {day}, or on your next working day.")


def mine(
    items: Sequence[ActionItem],
    links: Mapping[int, str],
    people: Mapping[str, Person],
    today: date,
    *,
    owed: tuple[Part, ...] = (),
    page: Page = FIRST_PAGE,
) -> Message:
    """A person's own open items, late ones first; `links` leads from a case's number to its retro.

    `owed` is what they have left to do for customers; `page` which part of all that this is.
    """
    if not (items or owed):
        none = "There is nothing more." if page.number else "You have no open action items."
        return Message(
            summary=none,
            title="My action items",
            parts=(Paragraph(words=(none,)), OWN_SETTINGS),
        )
    parts: list[Part] = [*owed]
    if not (items or page.number):
        parts.append(Paragraph(words=("You have no open action items.",)))
    parts += [own_line(item, links, people, today) for item in items]
    parts += rest_of("action_item.mine", page)
    parts.append(OWN_SETTINGS)
    count = f"{len(items) or 'no'} open action items"
    customers = " and something to do for customers" if owed else ""
    return Message(
        summary="More of what is yours." if page.number else f"You have {count}{customers}.",
        title="My action items",
        parts=tuple(parts),
    )


def own_line(
    item: ActionItem, links: Mapping[int, str], people: Mapping[str, Person], today: date
) -> Line:
    """An item in a list of its owner's: beside it what is theirs to do next, all else in its menu.

    What is done waits for somebody else: nothing stands beside it.
    """
    words, (buttons, menu) = line(item, links, people, today), _pressable(item, _for_owner(item))
    if item.state == "done":
        return Line(words=words, menu=(*buttons, *menu))
    return in_list(words, buttons, menu)


def line(item: ActionItem, links: Mapping[int, str], people: Mapping[str, Person], today: date) -> Words:
    """An item in a list: what will change; below it how it stands, whose, when and from which retro."""
    status, label = _stands(item, today)
    retro = linked(f"C-{item.case_number}", links.get(item.case_number))
    quiet = joined(_owned(item, people), _due(item, today), (retro,))
    return (Bold(text=one_line(item.what)), "\n", status, " · ", *quiet, label)


def summed_up(item: ActionItem, link: str | None, people: Mapping[str, Person], today: date) -> Words:
    """An item where its retro is summed up: its number leads to its message, which `link` does.

    That it is late stands in its message, which is edited on the day; a summary is not.
    """
    what = Bold(text=one_line(item.what, SUMMED_UP))
    number = linked(item.label, link)
    if item.state == "dropped":
        drop = item.last("drop")
        by = _name(drop.by if drop else None, people)
        why = f"\nWhy: {one_line(drop.words, SUMMED_UP)}" if drop and drop.words else ""
        return (what, "\n", Status(sign=SIGNS["dropped"], text="dropped"), f" by {by} · ", number, why)
    status = Status(sign=SIGNS[item.state], text=item.state)
    quiet = joined(_owned(item, people), _due(item, today), (number,))
    return (what, "\n", status, " · ", *quiet)


def shown_to_work(item: ActionItem, people: Mapping[str, Person]) -> Words:
    """Below a verified item: what changed, and who saw what of it; nothing below any other."""
    done, verified = item.last("done"), item.last("verify")
    if item.state != "verified" or done is None or verified is None:
        return ()
    changed = (f"\nWhat changed: {one_line(done.words, SUMMED_UP)}",) if done.words else ()
    by, saw = _name(verified.by, people), one_line(verified.words, SUMMED_UP)
    return (*changed, f"\n{by} saw: {saw}" if saw else f"\nVerified by {by}")
