"""Who people are and what places are called, as Slack tells them and as long as it may be trusted."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping

from slack_sdk.web.async_client import AsyncWebClient

from bot.request import Person, Place, Request
from handlers.payload import Payload, mapping, needed, text_at
from handlers.slack.incoming import PRIVATE, SOMEBODY
from handlers.slack.outgoing import NO_ANSWER, code_of

log = logging.getLogger(__name__)

ASK_SECONDS = 1.0
"""Longest wait for Slack's word about a person: a click must be answered within three seconds."""
KNOWN_SECONDS = 600.0
MOST_KNOWN = 10_000
"""People and places kept in mind; the ones learnt longest ago go first."""


def person_of(user: Payload) -> Person:
    """A person as users.info and user_change tell them; a missing zone is unknown."""
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


class Directory:
    """Who people are and what places are called, remembered for ten minutes."""

    def __init__(self, slack: AsyncWebClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._slack = slack
        self._clock = clock
        self._known: dict[str, tuple[float, Person | Place]] = {}

    def learn(self, about: Person | Place) -> None:
        """Remembers somebody or some place as they are now."""
        self._known.pop(about.id, None)
        self._known[about.id] = (self._clock() + KNOWN_SECONDS, about)
        if len(self._known) > MOST_KNOWN:
            del self._known[next(iter(self._known))]

    def known(self, id: str) -> Person | Place | None:
        """What is remembered, unless it is too old."""
        until, about = self._known.get(id, (0.0, None))
        return about if until > self._clock() else None

    async def introduce(self, request: Request, *, hurry: bool) -> Request:
        """The request with everybody and its place as Slack knows them.

        In a `hurry` (a dialog must open within three seconds) nothing is asked. A submission's
        people are asked afresh: somebody may have left since the picker offered them. Those that
        Slack says nothing about are left out.
        """
        if hurry:
            person, place = self.known(request.person.id), request.place and self.known(request.place.id)
            return request.model_copy(
                update={
                    "person": person if isinstance(person, Person) else request.person,
                    "place": place if isinstance(place, Place) else request.place,
                }
            )
        person, place, *people = await asyncio.gather(
            self._person(request.person.id),
            self._named(request.place),
            *(self._fresh(other.id) for other in request.people),
        )
        return request.model_copy(
            update={
                "person": person or request.person,
                "place": place,
                "people": tuple(other for other in people if other is not None),
            }
        )

    async def _person(self, id: str) -> Person | None:
        known = self.known(id)
        return known if isinstance(known, Person) else await self._fresh(id)

    async def _fresh(self, id: str) -> Person | None:
        answer = await self._ask("users.info", {"user": id})
        if answer is None:
            known = self.known(id)
            return known if isinstance(known, Person) else None
        person = person_of(mapping(answer, "user"))
        self.learn(person)
        return person

    async def _named(self, place: Place | None) -> Place | None:
        if place is None or place.name:
            return place
        known = self.known(place.id)
        if isinstance(known, Place):
            return known
        answer = await self._ask("conversations.info", {"channel": place.id})
        name = text_at(mapping(answer, "channel"), "name") if answer else ""
        named = place.model_copy(update={"name": name or PRIVATE})
        if answer:
            self.learn(named)
        return named

    async def _ask(self, method: str, about: Mapping[str, str]) -> Payload | None:
        try:
            async with asyncio.timeout(ASK_SECONDS):
                answer = await self._slack.api_call(method, data=dict(about))
        except NO_ANSWER as error:
            log.warning("%s did not answer: %s", method, code_of(error))
            return None
        return answer.data if isinstance(answer.data, dict) else None
