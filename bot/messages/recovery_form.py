"""The forms about what is owed to a customer, and both sides of a case to read."""

from collections.abc import Mapping, Sequence

from bot.domain.action_item import ActionItem
from bot.domain.case import Case
from bot.domain.person import Person
from bot.domain.recovery import (
    Recovery,
    accounts,
)
from bot.domain.recovery_step import (
    QUESTIONS,
    STEPS,
    VERDICTS,
    Step,
    StepName,
)
from bot.domain.retro import Answer, Comment
from bot.messages.author import signed
from bot.messages.parts import (
    MAX_TEXT_LENGTH,
    Bold,
    Context,
    Day,
    Form,
    FormField,
    Option,
    Paragraph,
    Part,
    Quote,
    one_line,
)
from bot.messages.retro import heading
from bot.prompts import PROMPTS

EVERYTHING = "everything"
ENOUGH = "enough"
MAX_READ = 20
HOW = ("A call", "Face to face", "A video call", "An email", "A letter", "A chat message")


def _text(name: str, label: str, hint: str = "", *, needed: bool = True) -> FormField:
    return FormField(
        name=name, label=label, kind="text", needed=needed, hint=hint, max_length=MAX_TEXT_LENGTH
    )


def _how(label: str, hint: str = "") -> FormField:
    options = tuple(Option(value=way, label=way) for way in HOW)
    return FormField(name="how", label=label, kind="choice", needed=True, options=options, hint=hint)


# What each step asks for; a field's name is that of the step's own, or of what the command makes of it.
FIELDS: Mapping[StepName, tuple[FormField, ...]] = {
    "hear": (
        _text("words", "Their account, in their own words", "It is kept exactly as you write it here."),
    ),
    "apologise": (
        FormField(name="who", label="Who apologised", kind="person"),
        _how("How", "A call is best: people hear whether it is meant."),
        FormField(name="date", label="Date", kind="date", hint="Today, when it stays empty."),
        FormField(name="time", label="Time", kind="time"),
        _text("words", "What was said", needed=False),
    ),
    "apologise_publicly": (
        FormField(
            name="link",
            label="Link",
            needed=True,
            hint="To the public answer; it starts with https://.",
            max_length=2000,
        ),
        _text("words", "Text"),
    ),
    "ask_wish": (_text("words", "Their wish, in their own words"),),
    "promise": (
        _text("words", "What was agreed"),
        FormField(name="due", label="By when", kind="date", needed=True),
        _how("How they were told", "A promise counts once the customer knows it."),
        FormField(
            name="keeper",
            label="Who keeps it",
            kind="person",
            hint="They are reminded. Whoever looks after the customer, when it stays empty.",
        ),
    ),
    "keep": (_text("words", "What was done, and how"),),
    "check_back": (
        _text("words", QUESTIONS[0], "What they answered."),
        _text("view", QUESTIONS[1], "What they answered.", needed=False),
    ),
    "tell_changed": (
        _text("words", "What you tell them", "Change whatever you would say otherwise."),
        _text(
            "view",
            "Their view",
            "What they answered; it may come later, and it can become an action item.",
            needed=False,
        ),
    ),
    "verdict": (
        FormField(
            name="verdict",
            label="What they say",
            kind="choice",
            needed=True,
            options=tuple(Option(value=verdict, label=verdict) for verdict in VERDICTS),
            hint="Not recovered opens the case and its retro again.",
        ),
        _text("words", "In their own words", "Needed unless there was no answer.", needed=False),
    ),
}
# A form's title has room for 24 characters in Slack.
TITLES: Mapping[StepName, str] = {"ask_wish": "What would make it right"}


def step_form(
    name: StepName,
    recovery: Recovery,
    case: Case,
    values: Mapping[str, str],
    items: Sequence[ActionItem] = (),
) -> Form:
    """The form of a step, filled with what is known; `items` are the fixes that may not have held."""
    kind = STEPS[name]
    parts: list[Part] = [_about(recovery, case), Context(words=(kind.task,))]
    if kind.after is not None and recovery.is_in(kind.after, "to do"):
        parts.append(Context(words=(f"{STEPS[kind.after].label} usually comes first.",)))
    fields = FIELDS[name]
    if name == "verdict" and items:
        fields = (*fields, _unheld(items))
    if name == "tell_changed":
        told = "The draft holds what was verified, and nothing else: read it before you send it."
        parts.append(Context(words=(told,)))
    return Form(
        verb=f"recovery.{name}",
        title=TITLES.get(name, kind.label),
        about=recovery.case_label,
        channel_id=recovery.channel_id,
        parts=tuple(parts),
        fields=tuple(
            field.model_copy(update={"value": values.get(field.name, field.value)}) for field in fields
        ),
        submit="Save",
    )


