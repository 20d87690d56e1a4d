"""Every command, asked for by every kind of person from everywhere, in Slack and in Teams.

What is looked at is the bot's reply, which is all that an adapter shows; where the adapter turns
somebody away by itself, the bot is never asked. What may not be done has changed nothing stored.
"""

import shutil
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

import pytest
from sqlalchemy import select

from bot import access, bootstrap
from bot.bot import TOO_MANY
from bot.command import Reply, Request
from bot.domain.channel import Channel
from bot.domain.person import Person
from bot.domain.reference import PromptsRef, missing
from bot.domain.retro import Answer
from bot.routes import COMMANDS
from handlers.slack.memberships import SHARED
from storage.tables import Row
from tests.access_world import (
    CASE,
    CHOSEN,
    CONNECTION,
    ITEM,
    RETIRED_PROMPT,
    VALUES,
    WORDS,
    Kinds,
    about,
    propose,
)
from tests.desk import words
from tests.fake_teams import FakeTeams, TeamsChannel, TeamsPerson
from tests.fake_teams_forged import forge
from tests.fakes import FakeSlack, SlackChannel, SlackPerson
from tests.handlers.slack_adapter import settings_for as slack_settings
from tests.journeys.teams_app import settings_for as teams_settings
from tests.session import open_work

Who = Literal[
    "member",
    "member elsewhere",
    "guest inside",
    "guest outside",
    "ex-member",
    "deactivated",
    "other workspace",
    "external in a shared channel",
]
Where = Literal["same channel", "other channel", "direct message", "App Home", "forged"]
PAGES_AT = "https://amends.example"
LATER = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
FILLED = {
    command_name: {name: LATER if value == CHOSEN["date"] else value for name, value in values.items()}
    for command_name, values in VALUES.items()
}
"""What a person fills in; these worlds are of the real now, in which another day is still to come."""
WHO: Sequence[Who] = get_args(Who)
WHERE: Sequence[Where] = get_args(Where)

OUTSIDE: Sequence[Who] = ("member elsewhere", "guest outside", "ex-member")
LET_IN, AT_THE_DOOR = "let in", "turned away by the adapter"
KEPT = ("cases", "retros", "answers", "comments", "action_items", "recoveries", "teams", "jobs")


def expected(command_name: str, who: Who, where: Where, label: str, *, listed: bool = False) -> str:
    """What the rule says, written down a second time: LET_IN, AT_THE_DOOR, or the sentence.

    `listed`: the platform is Teams, where whoever is in a channel's roster counts; Slack's externals
    are turned away.
    """
    concern = COMMANDS[command_name].command.access
    if who == "external in a shared channel" and listed and where == "same channel":
        return access.NOT_ASKED_FOR if concern == "platform" else LET_IN
    if who in ("other workspace", "external in a shared channel"):
        return AT_THE_DOOR
    if concern == "platform":
        return access.NOT_ASKED_FOR
    if who == "deactivated":
        return access.DEACTIVATED
    if concern == "own" or who in ("member", "guest inside"):
        return LET_IN
    if where == "same channel":
        # The platform itself says that they are there, so whoever else they are, they see it.
        return LET_IN
    if concern == "channel":
        # In another channel, in a chat or at home it is that one's, or nobody's.
        return access.STRANGE_CHANNEL if where == "forged" else LET_IN
    return missing(label)


class World(Protocol):
    """A platform with a private channel, #den, in which there is something to see, and everybody."""

    built: bootstrap.App
    answer: str
    kinds: Kinds
    listed: bool

    @property
    def den(self) -> SlackChannel | TeamsChannel: ...

    async def asks(self, who: Who, where: Where, command_name: str, label: str) -> None: ...


@dataclass
class Slack:
    """World on the fake Slack; #den is shared with a partner, which the operator allows."""

    slack: FakeSlack
    built: bootstrap.App
    den: SlackChannel
    sales: SlackChannel
    people: Mapping[Who, SlackPerson]
    answer: str
    kinds: Kinds
    listed: bool = False

    async def asks(self, who: Who, where: Where, command_name: str, label: str) -> None:
        """A click where the platform says they are, or a form that says where it belongs."""
        person = self.people[who]
        if where == "forged":
            await person.forges_form(command_name, label, self.den, FILLED.get(command_name, {}))
            return
        at = {
            "same channel": {"channel": {"id": self.den.id, "name": "privategroup"}},
            "other channel": {"channel": {"id": self.sales.id, "name": "sales"}},
            "direct message": {"channel": {"id": f"D{person.id[1:]}", "name": "directmessage"}},
            "App Home": {"view": {"id": "V0HOME", "type": "home"}},
        }[where]
        payload = {
            "type": "block_actions",
            "trigger_id": self.slack.trigger(person.id),
            "actions": [{"type": "button", "action_id": command_name, "value": label}],
            "user": {"id": person.id, "name": person.name, "team_id": person.team},
            "team": {"id": self.slack.team, "domain": "fake"},
            **at,
        }
        assert (await self.slack.send("interactive", payload)).status == 200


