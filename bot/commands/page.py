"""What somebody sees on a page in a browser: reads alone, by the access rule as every command."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from functools import partial
from typing import get_args

from bot import retro_thread
from bot.access import STRANGE_CHANNEL
from bot.board import BoardQuery, look
from bot.command import Command, Reply
from bot.commands import connection, export, search
from bot.commands import trends as trends_commands
from bot.commands.board import among_known
from bot.domain import case_list
from bot.domain.board import BY_NAME, GROUPS, MAX_COUNTED, WORDS, Board
from bot.domain.board_filter import MINE, Filters, UnknownFilter, with_owner
from bot.domain.case import by_case
from bot.domain.case_list import WRONG_ADDRESS, CaseList, Order, Place, read_place
from bot.domain.errors import Refused
from bot.domain.notification_preferences import NotificationPreferences
from bot.domain.reference import CaseRef, ItemRef, not_found
from bot.domain.search import asked_for
from bot.domain.team import Team, lead_to_ask
from bot.domain.working_hours import moment, today
from bot.fields import Choice, Day, Line, MaybeTick, Number, field
from bot.jobs.recovery import card_context
from bot.messages import board_page, case_page, item_page, search_page, team_page
from bot.messages.board import HEADINGS
from bot.messages.page import Listing, Page
from bot.messages.parts import FormField, Option, Words
from bot.messages.team import left_out
from bot.messages.trends_page import trends_page
from bot.ports import ReadOnlyWork
from bot.prompts import gaps_in_teams

ROWS = 50
"""Things on a part of a list."""
FOUND = 20
"""Cases on a part of what was found: each has its snippet."""
MAX_SHOWN = 10
"""Things of a group on the board, the most urgent: with eleven groups the page stays below 200 KB."""
NO_TEAM = "You are in no team's channel yet. The first failed case makes a channel a team."


class PageCommand(Command, frozen=True):
    """Something that a browser asks to see.

    It gathers whatever it is about: so a page takes as long for what is somebody else's as for what is
    not there.
    """

    gathers = True
    of_cancelled = True


class ShowBoard(PageCommand, frozen=True):
    """What needs somebody."""

    name = "page.board"
    access = "channel"

    team: Line = field("Team")
    show: Choice = field("Group", options=tuple(BY_NAME))
    gap: Line = field("Gap")
    owner: Line = field("Owner")
    since: Day = field("Failed since")
    late: MaybeTick = field("Late")
    mine: MaybeTick = field("Mine")
    unowned: MaybeTick = field("Without an owner")
    waiting: MaybeTick = field("Waiting")
    customers: MaybeTick = field("Customers")
    after: Number = field("Part")


class ShowCases(PageCommand, frozen=True):
    """The list of cases."""

    name = "page.cases"
    access = "channel"

    team: Line = field("Team")
    state: Choice = field("Retro", options=("open", "closed"))
    gap: Line = field("Gap")
    since: Day = field("Failed since")
    sort: Choice = field(
        "Order", options=tuple(f"{way}{by}" for by in get_args(Order) for way in ("", "-"))
    )
    after: Line = field("Part")


class ShowFound(PageCommand, frozen=True):
    """What was found by words."""

    name = "page.find"
    access = "channel"

    looked_for: Line = field("Find", name="q")
    team: Line = field("Team")
    after: Number = field("Part")


class ShowTrends(PageCommand, frozen=True):
    """Half a year in figures."""

    name = "page.trends"
    access = "channel"

    team: Line = field("Team")


class ShowSettings(PageCommand, frozen=True):
    """How the teams work, and how whoever looks is reminded."""

    name = "page.settings"
    access = "channel"
    connects = True

    team: Line = field("Team")


class ShowCase(PageCommand, frozen=True):
    """One case with its retro."""

    name = "page.case"
    access = "thing"

    subject: CaseRef


class ShowCustomer(PageCommand, frozen=True):
    """What a case's customer is owed."""

    name = "page.customer"
    access = "thing"

    subject: CaseRef


class ShowItem(PageCommand, frozen=True):
    """One action item."""

    name = "page.item"
    access = "thing"

    subject: ItemRef


def show_board(command: ShowBoard, work: ReadOnlyWork) -> Reply:
    """What `status` answers, in all their teams or in one; or all of one group, a part of it."""
    every = _teams(command, work)
    teams = list(_chosen(every, command.team).values())
    if not teams:
        return Reply(page=_nothing("Board", "board", command))
    filters, page = _board_filters(command, teams, work), command.after or 0
    if page < 0:
        raise Refused(WRONG_ADDRESS, "after")
    limit = ROWS if command.show else MAX_SHOWN
    groups = (BY_NAME[command.show],) if command.show else GROUPS
    query = BoardQuery(filters, command.at, command.person, limit, page * limit if command.show else 0)
    board = look(teams, groups, query, work)
    narrowed = (*_team_filter(command.team, every), *_board_fields(command, board))
    if not command.show:
        listing = Listing(filters=narrowed)
        reader_id = command.person.id
        return Reply(page=board_page.board_page(board, filters, reader_id, listing, _unasked(command)))
    count, end = board.counts[command.show], query.skipped + len(board.things[command.show])
    goes_on = end > query.skipped and (count > end or count > MAX_COUNTED)
    listing = Listing(filters=narrowed, later=str(page + 1) if goes_on else "", first=page == 0)
    return Reply(page=board_page.group_page(board, groups[0], filters, listing, _unasked(command)))


