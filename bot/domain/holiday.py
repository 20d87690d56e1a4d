"""Public holidays, country by country, as the package `holidays` knows them.

It is imported only where a country's holidays are asked for: that takes a tenth of a second, once.
"""

import logging
from collections import Counter
from collections.abc import Mapping
from datetime import date
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any
from unicodedata import normalize

from bot.domain.errors import Refused

log = logging.getLogger(__name__)

WEEKEND = 26
"""A day of the week that is listed this often in a year is a weekend: the team's own week says that."""
MAX_LISTED = 6
"""Regions that a sentence names; a country may have more than 50."""
UNLISTED = {"XK": "Kosovo"}
"""Countries with holidays that ISO 3166 has no code for."""


@cache
def countries() -> Mapping[str, str]:
    """The names of the countries whose holidays are known, by their codes (ISO 3166), in their order."""
    from holidays import list_supported_countries  # noqa: PLC0415 - only where somebody asks

    table = files("tzdata").joinpath("zoneinfo", "iso3166.tab").read_text(encoding="utf-8")
    rows = (line.split("\t", 1) for line in table.splitlines() if line and not line.startswith("#"))
    names = dict(rows) | UNLISTED
    known = {code: names.get(code, code) for code in list_supported_countries(include_aliases=False)}
    return dict(sorted(known.items(), key=lambda each: normalize("NFD", each[1])))


@cache
def regions(country: str) -> Mapping[str, str]:
    """The codes of the regions that have holidays of their own, by their names and by themselves."""
    known = _calendar(country)
    return {**known.subdivisions_aliases, **{code: code for code in known.subdivisions}}


def named(country: str, region: str = "") -> str:
    """`Germany`, or `Germany (Bayern)`; the codes of what is not known any more."""
    where = countries().get(country, country)
    return f"{where} ({region_named(country, region)})" if region else where


def region_named(country: str, region: str) -> str:
    """`Bayern`: what people call a region by its code, or the code where nobody knows more."""
    names = regions(country) if country in countries() else {}
    return next((name for name, code in names.items() if code == region), region)


def check_country(country: str) -> None:
    """Refuses a country whose holidays nobody knows."""
    if country not in countries():
        raise Refused(f"{country[:40]!r} is not in the list; choose a country from it.", "country")


def _folded(name: str) -> str:
    """A name without accents, marks and capitals."""
    plain = normalize("NFD", name.casefold())
    return "".join(character for character in plain if character.isalnum())


def region_of(country: str, name: str) -> str:
    """The code of a region by its name or code, "" for none; refuses what is none of that country."""
    if not name:
        return ""
    if not country:
        raise Refused("Choose the country as well, or leave the region empty.", "region")
    known = {_folded(each): code for each, code in regions(country).items()}
    if _folded(name) in known:
        return known[_folded(name)]
    codes = sorted(set(known.values()))
    where = countries()[country]
    if not codes:
        raise Refused(
            f"All of {where} has the same holidays, as far as I know: leave the region empty.", "region"
        )
    listed = ", ".join(codes[:MAX_LISTED]) + (" and others" if len(codes) > MAX_LISTED else "")
    raise Refused(
        f"{name[:40]!r} is not a region of {where} that I know. Write its name or code: {listed}.",
        "region",
    )


@lru_cache(4096)
def holidays_in(country: str, region: str, year: int) -> frozenset[date]:
    """The public holidays of one year; none, and a line in the log, where nobody knows them any more."""
    try:
        days = frozenset(_calendar(country, region, year))
    except NotImplementedError:
        log.warning("The holidays of %s %s are not known on this machine any more.", country, region)
        return frozenset()
    often = Counter(day.weekday() for day in days)
    return frozenset(day for day in days if often[day.weekday()] < WEEKEND)


def _calendar(country: str, region: str = "", year: int | None = None) -> Any:
    from holidays import country_holidays  # noqa: PLC0415 - only where somebody asks

    return country_holidays(country, subdiv=region or None, years=year)
