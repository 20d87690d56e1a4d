"""What is told of earlier cases, and of a gap that is back: in Slack, in Teams and in a browser."""

from datetime import timedelta

from tests.journeys.platforms import Platform, Shown, now

LOST = "The courier lost the parcel and nobody told the customer about the delay"
AGAIN = "Customer waited for a parcel that the courier lost, nobody told them"
CHANGED = "Notes are shown on the order."
IN_DAYS = timedelta(days=4)
FIX = {"What will change": "Show the notes", "Gap": "training", "Owner": "Ana"}
NOT_THEIRS = (
    "I can't find AI-1. Check the number, or press Status.",
    "Say who you are first: reload this page.",
)
MISSING = {"What is still missing": "The night shift"}


async def fails(on: Platform, what: str, channel: str) -> None:
    """Ben marks a case failed, and everything is said of it."""
    await on.asks("Ben", f"failed {what}", channel)
    await on.turn()
    await on.turn()  # what the thread hears comes after its retro


async def item(on: Platform, who: str) -> Shown:
    """The message of the last action item in the newest retro of support."""
    return [one for one in await on.retro(who, "support") if "AI-" in one.words][-1]


async def put_right(on: Platform) -> None:
    """A failed case with a verified fix for a gap in training."""
    await fails(on, LOST, "support")
    await on.fills("Ana", (await on.retro("Ana", "support"))[0], "Add action item", FIX)
    await on.turn()
    await on.fills("Ana", await item(on, "Ana"), "Mark done", {"What changed": CHANGED})
    await on.turn()
    await on.fills("Ben", await item(on, "Ben"), "Verify", {"What I saw": "I saw them."})
    await on.turn()
    assert "verified" in (await item(on, "Ben")).words


async def test_what_came_before_is_told_and_a_fix_that_does_not_hold_is_reopened(
    platform: Platform,
) -> None:
    await platform.channel("support", "Ana", "Ben")
    await platform.channel("sales", "Ben", "Olga")
    await put_right(platform)
    for channel in ("sales", "support"):
        await fails(platform, AGAIN, channel)
    thread = await platform.retro("Ben", "support")
    (told,) = [one.words for one in thread if "Seen before" in one.words]
    for words in (LOST, CHANGED, "verified"):
        assert words in told
    # Another team hears nothing of it, however alike its case is.
    assert "Seen before" not in str([one.words for one in await platform.retro("Ben", "sales")])

    retro = (await platform.retro("Ben", "support"))[0]
    drill = {"What will change": "Drill it", "Gap": "training"}
    await platform.fills("Ben", retro, "Add action item", drill)
    await platform.turn(now() + IN_DAYS)
    (back,) = await platform.written_to("Ben", "may not hold")
    for words in ("Training came back in", AGAIN, "Show the notes", CHANGED):
        assert words in back.words
    assert await platform.written_to("Ana", "may not hold") == []
    refused = await platform.presses_in_vain("Olga", back, "Reopen AI-1")
    assert refused.startswith(NOT_THEIRS)
    (back,) = await platform.written_to("Ben", "may not hold")
    await platform.fills("Ben", back, "Reopen AI-1", MISSING)
    await platform.turn()
    reopened = (await platform.asks("Ana", "find AI-1", "support")).words
    assert "agreed" in reopened
    assert MISSING["What is still missing"] in reopened
    # What asked for it is settled, and not asked again.
    await platform.turn(now() + IN_DAYS)
    assert await platform.written_to("Ben", "may not hold") == []