def _board_filters(command: ShowBoard, teams: Sequence[Team], work: ReadOnlyWork) -> Filters:
    """What the address leaves of the board; an owner is found by name, as typed words name them."""
    filters = Filters(
        words=frozenset(word for word in WORDS if getattr(command, word)),
        owner=command.person.id if command.mine else "",
        gap=command.gap,
        since=command.since,
        team=command.team,
    )
    if not command.owner:
        return filters
    try:
        return among_known(partial(with_owner, filters, command.owner), command, teams, work)
    except UnknownFilter as unknown:
        raise Refused(unknown.sentence, "owner") from None


def _board_fields(command: ShowBoard, board: Board) -> tuple[FormField, ...]:
    specs = {spec.name: spec for spec in command.fields()}
    groups = tuple(Option(value=name, label=heading) for name, heading in HEADINGS.items())
    names = tuple(Option(value=person.name, label=person.name) for person in board.people.values())
    ticks = (specs[name].drawn("yes" if getattr(command, name) else "") for name in (MINE, *WORDS))
    return (
        specs["show"].drawn(command.show).model_copy(update={"options": groups}),
        *_gap_and_since(command, board.teams),
        specs["owner"].drawn(command.owner).model_copy(update={"options": names}),
        *ticks,
    )


def show_cases(command: ShowCases, work: ReadOnlyWork) -> Reply:
    """A part of the list of cases, as its address says."""
    every = _teams(command, work)
    teams = _chosen(every, command.team)
    if not teams:
        return Reply(page=_nothing("Cases", "cases", command))
    sort = command.sort or "-failed"
    wanted = CaseList(
        channels=tuple(teams),
        state=command.state,
        gap=command.gap,
        since=_beginning(command.since, teams),
        order=sort.lstrip("-"),
        highest_first=sort.startswith("-"),
    )
    after = read_place(command.after)
    places = work.cases.listed(wanted, after, ROWS + 1)
    shown = places[:ROWS]
    listing = Listing(
        filters=(
            *_team_filter(command.team, every),
            *_filters(command, teams),
        ),
        sort=sort,
        later=case_list.written(shown[-1], wanted.order) if len(places) > ROWS else "",
        first=after is None,
    )
    rows = _rows(shown, work)
    around = case_page.Around(teams, command.at)
    return Reply(page=case_page.case_list(rows, around, listing, _unasked(command)))


def _rows(places: Sequence[Place], work: ReadOnlyWork) -> Sequence[case_page.Listed]:
    numbers = [place.number for place in places]
    cases, retros = work.cases.among(numbers), work.retros.among(numbers)
    recoveries = work.recoveries.among(numbers)
    items = by_case(work.action_items.of_case(*numbers))
    return [
        case_page.Listed(cases[number], retros.get(number), items[number], recoveries.get(number))
        for number in numbers
        if number in cases
    ]


def _beginning(day: date | None, teams: Mapping[str, Team]) -> datetime | None:
    """When the day began in the first of the teams where it did."""
    return None if day is None else min(moment(team.zone, day, time()) for team in teams.values())


def _filters(command: ShowCases, teams: Mapping[str, Team]) -> tuple[FormField, ...]:
    state = next(spec for spec in command.fields() if spec.name == "state")
    return (state.drawn(command.state), *_gap_and_since(command, teams))


def _gap_and_since(command: ShowBoard | ShowCases, teams: Mapping[str, Team]) -> tuple[FormField, ...]:
    """The gaps that these teams ask about, their own ones, too, and the day since when cases failed."""
    specs = {spec.name: spec for spec in command.fields()}
    gaps = dict.fromkeys((*gaps_in_teams(teams.values()), *((command.gap,) if command.gap else ())))
    options = tuple(Option(value=gap, label=gap) for gap in gaps)
    gap = specs["gap"].drawn(command.gap).model_copy(update={"kind": "choice", "options": options})
    since = specs["since"].drawn(command.since.isoformat() if command.since else "")
    return (gap, since)


