"""What is stored of each kind of job, and what is read from it again."""

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from typing import Literal

import pytest

from bot.jobs import (
    action_item,
    board,
    carry_over,
    case,
    note,
    prompt,
    proposal,
    recovery,
    reminder,
    retro,
    returned,
    signal,
    team,
)
from bot.jobs.payload import JobPayload, Unsaid
from bot.messages.parts import plain
from bot.routes import JOB_HANDLERS
from storage.database import Database
from tests.desk import ANA, AT, Desk
from tests.session import open_work
from tests.storage.make_fixture import FIXTURES

STORED: tuple[tuple[str, str, JobPayload], ...] = (
    ("C-7", "", retro.Show(case_number=7)),
    ("C-7/after_hours", "", retro.Prompt(case_number=7, prompt_key="after_hours")),
    (
        "091330a0331a4d85",
        "",
        retro.Answered(answer_id="091330a0331a4d85"),
    ),
    ("C-7", "", retro.SumUp(case_number=7)),
    ("C-7", "", retro.SayReopened(case_number=7)),
    ("C-7", "", carry_over.Tell(case_number=7)),
    (
        "C-7",
        "after-hours support",
        returned.TellLead(case_number=7, gap="after-hours support"),
    ),
    ("AI-12", "", action_item.Show(item_number=12)),
    ("AI-12/U00BEN", "", action_item.TellOwner(item_number=12, owner_id="U00BEN")),
    ("AI-12/29:00/BEN", "", action_item.TellOwner(item_number=12, owner_id="29:00/BEN")),
    ("AI-12/U00BEN", "", action_item.TellStep(item_number=12, person_id="U00BEN")),
    ("AI-12/U00BEN", "2", action_item.TellEdit(item_number=12, owner_id="U00BEN", number=2)),
    ("AI-12/U00BEN", "", action_item.CallOwner(item_number=12, owner_id="U00BEN")),
    (
        "AI-12/U00BEN",
        "They have left.",
        action_item.TellLead(item_number=12, owner_id="U00BEN", reason="They have left."),
    ),
    ("C-7", "", recovery.Show(case_number=7)),
    ("C-7/29:00ANA", "", recovery.TellOwner(case_number=7, person_id="29:00ANA")),
    ("C-7/U00ANA", "", recovery.CallOwner(case_number=7, person_id="U00ANA")),
    (
        "C-7/U00DORA",
        "Slack said:\nno_such_user {1}",
        recovery.TellLead(case_number=7, person_id="U00DORA", reason="Slack said:\nno_such_user {1}"),
    ),
    ("C-7/29:00ANA", "", recovery.TellNotRecovered(case_number=7, person_id="29:00ANA")),
    ("C-7", "", recovery.CheckIn(case_number=7)),
    (
        "C-7/12",
        "promised.1.0f3a91c2",
        note.Leave(case_number=7, proposal_number=12, mark="promised.1.0f3a91c2"),
    ),
    ("AI-12", "", reminder.Tell(kind="AI", number=12)),
    ("R-7", "", reminder.Tell(kind="R", number=7)),
    ("C-7", "", reminder.TellThread(kind="C", number=7)),
    (
        "AI-14",
        "remind:29:00DORA:2026-03-09:0",
        reminder.TellInstead(kind="AI", number=14, message_key="remind:29:00DORA:2026-03-09:0"),
    ),
    (
        "team=C1&is=late&gap=after-hours+support",
        "U00BEN",
        board.Shared(view="team=C1&is=late&gap=after-hours+support", shared_by="U00BEN"),
    ),
    ("2026-03-09", "", board.Weekly(monday=date(2026, 3, 9))),
    ("19:14support@thread.tacv2", "", team.Hello(channel_id="19:14support@thread.tacv2")),
    ("C00SUPPORT", "U00BEN", team.SettingsChanged(channel_id="C00SUPPORT", changed_by="U00BEN")),
    ("C00SUPPORT", "U00BEN", prompt.Changed(channel_id="C00SUPPORT", changed_by="U00BEN")),
    (
        "C00SUPPORT",
        "AI-4 C-7",
        team.ColleagueLeft(channel_id="C00SUPPORT", labels="AI-4 C-7"),
    ),
    ("P-7", "", proposal.Show(number=7)),
    ("2026-03-09", "0f3a", proposal.Gather(connection_id="0f3a", day=date(2026, 3, 9))),
    ("P-7", "", proposal.LookUp(number=7)),
    (
        "P-7",
        "2026-03-09 14:30:00.000005+00:00",
        proposal.ReadComment(number=7, rated_at=datetime(2026, 3, 9, 14, 30, 0, 5, tzinfo=UTC)),
    ),
    ("09e1", "0f3a", signal.ShowTest(connection_id="0f3a", key="09e1")),
    (
        "0f3a",
        "Zendesk\nThe secret is another.",
        signal.TellBroken(connection_id="0f3a", title="Zendesk", why="The secret is another."),
    ),
    ("0f3a", "", signal.AskRules(connection_id="0f3a")),
    ("C-2", "", case.Withdrawn(case_number=2)),
    ("C-2", "colleague", case.Withdrawn(case_number=2, whose="colleague")),
    ("C-7/2", "", case.SayChange(case_number=7, number=2)),
    ("C-7/2", "", case.SayMoved(case_number=7, number=2)),
    ("C-7/2/29:00/BEN", "", case.TellCancelled(case_number=7, number=2, person_id="29:00/BEN")),
    ("19:14support@thread.tacv2", "", case.Backlog(channel_id="19:14support@thread.tacv2")),
    (
        "C00SUPPORT",
        "an answer\nThe platform does not\ntake this message.",
        Unsaid(
            channel_id="C00SUPPORT",
            message="an answer",
            reason="The platform does not\ntake this message.",
        ),
    ),
    (
        "",
        "a greeting\nThey have left.",
        Unsaid(channel_id="", message="a greeting", reason="They have left."),
    ),
)
"""What the program of commit 44acf33 stores in `about` and `detail`, and what it means."""


