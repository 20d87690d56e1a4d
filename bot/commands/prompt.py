"""What happens with a team's prompts: they are read, and the lead says what retros ask from then on."""

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from bot.command import Command, Invocation, Opening, Reply, Request
from bot.commands import team as team_commands
from bot.commands.stamped import Stamped, check_seen
from bot.domain import prompt as domain
from bot.domain.channel import Channel
from bot.domain.errors import Refused, check_all
from bot.domain.prompt import MAX_GAP, MAX_LABEL, MAX_QUESTION, NO_LABEL, NO_NAME, Kind, Prompt, Prompts
from bot.domain.reference import PromptsRef, Reference
from bot.domain.team import Team
from bot.fields import Choice, Line, MaybeTick, Text, choices, field
from bot.jobs import prompt as prompt_jobs
from bot.messages import prompt as messages
from bot.messages.page import SETTINGS
from bot.messages.parts import Form, Message
from bot.messages.stale_form import stamped
from bot.ports import ReadOnlyWork, UnitOfWork
from bot.prompts import of_team, with_prompts

WHAT = "what its retros ask"
"""Of a team, which is its lead's to say."""


class Show(Command, frozen=True):
    """Says what retros ask in a channel, of one kind of case or of any other."""

    name = "prompts.show"
    title = "Prompts"
    access = "members"
    set_at = SETTINGS

    subject: PromptsRef

    @classmethod
    def subject_of(cls, request: Request) -> Reference | None:
        if request.about:
            return super().subject_of(request)
        return PromptsRef(channel_id=team_commands.shared_channel_of(request).id)


class ShowKinds(Command, frozen=True):
    """Says which kinds of case a team has, and what their retros ask."""

    name = "kinds.show"
    title = messages.KINDS.label
    access = "members"
    set_at = SETTINGS

    subject: PromptsRef


class Worded(Command, frozen=True):
    """What the form of a prompt asks."""

    access = "members"
    set_at = SETTINGS

    subject: PromptsRef
    label: Line = field(
        "Label",
        needed=NO_LABEL,
        hint="A word or two, as in Training.",
        max_length=MAX_LABEL,
    )
    question: Text = field(
        "Question",
        hint="Ask how and what. It stands in the thread; without one only the form has this.",
        max_length=MAX_QUESTION,
        coach="team",
    )
    gap: Choice = field("Gap", hint="What an action item from its answers is filed under.")
    other_gap: Line = field(
        "Another gap",
        hint="One of your team's own, instead of those in the list.",
        max_length=MAX_GAP,
    )
    needed: MaybeTick = field("Needed", hint="Whoever answers the whole retro fills it in.")


class Add(Worded, frozen=True):
    """Adds a prompt, the last that is asked."""

    name = "prompt.add"
    title = "Add prompt"
    submit = "Add"


class Edit(Worded, Stamped, frozen=True):
    """Rewords a prompt; retros that are open keep the old words."""

    name = "prompt.edit"
    title = "Edit prompt"
    submit = "Save"


class Move(Command, frozen=True):
    """Asks a prompt earlier or later."""

    access = "members"
    set_at = SETTINGS
    by: ClassVar[int]

    subject: PromptsRef


class MoveUp(Move, frozen=True):
    """Asks a prompt before the one that was before it."""

    name = "prompt.move_up"
    by = -1


class MoveDown(Move, frozen=True):
    """Asks a prompt after the one that was after it."""

    name = "prompt.move_down"
    by = 1


class Retire(Command, frozen=True):
    """Takes a prompt out of what is asked."""

    name = "prompt.retire"
    access = "members"
    set_at = SETTINGS

    subject: PromptsRef


class BringBack(Command, frozen=True):
    """Asks a retired prompt again."""

    name = "prompt.bring_back"
    access = "members"
    set_at = SETTINGS

    subject: PromptsRef


class Named(Command, frozen=True):
    """What the form of a kind of case asks."""

    access = "members"
    set_at = SETTINGS

    subject: PromptsRef
    called: Line = field(
        "Name", needed=NO_NAME, hint="A word or two, as in Delivery.", max_length=MAX_LABEL
    )


class AddKind(Named, frozen=True):
    """Adds a kind of case, which begins with what the team asks."""

    name = "kind.add"
    title = "Add kind"
    submit = "Add"


class EditKind(Named, Stamped, frozen=True):
    """Gives a kind of case another name."""

    name = "kind.edit"
    title = "Rename kind"
    submit = "Save"


class RetireKind(Command, frozen=True):
    """Takes a kind of case out of the list to choose from."""

    name = "kind.retire"
    access = "members"
    set_at = SETTINGS

    subject: PromptsRef


class BringKindBack(Command, frozen=True):
    """Lets a retired kind of case be chosen again."""

    name = "kind.bring_back"
    access = "members"
    set_at = SETTINGS

    subject: PromptsRef


def show(command: Show, work: ReadOnlyWork) -> Reply:
    """What retros ask there, with what whoever asks may do about it."""
    ref = command.subject
    return Reply(message=_listing(_team(ref, command, work), ref.kind, command, work), replaces=True)


