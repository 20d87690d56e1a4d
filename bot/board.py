"""What of somebody's teams needs them, loaded: for whoever shows it, in a chat or on a page."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import NamedTuple, get_args

from bot import retro_thread
from bot.domain.action_item import ActionItem
from bot.domain.board import Board, Group, Kind, Thing
from bot.domain.board_filter import Filters
from bot.domain.owner_day import Days, day_everywhere, days_of
from bot.domain.person import Person
from bot.domain.recovery import Recovery, owners
from bot.domain.team import Team
from bot.domain.working_hours import moment, today
from bot.ports import ReadOnlyWork
from bot.repositories import BoardTeam


class BoardQuery(NamedTuple):
    """What somebody wants to see: `limit` things of each group, after the first `skipped`, as at `at`.

    `reader` None: it is for everybody in the team.
    """

    filters: Filters
    at: datetime
    reader: Person | None
    limit: int
    skipped: int = 0


def look(teams: Sequence[Team], groups: Sequence[Group], query: BoardQuery, work: ReadOnlyWork) -> Board:
    """What the filters leave of these groups in all teams.

    The database counts it and puts it in order; nothing else of a team is read.
    """
    filters, everywhere = query.filters, day_everywhere(query.at)
    of_source = {source: group for group in groups if filters.leaves(group) for source in group.sources}
    here = [_here(team, query) for team in teams if filters.team in ("", team.channel_id)]
    counted = work.board.counts(here, of_source, filters, everywhere)
    counts = {group.name: sum(counted.get(source, 0) for source in group.sources) for group in groups}
    there = [source for source, count in counted.items() if count]
    end = query.skipped + query.limit
    rows = work.board.most_urgent(here, there, filters, everywhere, end)
    shown = {
        group.name: [row.number for row in rows if of_source[row.source] is group][query.skipped : end]
        for group in groups
    }
    return _loaded(teams, groups, counts, shown, query, work)


def _here(team: Team, query: BoardQuery) -> BoardTeam:
    """How to look into a team; that a retro is decided is its lead's to see to."""
    owner, day = query.filters.owner, query.filters.since
    since = moment(team.zone, day, time(0)) if day else None
    return BoardTeam(
        team.channel_id, team.zone, today(team.zone, query.at), since, decides=owner == team.lead
    )


def _loaded(
    teams: Sequence[Team],
    groups: Sequence[Group],
    counts: Mapping[str, int],
    numbers: Mapping[str, Sequence[int]],
    query: BoardQuery,
    work: ReadOnlyWork,
) -> Board:
    """The things of these numbers, and what is said of them beside."""
    of_kind = {
        kind: {number for group in groups if group.kind == kind for number in numbers[group.name]}
        for kind in get_args(Kind)
    }
    items = work.action_items.among(of_kind["item"])
    recoveries = work.recoveries.among(of_kind["customer"])
    retros = work.retros.with_cases(of_kind["retro"] | of_kind["customer"])
    by_kind: Mapping[str, Mapping[int, Thing]] = {
        "item": items,
        "retro": {number: retro for number, (retro, _) in retros.items()},
        "customer": recoveries,
        "proposal": work.proposals.among(of_kind["proposal"]),
    }
    reader = query.reader
    named = {query.filters.owner, *(item.owner for item in items.values())}
    named |= {who for recovery in recoveries.values() for who in owners(recovery)}
    named |= {team.lead for team in teams if team.policy.lead_verifies}
    people = work.people.among({person_id for person_id in named if person_id})
    by_channel = {team.channel_id: team for team in teams}
    subjects: list[ActionItem | Recovery] = [*items.values(), *recoveries.values()]
    days = {
        label: day
        for team in teams
        for label, day in days_of(
            [one for one in subjects if one.channel_id == team.channel_id], people, team.zone, query.at
        ).owners.items()
    }
    zone = teams[0].zone if len(teams) == 1 or reader is None or not reader.zone else reader.zone
    cases = {item.case_number for item in items.values()} | of_kind["retro"] | of_kind["customer"]
    return Board(
        teams=by_channel,
        counts=counts,
        things={
            group.name: [by_kind[group.kind][number] for number in numbers[group.name]]
            for group in groups
        },
        cases={number: case for number, (_, case) in retros.items()},
        links=retro_thread.links_of(cases, work),
        people=people,
        days=Days(today(zone, query.at), days),
    )
