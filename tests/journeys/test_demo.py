"""The month of the demo: always the same, whole, in the past, and told by the program itself."""

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import bootstrap
from bot.demo import before, parcels
from bot.demo.notes import NOTES
from bot.domain import recovery as recoveries
from bot.domain import retro as retros
from bot.domain.action_item import ActionItem
from bot.domain.recovery import Recovery
from bot.domain.recovery_step import CATALOGUE, VERDICTS, Step
from bot.domain.working_hours import today
from bot.messages.parts import plain
from bot.ports import ReadOnlyWork
from bot.repositories import Post
from bot.settings import Settings, for_demo
from handlers.web.outgoing import WORKSPACE
from storage.database import Database
from tests.desk import unkeyed
from tests.session import open_work

ZONE = "Europe/Lisbon"
SUNDAY = datetime(2026, 11, 29, 16, 30, tzinfo=UTC)
MONDAY_EARLY = datetime(2026, 11, 2, 6, 5, tzinfo=UTC)
"""A week after the clocks were set back there."""
CHANNELS = ("parcel-shop", "clinic-desk", "energy-line")
CASES = range(1, 25)
COUNTED = ("no", "one", "two", "three", "four", "five", "six")


async def played(folder: Path, now: datetime) -> Database:
    """A month that ends `now`."""
    url = f"sqlite:///{folder}/{now:%H%M%S}.db"
    await bootstrap.play(for_demo(Settings(_env_file=None), url), now, ZONE)
    return Database(url)


def posts(work: ReadOnlyWork) -> list[Post]:
    """Everything that was posted, wherever it stands."""
    places = [*CHANNELS, *(person.id for person in work.people.everybody())]
    roots = [post for place in places for post in work.posts.roots(place, 1000)]
    return roots + [reply for root in roots for reply in work.posts.thread(root.id, 1000)]


def said(work: ReadOnlyWork) -> list[tuple[str, str, str, datetime]]:
    """The same, as far as it is no random key."""
    return sorted(
        (
            post.channel_id,
            post.author or "",
            unkeyed(plain(post.message)) if post.message else post.text,
            post.posted_at,
        )
        for post in posts(work)
    )