def show_kinds(command: ShowKinds, work: ReadOnlyWork) -> Reply:
    """The team's kinds of case."""
    return Reply(message=_kinds(_team(command.subject, command, work), command, work), replaces=True)


def open_add(opening: Opening, work: ReadOnlyWork) -> Reply:
    """Opens the form of a new prompt."""
    team, ref = _editable(opening, work)
    prompts = of_team(team, ref.kind)
    if opening.only_checks:
        filled = opening.readable("label", "gap")
        new = Prompt(key="", label=filled["label"] or "")
        check_all(
            lambda: domain.add(prompts, new),
            lambda: domain.check_gap(filled["gap"] or "", _gaps(team)),
        )
    return Reply(form=add_form(team, ref))


def add_form(team: Team, ref: PromptsRef) -> Form:
    """Add prompt."""
    return Add.form(ref, changed={"gap": {"options": choices(_gaps(team))}})


def add(command: Add, work: UnitOfWork) -> Reply:
    """Adds a prompt, the last that is asked."""

    def added(team: Team, prompts: Prompts) -> Prompts:
        changed, _ = check_all(
            lambda: domain.add(prompts, _worded(command, domain.new_key(), team)),
            lambda: domain.check_gap(command.gap, _gaps(team)),
        )
        return changed

    return _change(command, added, work, f"Added: {_one_line(command.label)}.")


def open_edit(opening: Opening, work: ReadOnlyWork) -> Reply:
    """Opens the form of a prompt, filled in with what it is."""
    team, ref = _editable(opening, work)
    prompts = of_team(team, ref.kind)
    prompt = domain.of_key(prompts, ref.key)
    if opening.only_checks:
        filled = opening.readable("label", "gap")
        reworded = prompt.model_copy(update={"label": filled["label"] or ""})
        check_all(
            lambda: domain.reword(prompts, reworded),
            lambda: domain.check_gap(filled["gap"] or "", _gaps(team)),
        )
    return Reply(form=edit_form(team, ref, prompt))


def edit_form(team: Team, ref: PromptsRef, prompt: Prompt) -> Form:
    """Edit prompt, filled in with what it is."""
    form = Edit.form(
        ref,
        values={
            "label": prompt.label,
            "question": prompt.question,
            "gap": prompt.gap,
            "needed": "yes" if prompt.needed else "",
        },
        changed={"gap": {"options": choices(_gaps(team))}},
    )
    return stamped(form)


def edit(command: Edit, work: UnitOfWork) -> Reply:
    """Rewords a prompt, from the next retro on."""

    def reworded(team: Team, prompts: Prompts) -> Prompts:
        ref = command.subject
        before = domain.of_key(prompts, ref.key)
        check_seen(edit_form(team, ref, before), command, work)
        needed = before.needed if command.needed is None else command.needed
        worded = _worded(command, ref.key, team).model_copy(update={"needed": needed})
        changed, _ = check_all(
            lambda: domain.reword(prompts, worded),
            lambda: domain.check_gap(command.gap, _gaps(team)),
        )
        return changed

    return _change(command, reworded, work, f"Saved: {_one_line(command.label)}.")


def move(command: Move, work: UnitOfWork) -> Reply:
    """Asks a prompt earlier or later."""
    key, by = command.subject.key, command.by
    return _change(command, lambda _, prompts: domain.move(prompts, key, by), work)


def retire(command: Retire, work: UnitOfWork) -> Reply:
    """Takes a prompt out of what is asked; it can be brought back."""
    key = command.subject.key
    return _change(command, lambda _, prompts: domain.retire(prompts, key), work)


def bring_back(command: BringBack, work: UnitOfWork) -> Reply:
    """Asks a retired prompt again, as the last."""
    key = command.subject.key
    return _change(command, lambda _, prompts: domain.bring_back(prompts, key), work)


def open_add_kind(opening: Opening, work: ReadOnlyWork) -> Reply:
    """Opens the form of a new kind of case."""
    _, ref = _editable(opening, work)
    return Reply(form=add_kind_form(ref))


def add_kind_form(ref: PromptsRef) -> Form:
    """Add kind."""
    return AddKind.form(ref, parts=messages.ABOVE_KIND)


def add_kind(command: AddKind, work: UnitOfWork) -> Reply:
    """Adds a kind of case, and shows what it asks, which is to be changed now."""
    team, ref = _made(command, work)
    kinds = domain.add_kind(team.kinds, _one_line(command.called), of_team(team))
    added = domain.kind_called(kinds, _one_line(command.called))
    shown = ref.model_copy(update={"kind": added.key if added else ""})
    changed = team.model_copy(update={"kinds": kinds})
    said = f"Added: {_one_line(command.called)}. What it asks is yours to change."
    return _save(team, changed, _listing(changed, shown.kind, command, work, said), command, work)


def open_edit_kind(opening: Opening, work: ReadOnlyWork) -> Reply:
    """Opens the form with the name of a kind of case."""
    team, ref = _editable(opening, work)
    return Reply(form=edit_kind_form(ref, domain.kind_of(team.kinds, ref.kind).name))


