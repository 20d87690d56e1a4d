"""What people read of the last months: charts where there is enough to see, and figures in words."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby

from bot.domain.recovery_step import VERDICTS
from bot.domain.team import Team
from bot.domain.trends import HELD, MAX_FAILURES, NO_GAP, Share, Trends, Wait
from bot.messages.parts import (
    MAX_LABEL,
    MAX_SERIES,
    Bold,
    ChannelName,
    Chart,
    Context,
    Fields,
    Inline,
    Message,
    Paragraph,
    Part,
    Series,
    Status,
    Words,
    one_line,
    shown_cell,
)
from bot.messages.team import not_asked

ENOUGH_FOR_A_CURVE = 5
"""With fewer cases a curve would only show chance."""
ENOUGH_FOR_PERCENT = 20
"""Of fewer things a share is said in numbers only."""
MAX_NAMED, MAX_TOLD = 5, 3
"""Channels, and gaps, that a line names."""
NAMED_NO_GAP, OTHERS = "No gap named", "Other gaps"


def trends(found: Trends, teams: Sequence[Team], unasked: int = 0) -> Message:
    """The last months of one team, or of several together; nobody is named, and nothing is anybody's.

    `unasked`: of how many channels it was not asked whether they belong to whoever reads it.
    """
    first = f"{found.months[0]:%B}"
    where = Context(words=(*_channels(teams), *((" · ",) if teams else ()), _period(found.months)))
    if not found.cases:
        none = "No failed case counts in these six months, so there is no trend to show."
        nothing = (Paragraph(words=(none,)), where, *_left_out(unasked))
        return Message(summary=none, title="Trends", parts=nothing)
    cases = _counted(found.cases, "failed case")
    few = found.cases < ENOUGH_FOR_A_CURVE
    rest = (
        f" since {first}: too few for a curve, so here are the numbers." if few else f" since {first}."
    )
    parts: list[Part] = [Paragraph(words=(Bold(text=cases), rest)), where]
    if found.returned:
        parts.append(Paragraph(words=_came_back(found.returned)))
    parts.append(Fields(rows=tuple(_figures(found, few=few))))
    if not few:
        parts.extend(_charts(found))
    if found.only_newest:
        newest = f"Only the newest {MAX_FAILURES:,} cases of a team are counted."
        parts.append(Context(words=(newest,)))
    parts += _left_out(unasked)
    return Message(summary=f"{cases} since {first}.", title="Trends", parts=tuple(parts))


def _left_out(unasked: int) -> Sequence[Part]:
    return (Context(words=(not_asked(unasked, "trends"),)),) if unasked else ()


def _channels(teams: Sequence[Team]) -> Iterator[Inline]:
    for number, team in enumerate(teams[:MAX_NAMED]):
        yield from (", ",) if number else ()
        yield ChannelName(channel_id=team.channel_id, name=team.name)
    if len(teams) > MAX_NAMED:
        yield f" and {len(teams) - MAX_NAMED} more"


def _period(months: Sequence[date]) -> str:
    return f"{months[0]:%B %Y} to {months[-1]:%B %Y}, by the month in which a case was marked failed"


def _came_back(gaps: Sequence[str]) -> Words:
    """What a lead should see first: the fix of these may not hold."""
    names = [Bold(text=gap_label(gap)) for gap in gaps]
    listed: list[Inline] = [names[0]]
    for name in names[1:]:
        listed += [", ", name]
    after = ": a case failed after a fix was verified, and got an item of the same gap."
    return (Status(sign="waiting", text="Came back"), " · ", *listed, after)


def _charts(found: Trends) -> Iterator[Part]:
    for title, unit, counts in (
        ("Cases per gap", "Cases", found.cases_by_gap),
        ("Action items per gap", "Action items", found.items_by_gap),
    ):
        if not counts:
            continue
        named = _named(counts)
        yield Chart(
            look="bar",
            title=title,
            sentence=_most(unit, named),
            axis="Month",
            unit=unit,
            labels=tuple(f"{month:%b}" for month in found.months),
            series=tuple(Series(name=name, values=values) for name, values in named.items()),
        )


def _named(counts: Mapping[str, tuple[int, ...]]) -> Mapping[str, tuple[int, ...]]:
    """The counts by what people read; where a chart has no room for all, the fewest together."""
    named: dict[str, tuple[int, ...]] = {}
    for gap, values in counts.items():
        _count(named, gap_label(gap), values)
    while len(named) > MAX_SERIES:
        others = [name for name in named if name not in (NAMED_NO_GAP, OTHERS)]
        fewest = min(reversed(others), key=lambda name: sum(named[name]))
        _count(named, OTHERS, named.pop(fewest))
    return named


def _count(named: dict[str, tuple[int, ...]], name: str, values: tuple[int, ...]) -> None:
    before = named.get(name, (0,) * len(values))
    named[name] = tuple(map(sum, zip(before, values, strict=True)))


def gap_label(gap: str) -> str:
    """A gap as it begins a line, or is named in a chart."""
    return one_line(gap[:1].upper() + gap[1:], MAX_LABEL) if gap != NO_GAP else NAMED_NO_GAP


def _most(unit: str, named: Mapping[str, tuple[int, ...]]) -> str:
    """`Cases: most often Training (6), then Tools and Process (2 each).`"""
    sums = {name: sum(values) for name, values in named.items() if name != NAMED_NO_GAP}
    ordered = sorted(sums, key=lambda name: -sums[name])
    # Whoever is level with the last one that is told is told too: the others were not more often.
    told = [name for name in ordered if sums[name] >= sums[ordered[:MAX_TOLD][-1]]]
    said = ", then ".join(
        _level(list(names), count) for count, names in groupby(told, key=lambda name: sums[name])
    )
    return f"{unit}: most often {said}." if said else f"{unit}: no gap is named yet."


def _figures(found: Trends, *, few: bool) -> Iterator[tuple[str, Words]]:
    if few:
        for unit, counts in (("Cases", found.cases_by_gap), ("Action items", found.items_by_gap)):
            if said := ", ".join(f"{name} {sum(n)}" for name, n in _named(counts).items()):
                yield f"{unit} per gap", (said,)
    if found.in_time.whole:
        yield "Items done in time", (_share(found.in_time),)
    if found.to_finish:
        yield "From failed to finished", (_waited(found.to_finish, "working day"),)
    for label, wait, share, aim in (
        ("Apology after", found.to_apology, found.apologised_in_time, "within the team's aim"),
        ("Promise kept after", found.to_keep, found.kept_in_time, "by the day promised"),
    ):
        waited = [_waited(wait, "working hour")] if wait else []
        kept = [f"{_share(share)} {aim}"] if share.whole else []
        if waited or kept:
            yield label, ("; ".join(waited + kept),)
    ends = [f"{n} {verdict}" for verdict in VERDICTS if (n := found.ended.get(verdict, 0))]
    ends += [f"{open_} still open"] if (open_ := found.ended.get(None, 0)) else []
    yield "How it ended", (", ".join(ends),)
    if found.stayed.whole:
        after = f"a month ({HELD.days} days) or more after a verified fix"
        yield "Gaps that stayed away", (f"{_share(found.stayed)}, {after}",)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _share(share: Share) -> str:
    """`3 of 4`, and of many also how much that is in a hundred."""
    percent = f" ({100 * share.part / share.whole:.0f} %)" if share.whole >= ENOUGH_FOR_PERCENT else ""
    return f"{share.part} of {share.whole}{percent}"


def _waited(wait: Wait, unit: str) -> str:
    """`6 working days (median of 9)`, or `6 working days (once)`."""
    shown = shown_cell(wait.median)
    of = f"median of {wait.of}" if wait.of > 1 else "once"
    return f"{shown} {unit}{'' if shown == '1' else 's'} ({of})"


def _level(names: Sequence[str], count: int) -> str:
    """`Training (3)`, or several that are level: `Training, Tools and Process (3 each)`."""
    if len(names) == 1:
        return f"{names[0]} ({count})"
    return f"{', '.join(names[:-1])} and {names[-1]} ({count} each)"