@pytest.fixture(scope="module")
def sunday(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The months that end on SUNDAY, for tests that only read them."""
    database = asyncio.run(played(tmp_path_factory.mktemp("sunday"), SUNDAY))
    yield database
    database.close()


async def test_the_month_is_the_same_each_time_it_is_told(sunday: Database, tmp_path: Path) -> None:
    told = []
    again = await played(tmp_path, SUNDAY)
    for database in (sunday, again):
        with open_work(database, WORKSPACE, writes=False) as work:
            told.append(said(work))
    again.close()
    assert told[0] == told[1]
    assert len(told[0]) > 150


async def test_what_came_before_goes_back_as_far_as_the_notes_say_and_repeats_no_words(
    sunday: Database,
) -> None:
    with open_work(sunday, WORKSPACE, writes=False) as work:
        first = min(post.posted_at for post in posts(work))
        told = [work.recoveries.get(number) for number in CASES]
    months = round((SUNDAY - first) / timedelta(days=30.4))
    assert f"{COUNTED[months]} months" == before.SPAN
    assert before.SPAN in NOTES[0].title
    sorry = [one.step("apologise").words for one in told if one and one.is_in("apologise", "done")]
    assert len(sorry) > len(before.PASTS)
    assert len(sorry) == len(set(sorry))


async def test_the_ticket_that_a_note_names_stands_in_its_channel_and_was_rated_anew(
    sunday: Database,
) -> None:
    [named] = {
        (note.where, ticket) for note in NOTES for ticket in re.findall(r"\bHD-[0-9]+", note.words)
    }
    channel_id, reference = named
    with open_work(sunday, WORKSPACE, writes=False) as work:
        roots = [plain(post.message) for post in work.posts.roots(channel_id, 1000) if post.message]
        everything = [plain(post.message) for post in posts(work) if post.message]
    assert any(reference in words for words in roots)
    assert any("Rated 5 of 5" in words and "Sorted, thank you" in words for words in everything)


async def test_another_story_can_be_told_than_the_month(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/talk.db"
    await bootstrap.play(for_demo(Settings(_env_file=None), url), SUNDAY, ZONE, (parcels.TALK,))
    database = Database(url)
    with open_work(database, WORKSPACE, writes=False) as work:
        (only,) = posts(work)
        assert only.text.startswith("Good morning!")
        assert [channel.id for channel in work.channels.all()] == [parcels.TALK.channel.id]
    database.close()


@pytest.mark.parametrize("now", [MONDAY_EARLY, datetime(2027, 4, 1, 18, 0, tzinfo=UTC)])
async def test_a_month_that_ends_at_any_hour_is_over_by_then_and_owes_nothing(
    tmp_path: Path, now: datetime
) -> None:
    database = await played(tmp_path, now)
    with open_work(database, WORKSPACE, writes=False) as work:
        all_of_it = posts(work)
        newest = max(work.posts.roots("energy-line", 1000), key=lambda post: post.id)
    assert newest.message is not None
    assert plain(newest.message).startswith("Two bills came for one month"), "a note says it is last"
    latest = max(post.posted_at for post in all_of_it)
    assert timedelta(0) <= now - latest < timedelta(days=4)
    assert now - min(post.posted_at for post in all_of_it) > timedelta(days=25)
    assert all(post.posted_at.astimezone(UTC).weekday() < 5 for post in all_of_it)
    state = await database.read_queue(lambda queue: queue.state())
    assert (state["waiting"], state["dead"]) == (0, 0)
    database.close()


async def test_every_state_is_there(sunday: Database) -> None:
    with open_work(sunday, WORKSPACE, writes=False) as work:
        check_retros(work)
        check_items(work)
        check_recoveries(work)
        check_answers(work)
        check_proposals(work)
        assert [team.lead for team in (work.teams.require(one) for one in CHANNELS)] == [
            "u_mina",
            "u_ruth",
            "u_greta",
        ]


def check_retros(work: ReadOnlyWork) -> None:
    """Open, closed, finished and cancelled ones; each outcome; one that was reopened."""
    day = today(ZONE, SUNDAY)
    everything = [retro for number in CASES if (retro := work.retros.get(number))]
    shown = {retros.state_of(retro, work.retros.counts(retro.case_number, day)) for retro in everything}
    assert shown == {"open", "closed", "finished", "cancelled"}
    assert {turn.outcome for retro in everything for turn in retro.history if turn.outcome} == set(
        retros.OUTCOMES
    )
    assert any(retro.state == "open" and retro.last for retro in everything)
    assert any(not retro.cancelled and retro.answers_close_on < day for retro in everything)


def items(work: ReadOnlyWork) -> list[ActionItem]:
    return [item for number in CASES for item in work.action_items.of_case(number)]


def check_items(work: ReadOnlyWork) -> None:
    """Each state, each step, a late one, one without a yes, one without an owner, gaps that return."""
    day, everything = today(ZONE, SUNDAY), items(work)
    assert {item.state for item in everything} == {"proposed", "agreed", "done", "verified", "dropped"}
    assert {moved.step for item in everything for moved in item.history} >= {
        *("accept", "hand_over", "decline", "done", "change_date", "verify", "reopen", "drop"),
    }
    assert any(item.state == "agreed" and item.due and item.due < day for item in everything)
    assert any(item.state == "proposed" and item.owner for item in everything)
    assert any(item.state == "proposed" and not item.owner for item in everything)
    by_team = [(item.channel_id, item.gap, item.case_number) for item in everything]
    for returning in (("parcel-shop", "after-hours support"), ("energy-line", "communication")):
        assert len({case for *gap, case in by_team if tuple(gap) == returning}) > 1


def check_recoveries(work: ReadOnlyWork) -> None:
    """Each step done somewhere, and next somewhere; each verdict; a late promise, a late apology."""
    day = today(ZONE, SUNDAY)
    everything = [one for number in CASES if (one := work.recoveries.get(number))]
    done = {step.name for one in everything for step in all_steps(one) if step.state == "done"}
    following = {recoveries.next_step(one) for one in everything if one.state == "open"}
    assert done == {kind.name for kind in CATALOGUE}
    assert following - {None} == done
    assert {step.chosen for one in everything for step in all_steps(one)} >= set(VERDICTS)
    assert {one.state for one in everything} == {"open", "recovered", "no answer", "cancelled"}
    assert any(recoveries.is_late(one, day) for one in everything)
    waiting = [one for one in everything if one.is_in("apologise", "to do") and one.state == "open"]
    assert any(one.apologise_by < day for one in waiting)


def all_steps(one: Recovery) -> list[Step]:
    """Those of former rounds, too."""
    return [step for steps in (*one.earlier, one.steps) for step in steps]


def check_proposals(work: ReadOnlyWork) -> None:
    """A helpdesk proposed them: one waits, one was waved off with a why, one is a case with a draft."""
    everything = [one for number in range(1, 9) if (one := work.proposals.get(number))]
    opened, waved_off, waiting = (
        [one for one in everything if one.state == state]
        for state in ("opened", "waved off", "proposed")
    )
    assert (len(opened), len(waved_off), len(waiting)) == (1, 1, 1)
    assert waved_off[0].last is not None
    assert waved_off[0].last.why
    shown = {plain(post.message) for post in posts(work) if post.message}
    assert any("Two bills came for one month" in one for one in shown)
    assert opened[0].later is not None
    drafts = [one for one in shown if "How it ended is filled in with this." in one]
    assert any(opened[0].later.words in one for one in drafts)
    recovery = work.recoveries.get(opened[0].case_number or 0)
    assert recovery is not None
    assert recovery.state == "open"


def check_answers(work: ReadOnlyWork) -> None:
    """With a name and without; and words beside them."""
    answers = [answer for number in CASES for answer in work.retros.answers(number)]
    assert sum(answer.author is None for answer in answers) >= 3
    assert sum(answer.author is not None for answer in answers) >= 10
    assert {answer.prompt for answer in answers} == {"training", "communication", "after_hours", "else"}
    assert sum(len(work.retros.comments(number)) for number in CASES) >= 3