@dataclass
class Teams:
    """World on the fake Teams; there is no Home, so dialogs are opened in the personal chat instead."""

    teams: FakeTeams
    built: bootstrap.App
    den: TeamsChannel
    sales: TeamsChannel
    people: Mapping[Who, TeamsPerson]
    answer: str
    kinds: Kinds
    listed: bool = True

    async def asks(self, who: Who, where: Where, command_name: str, label: str) -> None:
        """The same, by activities of one's own making."""
        person = self.people[who]
        at, way = {
            "same channel": (self.den, "a click"),
            "other channel": (self.sales, "a click"),
            "direct message": (person.chat, "a click"),
            "App Home": (person.chat, "a button that opens a dialog"),
            "forged": (self.sales, "a submitted dialog"),
        }[where]
        if who == "other workspace":
            # Whatever they name, Teams says which tenant it was done in.
            at = replace(at, tenant=person.tenant)
        claims = self.den if where == "forged" else None
        await forge(person, way, command_name, label, FILLED.get(command_name, {}), at=at, claims=claims)


@pytest.fixture
def sqlite_url(_ready_on_sqlite: Path, tmp_path: Path) -> str:
    """A database on the quick one alone: who may is the same on both."""
    return f"sqlite:///{shutil.copy(_ready_on_sqlite, tmp_path / 'amends.db')}"


@asynccontextmanager
async def slack_world(url: str) -> AsyncIterator[Slack]:
    """Slack's."""
    async with FakeSlack() as slack:
        people: dict[Who, SlackPerson] = {
            "member": slack.person("Mia"),
            "member elsewhere": slack.person("Olga"),
            "guest inside": slack.person("Gus", guest=True),
            "guest outside": slack.person("Gil", guest=True),
            "ex-member": slack.person("Lea"),
            "deactivated": slack.person("Dora"),
            "other workspace": slack.person("Otto", team="T0OTHER"),
            "external in a shared channel": slack.person("Eve", team="T0PARTNER"),
        }
        inside = [people[who] for who in WHO if who not in ("member elsewhere", "guest outside")]
        den = slack.channel("den", inside, private=True, shared=True)
        sales = slack.channel("sales", list(people.values()), shared=True)
        settings = slack_settings(
            slack,
            amends_database_url=url,
            amends_port=0,
            amends_pace=0.0,
            amends_shared_channels=True,
            amends_url=PAGES_AT,
        )
        async with (
            bootstrap.open_app(settings) as built,
            bootstrap.adapters(built) as opened,
            bootstrap.server(built, opened) as address,
        ):
            slack.events_url = f"{address}/slack/events"
            answer, kinds = await _fill(built, f"slack:{slack.team}", den.id, people["member"].id)
            await slack.leaves(people["ex-member"], den)
            people["deactivated"].deleted = True
            yield Slack(slack, built, den, sales, people, answer, kinds)


