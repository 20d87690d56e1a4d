"""A peer: slack-bolt's AsyncApp with SQLModel on SQLite, as its users write it, that saves our rows.

For a failed case, an answer and *Take it* it keeps what Amends keeps, in tables of the same names, and
acknowledges after the commit. It is of one workspace and lets SQLite number its cases, so it has no
column for the first and no row for the second. It speaks to nobody: the messages that it owes stay rows.

Fair to it: SQLite is told the same as ours (WAL, and synchronous=FULL, so that what was acknowledged
survives a power cut), and the session is opened in the handler itself, as SQLModel's tutorial has it.
In threads it used more of the processor, and was not quicker beyond what varies from run to run.
"""

import asyncio
import hashlib
import json
import os
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from slack_bolt.app.async_app import AsyncApp
from sqlalchemy import JSON, Engine, event
from sqlmodel import Field, Session, SQLModel, create_engine, select

from tests.benchmarks.bare_bolt import authorize, serve, served
from tests.benchmarks.process import SECRET

FILE = "BENCHMARK_DATABASE"
"""The environment variable that names the database's file."""
STEPS = ("hear", "apologise", "ask_wish", "promise", "keep", "check_back", "tell_changed", "recovered")


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


class Person(SQLModel, table=True):
    """Somebody who typed or clicked."""

    __tablename__ = "people"

    id: str = Field(primary_key=True)
    name: str
    zone: str | None = None


class Channel(SQLModel, table=True):
    """A channel."""

    __tablename__ = "places"

    id: str = Field(primary_key=True)
    name: str


class Team(SQLModel, table=True):
    """The team of a channel; whoever marked its first case leads it."""

    __tablename__ = "teams"

    channel_id: str = Field(primary_key=True)
    name: str
    lead: str | None
    zone: str = "UTC"
    days_to_answer: int = 2


class Case(SQLModel, table=True):
    """A failed case; its number is SQLite's."""

    __tablename__ = "cases"

    number: int | None = Field(default=None, primary_key=True)
    channel_id: str = Field(index=True)
    what_happened: str
    reference: str | None = Field(default=None, index=True)
    customer: str | None = None
    failed_at: datetime = Field(default_factory=now)
    state: str = "failed"


class Retro(SQLModel, table=True):
    """The retro of a case."""

    __tablename__ = "retros"

    case_number: int = Field(primary_key=True)
    channel_id: str = Field(index=True)
    opened_at: datetime = Field(default_factory=now)
    answers_close_on: date
    opened_by: str | None = None
    state: str = "open"
    history: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)


class Recovery(SQLModel, table=True):
    """What is owed to the customer of a case."""

    __tablename__ = "recoveries"

    case_number: int = Field(primary_key=True)
    channel_id: str = Field(index=True)
    contact: str | None
    begun_at: datetime = Field(default_factory=now)
    apologise_by: date
    steps: list[dict[str, Any]] = Field(sa_type=JSON)


class RecoveryOwner(SQLModel, table=True):
    """Who has something left to do for a customer."""

    __tablename__ = "recovery_owners"

    case_number: int = Field(primary_key=True)
    person_id: str = Field(primary_key=True)


class Answer(SQLModel, table=True):
    """An answer to one prompt of a retro."""

    __tablename__ = "answers"

    id: str = Field(default_factory=lambda: uuid4().hex, primary_key=True)
    case_number: int = Field(index=True)
    prompt: str
    text: str
    author: str | None
    posted_at: datetime = Field(default_factory=now)


class ActionItem(SQLModel, table=True):
    """An action item; `history` holds who took which step."""

    __tablename__ = "action_items"

    number: int | None = Field(default=None, primary_key=True)
    case_number: int = Field(index=True)
    channel_id: str = Field(index=True)
    what: str
    asked_by: str
    owner: str | None = Field(default=None, index=True)
    due: date | None = None
    state: str = "proposed"
    history: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)


class Job(SQLModel, table=True):
    """A message that is owed."""

    __tablename__ = "jobs"

    key: str = Field(primary_key=True)
    name: str
    about: str
    queue_id: str = Field(index=True)
    due_at: datetime = Field(default_factory=now)
    asked_by: str | None = None
    state: str = "waiting"


class Lane(SQLModel, table=True):
    """A channel in which messages wait, and since when."""

    __tablename__ = "lanes"

    queue_id: str = Field(primary_key=True)
    due_at: datetime | None = Field(default_factory=now, index=True)


class SeenRequest(SQLModel, table=True):
    """A request that was seen, so that Slack's repeat of it changes nothing."""

    __tablename__ = "requests"

    key: str = Field(primary_key=True)
    day: date = Field(default_factory=lambda: now().date(), index=True)


def opened(file: str) -> Engine:
    """The database with its tables, told the same as ours."""
    engine = create_engine(f"sqlite:///{file}")

    @event.listens_for(engine, "connect")
    def told(connection: Any, _: object) -> None:
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    SQLModel.metadata.create_all(engine)
    return engine


