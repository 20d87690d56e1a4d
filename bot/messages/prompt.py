"""What people read about the prompts of a team: the list that its lead edits, and that it changed."""

from collections.abc import Sequence

from bot.domain.channel import channel_label
from bot.domain.person import Person
from bot.domain.prompt import Kind, Prompt, Prompts, asked, retired
from bot.domain.reference import PromptsRef
from bot.domain.team import Team
from bot.messages.author import signed
from bot.messages.parts import (
    Bold,
    Button,
    Buttons,
    Context,
    Inline,
    Line,
    Message,
    Paragraph,
    Part,
    Status,
    Words,
    one_line,
)
from bot.messages.team import leaderless

ADD = Button(label="Add prompt", command_name="prompt.add", about="", look="main", opens=True)
EDIT = Button(label="Edit", command_name="prompt.edit", about="", opens=True)
UP = Button(label="Move up", command_name="prompt.move_up", about="")
DOWN = Button(label="Move down", command_name="prompt.move_down", about="")
RETIRE = Button(label="Retire", command_name="prompt.retire", about="")
BRING_BACK = Button(label="Bring back", command_name="prompt.bring_back", about="")
SHOW = Button(label="Show", command_name="prompts.show", about="", opens=True)
ALL = Button(label="All prompts", command_name="prompts.show", about="", opens=True)
KINDS = Button(label="Kinds of case", command_name="kinds.show", about="", opens=True)
ADD_KIND = Button(label="Add kind", command_name="kind.add", about="", opens=True)
RENAME_KIND = Button(label="Rename", command_name="kind.edit", about="", opens=True)
RETIRE_KIND = Button(label="Retire", command_name="kind.retire", about="")
BRING_KIND_BACK = Button(label="Bring back", command_name="kind.bring_back", about="")
SHOWN = 90
"""Characters of a question in the list: all that a team can have fits one message of each platform."""
OPEN_KEEP = "A retro that is open keeps what it asked when it opened."
WHY_KINDS = "Cases that need other questions, deliveries say, can be a kind with prompts of its own."
ABOVE_KIND = (
    Context(
        words=("It begins with what your team asks now. Who marks a case failed chooses the kind.",)
    ),
)


def listing(
    team: Team,
    prompts: Prompts,
    kind: Kind | None,
    lead: Person | None,
    *,
    edits: bool,
    before: str = "",
) -> Message:
    """What retros ask, of this kind of case or of any other; `edits`: whoever reads it may change it.

    `before`: what was just done.
    """
    ref = PromptsRef(channel_id=team.channel_id, kind=kind.key if kind else "")
    of_kind = f" of {kind.name}" if kind else ""
    title = f"What retros{of_kind} ask in {channel_label(team.name)}"
    shown = asked(prompts)
    parts: list[Part] = [
        _asked(prompt, ref, _can_do(number, shown) if edits else ())
        for number, prompt in enumerate(shown)
    ]
    if edits:
        parts += [_retired(prompt.label, BRING_BACK, ref.at(prompt.key)) for prompt in retired(prompts)]
    others = [each for each in team.kinds if not each.retired]
    if kind is None and others:
        named = ", ".join(each.name for each in others)
        parts.append(Context(words=(f"Kinds of case that ask something else: {named}.",)))
    elif kind is None and edits:
        parts.append(Context(words=(WHY_KINDS,)))
    parts += _below(team, lead, edits=edits)
    whole = PromptsRef(channel_id=team.channel_id)
    more = [_about(ALL, whole)] if kind else [_about(ADD_KIND, whole)] if edits else []
    kinds = (_about(KINDS, whole),) if team.kinds else ()
    buttons = (*((_about(ADD, ref),) if edits else ()), *more, *kinds)
    return _shown(title, [*parts, *((Buttons(buttons=buttons),) if buttons else ())], before)


