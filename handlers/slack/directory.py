"""Who people are and what channels are like, as Slack tells it and as long as it may be trusted."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple, TypeVar

from slack_sdk.web.async_client import AsyncWebClient

from bot.command import Request
from bot.domain.channel import Channel
from bot.domain.person import Person
from bot.routes import is_unnamed
from handlers.payload import Malformed, Payload, mapping, needed, text_at
from handlers.remembered import Remembered
from handlers.slack.markup import PRIVATE, SOMEBODY
from handlers.slack.outgoing import NO_ANSWER, code_of
from handlers.slack.workspace import Workspace

log = logging.getLogger(__name__)

T = TypeVar("T")

ASK_SECONDS = 1.0
"""Longest wait for Slack's word: a click must be answered within three seconds."""
KNOWN_SECONDS = 300.0
MAX_KNOWN = 10_000
"""People and channels kept in mind; the ones learnt longest ago go first."""


class Profile(NamedTuple):
    """Somebody, and how far they belong to us.

    `ours`: a person of our own organisation, which is our workspace where there is no Enterprise Grid.
    `full`: a full member of our workspace, who may see its public channels; no guest, nobody who left.
    """

    person: Person
    ours: bool
    full: bool


class Conversation(NamedTuple):
    """What a channel is like. `there` is False when Slack shows us no such channel.

    `shared`: with another organisation, or about to be. `people` counts bots, too.
    """

    name: str = ""
    private: bool = True
    shared: bool = False
    people: int | None = None
    archived: bool = False
    member: bool = False
    """Whether we are in it: of a public one Slack tells us, also where we can say nothing."""
    there: bool = True


NOT_THERE = Conversation(there=False)


class NoSuchChannel(Exception):
    """Slack shows us no such channel: it is gone, or private, and we are not in it."""


def person_of(user: Payload) -> Person:
    """A person from users.info or user_change; without a zone when there is none."""
    profile = mapping(user, "profile")
    names = (text_at(profile, "display_name"), text_at(profile, "real_name"), text_at(user, "real_name"))
    return Person(
        id=needed(user, "id"),
        name=next((name for name in names if name), text_at(user, "name") or SOMEBODY),
        zone=text_at(user, "tz") or None,
        # Slackbot is the one bot that Slack does not mark as one.
        bot=bool(user.get("is_bot")) or user.get("id") == "USLACKBOT",
        gone=bool(user.get("deleted")),
    )


def profile_of(user: Payload, workspace: Workspace) -> Profile:
    """The same, with whether they belong to our workspace and its organisation."""
    person, team = person_of(user), text_at(user, "team_id")
    enterprise = mapping(user, "enterprise_user")
    teams = enterprise.get("teams")
    # A stranger is of another workspace than ours, which may still be one of our organisation.
    at_home = team == workspace.team and not user.get("is_stranger")
    organisation = workspace.enterprise in (text_at(enterprise, "enterprise_id"), team)
    ours = at_home or (bool(workspace.enterprise) and organisation)
    among_us = at_home or (isinstance(teams, list) and workspace.team in teams)
    guest = bool(user.get("is_restricted") or user.get("is_ultra_restricted"))
    return Profile(person, ours, full=ours and among_us and not guest and not person.gone)


def channel_of(channel: Payload) -> Conversation:
    """A channel from conversations.info; what is missing there is taken for the stricter case."""
    people = channel.get("num_members")
    return Conversation(
        name=text_at(channel, "name"),
        private=channel.get("is_private") is not False,
        shared=bool(channel.get("is_ext_shared") or channel.get("is_pending_ext_shared")),
        people=people if isinstance(people, int) else None,
        archived=bool(channel.get("is_archived")),
        member=channel.get("is_member") is True,
    )


async def in_time(asking: Awaitable[T | None]) -> T | None:
    """The result, or None when it takes longer than a second."""
    try:
        async with asyncio.timeout(ASK_SECONDS):
            return await asking
    except TimeoutError:
        log.warning("Slack did not answer in time")
        return None