def edit_kind_form(ref: PromptsRef, name: str) -> Form:
    """Rename kind."""
    return stamped(EditKind.form(ref, values={"called": name}))


def edit_kind(command: EditKind, work: UnitOfWork) -> Reply:
    """Gives a kind of case another name; cases keep the one they were marked with."""
    ref, name = command.subject, _one_line(command.called)

    def renamed(kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        before = domain.kind_of(kinds, ref.kind)
        check_seen(edit_kind_form(ref, before.name), command, work)
        return domain.rename_kind(kinds, key=ref.kind, name=name)

    return _change_kinds(command, renamed, work, f"Saved: {name}.")


def retire_kind(command: RetireKind, work: UnitOfWork) -> Reply:
    """Takes a kind of case out of the list to choose from; it can be brought back."""
    return _change_kinds(command, partial(domain.retire_kind, key=command.subject.kind), work)


def bring_kind_back(command: BringKindBack, work: UnitOfWork) -> Reply:
    """Lets a retired kind of case be chosen again."""
    return _change_kinds(command, partial(domain.bring_kind_back, key=command.subject.kind), work)


def _change_kinds(
    command: Command,
    change: Callable[[tuple[Kind, ...]], tuple[Kind, ...]],
    work: UnitOfWork,
    said: str = "",
) -> Reply:
    """What `change` makes of the team's kinds of case, saved."""
    team, _ = _made(command, work)
    changed = team.model_copy(update={"kinds": change(team.kinds)})
    return _save(team, changed, _kinds(changed, command, work, said), command, work)


def _change(
    command: Command,
    change: Callable[[Team, Prompts], Prompts],
    work: UnitOfWork,
    said: str = "",
) -> Reply:
    """What `change` makes of the prompts that the command is about, saved."""
    team, ref = _made(command, work)
    changed = with_prompts(team, ref.kind, change(team, of_team(team, ref.kind)))
    return _save(team, changed, _listing(changed, ref.kind, command, work, said), command, work)


def _save(team: Team, changed: Team, shown: Message, command: Command, work: UnitOfWork) -> Reply:
    """Saves what is asked, lets the channel know once a day, and shows how it is now."""
    if changed != team:
        work.teams.save(changed)
        work.jobs.schedule(prompt_jobs.changed_job(changed, command.person.id, command.at))
    return Reply(message=shown, done=True, replaces=True)


def _kinds(team: Team, by: Invocation, work: ReadOnlyWork, said: str = "") -> Message:
    edits = team_commands.lead_to_ask(team, by, work) is None
    return messages.kinds(team, team_commands.lead_of(team, work), edits=edits, before=said)


def _listing(team: Team, kind: str, by: Invocation, work: ReadOnlyWork, said: str = "") -> Message:
    return messages.listing(
        team,
        of_team(team, kind),
        domain.kind_of(team.kinds, kind) if kind else None,
        team_commands.lead_of(team, work),
        edits=team_commands.lead_to_ask(team, by, work) is None,
        before=said,
    )


def _team(ref: PromptsRef, invocation: Invocation, work: ReadOnlyWork) -> Team:
    """The team of the channel, or what it would be with its first use."""
    channel = _channel(ref, invocation, work)
    return work.teams.get(ref.channel_id) or team_commands.new(channel, invocation)


def _editable(opening: Opening, work: ReadOnlyWork) -> tuple[Team, PromptsRef]:
    """The team whose prompts somebody wants to change; refuses whoever may not."""
    ref = _ref(opening)
    team = _team(ref, opening, work)
    team_commands.check_is_leads(team, opening, work, WHAT)
    return team, ref


def _made(command: Command, work: UnitOfWork) -> tuple[Team, PromptsRef]:
    """The same, where the first use makes the team."""
    ref = _ref(command)
    team = team_commands.of(_channel(ref, command, work), command, work)
    team_commands.check_is_leads(team, command, work, WHAT)
    return team, ref


def _ref(invocation: Invocation) -> PromptsRef:
    if not isinstance(invocation.subject, PromptsRef):
        raise Refused(domain.GONE)
    return invocation.subject


def _channel(ref: PromptsRef, invocation: Invocation, work: ReadOnlyWork) -> Channel:
    here = invocation.request.shared_channel
    if here is not None and here.id == ref.channel_id:
        return here
    return work.channels.get(ref.channel_id) or Channel(id=ref.channel_id, name=ref.channel_id)


def _gaps(team: Team) -> tuple[str, ...]:
    return domain.gaps_of(of_team(team), *(kind.prompts for kind in team.kinds))


def _worded(command: Worded, key: str, team: Team) -> Prompt:
    """The prompt as the form says it."""
    return Prompt(
        key=key,
        label=_one_line(command.label),
        question=command.question,
        gap=domain.written_gap(command.other_gap, _gaps(team)) or command.gap,
        needed=bool(command.needed),
    )


def _one_line(words: str) -> str:
    return " ".join(words.split())
