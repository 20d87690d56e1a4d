"""A lead says what retros ask, and a retro goes by it from opening to close, on each platform."""

import asyncio

from aiohttp import ClientSession, CookieJar
from playwright.async_api import expect

from bot.domain.reference import PromptsRef
from bot.prompts import PROMPTS
from storage.database import Database
from tests.desk import ASKED
from tests.fake_teams import Dialog, FakeTeams, Told
from tests.fakes import FakeSlack
from tests.journeys.platforms import Shown, open_in_browser
from tests.journeys.slack_app import open_slack_app
from tests.journeys.slack_app import said as said_in_slack
from tests.journeys.teams_app import offered, open_teams_app, said
from tests.web_app import OPENED, Markup, Visitor, known_at, open_web_app

OWN = "What did we need from a supplier?"
FILLED: dict[str, str | bool] = {
    "Label": "Suppliers",
    "Question": OWN,
    "Another gap": "suppliers",
    "Needed": True,
}
REQUIRED = {"Suppliers": "A second courier"}


async def test_in_slack(slack: FakeSlack, database_url: str) -> None:
    ana, ben = slack.person("Ana", tz="Europe/Stockholm"), slack.person("Ben")
    support = slack.channel("support", members=[ana, ben])
    async with open_slack_app(slack, database_url):
        await ana.command("failed ZD-1 Parcel missed", support)
        before = await said_in_slack(slack, "Retro: Parcel missed")
        await said_in_slack(slack, ASKED[-1].question)

        # The list stays one message: what is done with it is shown in its place.
        listed = await ana.command("prompts", support)
        assert listed is not None
        assert "What retros ask in #support" in listed.words()
        shown = len(ana.whispers)
        await ana.submit(await ana.press(listed, "Add prompt"), FILLED)
        await slack.until(lambda: "Added: Suppliers." in listed.words())
        await ana.click(listed, "Move up")  # the last one that can
        await slack.until(lambda: in_order(listed.words(), "*Suppliers*", "*Anything else*"))
        await ana.click(listed, "Retire")  # the last one
        await slack.until(lambda: "Anything else* · retired" in listed.words())
        assert len(ana.whispers) == shown
        news = await said_in_slack(slack, "Ana changed what retros ask here.", where=support.id)
        await slack.until(lambda: "After-hours support, Suppliers." in news.words())
        read = await ben.command("prompts", support)
        assert read is not None
        assert "Only the team's lead, Ana, can change this." in read.words()
        assert not read.buttons()

        # From the next retro on.
        await ana.command("failed ZD-2 Kettle broke", support)
        retro = await said_in_slack(slack, "Retro: Kettle broke")
        assert (await said_in_slack(slack, OWN)).thread_ts == retro.ts
        form = await ben.press(retro, "Answer")
        assert "Anything else" not in str(form.view)
        await ben.submit(form, {**REQUIRED, "Training": "Maps", "Post without my name": True})
        answer = await said_in_slack(slack, "Suppliers · someone on the team")
        item = await ana.press(answer, "Add action item")
        assert '"value": "suppliers"' in str(item.view).replace("'", '"')
        await ana.submit(item, {"What will change": "Two couriers", "Owner": ana})
        await said_in_slack(slack, "agreed · AI-1")
        await ana.submit(await ana.press(retro, "Close retro"), {"Outcome": "fixes agreed"})
        summary = await said_in_slack(slack, "What we heard and what will change")
        assert "A second courier" in summary.words()

        # The one that was open keeps what it asked.
        form = await ben.press(before, "Answer")
        assert "Suppliers" not in str(form.view)
        await ben.submit(form, {"Anything else": "Tea"})
        await said_in_slack(slack, "Anything else · Ben")


async def test_in_teams(teams: FakeTeams, database_url: str) -> None:
    ana, ben = teams.person("Ana", tz="Europe/Stockholm"), teams.person("Ben")
    support = teams.channel("support", members=[ana, ben])
    async with open_teams_app(teams, database_url):
        await ana.says("failed ZD-1 Parcel missed", support, mention=True)
        before = await said(teams, "Retro: Parcel missed", where=support)
        await said(teams, ASKED[-1].question, where=support)

        # What only they may see is in their own chat, and its buttons know which team is meant.
        await ana.says("prompts", support, mention=True)
        listed = await offered(teams, ana, "Add prompt")
        assert "What retros ask in #support" in listed.words()
        assert listed.channel_id == ana.chat.id
        added = await ana.submit(await ana.press(listed, "Add prompt"), FILLED)
        assert isinstance(added, Dialog)
        assert "Added: Suppliers." in added.words()
        moved = await ana.click(listed, "Move down")  # of the list from before: the last one that can
        assert in_order(moved.words(), "Anything else", "After-hours support")
        retired = await ana.click(moved, "Retire")  # the last one
        assert isinstance(retired, Told)
        assert "· retired" in retired.words()
        back = await ana.click(retired, "Bring back")
        assert "retired" not in back.words()
        await said(teams, "Ana changed what retros ask here.", where=support)
        await ben.says("prompts", support, mention=True)
        read = await said(teams, "Only the team's lead, Ana, can change this.", where=ben.chat)
        assert not read.buttons()

        await ana.says("failed ZD-2 Kettle broke", support, mention=True)
        retro = await said(teams, "Retro: Kettle broke", where=support)
        assert (await said(teams, OWN, where=support)).root == retro.id
        form = await ben.press(retro, "Answer")
        assert form.labels()[-2:] == ["Suppliers", "Post without my name"]
        assert isinstance(await ben.submit(form, {**REQUIRED, "Post without my name": True}), Told)
        answer = await said(teams, "Suppliers · someone on the team")
        item = await ana.press(answer, "Add action item")
        assert item.standing()["Gap"] == "suppliers"
        await ana.submit(item, {"What will change": "Two couriers", "Owner": ana})
        await said(teams, "agreed · AI-1", where=support)
        await ana.submit(await ana.press(retro, "Close retro"), {"Outcome": "fixes agreed"})
        summary = await said(teams, "What we heard and what will change")
        assert "A second courier" in summary.words()

        form = await ben.press(before, "Answer")
        assert form.labels()[:-1] == [prompt.label for prompt in PROMPTS]
    assert teams.refusals == []


