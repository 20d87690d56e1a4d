"""What a whole team has open."""

from bot import retro_thread
from bot.command import Command, Reply
from bot.commands.team import shared_channel
from bot.domain.errors import Refused
from bot.domain.owner_day import days_of
from bot.domain.recovery import is_late, owners
from bot.messages import board as messages
from bot.messages import owed as owed_messages
from bot.messages.board import MAX_LISTED
from bot.messages.parts import Page
from bot.ports import ReadOnlyWork


class Status(Command, frozen=True):
    """Shows what a whole team has open."""

    name = "board.status"
    access = "channel"
    audience = "channel"
    shown_at = "board"


def status(command: Status, work: ReadOnlyWork) -> Reply:
    """Open retros and items of the team, late ones first."""
    team = work.teams.get(shared_channel(command).id)
    if team is None:
        raise Refused("Nothing has failed here yet: the first failed case makes this channel a team.")
    first = command.page * MAX_LISTED
    retros_found = work.retros.open_in(team.channel_id, first + MAX_LISTED + 1)[first:]
    items_found = work.action_items.open_in(team.channel_id, first + MAX_LISTED + 1)[first:]
    listed, items = (
        retros_found[:MAX_LISTED],
        items_found[:MAX_LISTED],
    )
    links = retro_thread.links_of(
        {retro.case_number for retro, _ in listed} | {item.case_number for item in items}, work
    )
    recoveries = work.recoveries.open_in(team.channel_id, first + MAX_LISTED + 1)[first:]
    cases = work.retros.with_cases({recovery.case_number for recovery in recoveries})
    named = {item.owner for item in items} | {
        owner for recovery in recoveries for owner in owners(recovery)
    }
    people = work.people.among({person_id for person_id in named if person_id})
    days = days_of([*items, *recoveries], people, team.zone, command.at)
    more = max(len(retros_found), len(items_found), len(recoveries)) > MAX_LISTED
    owed = owed_messages.status(
        recoveries[:MAX_LISTED],
        {number: case for number, (_, case) in cases.items()},
        people,
        work.recoveries.tally(team.channel_id),
        days.today,
        {one.label for one in recoveries if is_late(one, days.of(one))},
    )
    page = Page(command.page, more)
    return Reply(message=messages.status(listed, items, links, people, days, owed=owed, page=page))
