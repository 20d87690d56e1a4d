"""Cases that are one have one customer: forgetting them leaves nothing in any of their retros."""

from datetime import timedelta

import pytest

from bot.messages.parts import plain
from bot.repositories import Post
from tests.commands.test_forget import everything
from tests.desk import ANA, AT, BEN, CLEO, Desk
from tests.session import open_work

LATER = AT + timedelta(days=1)
SECRETS = ("Ozturkova", "ZD-2", "six hours")
RAIN = "I stood in the rain for six hours"


async def a_double(desk: Desk) -> None:
    """C-2, which names its customer everywhere, and was found to be C-1."""
    await desk.ask(ANA, "case.fail", values={"what_happened": "Parcel late", "reference": "ZD-1"})
    failed = {
        "what_happened": "Mrs Ozturkova waited for the parcel",
        "reference": "ZD-2",
        "customer": "Mrs Ozturkova",
    }
    await desk.ask(CLEO, "case.fail", values=failed)
    desk.say_all()
    await desk.ask(CLEO, "recovery.hear", "C-2", {"words": RAIN})
    for anonymous in ("", "yes"):
        told = {"training": "Nobody told Mrs Ozturkova, see ZD-2", "unnamed": anonymous}
        await desk.ask(BEN, "retro.answer", "C-2", told)
    await desk.ask(CLEO, "retro.discuss", "m-retro:2", {"text": f"She said: {RAIN}", "id": "1.2"})
    await desk.add_item(BEN, "C-2", owner=BEN.id, due="2026-03-30", what="Call Mrs Ozturkova")
    await same_as(desk, "C-2", "C-1")


async def same_as(desk: Desk, label: str, other: str) -> None:
    reply = await desk.ask(BEN, "case.same_as", label, {"other": other})
    assert not reply.faults, reply
    desk.say_all()


def left(desk: Desk) -> list[str]:
    return [secret for secret in SECRETS if secret in everything(desk)]


@pytest.mark.parametrize("number", [1, 2])
async def test_forgetting_either_of_them_leaves_nothing_of_their_customer(
    desk: Desk, number: int
) -> None:
    await a_double(desk)
    assert left(desk) == list(SECRETS)
    assert await desk.bot.forget(desk.workspace, number, LATER) == ["C-1", "C-2"]
    said = desk.say_all(LATER)
    assert left(desk) == []
    for key in ("retro:1", "retro:2", "item:1", "owner:1:U2", "recovery:1"):
        assert key in said, key
        assert not any(secret in plain(said[key]) for secret in SECRETS), key
    assert "Call the customer" in plain(said["item:1"])
    for other in (1, 2):
        assert not await desk.bot.forget(desk.workspace, other, LATER)


async def test_a_chain_of_doubles_is_one_customer(desk: Desk) -> None:
    await a_double(desk)
    await desk.ask(ANA, "case.fail", values={"what_happened": "Late once more", "reference": "ZD-9"})
    desk.say_all()
    await same_as(desk, "C-1", "C-3")
    assert await desk.bot.forget(desk.workspace, 3, LATER) == ["C-1", "C-2", "C-3"]
    assert left(desk) == []


async def test_a_double_that_came_back_keeps_its_customer_and_what_moved_is_forgotten_with_them(
    desk: Desk,
) -> None:
    await a_double(desk)
    await desk.ask(BEN, "case.restore", "C-2")
    desk.say_all()
    assert await desk.bot.forget(desk.workspace, 1, LATER) == ["C-1"]
    with open_work(desk.database, desk.workspace, writes=False) as work:
        assert work.cases.require(2).customer == "Mrs Ozturkova"
    assert await desk.bot.forget(desk.workspace, 2, LATER)
    desk.say_all(LATER)
    assert left(desk) == []


async def test_a_reply_in_the_thread_of_a_double_of_the_web_is_scrubbed(desk: Desk) -> None:
    desk = Desk(desk.database, "web")
    await a_double(desk)
    with open_work(desk.database, "web", writes=True) as work:
        for key in ("retro:1", "retro:2"):
            root = work.sent_messages.get(key)
            assert root is not None
            post = work.posts.add(Post(channel_id="C1", author="U2", text="Root", posted_at=AT))
            work.sent_messages.keep(key, root.model_copy(update={"message": str(post.id)}))
        reply = "Mrs Ozturkova called again"
        work.posts.add(Post(channel_id="C1", thread=post.id, author="U2", text=reply, posted_at=AT))
        work.commit()
    assert await desk.bot.forget("web", 1, LATER)
    assert left(desk) == []


async def test_a_case_whose_number_begins_alike_is_another_one(desk: Desk) -> None:
    for number in range(1, 13):
        values = {"what_happened": f"Thing {number}", "customer": f"Customer{number} Smith"}
        reply = await desk.ask(ANA, "case.fail", values=values | {"reference": f"ZD-{number}"})
        assert not reply.faults
    desk.say_all()
    await same_as(desk, "C-2", "C-11")
    assert await desk.bot.forget(desk.workspace, 1, LATER)
    with open_work(desk.database, desk.workspace, writes=False) as work:
        kept = [number for number in range(1, 13) if work.cases.require(number).customer]
    assert kept == [*range(2, 13)]
