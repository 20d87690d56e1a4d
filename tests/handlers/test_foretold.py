"""What a tick would say is what it then says, and asking for it changes nothing and tells no secret."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import pytest
from sqlalchemy import inspect, select

from bot import bootstrap
from bot.domain.channel import Channel
from bot.domain.job import MessageRef
from bot.domain.working_hours import WorkingHours, add_working_days, moment, today
from bot.ports import Delivery, DeliveryError, Limits
from bot.settings import Misconfigured, Settings
from handlers.foretold import IF_NOT_THERE, Forecast
from handlers.worker import Worker
from storage.database import Database
from storage.tables import Row
from tests.desk import ANA, BEN, CLEO, Desk

SLACK = "slack:T1"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what is not about storage."""
STOCKHOLM = WorkingHours(zone="Europe/Stockholm")
"""Where Ana leads the team; the queue's clock is the real one, so all of it is about days to come."""


def morning(days: int, hour: int = 10) -> datetime:
    """So many working days from now, in Stockholm."""
    zone = STOCKHOLM.zone
    day = add_working_days(STOCKHOLM, today(zone, datetime.now(UTC)), days)
    return moment(zone, day, time(hour))


def day_of(at: datetime) -> date:
    """Which day that is in Stockholm."""
    return today(STOCKHOLM.zone, at)


@pytest.fixture
def desk(database: Database) -> Desk:
    """A workspace of Slack's, now."""
    return Desk(database, SLACK, datetime.now(UTC))


def settings_for(database: Database, database_url: str, **more: Any) -> Settings:
    """Slack is configured, as far as a forecast needs it."""
    return Settings(
        _env_file=None,
        amends_database_url=database_url,
        slack_bot_token="xoxb-1",
        slack_signing_secret="s",
        **more,
    )


@pytest.fixture
def settings(database: Database, database_url: str) -> Settings:
    """The same database, for Slack alone."""
    return settings_for(database, database_url)


def everything(database: Database) -> Mapping[str, Sequence[tuple[Any, ...]]]:
    """Every row of every table."""
    with database.transaction(writes=False) as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in Row.metadata.sorted_tables
        }


class Heard:
    """A platform that takes everything, and knows who heard something new."""

    limits = Limits()

    def __init__(self) -> None:
        self.by: list[str] = []

    async def say(self, delivery: Delivery) -> MessageRef:
        """Everybody hears it."""
        self.by.append(delivery.channel.id)
        return MessageRef(channel_id=delivery.channel.id, message=delivery.key)

    async def edit(self, delivery: Delivery, message_ref: MessageRef) -> MessageRef:
        """Nobody does."""
        return message_ref

    async def delete(self, delivery: Delivery, message_ref: MessageRef) -> None:
        """Nobody does."""

    async def find(self, delivery: Delivery, since: datetime) -> MessageRef | None:
        """It is not there."""
        return None


async def really_said(desk: Desk, by: datetime) -> tuple[list[str], Mapping[str, int]]:
    """Who hears what by then, when it is said."""
    heard = Heard()
    worker = Worker(desk.bot, desk.database, {"slack": heard}, desk.woken)
    return heard.by, await worker.run_due(by)


def whom(forecast: Forecast) -> list[str]:
    """Who would hear something, once for each message."""
    return [line.whom for line in forecast.lines]


async def quiet_team(desk: Desk) -> str:
    """A case whose customer is content, of which everything was said."""
    case = await desk.fail()
    await desk.ask(ANA, "recovery.verdict", case, {"verdict": "recovered", "words": "Thank you."})
    await really_said(desk, datetime.now(UTC))
    return case


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where copies are made; it has to be empty again in the end."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    assert gettempdir() == str(folder)
    yield folder
    assert list(folder.iterdir()) == []


async def test_what_is_foretold_is_what_a_tick_then_says_and_nothing_was_changed(
    desk: Desk, settings: Settings, temporary: Path
) -> None:
    case = await quiet_team(desk)
    due = morning(3, 16)  # Ben, in New York, is at work as well
    await desk.add_item(BEN, case, owner="U2", due=day_of(due).isoformat())
    await desk.add_item(BEN, case, what="Nobody took this")
    await really_said(desk, datetime.now(UTC))
    await desk.fail(BEN, typed="ZD-2 Lost as well")
    before = everything(desk.database)
    forecast = await bootstrap.foretell_tick(settings, due)
    assert everything(desk.database) == before
    # Again, because a forecast that left something behind would tell another story.
    assert await bootstrap.foretell_tick(settings, due) == forecast
    assert all(line.due_at.second == line.due_at.microsecond == 0 for line in forecast.lines)
    heard, outcomes = await really_said(desk, due)
    assert forecast.outcomes == outcomes
    names = {"U1": "Ana", "U2": "Ben", "C1": "#support"}
    assert sorted(line.partition(",")[0] for line in whom(forecast)) == sorted(
        names[recipient] for recipient in heard
    )
    assert {"Ben", "#support", "#support, in the thread of C-2"} <= set(whom(forecast))
    (own,) = (line for line in forecast.lines if line.whom == "Ben" and "wait" in line.words)
    assert "AI-1" in own.words
    assert str(own).startswith(f"{due.astimezone(UTC):%Y-%m-%d %H:%M} UTC  Ben: ")


