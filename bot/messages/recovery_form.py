"""The forms about what is owed to a customer, and both sides of a case to read."""

from collections.abc import Mapping, Sequence
from datetime import date

from bot.domain.action_item import ActionItem
from bot.domain.case import Case
from bot.domain.later_word import suggested
from bot.domain.person import Person
from bot.domain.prompt import Prompts
from bot.domain.recovery import (
    Recovery,
    accounts,
    kind_of,
)
from bot.domain.recovery_step import (
    HOLDING,
    STEPS,
    Step,
    StepName,
)
from bot.domain.retro import Answer, Comment
from bot.domain.signal import BEST_RATING, Signal
from bot.messages.author import signed
from bot.messages.parts import (
    Bold,
    Buttons,
    Context,
    Form,
    Link,
    Option,
    Paragraph,
    Part,
    Quote,
    Words,
    joined,
    on,
    one_line,
)
from bot.messages.recovery import offers, round_words
from bot.messages.retro import heading

EVERYTHING = "everything"
ENOUGH = "enough"
MAX_READ = 20
HOW = ("A call", "Face to face", "A video call", "An email", "A letter", "A chat message")


CORRECTING = Context(
    words=("It is kept as you write it here, and the card says that you corrected it.",)
)
TAKING_BACK = Context(
    words=(
        "It is to do again, and the card says that you took it back. Promise takes Keep the promise and "
        "Check back with it. How it ended, taken back, opens the recovery again; a retro and fixes "
        "that were reopened stay open.",
    )
)


def above_step(name: StepName, recovery: Recovery, case: Case) -> tuple[Part, ...]:
    """Above the form of a step: which customer, what to do, and what usually comes before."""
    kind = kind_of(recovery, name)
    parts: list[Part] = [about(recovery, case), Context(words=(kind.task,))]
    if kind.after is not None and recovery.is_in(kind.after, "to do"):
        parts.append(Context(words=(f"{STEPS[kind.after].label} usually comes first.",)))
    if name == "tell_changed":
        holds = "what was verified, and nothing else" if recovery.has_verified else "no change"
        parts.append(Context(words=(f"The draft names {holds}: read it before you send it.",)))
    return tuple(parts)


def heard(signal: Signal | None) -> Mapping[str, str]:
    """How it ended, as the customer's last word in their helpdesk says: a draft to read over."""
    if signal is None:
        return {}
    rated = f"Rated {signal.rating} of {BEST_RATING}." if signal.rating is not None else ""
    return {"verdict": suggested(signal) or "", "words": signal.words or rated}


def about(recovery: Recovery, case: Case) -> Context:
    """Which customer a form is about, on one quiet line."""
    customer = f" · {one_line(case.customer, 60)}" if case.customer else ""
    return Context(words=(f"{recovery.case_label}{customer}: {one_line(case.what_happened)}",))


def fixes(items: Sequence[ActionItem]) -> tuple[Option, ...]:
    """The fixes that may not have held, to choose from."""
    return tuple(
        Option(value=item.label, label=f"{item.label} {one_line(item.what, 60)}") for item in items
    )


def draft(items: Sequence[ActionItem]) -> str:
    """Words to the customer, from what was verified and from nothing else."""
    changed = []
    for item in items:
        done = item.last("done")
        if item.state == "verified":
            changed.append(f"- {' '.join((done.words if done and done.words else item.what).split())}")
    ask = "How does this look to you? If there is more that we should know or change, please tell us."
    if not changed:
        return (
            "We are sorry for what happened to you, and for what it meant for you. Today we have no "
            "change to tell you about, and we do not want to name one that nobody has seen work.\n\n"
            f"{ask}"
        )
    listed = "\n".join(changed)
    return (
        "We are sorry for what happened to you. We looked closely at it, and this is different now:\n\n"
        f"{listed}\n\n{ask}"
    )


def that_can_be_handed_over(recovery: Recovery) -> tuple[Option, ...]:
    """What can be put into other hands: all that is left for this customer, or one step of it."""
    to_do = [step.name for step in recovery.steps if step.state == "to do"]
    return (
        Option(value=EVERYTHING, label="Everything that is left"),
        *(Option(value=name, label=kind_of(recovery, name).label) for name in to_do),
    )


