"""A team's days off and its policy in the web workspace, without scripts."""

from handlers.web.outgoing import WORKSPACE
from storage.database import Database
from tests.session import open_work
from tests.web_app import Visitor, WebHouse


def _stored(database: Database) -> tuple[str, bool]:
    with open_work(database, WORKSPACE, writes=False) as work:
        team = work.teams.require("support")
    return team.days_off.country + team.days_off.region, team.policy.small_failures


async def test_days_off_and_policy_are_typed_filled_in_and_followed(
    visitor: Visitor, web_house: WebHouse
) -> None:
    await visitor.say("/amends failed ZD-1 Parcel missed")
    drawn = await visitor.say("/amends settings days off")
    off = {"days_off": "2026-12-31 to 2027-01-02", "country": "DE"}
    wrong = await visitor.fill(drawn, **off, region="Kent")
    assert "is not a region of Germany" in str(wrong)
    saved = await visitor.fill(drawn, **off, region="Bayern")
    assert "the holidays of Germany (Bayern)" in str(saved)
    policy = {"days_to_verify": "2", "verifies": "the lead", "small_failures": "yes"}
    drawn = await visitor.say("/amends settings policy")
    saved = await visitor.fill(drawn, **policy)
    assert "This is the policy of #support now." in str(saved)
    assert _stored(web_house.database) == ("DEBY", True)
    drawn = await visitor.press("case.fail")
    await visitor.fill(drawn, what_happened="The wrong colour was sent", small="yes")
    with open_work(web_house.database, WORKSPACE, writes=False) as work:
        retro = work.retros.get(2)
    assert retro is not None
    assert retro.small