def _about(recovery: Recovery, case: Case) -> Context:
    customer = f" · {one_line(case.customer, 60)}" if case.customer else ""
    return Context(words=(f"{recovery.case_label}{customer}: {one_line(case.what_happened)}",))


def _unheld(items: Sequence[ActionItem]) -> FormField:
    return FormField(
        name="item",
        label="Which fix did not hold",
        kind="choice",
        options=tuple(
            Option(value=item.label, label=f"{item.label} {one_line(item.what, 60)}") for item in items
        ),
        hint="When they name one, it is reopened with their words.",
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
            "We promised ourselves to look closely at what happened to you, and we did. We are sorry "
            f"for what it meant for you.\n\n{ask}"
        )
    listed = "\n".join(changed)
    return (
        "We are sorry for what happened to you. We looked closely at it, and this is different now:\n\n"
        f"{listed}\n\n{ask}"
    )


def hand_over_form(recovery: Recovery, case: Case, first: str) -> Form:
    """Hand over: one step, or all that is left for this customer."""
    to_do = [step.name for step in recovery.steps if step.state == "to do"]
    options = (
        Option(value=EVERYTHING, label="Everything that is left"),
        *(Option(value=name, label=STEPS[name].label) for name in to_do),
    )
    return Form(
        verb="recovery.hand_over",
        title="Hand over",
        about=recovery.case_label,
        channel_id=recovery.channel_id,
        parts=(_about(recovery, case),),
        fields=(
            _chosen("What", options, first if first in to_do else EVERYTHING),
            FormField(name="owner", label="New owner", kind="person", needed=True),
            _text("why", "Why", needed=False),
        ),
        submit="Hand over",
    )


def not_needed_form(recovery: Recovery, case: Case, first: str) -> Form:
    """Not needed: one step, or all that follows when an apology was enough."""
    to_do = [step.name for step in recovery.steps if step.state == "to do" and step.name != "verdict"]
    options = [Option(value=name, label=STEPS[name].label) for name in to_do]
    if recovery.is_in("promise", "to do"):
        label = "All after the apology: an apology was enough"
        options.append(Option(value=ENOUGH, label=label))
    hint = "Could the customer not be reached? Choose Hear the customer, and say how you tried."
    return Form(
        verb="recovery.not_needed",
        title="Not needed",
        about=recovery.case_label,
        channel_id=recovery.channel_id,
        parts=(_about(recovery, case),),
        fields=(
            _chosen("What", tuple(options), first if first in to_do else "", hint),
            _text("why", "Why"),
        ),
        submit="Not needed",
    )


def _chosen(label: str, options: tuple[Option, ...], value: str, hint: str = "") -> FormField:
    return FormField(
        name="step", label=label, kind="choice", needed=True, options=options, value=value, hint=hint
    )


def both_sides(
    recovery: Recovery,
    case: Case,
    answers: Sequence[Answer],
    comments: Sequence[Comment],
    people: Mapping[str, Person],
) -> Form:
    """The customer's account beside the team's, and all that was done, to read."""
    steps = accounts(recovery)
    parts: list[Part] = [
        Context(words=("Both sides as they were told; neither is judged.",)),
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
    order = [prompt.key for prompt in PROMPTS]
    asked = sorted(
        answers, key=lambda answer: order.index(answer.prompt) if answer.prompt in order else 99
    )
    for answer in asked[:MAX_READ]:
        parts.append(Context(words=(heading(answer, people.get(answer.author or "")),)))
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
    return Form(
        verb="recovery.read",
        title="Both sides",
        about=recovery.case_label,
        parts=(_about(recovery, case), *parts),
    )


def _done(recovery: Recovery, people: Mapping[str, Person]) -> list[Part]:
    """Every step with words, former rounds first."""
    parts: list[Part] = []
    for steps in (*recovery.earlier, recovery.steps):
        for step in steps:
            if step.name != "hear" and (step.words or step.view):
                parts += _told(step, people)
    return [Paragraph(words=(Bold(text="What was done"),)), *parts] if parts else []


def _told(step: Step, people: Mapping[str, Person]) -> list[Part]:
    by = people.get(step.by or "")
    who = f" · {by.name}" if by else ""
    when = (" · ", Day(day=step.at.date())) if step.at else ()
    state = step.chosen or step.state
    told: list[Part] = [Context(words=(f"{STEPS[step.name].label} · {state}{who}", *when))]
    told += [Quote(text=text) for text in (step.words, step.view) if text]
    return told