async def test_of_an_sqlite_file_not_a_byte_is_changed(
    sqlite: Database, tmp_path: Path, temporary: Path
) -> None:
    desk = Desk(sqlite, SLACK, datetime.now(UTC))
    await quiet_team(desk)
    await desk.add_item(BEN, "C-1", owner="U2")
    sqlite.close()
    file = tmp_path / "amends.db"
    before = file.read_bytes()
    settings = settings_for(sqlite, f"sqlite:///{file}")
    assert (await bootstrap.foretell_tick(settings, morning(4))).lines
    assert file.read_bytes() == before


@on_sqlite
async def test_who_is_away_or_not_at_work_is_not_told(
    desk: Desk, settings: Settings, temporary: Path
) -> None:
    case = await quiet_team(desk)
    due = morning(3)
    for person in (ANA, BEN, CLEO):
        desk.meet(person)
    for owner in ("U1", "U2", "U3"):
        await desk.add_item(ANA, case, owner=owner, due=day_of(due).isoformat())
    away = (day_of(due) + timedelta(days=30)).isoformat()
    await desk.ask(ANA, "team.own_settings", values={"quiet_until": away, "digest": "yes"})
    await really_said(desk, datetime.now(UTC))
    # Ten in Stockholm: in New York it is night, in Tokyo the day is over at six.
    told = whom(await bootstrap.foretell_tick(settings, due))
    assert "Ana" not in told
    assert "Ben" not in told
    assert "Cleo" not in told
    afternoon = whom(await bootstrap.foretell_tick(settings, due + timedelta(hours=5, minutes=30)))
    assert "Ben" in afternoon
    assert "Ana" not in afternoon


@on_sqlite
async def test_only_platforms_that_are_configured_speak(
    desk: Desk, database_url: str, temporary: Path
) -> None:
    await desk.fail()
    web_alone = Settings(_env_file=None, amends_database_url=database_url)
    assert await bootstrap.foretell_tick(web_alone, morning(3)) == Forecast()


@on_sqlite
async def test_the_word_that_is_its_readers_alone_is_counted_and_names_nobody(
    desk: Desk, settings: Settings, temporary: Path
) -> None:
    case = await desk.fail(BEN)
    for step, values in (
        ("recovery.hear", {"words": "I waited at home."}),
        ("retro.answer", {"training": "The courier had the right note."}),
    ):
        assert not (await desk.ask(ANA, step, case, values)).refused
    await really_said(desk, datetime.now(UTC))
    closed = {"outcome": "nothing we could have changed", "why": "A flood."}
    assert not (await desk.ask(ANA, "retro.close", case, closed)).faults
    forecast = await bootstrap.foretell_tick(settings, datetime.now(UTC))
    assert forecast.secret == 1
    assert "Ben" not in whom(forecast)
    assert "not about you" not in str(forecast.lines)
    heard, outcomes = await really_said(desk, datetime.now(UTC))
    assert "U2" in heard
    assert outcomes == forecast.outcomes


@on_sqlite
async def test_an_answer_without_a_name_has_none_here(
    desk: Desk, settings: Settings, temporary: Path
) -> None:
    case = await quiet_team(desk)
    values = {"training": "We never practised this.", "after_hours": "A number to call."}
    await desk.ask(CLEO, "retro.answer", case, {**values, "unnamed": "yes"})
    forecast = await bootstrap.foretell_tick(settings, datetime.now(UTC))
    answers = [line for line in forecast.lines if "someone on the team" in line.words]
    assert len(answers) == 2
    assert answers == sorted(answers)
    assert "Cleo" not in str(forecast)


@on_sqlite
async def test_what_was_typed_steers_no_terminal(
    desk: Desk, settings: Settings, temporary: Path
) -> None:
    await desk.fail(typed="ZD-1 Lost\x1b[2J\x07 twice")
    (line, *_) = (await bootstrap.foretell_tick(settings, datetime.now(UTC))).lines
    assert "Lost[2J twice" in line.words
    assert str(line).isprintable()


