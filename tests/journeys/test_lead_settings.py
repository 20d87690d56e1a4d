"""A team's settings are changed in a browser that came from Slack: over HTTP, and by the one rule."""

from datetime import UTC, datetime, timedelta

from bot.access import NO_ANSWER_NOW, STRANGE_CHANNEL
from bot.domain.team import Team
from handlers.slack import directory
from handlers.web.lead_forms import LOOK_AGAIN
from tests.fakes import FakeSlack
from tests.handlers.test_web_lead_forms import address, button, chosen, hidden, standing
from tests.journeys.test_lead_pages import Browser, Seen, World, signed_in, world
from tests.session import open_work
from tests.web_app import Markup

DAYS_OFF = {"v.days_off": "2036-12-24", "v.country": "none", "v.region": ""}


def team_in(here: World) -> Team:
    """The team of the den, as it is stored."""
    with open_work(here.built.database, f"slack:{here.slack.team}", writes=False) as work:
        return work.teams.require(here.den.id)


async def follow(browser: Browser, page: Markup, label: str) -> Markup:
    """What a link of the page leads to."""
    seen = await browser.see(address(page, label))
    assert seen.status == 200, seen.page.text
    return seen.page


async def send(browser: Browser, form: Markup, **values: str) -> Seen:
    """What comes back from the form of a page, filled in."""
    [drawn] = form.all("form", enctype="multipart/form-data")
    return await browser.send(drawn.attributes["action"], {**hidden(form), **values})


async def test_the_lead_changes_what_retros_ask_and_the_next_one_asks_it(
    slack: FakeSlack, database_url: str
) -> None:
    async with world(slack, database_url) as here, signed_in(here, here.ana) as ana:
        listing = await follow(ana, (await ana.see("/settings")).page, "Prompts")
        method, path, data = button(listing, "Add prompt", "")
        assert method == "get"
        form = (await ana.see(f"{path}?about={data['about']}")).page
        missing = await send(ana, form, **{"v.question": "What did suppliers need?"})
        assert missing.page.all("p", id="fault-label")
        assert standing(missing.page)["v.question"] == "What did suppliers need?"
        question = {"v.question": "What did suppliers need?"}
        added = await send(ana, missing.page, **{**question, "v.label": "Suppliers", "v.needed": "yes"})
        assert "Added: Suppliers." in added.page.text
        assert (team_in(here).prompts or ())[-1].needed
        await slack.until(
            lambda: [one for one in slack.posted() if "changed what retros" in one.words()]
        )
        opened = await here.ben.opens("failed", here.den)
        await here.ben.submit(opened, {"What happened": "Crate lost"})
        await slack.until(
            lambda: [one for one in slack.posted() if "What did suppliers need?" in one.words()]
        )


async def test_each_may_do_what_they_may_do_in_chat_and_an_outsider_finds_nothing(
    slack: FakeSlack, sqlite_url: str
) -> None:
    async with world(slack, sqlite_url) as here, signed_in(here, here.ben) as ben:
        page = (await ben.see("/settings")).page
        ways = [
            one.attributes["href"] for one in page.all("a") if "/settings/" in one.attributes["href"]
        ]
        assert len(ways) == 6
        # A member changes the settings, and the lead hears of it; prompts and policy are the lead's.
        form = await follow(ben, page, "Days off")
        assert "Saved for #den." in (await send(ben, form, **DAYS_OFF)).page.text
        assert team_in(here).days_off.spans
        await slack.until(
            lambda: [one for one in here.ana.direct.roots() if "Ben changed the settings" in one.words()]
        )
        about = f"prompts:::{here.den.id}"
        refused = await ben.see(f"/settings/prompt.add?about={about}")
        assert "Only the team's lead changes what its retros ask: ask " in refused.page.text
        policy = await follow(ben, page, "Policy")
        assert "Ana leads #den and can change this." in policy.text
        assert not policy.all("form", enctype="multipart/form-data")
        async with signed_in(here, here.olga) as olga:
            own = await follow(olga, (await olga.see("/settings")).page, "Days off")
            for way in ways:
                if "team.own_settings" in way:
                    continue
                theirs = await olga.see(way)
                never = await olga.see(way.replace(here.den.id, "C0NOTHING"))
                assert (theirs.status, never.status) == (404, 404)
                assert theirs.page.text == never.page.text
                assert STRANGE_CHANNEL in theirs.page.text
            moved = hidden(own)["dialog"].replace("prompts", "x")
            for place in (here.den.id, "C0NOTHING"):
                forged = {**hidden(own), "place": place, **DAYS_OFF}
                forged["dialog"] = moved.replace(team_of(own), place)
                sent = await olga.send("/settings/team.days_off", forged)
                assert sent.status == 404
                pressed = {key: hidden(own)[key] for key in ("form", "key")}
                pressed |= {"about": f"prompts::training:{place}"}
                assert (await olga.send("/settings/prompt.retire", pressed)).status == 404
        await slack.leaves(here.ben, here.den)
        gone = await send(ben, form, **{**DAYS_OFF, "v.days_off": "2037-01-01"})
        assert gone.status == 404
        assert "2037" not in str(team_in(here).days_off)
        assert team_in(here).prompts is None