def is_new(session: Session, key: str, person_id: str, name: str) -> bool:
    """Notes the request and who sent it; False for a repeat."""
    hashed = hashlib.sha256(key.encode()).hexdigest()
    if session.get(SeenRequest, hashed):
        return False
    session.add(SeenRequest(key=hashed))
    person = session.get(Person, person_id)
    if person is None:
        session.add(Person(id=person_id, name=name))
    elif person.name != name:
        person.name = name
    return True


def owe(session: Session, key: str, name: str, about: str, queue_id: str, asked_by: str) -> None:
    """Notes a message that is to be said or brought up to date, and where."""
    job = session.get(Job, key) or Job(key=key, name=name, about=about, queue_id=queue_id)
    job.state, job.due_at, job.asked_by = "waiting", now(), asked_by
    session.add(job)
    waiting = session.get(Lane, queue_id) or Lane(queue_id=queue_id)
    waiting.due_at = waiting.due_at or now()
    session.add(waiting)


def fail(session: Session, reference: str, what: str, channel: Channel, person_id: str) -> str:
    """A failed case with its retro and its recovery; the same reference opens no second one."""
    team = session.get(Team, channel.id)
    if team is None:
        team = Team(channel_id=channel.id, name=channel.name, lead=person_id)
        session.add_all([channel, team])
    known = select(Case).where(Case.channel_id == channel.id, Case.reference == reference)
    if first := session.exec(known).first():
        return f"C-{first.number} is that case already."
    case = Case(channel_id=channel.id, what_happened=what, reference=reference)
    session.add(case)
    session.flush()
    number, today = case.number or 0, now().date()
    close_on = today + timedelta(days=team.days_to_answer)
    steps = [{"name": name, "state": "to do", "owner": None, "at": None, "words": ""} for name in STEPS]
    session.add_all(
        [
            Retro(
                case_number=number, channel_id=channel.id, answers_close_on=close_on, opened_by=person_id
            ),
            Recovery(
                case_number=number,
                channel_id=channel.id,
                contact=person_id,
                apologise_by=today,
                steps=steps,
            ),
            RecoveryOwner(case_number=number, person_id=person_id),
        ]
    )
    owe(session, f"retro:{number}", "retro.show", f"C-{number}", channel.id, person_id)
    return f"C-{number} is marked failed, and its retro opens."


def take(session: Session, number: int, person_id: str) -> None:
    """The item is theirs, if nobody has it yet."""
    item = session.get(ActionItem, number)
    if item is None or item.state != "proposed":
        return
    moved = {"step": "take", "by": person_id, "at": now().isoformat()}
    item.owner, item.state, item.history = person_id, "agreed", [*item.history, moved]
    session.add(item)
    owe(session, f"owner:{number}:{person_id}", "tell_owner", f"AI-{number}", person_id, person_id)
    owe(
        session,
        f"retro:{item.case_number}",
        "retro.show",
        f"C-{item.case_number}",
        f"{item.channel_id}/edits",
        person_id,
    )


def answer(session: Session, number: int, texts: dict[str, str], person_id: str) -> None:
    """One answer for each field that was filled in, while the retro is open."""
    retro = session.get(Retro, number)
    if retro is None or retro.state != "open":
        return
    for prompt, text in texts.items():
        given = Answer(case_number=number, prompt=prompt, text=text, author=person_id)
        session.add(given)
        owe(session, f"answer:{given.id}", "answered", given.id, retro.channel_id, person_id)
    owe(session, f"retro:{number}", "retro.show", f"C-{number}", f"{retro.channel_id}/edits", person_id)


def plain_app(engine: Engine) -> AsyncApp:
    """The application's three listeners."""
    bolt = AsyncApp(signing_secret=SECRET, authorize=authorize, process_before_response=True)

    @bolt.command("/amends")
    async def typed(ack: Any, body: dict[str, str]) -> None:
        _, reference, what = body["text"].split(maxsplit=2)
        channel = Channel(id=body["channel_id"], name=body["channel_name"])
        person_id, said = body["user_id"], "That was done already."
        with Session(engine) as session:
            if is_new(session, body["trigger_id"], person_id, body["user_name"]):
                said = fail(session, reference, what, channel, person_id)
                session.commit()
        await ack(said)

    @bolt.action("action_item.take")
    async def taken(ack: Any, body: dict[str, Any], action: dict[str, str]) -> None:
        key, user = f"{action['action_ts']}:{body['trigger_id']}", body["user"]
        with Session(engine) as session:
            if is_new(session, key, user["id"], user["name"]):
                take(session, int(action["value"].removeprefix("AI-")), user["id"])
                session.commit()
        await ack()

    @bolt.view("retro.answer")
    async def answered(ack: Any, body: dict[str, Any], view: dict[str, Any]) -> None:
        user, about = body["user"], json.loads(view["private_metadata"])["about"]
        elements = {name: fields[name] for name, fields in view["state"]["values"].items()}
        texts = {name: one["value"] for name, one in elements.items() if one.get("value")}
        with Session(engine) as session:
            if is_new(session, view["id"], user["id"], user["name"]):
                answer(session, int(about.removeprefix("C-")), texts, user["id"])
                session.commit()
        await ack()

    return bolt


if __name__ == "__main__":
    asyncio.run(serve(served(plain_app(opened(os.environ[FILE])))))
