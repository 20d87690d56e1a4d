"""What of a team needs somebody, in groups with the most urgent first."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, get_args

from bot.domain.action_item import ActionItem
from bot.domain.case import Case
from bot.domain.owner_day import Days
from bot.domain.person import Person
from bot.domain.proposal import Proposal
from bot.domain.recovery import Recovery
from bot.domain.retro import Retro
from bot.domain.team import Team

Source = Literal[
    "late",
    "unowned",
    "unaccepted",
    "unverified",
    "agreed",
    "undated",
    "undecided",
    "unsettled",
    "answering",
    "promise",
    "customer",
    "proposed",
    "promised",
    "resting",
]
"""Where the rows of a group come from: each is one look-up in an index."""
Kind = Literal["item", "retro", "customer", "proposal"]
Word = Literal["late", "unowned", "waiting", "customers"]
WORDS: tuple[Word, ...] = get_args(Word)
"""The filters that leave whole groups."""
MAX_COUNTED = 1000
"""What people read says "more than" from there on, so that nothing counts for ever."""


class Group(NamedTuple):
    """Things that need the same of somebody, or, without `needs`, that are on their way.

    `left_by` are the words that leave it. An owner, a gap and a day leave some of what is `narrowed`,
    and nothing else.
    """

    name: str
    kind: Kind
    sources: tuple[Source, ...]
    left_by: tuple[Word, ...]
    needs: bool = True
    narrowed: bool = True


GROUPS = (
    Group("promise", "customer", ("promise",), ("late", "unowned", "customers")),
    Group("late", "item", ("late",), ("late",)),
    Group("customer", "customer", ("customer",), ("unowned", "customers")),
    Group("proposed", "proposal", ("proposed",), ("waiting",), narrowed=False),
    Group("unowned", "item", ("unowned",), ("unowned", "waiting")),
    Group("unaccepted", "item", ("unaccepted",), ("waiting",)),
    Group("unverified", "item", ("unverified",), ("waiting",)),
    Group("undecided", "retro", ("undecided", "unsettled"), ("waiting",)),
    Group("answering", "retro", ("answering",), (), needs=False),
    Group("agreed", "item", ("agreed", "undated"), (), needs=False),
    Group("promised", "customer", ("promised", "resting"), ("customers",), needs=False),
)
"""Whoever waits outside comes before what waits in the house, and what is late before what waits."""
NEEDING = tuple(group for group in GROUPS if group.needs)
BY_NAME: Mapping[str, Group] = {group.name: group for group in GROUPS}

Thing = ActionItem | Retro | Recovery | Proposal


class Board(NamedTuple):
    """What waits in some teams: how much of each group, and some of its things, the most urgent first.

    Groups are there by their names; `counts` has those without anything, too, and counts each team up to
    MAX_COUNTED of a source; one more stands for all that are more. `days` are those of whoever has to do
    a thing, and its `today` is the team's, or the reader's who reads of several.
    """

    teams: Mapping[str, Team]
    counts: Mapping[str, int]
    things: Mapping[str, Sequence[Thing]]
    cases: Mapping[int, Case]
    links: Mapping[int, str]
    people: Mapping[str, Person]
    days: Days
