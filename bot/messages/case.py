"""What people read about a case."""

from collections.abc import Mapping

from bot.domain.case import Case
from bot.messages.parts import (
    MAX_TEXT_LENGTH,
    Button,
    ChannelName,
    Context,
    Form,
    FormField,
    Inline,
    Link,
    Message,
    Paragraph,
    Quote,
    Words,
    sentence,
)

SHOW_ALL = "Show all"


def fail_form(
    *,
    channel_id: str,
    values: Mapping[str, str],
    link: str | None = None,
    asks_channel: bool = False,
    zone: str = "",
) -> Form:
    """Mark a case failed; `asks_place` too, when nobody said where.

    `zone` is the team's, as far as it is known.
    """
    where = FormField(
        name="place",
        label="Team's place",
        kind="place",
        needed=True,
        hint="Where the retro opens.",
    )
    fields = (
        FormField(
            name="what_happened",
            label="What happened",
            kind="text",
            needed=True,
            max_length=MAX_TEXT_LENGTH,
            hint="The facts, as the customer met them. The first words become the retro's title.",
        ),
        FormField(name="reference", label="Case reference", hint="Its number elsewhere, e.g. ZD-4711."),
        FormField(name="customer", label="Customer"),
        FormField(name="date", label="Date", kind="date", hint="When it happened, as far as you know."),
        FormField(
            name="time",
            label="Time",
            kind="time",
            hint=f"In the team's time zone{f' ({zone})' if zone else ''}.",
        ),
        FormField(
            name="public_post",
            label="Public post",
            hint="A link, when the complaint is public.",
            max_length=2000,
        ),
    )
    shown = (where, *fields) if asks_channel else fields
    return Form(
        verb="case.fail",
        title="Mark a case failed",
        channel_id=channel_id,
        parts=(Context(words=("From ", Link(text="this message", url=link), ".")),) if link else (),
        fields=tuple(
            field.model_copy(update={"value": values[field.name]}) if values.get(field.name) else field
            for field in shown
        ),
        submit="Open the retro",
        hidden={"link": link} if link else {},
    )


def failed(case: Case, channel_name: str) -> Message:
    """To the person who marked it failed: where its retro opens."""
    words: Words = (
        f"{case.label} is marked failed. Its retro opens in ",
        ChannelName(channel_id=case.channel_id, name=channel_name),
        ".",
    )
    return Message(summary=f"{case.label} is marked failed.", parts=(Paragraph(words=words),))


def already(case: Case, channel_name: str, link: str | None) -> Message:
    """To the person who marked the same case failed again: where the first retro is."""
    where: tuple[Inline, ...] = (
        (Link(text=f"the retro {case.label}", url=link),) if link else (f"the retro {case.label}",)
    )
    words: Words = (
        f"{case.reference or 'This case'} already has a retro, so no second one was opened: see ",
        *where,
        " in ",
        ChannelName(channel_id=case.channel_id, name=channel_name),
        ".",
    )
    return Message(
        summary=f"{case.reference or 'This case'} already has the retro {case.label}.",
        parts=(Paragraph(words=words),),
    )


def story(case: Case) -> Form:
    """All of what happened, to read."""
    return Form(
        verb="case.read",
        title=f"{case.label}: what happened",
        about=case.label,
        parts=(Quote(text=case.what_happened),),
    )


def show_all(verb: str, about: str) -> Button:
    """The button to the rest of a shortened text."""
    return Button(label=SHOW_ALL, verb=verb, about=about, opens=True)


def withdrawn() -> Message:
    """In place of a message that named a customer."""
    return sentence("This was taken back with the customer's details. The retro holds what was learned.")


def unsaid(what: str, reason: str, *, channel_id: str, name: str) -> Message:
    """To the person who asked: which message could not be said, why, and that it is not lost.

    Without a `channel` it was meant for one person's direct messages.
    """
    where: tuple[Inline, ...] = (
        (" in ", ChannelName(channel_id=channel_id, name=name)) if channel_id else ()
    )
    return Message(
        summary=f"I could not post {what}: {reason}",
        parts=(
            Paragraph(words=(f"I could not post {what}", *where, f". {reason}")),
            Context(words=("What you did is saved; only this message is missing.",)),
        ),
    )
