"""A colleague who left is forgotten: their name is nowhere, and what they said and did stays."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from bot import bootstrap
from bot.commands import export, forget
from bot.commands.forget import Farewell
from bot.domain.channel import Channel
from bot.domain.errors import Refused
from bot.domain.forget import COLLEAGUE, nameless
from bot.domain.job import Job, MessageRef
from bot.domain.notification_preferences import NotificationPreferences
from bot.domain.person import Person
from bot.jobs import action_item as action_item_jobs
from bot.messages.export import FORMATS
from bot.messages.parts import plain, sentence
from bot.messages.recovery_form import EVERYTHING
from bot.repositories import BeingSaid, Post
from bot.settings import Settings
from storage.database import Database
from storage.former import OTHERS
from storage.tables import Row
from tests.desk import ANA, AT, BEN, CLEO, Desk
from tests.session import open_work, queue_of

WILMA = Person(id="U0WILMA77", name="Wilma Lindqvist", zone="Europe/Stockholm")
NAMED = ("Wilma", "Lindqvist", "U0WILMA77", "wilma")
LATER = AT + timedelta(days=1)
EVER = datetime.max.replace(tzinfo=UTC)


def everything(database: Database) -> Iterator[tuple[str, str, str]]:
    """Every value of every column of every table, whatever tables there are."""
    with database.transaction(writes=False) as connection:
        for table in Row.metadata.sorted_tables:
            for row in connection.execute(select(table)):
                for column, value in zip(table.columns, row, strict=True):
                    yield table.name, column.key, json.dumps(value, ensure_ascii=False, default=str)


def named(database: Database) -> set[tuple[str, str]]:
    """The columns in which she is to be found."""
    return {(table, column) for table, column, text in everything(database) if is_named(text)}


def is_named(text: str) -> bool:
    """Whether a text holds her name or her id."""
    return any(name in text for name in NAMED)


def gone(desk: Desk, person: Person = WILMA) -> Farewell | None:
    """What forgetting her comes to."""
    return desk.database.write_at_length(
        desk.workspace, lambda work: forget.forget_person(person, LATER, work)
    )


async def a_colleague_everywhere(desk: Desk) -> None:
    """Whoever may be named in a retro is Wilma, who leads as well."""
    for person in (ANA, BEN, CLEO, WILMA):
        desk.meet(person)
    await desk.ask(
        WILMA, "case.fail", values={"what_happened": "Wilma promised a call", "reference": "Z1"}
    )
    desk.say_all()
    await desk.ask(WILMA, "retro.answer", "C-1", {"training": "I did not know the notes. Wilma"})
    await desk.ask(BEN, "retro.answer", "C-1", {"communication": "Ask wilma lindqvist or @Wilma."})
    await desk.ask(CLEO, "retro.answer", "C-1", {"after_hours": "WILMA was alone.", "unnamed": "yes"})
    await desk.ask(WILMA, "retro.discuss", "m-retro:1", {"text": "See <@U0WILMA77|wilma>", "id": "1.1"})
    await desk.ask(BEN, "retro.discuss", "m-retro:1", {"text": "Lindqvist knows", "id": "1.2"})
    await desk.add_item(WILMA, what="Show the notes", owner=WILMA.id, due="2026-03-10")
    await desk.add_item(BEN, what="Ask Wilma for the list", owner=WILMA.id)
    await desk.add_item(BEN, what="A checklist", owner="U2", measure="Wilma can find it")
    await desk.ask(BEN, "action_item.done", "AI-3", {"changed": "Wilma has it."})
    await desk.ask(WILMA, "action_item.verify", "AI-3", {"saw": ""})
    await desk.add_item(WILMA, what="A night number", owner=WILMA.id)
    await desk.ask(WILMA, "action_item.done", "AI-4", {"changed": "It is on the wall."})
    await desk.ask(ANA, "recovery.hear", "C-1", {"words": "Nobody but Wilma called me."})
    await desk.ask(WILMA, "recovery.ask_wish", "C-1", {"words": "A call"})
    desk.say_all()
    await desk.ask(WILMA, "retro.close", "C-1", {"outcome": "fixes agreed", "why": "So says Wilma."})
    desk.say_all()
    await desk.ask(WILMA, "retro.reopen", "C-1", {"why": "Wilma found one more."})
    desk.say_all()
    await desk.ask(BEN, "retro.close", "C-1", {"outcome": "fixes agreed", "why": "As Wilma said."})
    with open_work(desk.database, desk.workspace, writes=True) as work:
        work.preferences.save(NotificationPreferences(person_id=WILMA.id, digest=True))
        chat = {"conversation": "D1", "person": WILMA.id}
        work.channels.remember(
            Channel(id=WILMA.id, name="Wilma Lindqvist", kind="direct", reference=chat)
        )
        work.commit()
    desk.say_all()
    await desk.tick(LATER)


async def test_her_name_and_her_id_are_in_no_column_of_any_table(database: Database) -> None:
    desk = Desk(database)
    await a_colleague_everywhere(desk)
    before = named(desk.database)
    assert {table for table, _ in before} >= {
        *("people", "readers", "places", "teams", "cases", "retros", "answers", "comments"),
        *("action_items", "recoveries", "recovery_owners", "reminders", "jobs", "said"),
    }
    farewell = gone(desk)
    assert named(desk.database) == set()
    said = desk.say_all(LATER)
    assert named(desk.database) == set()
    assert [key for key, message in said.items() if is_named(message.model_dump_json())] == []
    with open_work(desk.database, desk.workspace, writes=False) as work:
        whole = export.one("C-1", work)
    files = [kind.write(whole, True) for kind in FORMATS.values()]
    assert not any(is_named(text) for text in files)
    assert all(COLLEAGUE in text for text in files)
    assert farewell is not None
    assert (farewell.name, farewell.without_lead) == (WILMA.name, ["support"])
    assert farewell.without_owner == ["AI-1", "AI-2", "C-1"]


async def test_every_message_that_showed_her_is_edited_or_was_hers_alone(desk: Desk) -> None:
    await a_colleague_everywhere(desk)
    assert f"owner:1:{WILMA.id}" in said_keys(desk)
    gone(desk)
    anew = desk.say_all(LATER)
    shown = {
        *("retro:1", "item:1", "item:2", "item:3", "item:4", "recovery:1"),
        *("turn:1:1", "turn:1:2", "turn:1:3", "owner:3:U2"),
    }
    assert shown <= set(anew)
    # What was said to her is forgotten here, and hers to delete there.
    assert not [key for key in said_keys(desk) if key.startswith(("owner:1:", "customer:1:former"))]


def said_keys(desk: Desk) -> list[str]:
    """The keys of all messages that were said."""
    with desk.database.transaction(writes=False) as connection:
        return list(connection.scalars(select(Row.metadata.tables["said"].c.key)))


async def test_what_was_hers_to_do_has_nobody_and_what_she_did_stays(desk: Desk) -> None:
    await a_colleague_everywhere(desk)
    gone(desk)
    for label in ("AI-1", "AI-2"):
        assert (desk.item(label).owner, desk.item(label).state) == (None, "proposed")
    done = desk.item("AI-4")
    assert (done.owner, done.state) == (None, "done")
    assert desk.item("AI-3").state == "verified"
    with open_work(desk.database, desk.workspace, writes=False) as work:
        team, recovery = work.teams.require("C1"), work.recoveries.get(1)
        assert team.lead is None
        assert recovery is not None
        assert recovery.contact is None
        assert recovery.step("ask_wish").words == "A call"
        by = recovery.step("ask_wish").by
        assert work.people.among([by or ""])[by or ""].name == COLLEAGUE
        assert work.recoveries.owed_by(by or "", 9) == []
        assert work.preferences.get(WILMA.id) is None
    assert not (await desk.ask(BEN, "action_item.take", "AI-1")).refused
    # Nobody has agreed to go on with what is reopened.
    assert not (await desk.ask(BEN, "action_item.reopen", "AI-4", {"missing": "Not by night"})).faults
    assert (desk.item("AI-4").owner, desk.item("AI-4").state) == (None, "proposed")
    assert not (await desk.ask(CLEO, "action_item.take", "AI-4")).refused


async def test_whose_item_was_verified_stands_in_plain_words_which_no_platform_tries_to_show(
    desk: Desk,
) -> None:
    for person in (ANA, BEN, WILMA):
        desk.meet(person)
    await desk.fail(ANA)
    await desk.add_item(WILMA, what="The list", owner=WILMA.id)
    await desk.ask(WILMA, "action_item.done", "AI-1", {"changed": "It is there."})
    await desk.ask(BEN, "action_item.verify", "AI-1", {"saw": ""})
    desk.say_all()
    gone(desk)
    owner = desk.item("AI-1").owner
    assert owner is not None
    card = desk.say_all(LATER)["item:1"]
    assert COLLEAGUE in plain(card)
    assert owner not in card.model_dump_json()
    assert not (await desk.ask(BEN, "action_item.reopen", "AI-1", {"missing": "By night"})).faults
    assert not any(owner in key for key in desk.say_all(LATER))
    assert (desk.item("AI-1").owner, desk.item("AI-1").state) == (None, "proposed")


async def test_a_customer_who_was_recovered_and_is_not_after_all_is_looked_after_by_nobody_yet(
    desk: Desk,
) -> None:
    for person in (ANA, WILMA):
        desk.meet(person)
    await desk.fail(WILMA)
    await desk.ask(WILMA, "recovery.hear", "C-1", {"words": "It was late."})
    well = {"verdict": "recovered", "words": "Thank you all."}
    await desk.ask(WILMA, "recovery.verdict", "C-1", well)
    desk.say_all()
    gone(desk)
    desk.say_all(LATER)
    again = {"verdict": "not recovered", "words": "It was late again."}
    assert not (await desk.ask(ANA, "recovery.verdict", "C-1", again)).faults
    said = desk.say_all(LATER)
    assert "recovery:1" in said
    assert not any("former" in key for key in said)
    with open_work(desk.database, desk.workspace, writes=False) as work:
        recovery = work.recoveries.get(1)
    assert recovery is not None
    assert recovery.contact is None


async def test_a_weeks_summary_that_may_have_named_her_is_taken_back_and_no_other(desk: Desk) -> None:
    for person in (ANA, BEN, WILMA):
        desk.meet(person)
    night = Channel(id="C2", name="night")
    await desk.fail(ANA)
    await desk.add_item(BEN, what="The list", owner=WILMA.id)
    await desk.ask(ANA, "case.fail", typed="Z2 Lost, says Wilma", channel=night)
    with open_work(desk.database, desk.workspace, writes=True) as work:
        for channel_id in ("C1", "C2"):
            ref = MessageRef(channel_id=channel_id, message=f"m-{channel_id}")
            work.sent_messages.keep(f"weekly:{channel_id}:2026-03-02", ref)
        work.commit()
    desk.say_all()
    gone(desk)
    said = desk.say_all(LATER)
    assert [key for key in said if key.startswith("weekly")] == ["weekly:C1:2026-03-02"]
    assert "taken back" in plain(said["weekly:C1:2026-03-02"])


async def test_nobody_who_was_forgotten_looks_after_a_customer_of_whom_nobody_heard_yet(
    desk: Desk,
) -> None:
    desk.meet(ANA)
    await desk.fail(WILMA)
    with desk.database.transaction(writes=True) as connection:
        for table in ("recoveries", "recovery_owners"):
            connection.execute(text(f"DELETE FROM {table}"))
        connection.commit()
    desk.say_all()
    gone(desk)
    await desk.ask(ANA, "recovery.begin", "C-1")
    with open_work(desk.database, desk.workspace, writes=False) as work:
        recovery = work.recoveries.get(1)
    assert recovery is not None
    assert recovery.contact == ANA.id


async def test_the_private_word_that_named_the_lead_is_edited(desk: Desk) -> None:
    for person in (ANA, WILMA):
        desk.meet(person)
    await desk.fail(WILMA)
    await desk.ask(ANA, "recovery.hand_over", "C-1", {"step": EVERYTHING, "owner": ANA.id, "why": ""})
    await desk.ask(ANA, "recovery.hear", "C-1", {"words": "It was late."})
    await desk.ask(ANA, "retro.answer", "C-1", {"training": "We knew all there is."})
    nothing = {"outcome": "nothing we could have changed", "why": "The road was closed."}
    await desk.ask(ANA, "retro.close", "C-1", nothing)
    word = desk.say_all()["check_in:1:1"]
    assert "Wilma" in plain(word)
    gone(desk)
    anew = desk.say_all(LATER)["check_in:1:1"]
    assert "Wilma" not in plain(anew)
    assert "somebody you trust" in plain(anew)


async def test_the_lead_is_told_once_what_has_nobody_now_and_not_whose_it_was(desk: Desk) -> None:
    for person in (ANA, BEN, WILMA):
        desk.meet(person)
    await desk.fail(ANA)
    await desk.add_item(BEN, what="Ask Wilma for the list", owner=WILMA.id)
    desk.say_all()
    await desk.ask(ANA, "recovery.hand_over", "C-1", {"step": "hear", "owner": WILMA.id, "why": ""})
    desk.say_all()
    gone(desk)
    said = desk.say_all(LATER)
    (told,) = [key for key in said if key.startswith("left:C1:")]
    words = plain(said[told])
    assert "AI-1" in words
    assert "C-1" in words
    assert not is_named(words)
    assert not [key for key in desk.say_all(LATER) if key.startswith("left:")]


async def test_who_had_nothing_to_do_is_forgotten_without_a_word_to_anybody(desk: Desk) -> None:
    await desk.fail(ANA)
    desk.meet(WILMA)
    desk.say_all()
    farewell = gone(desk)
    assert farewell == Farewell(WILMA.name, 0, [], [])
    assert desk.say_all(LATER) == {}


async def test_a_word_in_the_thread_and_one_to_the_lead_about_her_are_taken_back(desk: Desk) -> None:
    for person in (ANA, BEN, WILMA):
        desk.meet(person)
    await desk.fail(ANA)
    await desk.add_item(BEN, what="The list", owner=WILMA.id)
    desk.say_all()
    with open_work(desk.database, desk.workspace, writes=True) as work:
        for key in (
            f"call:1:{WILMA.id}",
            f"unreached:1:{WILMA.id}",
            f"remind:{WILMA.id}:2026-03-06:0:AI-1",
        ):
            work.sent_messages.keep(key, MessageRef(channel_id="C1", message=f"m-{key}"))
        work.commit()
    gone(desk)
    said = desk.say_all(LATER)
    assert sorted(key.partition(":")[0] for key in desk.deleted) == ["call", "remind", "unreached"]
    assert not any(is_named(key) for key in (*said, *desk.deleted))


async def words_about_her_on_their_way(desk: Desk) -> Sequence[Job]:
    """She cannot be reached: a worker has begun to say so in the thread, and to the lead."""
    for person in (ANA, BEN, WILMA):
        desk.meet(person)
    await desk.fail(ANA)
    await desk.add_item(BEN, what="The list", owner=WILMA.id)
    desk.say_all()
    with open_work(desk.database, desk.workspace, writes=True) as work:
        for job in action_item_jobs.go_public(1, WILMA.id, "She has left.", LATER, work):
            work.jobs.schedule(job)
        work.commit()
    begun = queue_of(desk.database).claim(EVER, "worker", 50)
    assert {job.key.partition(":")[0] for job in begun} == {"call", "unreached"}
    return begun


async def test_while_a_word_about_her_is_on_its_way_she_is_not_forgotten_and_then_it_is_taken_back(
    database: Database,
) -> None:
    desk, queue = Desk(database), queue_of(database)
    begun = await words_about_her_on_their_way(desk)
    before = list(everything(database))
    with pytest.raises(BeingSaid, match="on its way"):
        gone(desk)
    assert list(everything(database)) == before
    # Nobody knows how it ended.
    for job in begun:
        queue.retry(job, 0.0, unsure=True)
    with pytest.raises(BeingSaid):
        gone(desk)
    for job in queue.claim(EVER, "worker", 50):
        queue.finish(job, MessageRef(channel_id=job.channel_id, message=f"m-{job.key}"), 0.0)
    gone(desk)
    desk.say_all(LATER)
    assert sorted(key.partition(":")[0] for key in desk.deleted) == ["call", "unreached"]
    assert named(database) == set()


async def test_the_command_line_waits_until_a_word_about_her_has_arrived(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = await words_about_her_on_their_way(Desk(sqlite))
    met = asyncio.Event()
    loop, once = asyncio.get_running_loop(), forget.forget_person

    def forget_person(*given: Any, **how: Any) -> Farewell | None:
        try:
            return once(*given, **how)
        except BeingSaid:
            loop.call_soon_threadsafe(met.set)
            raise

    monkeypatch.setattr(forget, "forget_person", forget_person)
    settings = Settings(
        _env_file=None, slack_bot_token=None, amends_database_url=f"sqlite:///{sqlite.file}"
    )
    wilma = asyncio.create_task(
        asyncio.to_thread(bootstrap.forget_person, settings, "Wilma Lindqvist", None)
    )
    await met.wait()
    for job in begun:
        queue_of(sqlite).finish(job, MessageRef(channel_id=job.channel_id, message="m"), 0.0)
    farewell = await wilma
    assert farewell is not None
    assert farewell.without_owner == ["AI-1"]

    # Where nobody finds out in time, it says so instead of waiting for ever.
    monkeypatch.setattr(bootstrap, "PATIENCE", 0.0)
    other = Desk(sqlite, workspace="web")
    await words_about_her_on_their_way(other)
    with pytest.raises(BeingSaid, match="Nothing was forgotten"):
        await asyncio.to_thread(bootstrap.forget_person, settings, "Wilma Lindqvist", "web")


async def test_where_her_platform_is_not_configured_any_more_nobody_waits_for_a_word_about_her(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(bootstrap, "PATIENCE", 0.0)
    begun = await words_about_her_on_their_way(Desk(sqlite, workspace="slack:T1"))
    for job in begun:
        queue_of(sqlite).retry(job, 0.0, unsure=True)
    url = f"sqlite:///{sqlite.file}"
    settings = Settings(_env_file=None, slack_bot_token=None, amends_database_url=url)
    farewell = await asyncio.to_thread(bootstrap.forget_person, settings, "Wilma Lindqvist", None)
    assert farewell is not None
    assert farewell.without_owner == ["AI-1"]
    assert named(sqlite) == set()
    (warned,) = (record.getMessage() for record in caplog.records if record.levelname == "WARNING")
    assert warned.startswith("slack:T1 is not configured here")


async def test_a_word_about_her_that_nobody_has_begun_to_say_or_that_was_given_up_goes(
    desk: Desk,
) -> None:
    queue = queue_of(desk.database)
    first, second = await words_about_her_on_their_way(desk)
    queue.give_up(first, "The channel is archived.")
    queue.retry(second, 0.0)
    gone(desk)
    assert not [key for key in desk.say_all(LATER) if key.startswith(("call:", "unreached:"))]
    assert named(desk.database) == set()


async def test_what_is_said_to_her_alone_may_be_on_its_way(desk: Desk) -> None:
    for person in (ANA, WILMA):
        desk.meet(person)
    await desk.fail(ANA)
    await desk.add_item(ANA, what="The list", owner=WILMA.id)
    begun = queue_of(desk.database).claim(EVER, "worker", 50)
    assert f"owner:1:{WILMA.id}" in {job.key for job in begun}
    assert gone(desk) is not None
    assert named(desk.database) == set()


async def test_what_named_her_to_a_lead_is_taken_back_from_the_lead_and_in_the_thread_from_there(
    desk: Desk,
) -> None:
    for person in (ANA, WILMA):
        desk.meet(person)
    await desk.fail(ANA)
    desk.say_all()
    to_lead, in_thread = f"unreached_customer:1:{WILMA.id}", f"call_customer:1:{WILMA.id}"
    of_no_case = f"call_customer:99:{WILMA.id}"
    with open_work(desk.database, desk.workspace, writes=True) as work:
        for key in (to_lead, in_thread, of_no_case):
            work.sent_messages.keep(key, MessageRef(channel_id="C1", message=f"m-{key}"))
        work.commit()
    gone(desk)
    jobs = queue_of(desk.database).claim(LATER, "desk", 50)
    back = {(job.channel_id, job.direct, job.thread) for job in jobs if job.name == "case.withdrawn"}
    assert back == {("U1", True, None), ("C1", False, "retro:1")}


async def test_if_she_writes_again_she_is_met_as_anybody_and_nobody_else_brings_her_back(
    desk: Desk,
) -> None:
    await a_colleague_everywhere(desk)
    gone(desk)
    assert gone(desk) is None
    renamed = WILMA.model_copy(update={"name": "Wilma L."})
    await desk.ask(renamed, "team.person_changed")
    with open_work(desk.database, desk.workspace, writes=False) as work:
        assert work.people.get(WILMA.id) is None
    await desk.ask(renamed, "retro.answer", "C-1", {"training": "Back again"})
    await desk.ask(renamed, "action_item.take", "AI-1")
    with open_work(desk.database, desk.workspace, writes=False) as work:
        met = work.people.get(WILMA.id)
        assert met is not None
        assert met.name == "Wilma L."
    assert desk.item("AI-1").owner == WILMA.id
    assert desk.item("AI-1").history[0].by != WILMA.id


async def test_another_workspace_keeps_its_own_person_of_the_same_id(sqlite: Database) -> None:
    here, there = Desk(sqlite), Desk(sqlite, workspace="test:2")
    for desk in (here, there):
        await a_colleague_everywhere(desk)
    gone(here)
    with open_work(sqlite, "test:2", writes=False) as work:
        assert work.people.get(WILMA.id) is not None
        assert work.teams.require("C1").lead == WILMA.id
    with open_work(sqlite, "test:1", writes=False) as work:
        assert work.people.get(WILMA.id) is None


async def test_in_the_web_workspace_her_chat_goes_and_posts_that_show_her_are_changed(
    sqlite: Database,
) -> None:
    desk = Desk(sqlite, workspace="web")
    await a_colleague_everywhere(desk)
    with open_work(sqlite, "web", writes=True) as work:
        shown = sentence("Wilma Lindqvist, over to you.")
        posts = [
            work.posts.add(Post(channel_id="C1", key="retro:1", message=shown, posted_at=AT)),
            work.posts.add(Post(channel_id="C1", text="Ask Wilma", author=WILMA.id, posted_at=AT)),
            work.posts.add(Post(channel_id=WILMA.id, message=shown, posted_at=AT)),
        ]
        work.commit()
    gone(desk)
    assert named(sqlite) == set()
    with open_work(sqlite, "web", writes=False) as work:
        message, text, chat = (work.posts.get(post.id) for post in posts)
        assert message is not None
        assert message.message == sentence(f"{COLLEAGUE}, over to you.")
        assert text is not None
        assert text.text == f"Ask {COLLEAGUE}"
        assert chat is None


def test_the_columns_that_are_not_looked_through_are_there() -> None:
    """Each belongs to others by what it is: ids and names of people, channels, teams and customers."""
    tables = Row.metadata.tables
    assert [
        (name, key) for name, keys in OTHERS.items() for key in keys if key not in tables[name].c
    ] == []


@pytest.mark.parametrize(
    ("name", "text", "left"),
    [
        ("Ben", "ben can, Ben can, BEN can", "ben can, them can, them can"),
        ("Ben", "@ben Ben's Bengt", "them them's Bengt"),
        ("Ben", "Ben Olsen and Ben", "Ben Olsen and them"),
        ("Ben", "@Ben Olsen", "@Ben Olsen"),
        ("Will", "I will ask Will", "I will ask them"),
        ("Ana Maria Santos", "ana maria santos, Santos, Ana", "them, them, Ana"),
        ("Cleo Olsen", "Olsen and CLEO", "Olsen and them"),
        (
            "\u738b\u5c0f\u660e",
            "\u6211\u4eec\u7ed9\u738b\u5c0f\u660e\u6253",
            "\u6211\u4eec\u7ed9them\u6253",
        ),
        ("Gro", "<@U77>, <@U77|gro> and U77, not U770", "them, them and them, not U770"),
    ],
)
def test_only_what_names_them_is_taken_out_of_a_text(name: str, text: str, left: str) -> None:
    scrub = nameless(Person(id="U77", name=name), ["Ben Olsen", "Ana"])
    assert scrub(text).replace(COLLEAGUE, "them") == left


async def test_a_name_that_reads_like_a_word_of_ours_breaks_nothing(desk: Desk) -> None:
    """A display name may be anything: what a step or a state is called is not a name."""
    done = Person(id="U0DONE99", name="done")
    desk.meet(done)
    await desk.fail(ANA)
    await desk.add_item(done, what="It is done", owner=done.id)
    await desk.ask(done, "action_item.done", "AI-1", {"changed": "I am done"})
    gone(desk, done)
    item = desk.item("AI-1")
    assert (item.state, item.history[-1].step) == ("done", "done")
    assert item.history[-1].words == f"I am {COLLEAGUE}"


async def test_a_person_is_found_by_id_or_by_a_name_that_only_one_has(desk: Desk) -> None:
    for person in (ANA, BEN, WILMA, Person(id="U8", name="ana")):
        desk.meet(person)
    with open_work(desk.database, desk.workspace, writes=False) as work:
        assert forget.person_named("wilma lindqvist ", work) == WILMA
        assert forget.person_named(WILMA.id, work) == WILMA
        with pytest.raises(Refused, match="say which by their id, U1, U8"):
            forget.person_named("Ana", work)
        for unknown in ("Nobody", "", "Wilma"):
            with pytest.raises(Refused):
                forget.person_named(unknown, work)
    gone(desk)
    with open_work(desk.database, desk.workspace, writes=False) as work, pytest.raises(Refused):
        forget.person_named(COLLEAGUE, work)


async def what_she_did_to_cases(desk: Desk) -> dict[str, str]:
    """She cancelled C-2 and C-5, brought C-3 and C-5 back, found that C-4 is C-1, and edited C-1.

    Returns what every message says by then.
    """
    shown: dict[str, str] = {}

    def say() -> None:
        shown.update({key: plain(message) for key, message in desk.say_all().items()})

    async def ask(person: Person, name: str, about: str, values: dict[str, str] | None = None) -> None:
        reply = await desk.ask(person, name, about, values)
        assert not reply.faults, reply
        say()

    for number in range(1, 6):
        failed = {"what_happened": f"Thing {number}", "reference": f"ZD-{number}"}
        await ask(BEN, "case.fail", "", failed)
    await ask(WILMA, "case.cancel", "C-2", {"why": "A test."})
    await ask(CLEO, "case.cancel", "C-3", {"why": "A test."})
    await ask(WILMA, "case.restore", "C-3")
    await ask(WILMA, "case.same_as", "C-4", {"other": "C-1"})
    await ask(WILMA, "case.edit", "C-1", {"what_happened": "Thing 1", "customer": "Kund AB"})
    await ask(WILMA, "case.cancel", "C-5", {"why": "A test."})
    await ask(WILMA, "case.restore", "C-5")
    await ask(CLEO, "case.cancel", "C-5", {"why": "A test after all."})
    return shown


async def test_whom_she_told_that_a_case_was_cancelled_moved_or_back_reads_it_without_her_name(
    desk: Desk,
) -> None:
    shown = await what_she_did_to_cases(desk)
    before = {key for key, words in shown.items() if is_named(words)}
    assert {
        *("case:2:1", "case:3:2", "case:4:1", "case_moved:4:1", "case:5:1", "case:5:2"),
        *("case_cancelled:2:1:U2", "case_cancelled:3:1:U2", "case_cancelled:4:1:U2"),
    } <= before
    assert gone(desk) is not None
    shown |= {key: plain(message) for key, message in desk.say_all(LATER).items()}
    assert [key for key, words in shown.items() if is_named(words)] == []
    assert "a former colleague cancelled C-2" in shown["case:2:1"]
    # The older word to Ben is about what came after it.
    assert "Cleo cancelled the retro C-5" in shown["case_cancelled:5:1:U2"]


async def test_that_she_withdrew_an_answer_is_said_without_her_name(desk: Desk) -> None:
    await desk.ask(WILMA, "case.fail", typed="ZD-1 Late")
    desk.say_all()
    await desk.ask(BEN, "retro.answer", "C-1", {"training": "Bad words", "unnamed": "yes"})
    answer_id = desk.answers("C-1")[0].id
    desk.say_all()
    why = {"why": "It names somebody."}
    assert not (await desk.ask(WILMA, "retro.withdraw_answer", answer_id, why)).faults
    assert is_named(plain(desk.say_all()[f"answer:{answer_id}"]))
    assert gone(desk) is not None
    said = plain(desk.say_all(LATER)[f"answer:{answer_id}"])
    assert not is_named(said)
    assert "It names somebody." in said


async def test_what_was_hers_in_a_cancelled_case_has_nobody_once_that_is_back(desk: Desk) -> None:
    await desk.fail(BEN)
    desk.meet(WILMA)
    await desk.add_item(WILMA, owner=WILMA.id, due="2026-03-09")
    desk.say_all()
    await desk.ask(BEN, "case.cancel", "C-1", {"why": "A test."})
    desk.say_all()
    farewell = gone(desk)
    assert farewell is not None
    assert farewell.without_owner == []
    item = desk.item("AI-1")
    assert (item.owner, item.state, item.cancelled) == (None, "proposed", True)
    await desk.ask(BEN, "case.restore", "C-1", at=LATER)
    said = desk.say_all(LATER)
    assert "Take it" in said["item:1"].model_dump_json()


async def test_what_people_were_told_of_the_customer_names_them_no_more(desk: Desk) -> None:
    for person in (ANA, BEN, WILMA):
        desk.meet(person)
    await desk.ask(ANA, "case.fail", values={"what_happened": "A parcel was lost"})
    desk.say_all()
    given = {"verdict": "not recovered", "words": "Wilma said that it would come."}
    assert not (await desk.ask(BEN, "recovery.verdict", "C-1", given)).faults
    hand = {"step": EVERYTHING, "owner": WILMA.id, "why": ""}
    assert not (await desk.ask(WILMA, "recovery.hand_over", "C-1", hand)).faults
    said = {key: plain(message) for key, message in desk.say_all().items()}
    assert said["customer:1:U1"] == "Thanks. Wilma Lindqvist looks after the customer of C-1 now."
    assert is_named(said["not_recovered:1:1:U1"])
    assert gone(desk) is not None
    left = {key: plain(message) for key, message in desk.say_all(LATER).items()}
    assert {"customer:1:U1", "not_recovered:1:1:U1"} <= left.keys()
    assert not [key for key, words_left in left.items() if is_named(words_left)]