@asynccontextmanager
async def teams_world(url: str) -> AsyncIterator[Teams]:
    """Teams'."""
    async with FakeTeams() as teams:
        people: dict[Who, TeamsPerson] = {
            "member": teams.person("Mia"),
            "member elsewhere": teams.person("Olga"),
            "guest inside": teams.person("Gus", guest=True),
            "guest outside": teams.person("Gil", guest=True),
            "ex-member": teams.person("Lea"),
            "deactivated": teams.person("Dora"),
            "other workspace": teams.person("Otto", tenant="another-tenant"),
            "external in a shared channel": teams.person("Eve", tenant="partner-tenant"),
        }
        outside = ("member elsewhere", "guest outside", "other workspace")
        inside = [people[who] for who in WHO if who not in outside]
        # Shared across organisations: what is done there carries our own tenant, whoever does it.
        den = teams.channel("den", inside, private=True, tenant=teams.login.tenant)
        sales = teams.channel("sales", list(people.values()))
        settings = teams_settings(
            teams, amends_database_url=url, amends_port=0, amends_pace=0.0, amends_url=PAGES_AT
        )
        async with (
            bootstrap.open_app(settings) as built,
            bootstrap.adapters(built) as opened,
            bootstrap.server(built, opened) as address,
        ):
            teams.endpoint = f"{address}/api/messages"
            workspace = f"teams:{teams.login.tenant}"
            # Amends meets the channels, and with them the way to their rosters.
            for place in (den, sales):
                await forge(people["member"], "a click", "team.help", at=place)
            answer, kinds = await _fill(built, workspace, den.id, people["member"].id)
            await people["ex-member"].leaves(den)
            gone = people["deactivated"]
            with open_work(built.database, workspace, writes=True) as work:
                # Teams tells nobody that an account is deactivated; where it is known, it holds.
                work.people.remember(Person(id=gone.id, name=gone.name, gone=True))
                work.commit()
            yield Teams(teams, built, den, sales, people, answer, kinds)


async def _fill(built: bootstrap.App, workspace: str, channel_id: str, member: str) -> tuple[str, Kinds]:
    """A case, an item and a named answer, all of the member's, and what the team itself asks.

    Returns the answer's id and the team's kinds of case.
    """
    prompts = PromptsRef(channel_id=channel_id)
    ask = partial(
        Request,
        workspace=workspace,
        person=Person(id=member, name="Mia"),
        channel=Channel(id=channel_id, name="den"),
        at=datetime.now(UTC),
        here=channel_id,
        introduced=True,
    )
    for request in (
        ask(command_name="case.fail", typed="ZD-4711 Letter gone twice"),
        ask(
            command_name="action_item.add",
            about=CASE,
            values={"what": "Show the notes", "owner": member},
        ),
        ask(
            command_name="action_item.change_date",
            about=ITEM,
            values={"due": LATER, "why": "No time before."},
        ),
        ask(command_name="retro.answer", about=CASE, values={"training": "A list", "unnamed": ""}),
        ask(command_name="prompt.retire", about=str(prompts.at(RETIRED_PROMPT))),
        ask(command_name="kind.add", about=str(prompts), values={"called": "Returns"}),
    ):
        reply = await built.bot.answer(request)
        assert not reply.refused, words(reply)

    with open_work(built.database, workspace, writes=True) as work:
        propose(channel_id, datetime.now(UTC), work)
        work.commit()

    def kinds() -> list[str]:
        with open_work(built.database, workspace, writes=False) as work:
            return [kind.key for kind in work.teams.require(channel_id).kinds]

    (old,) = kinds()
    retire = str(PromptsRef(channel_id=channel_id, kind=old))
    for request in (
        ask(command_name="kind.retire", about=retire),
        ask(command_name="kind.add", about=str(prompts), values={"called": "Letters"}),
    ):
        reply = await built.bot.answer(request)
        assert not reply.refused, words(reply)
    (used,) = set(kinds()) - {old}
    with open_work(built.database, workspace, writes=False) as work:
        return work.retros.answers(1)[0].id, Kinds(used, old)


def _stored(built: bootstrap.App) -> dict[str, list[tuple[Any, ...]]]:
    tables = [Row.metadata.tables[name] for name in KEPT]
    with built.database.transaction(writes=False) as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table))] for table in tables
        }