async def test_in_a_browser_with_scripts(sqlite_url: str) -> None:
    async with open_in_browser(sqlite_url) as web:
        await web.channel("support", "Ana", "Ben")
        await web.asks("Ana", "failed ZD-1 Parcel missed", "support")
        await web.turn()
        listed = await web.asks("Ana", "prompts", "support")
        await web.fills("Ana", listed, "Add prompt", FILLED)
        await expect(listed.what).to_contain_text("Added: Suppliers.")
        added = Shown(await listed.what.inner_text(), listed.what)
        moved = await web.clicks("Ana", added, "Move down")  # the first one
        assert in_order(moved.words, "Communication", "Training", "Suppliers")
        retired = await web.clicks("Ana", moved, "Retire")
        assert "Communication · retired" in retired.words
        read = await web.asks("Ben", "prompts", "support")
        assert "Only the team's lead, Ana, can change this." in read.words

        await web.asks("Ben", "failed ZD-2 Kettle broke", "support")
        await web.turn()
        retro, *thread = await web.retro("Ben", "support")
        asked = "\n".join(post.words for post in thread)
        assert in_order(asked, ASKED[0].question, ASKED[2].question, OWN)
        assert ASKED[1].question not in asked
        await web.fills("Ben", retro, "Answer", {**REQUIRED, "Post without my name": True})
        await web.turn()
        retro, *thread = await web.retro("Ana", "support")
        [answer] = [post for post in thread if "Suppliers · someone on the team" in post.words]
        await web.fills("Ana", answer, "Add action item", {"What will change": "Two", "Owner": "Ana"})
        await web.fills("Ana", retro, "Close retro", {"Outcome": "fixes agreed"})
        await web.turn()
        told = "\n".join(post.words for post in await web.retro("Ana", "support"))
        assert "A second courier" in told.partition("What we heard and what will change")[2]
        assert "suppliers" in told

        # The one that was open keeps what it asked.
        page = web.pages["Ben"]
        await page.goto(f"{web.later.address}/p/support")
        thread_at = await page.locator("a.replies").first.get_attribute("href")
        # Once it is loaded its scripts run: a press before that leads to a page, and to no dialog.
        await page.goto(f"{web.later.address}{thread_at}")
        await page.locator("#thread button", has_text="Answer").first.dispatch_event("click")
        fields = page.get_by_role("dialog").locator("textarea")
        await expect(fields).to_have_count(len(PROMPTS))


async def test_in_the_web_workspace(sqlite: Database) -> None:
    whole = str(PromptsRef(channel_id="support"))
    jar = CookieJar(unsafe=True)
    async with (
        open_web_app(sqlite) as house,
        ClientSession(cookie_jar=jar, cookies=known_at(house.url)) as session,
    ):
        visitor = Visitor(session, house.url)
        await visitor.fill(await visitor.press("case.fail"), what_happened="Parcel missed")
        await until(visitor, "/p/support", OPENED)

        listed = await visitor.say("/amends prompts")
        assert "What retros ask in #support" in listed.text
        values = {"label": "Suppliers", "question": OWN, "other_gap": "suppliers", "needed": "yes"}
        added = await visitor.fill(await visitor.press("prompt.add", about=whole), **values)
        assert "Added: Suppliers." in added.text
        retired = await visitor.press("prompt.retire", about=f"{whole[:9]}else:support")
        assert "Anything else · retired" in retired.text
        await until(visitor, "/p/support", "You changed what retros ask here.")

        await visitor.fill(await visitor.press("case.fail"), what_happened="Kettle broke")
        page = await until(visitor, "/p/support", "Retro: Kettle broke")
        links = [link.attributes.get("href", "") for link in page.all("a")]
        number = [link for link in links if "/t/" in link][-1]
        thread = await until(visitor, number, OWN)
        assert "Anything else" not in thread.text
        drawn = await visitor.press("retro.answer", about="C-2")
        keys = [area.attributes["name"] for area in drawn.all("textarea")]
        refused = await visitor.fill(drawn, training="Maps")
        assert "Your team asks everybody to answer this." in refused.text
        posted = await visitor.fill(drawn, **{keys[-1].removeprefix("v."): "A second courier"})
        assert "Posted under Suppliers." in posted.text
        await until(visitor, number, "Suppliers · You")

        before = await visitor.press("retro.answer", about="C-1")
        assert "Suppliers" not in before.text
        assert "Anything else" in before.text


def in_order(text: str, *words: str) -> bool:
    """Whether these words stand in the text one after the other."""
    places = [text.find(word) for word in words]
    return -1 not in places and places == sorted(places)


async def until(visitor: Visitor, path: str, words: str) -> Markup:
    """The page at this path, as soon as it says these words."""
    async with asyncio.timeout(10.0):
        while words not in (page := await visitor.see(path)).text:
            pass  # each look goes over the wire, which leaves the server its turn
    return page