def kinds(team: Team, lead: Person | None, *, edits: bool, before: str = "") -> Message:
    """The kinds of case of a team, and what their retros ask; `edits` and `before` as of `listing`."""
    whole = PromptsRef(channel_id=team.channel_id)
    parts: list[Part] = [
        _kind(kind, whole, edits=edits) for kind in team.kinds if edits or not kind.retired
    ]
    parts += [*([] if parts else [Context(words=(WHY_KINDS,))]), *_below(team, lead, edits=edits)]
    add = ADD_KIND.model_copy(update={"look": "main"})
    buttons = (*((_about(add, whole),) if edits else ()), _about(ALL, whole))
    title = f"Kinds of case in {channel_label(team.name)}"
    return _shown(title, [*parts, Buttons(buttons=buttons)], before)


def _shown(title: str, parts: Sequence[Part], before: str) -> Message:
    """A list under its title; after something was done, that stands first."""
    if not before:
        return Message(summary=title, title=title, parts=tuple(parts))
    head = (Paragraph(words=(before,)), Paragraph(words=(Bold(text=title),)))
    return Message(summary=before, parts=(*head, *parts))


def _below(team: Team, lead: Person | None, *, edits: bool) -> Sequence[Part]:
    """Who may change it, for those who may not, and what that changes not."""
    only = f"Only the team's lead{_called(lead)} can change this."
    who = leaderless(team, lead) if edits else only
    return (*((Context(words=(who,)),) if who else ()), Context(words=(OPEN_KEEP,)))


def _about(button: Button, ref: PromptsRef) -> Button:
    return button.model_copy(update={"about": str(ref)})


def _can_do(number: int, shown: Prompts) -> tuple[Button, ...]:
    """What can be done with one of them: the first cannot go up, nor the last one down."""
    up = (UP,) if number > 0 else ()
    down = (DOWN,) if number < len(shown) - 1 else ()
    return (EDIT, *up, *down, RETIRE)


def _asked(prompt: Prompt, ref: PromptsRef, buttons: Sequence[Button]) -> Line:
    """One prompt: its label, what it asks, and the gap that its answers file under."""
    words: list[Inline] = [Bold(text=prompt.label)]
    if prompt.needed:
        words += [" · ", Status(sign="note", text="needed")]
    if prompt.gap:
        words.append(f" · gap: {prompt.gap}")
    words.append(f"\n{one_line(prompt.question, SHOWN) or 'Stands in the form only.'}")
    can_do = [_about(button, ref.at(prompt.key)) for button in buttons]
    return Line(words=tuple(words), button=can_do[0] if can_do else None, menu=tuple(can_do[1:]))


def _retired(name: str, button: Button, ref: PromptsRef) -> Line:
    return Line(words=(Bold(text=name), " · retired"), button=_about(button, ref))


def _kind(kind: Kind, whole: PromptsRef, *, edits: bool) -> Line:
    """A kind of case; each of its prompts is a click away."""
    ref = whole.model_copy(update={"kind": kind.key})
    if kind.retired:
        return _retired(kind.name, BRING_KIND_BACK, ref)
    words: Words = (Bold(text=kind.name), f"\n{one_line(_labels(asked(kind.prompts)), SHOWN)}")
    menu = tuple(_about(button, ref) for button in (RENAME_KIND, RETIRE_KIND)) if edits else ()
    return Line(words=words, button=_about(SHOW, ref), menu=menu)


def _called(lead: Person | None) -> str:
    return f", {signed(lead.name)}," if lead else ""


def _labels(prompts: Prompts) -> str:
    return ", ".join(prompt.label for prompt in prompts)


def changed(team: Team, prompts: Prompts, by: Person | None) -> Message:
    """In the channel: who changed what retros ask, and what that is from the next one on."""
    first = f"{signed(by.name) if by else 'Somebody'} changed what retros ask here."
    rows = [f"From the next retro on: {_labels(asked(prompts))}."]
    rows += [f"{kind.name}: {_labels(asked(kind.prompts))}." for kind in team.kinds if not kind.retired]
    return Message(
        summary=first,
        parts=(Paragraph(words=(first,)), *(Context(words=(row,)) for row in rows)),
    )