@pytest.mark.parametrize(("about", "detail", "payload"), STORED)
def test_a_payload_is_stored_as_ever_and_read_again(
    about: str, detail: str, payload: JobPayload
) -> None:
    assert payload.encode() == (about, detail)
    assert type(payload).decode(about, detail) == payload


def test_every_payload_there_is_stands_in_the_table_above() -> None:
    assert {payload.name for *_, payload in STORED} == set(JOB_HANDLERS)


@pytest.mark.parametrize("fixture", sorted(path.stem for path in FIXTURES.glob("*.sql")))
def test_all_that_an_older_program_stored_is_read_and_would_be_stored_alike(fixture: str) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript((FIXTURES / f"{fixture}.sql").read_text(encoding="utf-8"))
        rows = connection.execute("SELECT name, about, detail FROM jobs").fetchall()
    assert len(rows) > 100
    for name, about, detail in rows:
        payload = JOB_HANDLERS[name].decode(about, detail)
        assert payload is not None, (name, about, detail)
        assert payload.encode() == (about, detail)


UNREADABLE: tuple[tuple[type[JobPayload], str, str], ...] = (
    (retro.Show, "nonsense", ""),
    (retro.Show, "AI-7", ""),
    (retro.Show, "C-", ""),
    (retro.Show, "C--7", ""),
    (retro.Show, "C-7/training", ""),
    (retro.Show, "C-12345678901", ""),
    (retro.Prompt, "C-7", ""),
    (action_item.TellOwner, "AI-twelve/U1", ""),
    (reminder.Tell, "X-7", ""),
    (board.Weekly, "next week", ""),
    (Unsaid, "C1", "an answer"),
)


@pytest.mark.parametrize(("kind", "about", "detail"), UNREADABLE)
def test_what_is_no_such_payload_is_told_by_nothing(
    kind: type[JobPayload], about: str, detail: str
) -> None:
    assert kind.decode(about, detail) is None


def test_a_column_that_a_payload_has_no_use_for_is_not_looked_at() -> None:
    assert retro.Show.decode("C-7", "something of a newer version") == retro.Show(case_number=7)


def test_only_the_retro_itself_and_an_answer_are_followed_by_anything() -> None:
    followed = [name for name, kind in JOB_HANDLERS.items() if kind.has_follow_up()]
    assert followed == ["retro.show", "retro.answered"]


def test_a_line_of_the_log_says_what_a_job_is_about_and_not_whom_it_is_for() -> None:
    labels = {payload.name: payload.label for *_, payload in STORED}
    assert labels["retro.prompt"] == "C-7"
    assert labels["action_item.tell_owner"] == "AI-12"
    assert labels["reminder.tell_instead"] == "AI-14"
    assert labels["board.weekly"] == "2026-03-09"


FAILED = datetime(2026, 3, 6, 9, 0, tzinfo=UTC)


