"""Filters of what a team has open: as they are typed, and as a button carries them."""

import re
from calendar import monthrange
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from difflib import get_close_matches
from typing import NamedTuple, Self
from urllib.parse import parse_qsl, urlencode

from bot.domain.board import BY_NAME, WORDS, Group, Word
from bot.domain.errors import Refused
from bot.domain.written_day import read_day

MINE = "mine"
KEYS = ("gap", "team", "owner", "since")
"""The filters that take a value, which follows a colon."""
EXAMPLES = {
    "gap": "gap:training",
    "team": "team:support",
    "owner": "owner:@Ana or owner:me",
    "since": "since:2w or since:2026-11-30",
}
MAX_NAME = 200
"""Characters of a value that is looked for."""


class Filters(NamedTuple):
    """What is left of it all: only what every one of them leaves.

    `owner` is a person's id, `team` a channel's; `since`: only of cases that were marked failed from the
    start of that day on, where the team is.
    """

    words: frozenset[Word] = frozenset()
    owner: str = ""
    gap: str = ""
    since: date | None = None
    team: str = ""

    def leaves(self, group: Group) -> bool:
        """Whether anything of the group may be left."""
        narrows = bool(self.owner or self.gap or self.since)
        return self.words.issubset(group.left_by) and (group.narrowed or not narrows)

    @property
    def only_late(self) -> bool:
        """Whether of the promises only the late ones are left."""
        return "late" in self.words

    @property
    def only_unowned(self) -> bool:
        """Whether of the customers only those are left that nobody looks after."""
        return "unowned" in self.words


EVERYTHING = Filters()