def that_can_be_left(recovery: Recovery) -> tuple[Option, ...]:
    """What can be left out: one step, or all that follows when an apology was enough."""
    to_do = [step.name for step in recovery.steps if step.state == "to do" and step.name != "verdict"]
    options = [Option(value=name, label=kind_of(recovery, name).label) for name in to_do]
    if recovery.is_in("promise", "to do"):
        label = "All after the apology: an apology was enough"
        options.append(Option(value=ENOUGH, label=label))
    return tuple(options)


def steps_to_choose(names: Sequence[StepName]) -> tuple[Option, ...]:
    """Steps that somebody has taken, to choose one from."""
    return tuple(Option(value=name, label=STEPS[name].label) for name in names)


def both_sides(
    recovery: Recovery,
    case: Case,
    prompts: Prompts,
    answers: Sequence[Answer],
    comments: Sequence[Comment],
    people: Mapping[str, Person],
) -> Form:
    """The customer's account beside the team's, and all that was done, to read."""
    steps = accounts(recovery)
    parts: list[Part] = [
        Context(words=("Both sides, as they were told.",)),
        Paragraph(words=(Bold(text="The customer's side"),)),
        *(Quote(text=step.words) for step in steps),
    ]
    if not steps:
        hear = recovery.step("hear")
        why = (
            f"They could not be heard: {hear.words}" if hear.state == "not needed" else "Not heard yet."
        )
        parts.append(Context(words=(why,)))
    parts.append(Paragraph(words=(Bold(text="The team's side"),)))
    order = [prompt.key for prompt in prompts]
    in_order = sorted(
        answers, key=lambda answer: order.index(answer.prompt) if answer.prompt in order else 99
    )
    for answer in in_order[:MAX_READ]:
        parts.append(Context(words=(heading(answer, prompts, people.get(answer.author or "")),)))
        parts.append(Quote(text=answer.text))
    for comment in comments[:MAX_READ]:
        author = people.get(comment.author)
        parts.append(Context(words=(signed(author.name) if author else "Somebody",)))
        parts.append(Quote(text=comment.text))
    if not answers and not comments:
        parts.append(Context(words=("Nobody has answered yet.",)))
    if len(answers) > MAX_READ or len(comments) > MAX_READ:
        parts.append(Context(words=("There is more, in the thread.",)))
    parts.extend(_done(recovery, people))
    further = offers(recovery, case.ref).under_both_sides
    if further and not recovery.cancelled:
        parts += [Context(words=("More that you can do:",)), Buttons(buttons=further)]
    return Form(
        command_name="recovery.read",
        title="Both sides",
        about=str(case.ref),
        parts=(about(recovery, case), *parts),
    )


def _done(recovery: Recovery, people: Mapping[str, Person]) -> list[Part]:
    """Every step that was taken or left out, former rounds first."""
    rounds, day = (*recovery.earlier, recovery.steps), recovery.touched_at.date()
    parts: list[Part] = []
    for number, steps in enumerate(rounds, start=1):
        told = [part for step in steps if step.state != "to do" for part in _told(step, people, day)]
        head = f"What was done in the {round_words(number)}" if recovery.earlier else "What was done"
        parts += [Paragraph(words=(Bold(text=head),)), *told] if told else []
    return parts


def _told(step: Step, people: Mapping[str, Person], day: date) -> list[Part]:
    """Who did it, when and how; and its words, save the customer's account, which stands above."""
    facts: list[Words] = [(step.kind.label,), (step.chosen or step.state,)]
    if by := people.get(step.by or ""):
        facts.append((by.name,))
    if step.at:
        facts.append((on(step.at.date(), day),))
    if step.how and step.how != HOLDING:
        facts.append((step.how,))
    if step.due:
        facts.append(("by ", on(step.due, day)))
    if step.link:
        facts.append((Link(text="the post", url=step.link),))
    if corrector := people.get(step.corrected_by or ""):
        when: Words = (" on ", on(step.corrected_at.date(), day)) if step.corrected_at else ()
        facts.append((f"corrected by {corrector.name}", *when))
    texts = [step.view] if step.name == "hear" and step.state == "done" else [step.words, step.view]
    return [Context(words=joined(*facts)), *(Quote(text=text) for text in texts if text)]