def team_of(form: Markup) -> str:
    """The channel that a form is for."""
    return hidden(form)["place"]


async def test_a_team_of_another_channel_takes_as_many_questions_as_none(
    slack: FakeSlack, sqlite_url: str
) -> None:
    async with world(slack, sqlite_url) as here, signed_in(here, here.olga) as olga:
        asked = []
        for channel_id in (here.den.id, "C0NOTHING"):
            await slack.converts(here.den, private=True)  # forgets what was known
            slack.calls.clear()
            got = await olga.see(f"/settings/team.settings?place={channel_id}")
            assert got.status == 404
            asked.append({name: n for name, n in slack.calls.items() if name.startswith("conv")})
        assert asked[0]
        assert asked[0] == asked[1]


async def test_a_guest_chooses_the_lead_only_among_those_they_know(
    slack: FakeSlack, sqlite_url: str
) -> None:
    async with world(slack, sqlite_url) as here, signed_in(here, here.ben) as ben:
        path = f"/settings/team.settings?place={here.den.id}"
        full = (await ben.see(path)).page
        names = {one.text for one in full.all("option")}
        assert {"Ana", "Ben", "Olga"} <= names
        assert chosen(full, "lead") == here.ana.id
        here.ben.guest = True
        await slack.event({"type": "user_change", "user": here.ben.shown()})
        guest = (await ben.see(path)).page
        assert "Olga" not in {one.text for one in guest.all("option")}
        assert {"Ana", "Ben"} <= {one.text for one in guest.all("option")}


async def test_a_session_that_ended_while_somebody_wrote_gives_back_what_they_wrote(
    slack: FakeSlack, sqlite_url: str
) -> None:
    async with world(slack, sqlite_url) as here, signed_in(here, here.ana) as ana:
        page = (await ana.see("/settings")).page
        form = await follow(ana, page, "Days off")
        here.change(expires_at=datetime.now(UTC) - timedelta(seconds=1))
        ended = await send(ana, form, **{**DAYS_OFF, "v.days_off": "2036-12-24 <b>"})
        assert ended.status == 401
        [kept] = ended.page.all("blockquote")
        assert kept.text == "2036-12-24 <b>"
        assert not team_in(here).days_off.spans
        async with signed_in(here, here.ana) as again:
            # The older form carries the token of the session that ended.
            other = await send(again, form, **DAYS_OFF)
            assert other.status == 403
            assert LOOK_AGAIN.format("Save") in other.page.text
            assert standing(other.page)["v.days_off"] == "2036-12-24"
            saved = await send(again, other.page, **DAYS_OFF)
            assert "Saved for #den." in saved.page.text
        foreign = await ana.send(
            "/settings/team.days_off", {**hidden(form), **DAYS_OFF}, Origin="https://evil.example"
        )
        assert foreign.status == 403
        assert not foreign.page.all("blockquote")


async def test_when_slack_is_silent_nothing_is_changed_and_the_page_says_so(
    slack: FakeSlack, sqlite_url: str
) -> None:
    async with world(slack, sqlite_url) as here, signed_in(here, here.ana) as ana:
        form = await follow(ana, (await ana.see("/settings")).page, "Days off")
        await slack.converts(here.den, private=True)  # forgets what was known
        slack.latency["conversations.info"] = 30.0
        before, directory.ASK_SECONDS = directory.ASK_SECONDS, 0.1
        try:
            silent = await send(ana, form, **DAYS_OFF)
        finally:
            directory.ASK_SECONDS = before
        assert silent.status == 503
        assert NO_ANSWER_NOW in silent.page.text
        assert standing(silent.page)["v.days_off"] == "2036-12-24"
        assert not team_in(here).days_off.spans
