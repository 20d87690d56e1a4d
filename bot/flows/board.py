"""What a whole team has open."""

from bot.domain.errors import Refused
from bot.domain.working_hours import today
from bot.flows import retro as retros
from bot.flows.action_item import MOST_LISTED
from bot.messages import board as messages
from bot.ports import UnitOfWork
from bot.request import Reply, Request


async def status(request: Request, work: UnitOfWork) -> Reply:
    """Open retros and items of the team, late ones first."""
    if request.place is None or request.place.kind == "direct":
        raise Refused("This belongs to a team: type /amends status in the team's own place.")
    team = await work.teams.get(request.place.id)
    if team is None:
        raise Refused("Nothing has failed here yet: the first /amends failed makes this place a team.")
    day = today(team.zone, request.at)
    retros_found = await work.retros.open_in(team.place, MOST_LISTED + 1)
    items_found = await work.action_items.open_in(team.place, MOST_LISTED + 1)
    listed, items = retros_found[:MOST_LISTED], items_found[:MOST_LISTED]
    links = await retros.links_of(
        {retro.case for retro, _ in listed} | {item.case for item in items}, work
    )
    people = await work.people.among({item.owner for item in items if item.owner})
    more = max(len(retros_found), len(items_found)) > MOST_LISTED
    return Reply(message=messages.status(listed, items, links, people, day, more=more))