async def test_whoever_asked_and_the_lead_are_told_what_was_not_said(sqlite: Database) -> None:
    desk = Desk(sqlite)
    await desk.fail(ANA)
    job = retro.Show(case_number=1).job("C1", "retro:1", FAILED, asked_by="U2")
    unknown = job.model_copy(update={"name": "retro.newer"})
    unreadable = job.model_copy(update={"about": "nonsense"})
    with open_work(desk.database, desk.workspace, writes=False) as work:
        told = {
            each.name + each.about: desk.bot.fallback_jobs(each, "It is archived.", work)
            for each in (job, unknown, unreadable)
        }
    for what, jobs in told.items():
        assert [(note.channel_id, note.about) for note in jobs] == [("U1", "C1"), ("U2", "C1")], what
    details = [jobs[0].detail for jobs in told.values()]
    assert details == [
        "the retro C-1\nIt is archived.",
        "retro.newer\nIt is archived.",
        "retro.show\nIt is archived.",
    ]


def test_a_job_is_said_when_it_is_due_unless_it_is_said_later() -> None:
    job = retro.Show(case_number=1).job("C1", "retro:1", AT)
    assert job.now == AT
    assert job.model_copy(update={"at": FAILED}).now == FAILED


@pytest.mark.parametrize(
    ("whose", "words"), [("", "the customer's details"), ("colleague", "who has left")]
)
def test_what_was_taken_back_says_for_whose_sake(
    whose: Literal["", "colleague"], words: str, sqlite: Database
) -> None:
    withdrawn = case.Withdrawn(case_number=7, whose=whose)
    with open_work(sqlite, "test:1", writes=False) as work:
        message = withdrawn.text(withdrawn.job("C1", "retro:7", AT), work)
    assert message is not None
    assert words in plain(message)


async def test_what_could_not_be_said_to_one_person_is_no_business_of_the_lead(sqlite: Database) -> None:
    desk = Desk(sqlite)
    await desk.fail(ANA)
    job = retro.Show(case_number=1).job("C1", "told:1", FAILED, asked_by="U2", direct=True)
    with open_work(desk.database, desk.workspace, writes=False) as work:
        notes = desk.bot.fallback_jobs(job, "They are not reachable.", work)
    assert [(note.channel_id, note.about) for note in notes] == [("U2", "")]


async def test_a_job_of_a_newer_version_has_no_label(sqlite: Database) -> None:
    bot = Desk(sqlite).bot
    job = retro.Show(case_number=1).job("C1", "retro:1", AT)
    assert bot.label(job) == "C-1"
    assert bot.label(job.model_copy(update={"name": "retro.newer"})) == ""


@pytest.mark.parametrize(("channel_id", "where"), [("C1", " in support"), ("C77", " in C77"), ("", "")])
async def test_what_was_not_said_names_the_channel_as_far_as_that_is_known(
    channel_id: str, where: str, sqlite: Database
) -> None:
    desk = Desk(sqlite)
    await desk.ask(ANA, "team.joined")
    note = Unsaid(channel_id=channel_id, message="the retro C-7", reason="It is archived.")
    with open_work(desk.database, desk.workspace, writes=False) as work:
        message = desk.bot.speak(note.job("U1", "unsaid:U1:1", AT, direct=True), work)
    assert message is not None
    assert f" the retro C-7{where}. It is archived." in plain(message)


async def test_a_job_of_a_newer_version_is_neither_posted_again_nor_followed(sqlite: Database) -> None:
    bot = Desk(sqlite).bot
    job = retro.Show(case_number=1).job("C1", "retro:1", AT)
    newer = job.model_copy(update={"name": "retro.newer"})
    assert bot.is_lasting(job)
    assert bot.has_follow_up(job)
    assert not bot.is_lasting(newer)
    assert not bot.has_follow_up(newer)
    note = Unsaid(channel_id="C1", message="it", reason="So.").job("U1", "unsaid:U1:1", AT)
    assert not bot.is_lasting(note)


@pytest.mark.parametrize("traceless", [False, True])
def test_only_what_belongs_in_a_retros_thread_waits_for_its_root(
    traceless: bool, sqlite: Database
) -> None:
    bot = Desk(sqlite).bot
    answered = retro.Answered(answer_id="a1").job("C1", "answer:a1", AT, thread="retro:7")
    job = answered.model_copy(update={"traceless": traceless})
    (root,) = bot.root_jobs(job)
    assert (root.name, root.about, root.channel_id) == ("retro.show", "C-7", "C1")
    assert root.traceless == traceless
    for thread in (None, "item:7"):
        assert bot.root_jobs(job.model_copy(update={"thread": thread})) == ()
