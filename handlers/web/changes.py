"""Renames and removes people and channels of the web workspace, which no platform does for it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bot.commands import team as team_commands
from bot.domain.case import Case
from bot.domain.channel import Channel
from bot.domain.person import Person
from bot.messages.parts import Context, Form, FormField, Option, OtherWay
from bot.ports import ReadOnlyWork, UnitOfWork
from handlers.web import additions
from handlers.web.additions import MAX_NAME_LENGTH, Faults

NAME = "change"
PERSON, CHANNEL = "person", "place"
WHAT_FOLLOWS = (
    "Whoever is removed cannot be chosen any more; what is theirs stays. A channel can be removed once "
    "nothing is open in it; what was said there stays in the export. Add one of the same name to bring "
    "it back."
)
CHOOSE = "Choose a person or a channel from the list."
SOMEBODY_STAYS = "Somebody has to stay: add another person first."
A_CHANNEL_STAYS = "One channel has to stay: add another one first."


class Changed(NamedTuple):
    """What a change did: a sentence, and the channel whose page and links are other ones now."""

    sentence: str
    channel: Channel | None = None


def here(work: ReadOnlyWork) -> Sequence[Person]:
    """The people who can be chosen, by name."""
    return [person for person in work.people.everybody() if not (person.bot or person.gone)]


def form(work: ReadOnlyWork) -> Form:
    """The dialog in which a person or a channel gets another name, or is removed."""
    options = [
        *(
            Option(value=f"{PERSON}:{person.id}", label=person.name, group="People")
            for person in here(work)
        ),
        *(
            Option(value=f"{CHANNEL}:{channel.id}", label=f"#{channel.name}", group="Channels")
            for channel in work.channels.all()
        ),
    ]
    return Form(
        command_name=NAME,
        title="Rename or remove",
        parts=(Context(words=(WHAT_FOLLOWS,)),),
        fields=(
            FormField(
                name="who", label="Who or which channel", kind="choice", needed=True, options=options
            ),
            FormField(name="name", label="New name", max_length=MAX_NAME_LENGTH, hint="Only to rename."),
        ),
        submit="Rename",
        other_way=OtherWay(label="Remove"),
    )


def change(
    work: UnitOfWork, values: Mapping[str, str], *, remove: bool
) -> tuple[Changed | None, Faults]:
    """Renames or removes what was chosen; or what is wrong with that, by field."""
    kind, _, chosen_id = values["who"].partition(":")
    person = work.people.get(chosen_id) if kind == PERSON else None
    channel = work.channels.get(chosen_id) if kind == CHANNEL else None
    if person is not None and not (person.gone or person.bot):
        return _remove_person(work, person) if remove else _rename_person(work, person, values["name"])
    if channel is not None and channel.kind == "shared" and not channel.gone:
        return (
            _remove_channel(work, channel) if remove else _rename_channel(work, channel, values["name"])
        )
    # Somebody else removed it meanwhile, or nothing was chosen; an empty name is said beside it.
    empty = {} if remove or values["name"].strip() else {"name": additions.name_fault("")}
    return None, {"who": CHOOSE, **empty}


def _rename_person(work: UnitOfWork, person: Person, name: str) -> tuple[Changed | None, Faults]:
    name = name.strip()
    fault = additions.name_fault(name) or additions.person_is_here(work, name, but=person.id)
    if fault:
        return None, {"name": fault}
    work.people.remember(person.model_copy(update={"name": name}))
    return Changed(f"{person.name} is called {name} now."), {}


def _remove_person(work: UnitOfWork, person: Person) -> tuple[Changed | None, Faults]:
    if len(here(work)) == 1:
        return None, {"who": SOMEBODY_STAYS}
    work.people.remember(person.model_copy(update={"gone": True}))
    return Changed(f"{person.name} was removed. What is theirs stays."), {}


def _rename_channel(work: UnitOfWork, channel: Channel, name: str) -> tuple[Changed | None, Faults]:
    name = additions.channel_name(name)
    fault = additions.name_fault(name) or additions.channel_is_here(work, name, but=channel.id)
    if fault:
        return None, {"name": fault}
    renamed = team_commands.rename(channel, name, work)
    return Changed(f"#{channel.name} is called #{name} now.", renamed), {}


def _remove_channel(work: UnitOfWork, channel: Channel) -> tuple[Changed | None, Faults]:
    if len(work.channels.all()) == 1:
        return None, {"who": A_CHANNEL_STAYS}
    open_here = {
        "a retro that is open": work.retros.open_in(channel.id, 1),
        "an action item that is not finished": work.action_items.open_in(channel.id, 1),
        "a customer who waits": work.recoveries.open_in(channel.id, 1),
        "older cases that nobody has opened": work.cases.without_retro(channel.id, 1),
        "a cancelled retro that is not ended and could be brought back": _could_come_back(
            channel.id, work
        ),
    }
    left = [what for what, things in open_here.items() if things]
    if left:
        return None, {"who": f"#{channel.name} still has {' and '.join(left)}: end that first."}
    removed = channel.model_copy(update={"gone": True})
    work.channels.remember(removed)
    return Changed(f"#{channel.name} was removed.", removed), {}


def _could_come_back(channel_id: str, work: ReadOnlyWork) -> Sequence[Case]:
    """The cancelled cases of a channel that would go on there if somebody brought them back."""
    found: list[Case] = []
    page = work.cases.after(0)
    while page:
        cancelled = [case for case in page if case.channel_id == channel_id and case.cancelled]
        numbers = {case.number for case in cancelled}
        retros, recoveries = work.retros.among(numbers), work.recoveries.among(numbers)
        open_retros = {number for number, retro in retros.items() if retro.state == "open"}
        waiting = {number for number, each in recoveries.items() if each.outcome is None}
        found += [case for case in cancelled if case.number in open_retros | waiting]
        page = work.cases.after(page[-1].number)
    return found