class BoardView(NamedTuple):
    """What a button leads to: some of it by filters, or one `group` of that, a part of it from 0."""

    filters: Filters = EVERYTHING
    group: str = ""
    page: int = 0

    def __str__(self) -> str:
        filters = self.filters
        written = {
            "show": self.group,
            "page": str(self.page or ""),
            "team": filters.team,
            "is": ",".join(sorted(filters.words)),
            "owner": filters.owner,
            "gap": filters.gap,
            "since": filters.since.isoformat() if filters.since else "",
        }
        return urlencode({name: value for name, value in written.items() if value}, safe=",:@")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads it again; what is none of it (an older button's page, say) leads to the beginning."""
        values = dict(parse_qsl(text))
        page, group = values.get("page", ""), values.get("show", "")
        try:
            since = read_day(values.get("since", ""))
        except Refused:
            since = None
        return cls(
            Filters(
                words=frozenset(word for word in WORDS if word in values.get("is", "").split(",")),
                owner=values.get("owner", ""),
                gap=values.get("gap", ""),
                since=since,
                team=values.get("team", ""),
            ),
            group if group in BY_NAME else "",
            int(page) if page.isascii() and page.isdecimal() and len(page) < 5 else 0,
        )


class Known(NamedTuple):
    """What a value may name, each by what people call it; `people` is only asked where it matters."""

    asker: str
    today: date
    gaps: Sequence[str]
    teams: Sequence[tuple[str, str]]
    """Names, and the ids of their channels."""
    people: Callable[[], Sequence[tuple[str, str]]]
    """Names and ids."""


class UnknownFilter(Exception):
    """A word that is no filter, or a value that names nothing: told in one sentence.

    `meant` are all the words with the nearest in its place; "" where nothing is near. `key` is that of
    the value, "" of a word.
    """

    def __init__(self, sentence: str, meant: str = "", key: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.meant = meant
        self.key = key


CLOSES = {'"': '"', "'": "'", "“": "”", "„": "“", "«": "»", "‘": "’"}
NEAR = 0.6
"""From this share of the letters in common on, a name may be the one that was meant."""
_AGO = re.compile(r"(\d{1,3})([dwmy])", re.IGNORECASE)


def read_filters(text: str, known: Known) -> Filters:
    """The filters that were typed, in any order.

    Raises UnknownFilter with the nearest, and Refused for one that is said twice or for no such day.
    """
    filters, text = EVERYTHING, text.strip()
    rest = text
    while rest:
        first = rest.split(maxsplit=1)[0]
        key, colon, _ = first.partition(":")
        name, before = key.lower(), text[: len(text) - len(rest)]
        if colon and name in KEYS:
            value, after = _value(name, rest[len(key) + 1 :].lstrip(), known)
            filters = _with(filters, name, value, known, (f"{before}{key}:", after))
        else:
            after = rest[len(first) :]
            filters = _with_word(filters, first, known, (before, after))
        rest = after.lstrip()
    return filters


def _with_word(filters: Filters, word: str, known: Known, around: tuple[str, str]) -> Filters:
    plain = word.lower().strip(",;.!?")
    if plain == MINE:
        return _with_owner(filters, known.asker)
    found = next((one for one in WORDS if one == plain), None)
    if found is not None:
        return filters._replace(words=filters.words | {found})
    # A team, a gap or a day is often typed without saying that it is one.
    names = {name.casefold(): f"team:{quoted(name)}" for name, _ in known.teams}
    names |= {gap.casefold(): f"gap:{quoted(gap)}" for gap in known.gaps}
    names |= {word: word for word in (*WORDS, MINE)} | {key: f"{key}:" for key in KEYS}
    near = get_close_matches(plain.lstrip("#").casefold(), names, n=1, cutoff=NEAR)
    meant = f"{around[0]}{names[near[0]]}{around[1]}".strip() if near else ""
    raise UnknownFilter(f'I don\'t know the filter "{word[:40]}".', meant)


def _with_owner(filters: Filters, person_id: str) -> Filters:
    if filters.owner not in ("", person_id):
        raise Refused("Name one owner: what is owned by two people at once is nothing.")
    return filters._replace(owner=person_id)


def with_owner(filters: Filters, called: str, known: Known) -> Filters:
    """The same, of what somebody owns who is called so; raises as `read_filters` does."""
    key = "owner"
    return _with(filters, key, called.lstrip("@"), known, (f"{key}:", ""))


def _with(filters: Filters, key: str, value: str, known: Known, around: tuple[str, str]) -> Filters:
    if not value:
        raise Refused(f"Say what follows {key}: as in {EXAMPLES[key]}.")
    if key == "since":
        if filters.since is not None:
            raise Refused("Say since: once.")
        return filters._replace(since=_day(value, known.today))
    if key == "owner":
        if value.casefold() == "me":
            return _with_owner(filters, known.asker)
        return _with_owner(filters, _named(key, value, known.people(), around))
    if key == "gap":
        if filters.gap:
            raise Refused("Say gap: once.")
        return filters._replace(gap=_named(key, value, [(gap, gap) for gap in known.gaps], around))
    if filters.team:
        raise Refused("Say team: once.")
    return filters._replace(team=_named(key, value, known.teams, around))


def _value(key: str, said: str, known: Known) -> tuple[str, str]:
    """What stands behind the colon, and what follows it: in quotes, a name that is known, or a word."""
    said = said.lstrip("@#") if key in ("owner", "team") else said
    if said[:1] in CLOSES:
        value, _, after = said[1:].partition(CLOSES[said[0]])
        return value.strip().lstrip("@#"), after
    names: Sequence[str] = ()
    if key == "gap":
        names = known.gaps
    elif key == "team":
        names = [name for name, _ in known.teams]
    elif key == "owner":
        names = [name for name, _ in known.people()]
    begun = [name for name in names if _begins_with(said, name.lstrip("@#"))]
    if begun:
        length = max(len(name.lstrip("@#")) for name in begun)
        return said[:length], said[length:]
    first = said.split(maxsplit=1)[0] if said.strip() else ""
    return first[:MAX_NAME].rstrip(",;"), said[len(first) :]


def _begins_with(said: str, name: str) -> bool:
    follows = said[len(name) : len(name) + 1]
    return bool(name) and said[: len(name)].casefold() == name.casefold() and not follows.strip(" ,;")


def _named(key: str, value: str, names: Sequence[tuple[str, str]], around: tuple[str, str]) -> str:
    """What a name stands for: it may be the beginning of one, where no other begins so."""
    folded = value.casefold()
    exact = {id for name, id in names if name.lstrip("@#").casefold() == folded or id == value}
    begun = {id for name, id in names if name.lstrip("@#").casefold().startswith(folded)}
    found = exact or begun
    if len(found) == 1:
        return found.pop()
    if found:
        raise UnknownFilter(f'"{value[:40]}" may be several: write the whole name after {key}:', key=key)
    by_name = {name.lstrip("@#").casefold(): name.lstrip("@#") for name, _ in names}
    near = get_close_matches(folded, by_name, n=1, cutoff=NEAR)
    meant = f"{around[0]}{quoted(by_name[near[0]])}{around[1]}".strip() if near else ""
    raise UnknownFilter(f'I can\'t find "{value[:40]}" for {key}:', meant, key)


def quoted(name: str) -> str:
    """A name as it is typed behind a colon."""
    return f'"{name}"' if " " in name else name


def _day(value: str, today: date) -> date:
    """`2w` is two weeks ago; d, m and y are days, months and years; else a day as forms take it."""
    match = _AGO.fullmatch(value)
    if match is None:
        day = read_day(value)
        if day is None or day > today:
            raise Refused("since: is followed by a day that has been, or by how long ago: since:2w.")
        return day
    count, unit = int(match[1]), match[2].lower()
    if unit in "dw":
        return today - timedelta(days=count * (7 if unit == "w" else 1))
    months = today.year * 12 + today.month - 1 - count * (12 if unit == "y" else 1)
    year, month = divmod(months, 12)
    first = read_day(f"{max(year, 1):04}-{month + 1:02}-01") or today
    return first.replace(day=min(today.day, monthrange(first.year, first.month)[1]))