@on_sqlite
@pytest.mark.parametrize("trick", ["\x1b[2J", "\u202e", "\n2026-01-01 09:00 UTC  Eve: "])
async def test_what_people_and_channels_are_called_steers_no_terminal_either(
    desk: Desk, settings: Settings, temporary: Path, trick: str
) -> None:
    shop = Channel(id="C2", name=f"sh{trick}op")
    await desk.ask(ANA, "case.fail", typed="ZD-1 Lost", channel=shop, here="C2")
    desk.meet(ANA.model_copy(update={"name": f"An{trick}a"}))
    forecast = await bootstrap.foretell_tick(settings, morning(3))
    assert [name for name in whom(forecast) if name.startswith("An")]
    assert [name for name in whom(forecast) if name.startswith("#sh")]
    assert all(str(line).isprintable() for line in forecast.lines)


@on_sqlite
async def test_a_message_that_reminds_of_several_things_names_them_all(
    desk: Desk, settings: Settings, temporary: Path
) -> None:
    case = await quiet_team(desk)
    for person in (ANA, BEN, CLEO):
        desk.meet(person)
    due = morning(3, 16)
    for _ in range(2):
        await desk.add_item(BEN, case, owner="U2", due=day_of(due).isoformat())
    lost = await desk.fail(BEN, typed="ZD-2 Lost as well")
    await really_said(desk, datetime.now(UTC))
    lines = (await bootstrap.foretell_tick(settings, due)).lines
    (own,) = (line for line in lines if line.whom == "Ben" and "things wait for you" in line.words)
    assert own.words.startswith("3 things wait for you, first of all: ")
    named = own.words.rpartition("(")[2]
    assert sorted(named.removesuffix(")").split(", ")) == ["AI-1", "AI-2", lost]


@on_sqlite
async def test_what_may_have_been_said_before_is_marked_so(
    desk: Desk, settings: Settings, temporary: Path
) -> None:
    class Silent(Heard):
        async def say(self, delivery: Delivery) -> MessageRef:
            raise DeliveryError("No answer came.", maybe_delivered=True, outage=True)

    await desk.fail()
    worker = Worker(desk.bot, desk.database, {"slack": Silent()}, desk.woken)
    await worker.run_due(datetime.now(UTC))
    forecast = await bootstrap.foretell_tick(settings, datetime.now(UTC) + timedelta(minutes=1))
    marked = [line.words.endswith(IF_NOT_THERE) for line in forecast.lines]
    assert marked.count(True) == 1
    assert len(marked) > 1


@on_sqlite
async def test_a_channel_that_a_platform_lets_rest_is_not_waited_for(
    desk: Desk, settings: Settings, temporary: Path
) -> None:
    class Busy(Heard):
        async def say(self, delivery: Delivery) -> MessageRef:
            raise DeliveryError("The platform asks to wait.", retry_after=3600.0, outage=True)

    await desk.fail()
    worker = Worker(desk.bot, desk.database, {"slack": Busy()}, desk.woken)
    await worker.run_due(datetime.now(UTC))
    in_time = await bootstrap.foretell_tick(settings, datetime.now(UTC))
    assert in_time.lines == ()
    later = await bootstrap.foretell_tick(settings, datetime.now(UTC) + timedelta(hours=2))
    assert "#support" in whom(later)


async def test_an_older_schema_is_refused_and_stays_as_it_is(empty_url: str, temporary: Path) -> None:
    database = Database(empty_url)
    if database.file is not None:
        database.file.touch()
    with pytest.raises(Misconfigured, match="run 'python -m bot migrate'"):
        await bootstrap.foretell_tick(settings_for(database, empty_url), datetime.now(UTC))
    with database.transaction(writes=False) as connection:
        assert inspect(connection).get_table_names() == []
    database.close()


LOST = "The courier lost the parcel and nobody told the customer about the delay"


async def test_what_a_thread_would_be_told_of_earlier_cases_and_a_lead_of_a_returned_gap_is_foretold(
    desk: Desk, settings: Settings, temporary: Path
) -> None:
    now = datetime.now(UTC)
    await desk.ask(ANA, "case.fail", values={"what_happened": LOST, "time": ""})
    await desk.add_item(ANA, owner="U1", gap="training")
    for person, name, about, values in (
        (ANA, "action_item.done", "AI-1", {"changed": "Notes are shown."}),
        (BEN, "action_item.verify", "AI-1", {"saw": "I saw them."}),
    ):
        assert not (await desk.ask(person, name, about, values)).refused
    await really_said(desk, now)
    desk.at = now + timedelta(seconds=1)  # after the fix was verified
    await desk.ask(BEN, "case.fail", typed=f"ZD-2 {LOST} once more")
    await desk.add_item(BEN, "C-2", gap="training")
    due = morning(3, 16)
    forecast = await bootstrap.foretell_tick(settings, due)
    told = {(line.whom, line.words) for line in forecast.lines}
    assert ("#support, in the thread of C-2", "An earlier case is like this one.") in told
    assert any(whom == "Ana" and "AI-1 may not hold" in words for whom, words in told)
    _, outcomes = await really_said(desk, due)
    assert forecast.outcomes == outcomes