class Watch:
    """The bot, with its replies written down; none: it was never asked."""

    def __init__(self, built: bootstrap.App, answer_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.replies: dict[str, Reply] = {}
        self._database, self._id = built.database, answer_id
        self._was: Answer | None = None
        self._answer = built.bot.answer
        monkeypatch.setattr(built.bot, "answer", self.answer)

    async def answer(self, request: Request) -> Reply:
        """The bot's own reply."""
        reply = await self._answer(request)
        self.replies[request.command_name] = reply
        self._put_back(request.workspace)
        return reply

    def _put_back(self, workspace: str) -> None:
        """The answer, when its author just took it back, or their name, and the connection.

        There is one of each for all cells.
        """
        with open_work(self._database, workspace, writes=True) as work:
            self._was = work.retros.answer(self._id) or self._was
            if self._was is not None and work.retros.answer(self._id) is None:
                work.retros.add_answer(self._was)
            connection = work.connections.get(CONNECTION)
            if connection is not None and connection.removed_at is not None:
                work.connections.save(connection.model_copy(update={"removed_at": None}))
            work.commit()

    def outcome(self, command_name: str, label: str) -> str:
        """How the last cell came out, in the words of `expected`.

        A Home that is drawn anew after a click is the bot's own request, and no cell.
        """
        if command_name not in self.replies:
            return AT_THE_DOOR
        reply = self.replies[command_name]
        assert reply.saved, "something broke inside, and that is no outcome"
        told = words(reply)
        return told if told in {*SENTENCES, missing(label)} else LET_IN


SENTENCES = (
    access.NOT_ASKED_FOR,
    access.DEACTIVATED,
    access.STRANGE_CHANNEL,
    access.NO_ANSWER_NOW,
    SHARED,
    TOO_MANY,
)


def is_believed(cell: tuple[str, Who, Where]) -> bool:
    """Whether somebody from outside asks from the channel itself, where the platform let them in."""
    _, who, where = cell
    return who in OUTSIDE and where == "same channel"


ENDS = ("action_item.drop", "case.cancel")
"""After these nothing can be done about the thing any more, so that they are asked for last."""
REFUSED_HERE = {
    *(name for name, route in COMMANDS.items() if route.command.access == "platform"),
    *("action_item.accept", "action_item.done", "action_item.hand_over", "action_item.remind_later"),
    *("action_item.reopen", "action_item.take", "action_item.verify", "case.edit", "case.open"),
    *("recovery.apologise_publicly", "recovery.tell_changed"),
    *("retro.edit_answer", "retro.withdraw_answer"),
    # Nobody has set a key for secrets here.
    *("connection.add", "connection.renew_secret", "connection.paste_secret", "connection.give_token"),
    *("connection.show_steps", "connection.test"),
}
"""What may be refused even to a member, by how things stand here once other cells changed them."""
CELLS: Sequence[tuple[str, Who, Where]] = [
    (command_name, who, where) for command_name in sorted(COMMANDS) for who in WHO for where in WHERE
]


@pytest.mark.parametrize("platform", [slack_world, teams_world])
async def test_every_command_asked_by_everybody_from_everywhere_comes_out_as_the_rule_says(
    platform: Callable[[str], AbstractAsyncContextManager[World]],
    sqlite_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with platform(sqlite_url) as world:
        watch = Watch(world.built, world.answer, monkeypatch)
        wrong: list[str] = []
        carried_out: set[str] = set()

        async def go_through(cells: Sequence[tuple[str, Who, Where]]) -> None:
            for command_name, who, where in cells:
                label = about(command_name, world.answer, world.den.id, world.kinds)
                watch.replies.clear()
                await world.asks(who, where, command_name, label)
                wanted = expected(command_name, who, where, label, listed=world.listed)
                outcome = watch.outcome(command_name, label)
                if outcome != wanted:
                    wrong.append(f"{command_name}, {who}, {where}: {outcome!r} instead of {wanted!r}")
                reply = watch.replies.get(command_name)
                if reply is not None and not (reply.refused or reply.faults):
                    carried_out.add(command_name)
                if reply is not None and who in OUTSIDE and where != "same channel":
                    shown = reply.model_dump_json()
                    wrong.extend(
                        f"{command_name}, {who}, {where}: was shown {secret!r}"
                        for secret in WORDS
                        if secret in shown
                    )

        async def go_through_unchanged(cells: Sequence[tuple[str, Who, Where]]) -> None:
            before = _stored(world.built)
            await go_through(cells)
            assert _stored(world.built) == before

        let_in = [cell for cell in CELLS if expected(*cell, "", listed=world.listed) == LET_IN]
        let_in.sort(key=lambda cell: cell[0] in ENDS)
        turned_away = [cell for cell in CELLS if cell not in let_in]
        # Who once asked from the channel itself is believed for a while, so those cells come last.
        turned_away.sort(key=lambda cell: cell[2] == "same channel")
        await go_through_unchanged([cell for cell in turned_away if not is_believed(cell)])
        # These do change something.
        await go_through([cell for cell in let_in if not is_believed(cell)])
        await go_through_unchanged([cell for cell in turned_away if is_believed(cell)])
        await go_through([cell for cell in let_in if is_believed(cell)])
        assert not wrong, f"{len(wrong)} of {len(CELLS)} cells:\n" + "\n".join(wrong[:40])
        assert set(COMMANDS) - carried_out <= REFUSED_HERE