class Directory:
    """Who people are and what channels are like, remembered for five minutes."""

    def __init__(
        self, slack: AsyncWebClient, workspace: Workspace, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._slack = slack
        self._workspace = workspace
        self.people = Remembered(self._ask_person, KNOWN_SECONDS, clock, MAX_KNOWN)
        self.channels = Remembered(self._ask_channel, KNOWN_SECONDS, clock, MAX_KNOWN)

    def learn(self, user: Payload) -> None:
        """Stores a person from an event that says who they are now."""
        profile = profile_of(user, self._workspace)
        self.people.learn(profile.person.id, profile)

    async def resolve_people(self, request: Request, *, hurry: bool) -> Request:
        """The request with everybody and its channel as Slack knows them.

        In a `hurry` (a dialog must open within three seconds) nothing is asked, and nothing ever about
        somebody who does not want to be named. A submission's people are asked afresh: somebody may have
        left since the picker offered them. Those that Slack says nothing about, and those of another
        organisation, are left out.
        """
        id = request.person.id
        if hurry or self._is_known(request):
            profile, channel = self.people.known(id), self._as_remembered(request.channel)
            people = request.people
        else:
            silent = is_unnamed(request) or request.person.bot
            about = self._remembered(id) if silent else in_time(self.people.get(id))
            (profile, channel), fresh = await asyncio.gather(
                asyncio.gather(about, self._named(request.channel)),
                asyncio.gather(*(self._fresh(other.id) for other in request.people)),
            )
            people = tuple(other.person for other in fresh if other is not None and other.ours)
        return request.model_copy(
            update={
                "person": profile.person if profile else request.person,
                "introduced": profile is not None,
                "channel": channel,
                "people": people,
            }
        )

    def _is_known(self, request: Request) -> bool:
        """Whether Slack need not be asked about anything in the request."""
        channel, profile = request.channel, self.people.known(request.person.id)
        return (
            not request.people
            and (profile is not None or is_unnamed(request) or request.person.bot)
            and (channel is None or bool(channel.name))
        )

    async def close(self) -> None:
        """Ends what is still being asked."""
        await self.people.close()
        await self.channels.close()

    async def _remembered(self, id: str) -> Profile | None:
        return self.people.known(id)

    async def _fresh(self, id: str) -> Profile | None:
        return await in_time(self.people.ask(id)) or self.people.known(id)

    def _as_remembered(self, channel: Channel | None) -> Channel | None:
        facts = self.channels.last(channel.id) if channel is not None and not channel.name else None
        return channel.model_copy(update={"name": facts.name}) if channel and facts else channel

    async def _named(self, channel: Channel | None) -> Channel | None:
        if channel is None or channel.name:
            return channel
        facts = await in_time(self.channels.get(channel.id))
        return channel.model_copy(update={"name": (facts.name if facts else "") or PRIVATE})

    async def _ask_person(self, id: str) -> Profile | None:
        answer = await self.ask("users.info", {"user": id})
        try:
            return profile_of(mapping(answer, "user"), self._workspace) if answer else None
        except Malformed as malformed:
            log.warning("users.info told nobody: %s", malformed)
            return None

    async def _ask_channel(self, id: str) -> Conversation | None:
        try:
            answer = await self.ask("conversations.info", {"channel": id, "include_num_members": "true"})
            return channel_of(mapping(answer, "channel")) if answer else None
        except NoSuchChannel:
            return NOT_THERE
        except Malformed as malformed:
            log.warning("conversations.info told nothing: %s", malformed)
            return None

    async def ask(self, method: str, about: Mapping[str, str]) -> Payload | None:
        """What a method returns; None when Slack does not answer. Raises NoSuchChannel."""
        try:
            answer = await self._slack.api_call(method, data=dict(about))
        except NO_ANSWER as error:
            code = code_of(error)
            if code == "channel_not_found":
                raise NoSuchChannel from None
            log.warning("%s did not answer: %s", method, code)
            return None
        return answer.data if isinstance(answer.data, dict) else None
