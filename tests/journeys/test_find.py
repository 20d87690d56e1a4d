"""Cases are found by words, and opened by their numbers: in Slack, in Teams and in a browser."""

from playwright.async_api import expect

from bot.messages.search import NO_CHANNEL
from tests.fakes import FakeSlack
from tests.journeys.platforms import Fields, InBrowser, Platform
from tests.journeys.slack_app import open_slack_app, said

LOST = "The courier lost the parcel and nobody told the customer about the delay"
FIX = "Two couriers a night"
NOTHING = "Nothing here has “night depot” in it. Fewer words, or only their beginnings, find more."


async def test_members_find_what_was_said_and_others_read_of_nothing(platform: Platform) -> None:
    await platform.channel("den", "Ana", "Ben")
    await platform.channel("sales", "Ben", "Olga")
    await platform.asks("Ana", f"failed ZD-4711 {LOST}", "den")
    await platform.turn()
    retro = (await platform.retro("Ana", "den"))[0]
    answer: Fields = {"Training": "Maps of the night depots", "Post without my name": True}
    await platform.fills("Ana", retro, "Answer", answer)
    await platform.turn()
    retro = (await platform.retro("Ana", "den"))[0]
    await platform.fills("Ana", retro, "Add action item", {"What will change": FIX, "Owner": "Ben"})
    await platform.turn()

    # In the channel, and in one's own chat in all of one's own channels.
    for where in ("", "den"):
        found = await platform.asks("Ben", "find night depot", where)
        for words in ("1 case for “night depot”", LOST[:20], "Maps of the", "night", "depots"):
            assert words in found.words, where
        # What nobody put their name to has no author here either.
        assert "Ana" not in found.words
    opened = await platform.clicks("Ben", found, "Open")
    assert f"Retro: {LOST[:20]}" in opened.words
    # By its number from anywhere, and by its reference where it is.
    for typed, where, what in (
        ("C-1", "sales", LOST),
        ("c-1", "", LOST),
        ("ZD-4711", "den", LOST),
        ("AI-1", "sales", FIX),
    ):
        thing = await platform.asks("Ben", f"find {typed}", where)
        assert what[:20] in thing.words
        assert "case for" not in thing.words

    never = await platform.asks("Olga", "find C-99", "sales")
    in_sales = await platform.asks("Olga", "find night depot", "sales")
    assert NOTHING in in_sales.words
    if isinstance(platform, InBrowser):
        await find_on_the_page(platform)
        return  # everybody is in every channel there
    for typed in ("C-1", "AI-1"):
        unknown = await platform.asks("Olga", f"find {typed}", "sales")
        assert unknown.words == never.words.replace("C-99", typed)
    assert NO_CHANNEL in (await platform.asks("Olga", "find night depot")).words


async def find_on_the_page(platform: InBrowser) -> None:
    """Ben finds the same on the page, by the field that every page has, and with the keyboard alone."""
    page = platform.pages["Ben"]
    await page.goto(f"{platform.later.address}/board")
    await page.get_by_role("searchbox").fill("night depot")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("main")).to_contain_text("Maps of the night depots")
    await expect(page.get_by_role("main")).not_to_contain_text("Ana")
    await page.get_by_role("searchbox").fill("ai-1")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text(FIX)


async def test_a_guest_finds_nothing_of_other_channels_in_slack(
    slack: FakeSlack, sqlite_url: str
) -> None:
    ana, gil = slack.person("Ana"), slack.person("Gil", guest=True)
    den = slack.channel("den", [ana], private=True)
    sales = slack.channel("sales", [ana, gil], private=True)
    async with open_slack_app(slack, sqlite_url):
        await ana.command(f"failed ZD-4711 {LOST} at the night depot", den)
        await said(slack, "Retro: The courier lost")
        nothing, unknown, never = [
            await gil.command(f"find {typed}", sales) for typed in ("night depot", "C-1", "C-99")
        ]
        assert nothing
        assert nothing.words() == f"Find\n{NOTHING}"
        assert unknown
        assert never
        assert unknown.words() == never.words().replace("C-99", "C-1")
        await gil.says("find night depot", gil.direct)
        await said(slack, NO_CHANNEL, where=gil.direct.id)
    assert "courier" not in str([gil.whispers, gil.direct.messages])
