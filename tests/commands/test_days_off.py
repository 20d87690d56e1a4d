"""A team's days off, as its members set and read them; tests/commands/test_reminder.py: what follows."""

import pytest

from bot.domain.days_off import NONE, written
from bot.messages.parts import plain
from tests.commands.test_team import SETTINGS
from tests.desk import ANA, BEN, SUPPORT, Desk, words
from tests.session import open_work

OFF = {"days_off": "2026-12-31 to 2027-01-02, 2026-12-24", "country": "DE", "region": "bayern"}
AGAIN = "2026-12-24, 2026-12-31 to 2027-01-02"
SHOWN = "Days off: Thu 24 Dec, Thu 31 Dec to Sat 2 Jan 2027, the holidays of Germany (Bayern)."


async def test_days_off_are_kept_shown_and_told_to_the_lead(desk: Desk) -> None:
    await desk.fail()
    for person in (ANA, BEN):
        desk.meet(person)
    desk.say_all()
    assert SHOWN in words(await desk.ask(BEN, "team.days_off", values=OFF))
    [told] = [said for key, said in desk.say_all().items() if key.startswith("settings:")]
    assert plain(told).startswith("Ben changed the settings of #support.\n")
    assert SHOWN in plain(told)
    # They stay what they are when the team's settings are saved, and are said there, too.
    assert SHOWN in words(await desk.ask(BEN, "team.settings", values=SETTINGS))


@pytest.mark.parametrize("typed", ["days off", "Days  off", "holidays"])
async def test_the_form_is_typed_and_holds_what_is_stored(desk: Desk, typed: str) -> None:
    await desk.fail()
    await desk.ask(BEN, "team.days_off", values=OFF)
    form = (await desk.ask(BEN, "team.settings", typed=typed)).form
    assert form is not None
    values = {field.name: field.value for field in form.fields}
    assert values == {"days_off": AGAIN, "country": "DE", "region": "Bayern"}
    # What it holds can be sent as it is.
    assert SHOWN in words(await desk.ask(BEN, "team.days_off", values=values))


@pytest.mark.parametrize("country", ["", "none"])
async def test_days_off_can_be_taken_back(desk: Desk, country: str) -> None:
    await desk.fail()
    await desk.ask(BEN, "team.days_off", values=OFF)
    cleared = {"days_off": "", "country": country, "region": ""}
    said = words(await desk.ask(BEN, "team.days_off", values=cleared))
    assert said == "Saved for #support. No days off but the weekly ones."
    with open_work(desk.database, desk.workspace, writes=False) as work:
        team = work.teams.get(SUPPORT.id)
    assert team is not None
    assert team.days_off == NONE


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"days_off": "24.12."}, ["days_off"]),
        ({"days_off": "2020-01-01 to 2026-01-01"}, ["days_off"]),
        ({"days_off": "2026-12-24 to 2026-12-01"}, ["days_off"]),
        ({"country": "Atlantis", "days_off": "x"}, ["days_off", "country"]),
        ({"region": "Kent"}, ["region"]),
        ({"region": "Kent", "days_off": "x"}, ["days_off", "region"]),
        ({"country": "none"}, ["region"]),
    ],
)
async def test_days_off_that_cannot_be_are_refused_beside_their_field(
    desk: Desk, change: dict[str, str], fields: list[str]
) -> None:
    await desk.fail()
    reply = await desk.ask(ANA, "team.days_off", values={**OFF, **change})
    assert list(reply.faults) == fields
    with open_work(desk.database, desk.workspace, writes=False) as work:
        team = work.teams.get(SUPPORT.id)
    assert team is not None
    assert written(team.days_off.spans) == ""


async def test_what_is_over_is_not_said_any_more_and_stays_in_the_form(desk: Desk) -> None:
    await desk.fail()
    past = {"days_off": "2026-01-01, 2026-03-06", "country": "none"}
    said = words(await desk.ask(ANA, "team.days_off", values=past))
    assert said == "Saved for #support. Days off: Fri 6 Mar."
    form = (await desk.ask(ANA, "team.days_off")).form
    assert form is not None
    assert form.fields[0].value == "2026-01-01, 2026-03-06"