def show_found(command: ShowFound, work: ReadOnlyWork) -> Reply:
    """What `find` finds in all their teams or in one: a part of it, or the way to what is named."""
    every = _teams(command, work)
    teams = _chosen(every, command.team)
    if not teams:
        return Reply(page=_nothing("Find", "find", command))
    words, page = command.looked_for, command.after or 0
    if page < 0:
        raise Refused(WRONG_ADDRESS, "after")
    listing, unasked = Listing(filters=_team_filter(command.team, every)), _unasked(command)
    if not asked_for(words).words:
        return Reply(page=search_page.how(words, listing, unasked))
    if (thing := search.named(words, teams, work)) is not None:
        return Reply(page=search_page.named(thing))
    zone = command.person.zone or "UTC"
    hits = search.look(words, teams, search.Part(page * FOUND, FOUND), zone, work)
    turned = {"later": str(page + 1) if hits.found and hits.goes_on else "", "first": page == 0}
    around = search_page.Around(words, hits.asked, teams, today(zone, command.at))
    listing = listing.model_copy(update=turned)
    return Reply(page=search_page.found_page(around, hits.found, hits.page, listing, unasked))


def show_trends(command: ShowTrends, work: ReadOnlyWork) -> Reply:
    """The figures of all their teams together, or of one."""
    every = _teams(command, work)
    teams = _chosen(every, command.team)
    if not teams:
        return Reply(page=_nothing("Trends", "trends", command))
    found = trends_commands.of_teams(list(teams.values()), command, command.person.zone, work)
    listing = Listing(filters=_team_filter(command.team, every))
    return Reply(
        page=trends_page(found, list(teams.values()), listing, command.team, command.channels_unasked)
    )


def show_settings(command: ShowSettings, work: ReadOnlyWork) -> Reply:
    """How each of their teams works."""
    every = _teams(command, work)
    teams = list(_chosen(every, command.team).values())
    people = work.people.among({team.lead for team in teams if team.lead})
    own = work.preferences.get(command.person.id) or NotificationPreferences(person_id=command.person.id)
    day = today(command.person.zone or "UTC", command.at)
    listing = Listing(filters=_team_filter(command.team, every))
    led = [team for team in teams if lead_to_ask(team, command.person.id, people) is None]
    connected = connection.in_short(led, command, work)
    where = _unasked(command) if teams else (NO_TEAM, *_unasked(command))
    return Reply(page=team_page.settings_page(teams, people, own, connected, day, listing, where))


def show_case(command: ShowCase, work: ReadOnlyWork) -> Reply:
    """One case with its retro."""
    number = command.subject.number
    whole = export.one(command.subject.label, work)
    return Reply(page=case_page.case_page(whole, _link(number, work), command.at))


def show_customer(command: ShowCustomer, work: ReadOnlyWork) -> Reply:
    """What the customer of a case is owed."""
    number = command.subject.number
    case, recovery, link = work.cases.require(number), work.recoveries.get(number), _link(number, work)
    if recovery is None:
        return Reply(page=case_page.no_customer_page(case, link))
    whole = export.one(command.subject.label, work)
    context = card_context(recovery, command.at, work)
    return Reply(page=case_page.customer_page(context, whole, link))


def show_item(command: ShowItem, work: ReadOnlyWork) -> Reply:
    """One action item."""
    item = work.action_items.get(command.subject.number)
    if item is None:
        raise not_found(command.subject.label)
    by = {moved.by for moved in item.history} | {edit.by for edit in item.edits}
    named = {item.owner, item.asked_by, *by}
    people = work.people.among({person_id for person_id in named if person_id})
    case, team = work.cases.get(item.case_number), work.teams.get(item.channel_id)
    link = _link(item.case_number, work)
    return Reply(page=item_page.item_page(item, case, team, people, link, command.at))


def _link(case_number: int, work: ReadOnlyWork) -> str:
    """Where the retro's thread is in chat."""
    return retro_thread.links_of({case_number}, work).get(case_number, "")


def _teams(command: Command, work: ReadOnlyWork) -> Mapping[str, Team]:
    """The teams of whoever asks, by name."""
    theirs = work.teams.among(command.in_channels).values()
    return {
        team.channel_id: team for team in sorted(theirs, key=lambda team: (team.name, team.channel_id))
    }


def _chosen(teams: Mapping[str, Team], channel_id: str) -> Mapping[str, Team]:
    """The one that the address names; all of them where it names none."""
    if not channel_id:
        return teams
    if channel_id not in teams:
        raise Refused(STRANGE_CHANNEL, "team")
    return {channel_id: teams[channel_id]}


def _team_filter(channel_id: str, teams: Mapping[str, Team]) -> tuple[FormField, ...]:
    """The choice of one team, where there are several."""
    options = tuple(Option(value=team.channel_id, label=team.name) for team in teams.values())
    chosen = FormField(name="team", label="Team", kind="choice", value=channel_id, options=options)
    return (chosen,) if len(teams) > 1 else ()


def _unasked(command: Command) -> Words:
    """That some channels were not asked about, where there are so many."""
    return (left_out(command.channels_unasked),) if command.channels_unasked else ()


def _nothing(title: str, here: str, command: Command) -> Page:
    """The page of somebody who is in no team's channel."""
    return Page(title=title, here=here, where=(NO_TEAM, *_unasked(command)))
