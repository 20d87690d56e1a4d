"""Cases are found by words, earlier ones told to a retro that opens, a returned gap to the lead."""

from datetime import UTC, datetime, timedelta

from bot.messages.search import NO_CHANNEL
from tests.fakes import FakeSlack, Posted, SlackChannel, SlackPerson
from tests.journeys.later import Later, added, of, on_sqlite, open_slack_later
from tests.journeys.slack_app import open_slack_app, said

STOCKHOLM = "Europe/Stockholm"
LOST = "The courier lost the parcel and nobody told the customer about the delay"
AGAIN = "Customer waited for a parcel that the courier lost, nobody told them"
CHANGED = "Notes are shown on the order."


async def test_members_find_what_was_said_and_outsiders_and_guests_read_of_nothing_in_slack(
    slack: FakeSlack, database_url: str
) -> None:
    ana, ben, olga = slack.person("Ana"), slack.person("Ben"), slack.person("Olga")
    gil = slack.person("Gil", guest=True)
    den = slack.channel("den", [ana, ben], private=True)
    sales = slack.channel("sales", [ben, olga, gil], private=True)
    async with open_slack_app(slack, database_url):
        await ana.command(f"failed ZD-4711 {LOST}", den)
        retro = await said(slack, "Retro: The courier lost")
        form = await ana.press(retro, "Answer")
        await ana.submit(form, {"Training": "Maps of the night depots"})
        await said(slack, "Training · Ana")

        found = await ben.command("find night depot", den)
        assert found is not None
        assert "1 case for “night depot”: best first." in found.words()
        assert "C-1" in found.words()
        assert "Maps of the *night* *depots*" in found.words()
        # One step from there to the thing itself, and from anywhere by its number alone.
        await ben.click(found, "Open")
        opened = await slack.until(
            lambda: next((w for w in ben.whispers if "Retro: The courier" in w.words()), None)
        )
        assert "Open it in its thread" in opened.words()
        for number in ("C-1", "c-1"):
            card = await ben.command(f"find {number}", sales)
            assert card is not None
            assert "Retro: The courier lost" in card.words()
            assert "Answer" in card.buttons()
        # In one's own chat all of one's own channels are looked through.
        await ben.says("find night depot", ben.direct)
        await said(slack, "1 case for “night depot”", where=ben.direct.id)

        never = await ben.command("find C-99", sales)
        assert never is not None
        for outsider in (olga, gil):
            nothing = await outsider.command("find night depot", sales)
            assert nothing is not None
            assert nothing.words() == (
                "Find\nNothing here has “night depot” in it. "
                "Fewer words, or only their beginnings, find more."
            )
            unknown = await outsider.command("find C-1", sales)
            assert unknown is not None
            assert unknown.words() == never.words().replace("C-99", "C-1")
            await outsider.says("find night depot", outsider.direct)
            await said(slack, NO_CHANNEL, where=outsider.direct.id)
    shown = str([slack.whispers, slack.views, slack.homes])
    told_to = {posted.channel_id for posted in slack.posted() if "courier" in posted.words()}
    assert told_to <= {den.id, ana.direct.id, ben.direct.id}
    assert "courier" in shown
    for outsider in (olga, gil):
        assert "courier" not in str(outsider.whispers)


async def _put_right(later: Later, ana: SlackPerson, ben: SlackPerson, support: SlackChannel) -> Posted:
    """A failed case with a verified fix for a gap in training."""
    await ana.command(f"failed ZD-1 {LOST}", support)
    await later.turn()
    retro = support.roots()[-1]
    await added(later, ana, retro, "Show the notes", gap="training", owner=ana)
    item = next(posted for posted in support.thread(retro) if "AI-1" in posted.words())
    await ana.submit(await ana.press(item, "Mark done"), {"What changed": CHANGED})
    await later.turn()
    await ben.submit(await ben.press(item, "Verify"), {"What I saw": "I saw them."})
    await later.turn()
    assert "verified" in item.words()
    return retro


@on_sqlite
async def test_a_retro_that_opens_tells_its_thread_once_what_was_tried_before(
    slack: FakeSlack, database_url: str
) -> None:
    ana, ben = slack.person("Ana", tz=STOCKHOLM), slack.person("Ben", tz=STOCKHOLM)
    support = slack.channel("support", [ana, ben], private=True)
    sales = slack.channel("sales", [ana, ben], private=True)
    async with open_slack_later(slack, database_url) as later:
        await _put_right(later, ana, ben, support)
        for channel in (support, sales):
            await ben.command(f"failed ZD-2 {AGAIN}", channel)
            await later.turn()
            await later.turn()
        retro = support.roots()[-1]
        (told,) = [one for one in support.thread(retro) if "Seen before" in one.words()]
        assert LOST in told.words()
        assert f"changed and verified · {CHANGED}" in told.words()
        assert "<@" not in str(told.blocks)
        # Another team hears nothing of it, however alike its case is.
        assert "Seen before" not in str([one.words() for one in sales.messages.values()])


@on_sqlite
async def test_the_lead_reopens_a_fix_whose_gap_came_back(slack: FakeSlack, database_url: str) -> None:
    ana, ben = slack.person("Ana", tz=STOCKHOLM), slack.person("Ben", tz=STOCKHOLM)
    support = slack.channel("support", [ana, ben], private=True)
    async with open_slack_later(slack, database_url) as later:
        first = await _put_right(later, ana, ben, support)
        await ben.command("failed ZD-2 The invoice had a wrong address of the company on it", support)
        await later.turn()
        await added(later, ben, support.roots()[-1], "Drill it", gap="training")
        await later.turn(datetime.now(UTC) + timedelta(days=4))
        (told,) = of(ana, "may not hold")
        assert "Training came back in" in told.words()
        assert "C-2>: The invoice had a wrong address" in told.words()
        assert "Show the notes" in told.words()
        assert CHANGED in told.words()
        assert of(ben, "may not hold") == []
        form = await ana.press(told, "Reopen AI-1")
        await ana.submit(form, {"What is still missing": "The night shift"})
        await later.turn()
        item = next(posted for posted in support.thread(first) if "AI-1" in posted.words())
        assert "agreed" in item.words()
        assert "The night shift" in item.words()
        # What asked for it is settled, and not asked again.
        await later.turn(datetime.now(UTC) + timedelta(days=4))
        assert of(ana, "may not hold") == []
