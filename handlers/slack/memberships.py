"""Who is in which channel, as Slack says: asked outside transactions, and kept for five minutes.

A public channel counts every full member of the workspace. A private one, and every guest, and whoever
is of another workspace of our organisation: only who is in `conversations.members`. A channel that
Slack does not show us counts nobody: whoever is in it asks from there.

Where somebody asks, the platform itself says, so a command or a click there needs no question, and what
they do next in a dialog needs none for five minutes. With one exception: unless it is allowed, the bot
does not work in a channel that is shared with another organisation. What a channel is like is learnt
when it is first met, so a retro's buttons find it known; older knowledge than five minutes is used, and
asked anew beside the answer. Only the first command or click in a channel after a start waits for it,
for a second at most and beside what is asked about the person, so that a form opens within Slack's
three; when Slack is silent then, nothing is done. Events say of themselves whether their channel is
shared, so they never wait.
"""

import asyncio
import logging
import time
from collections.abc import Callable

from bot.domain.errors import Refused
from bot.domain.person import Person
from bot.ports import MembershipUnknown
from handlers.payload import Payload, mapping, text_at
from handlers.remembered import Remembered
from handlers.slack.directory import KNOWN_SECONDS, Conversation, Directory, NoSuchChannel, in_time
from handlers.slack.incoming import channel_of
from handlers.slack.workspace import Workspace

log = logging.getLogger(__name__)

HERE_SECONDS = 2 * 3600.0
"""How long it counts that somebody asked from a channel.

After KNOWN_SECONDS it only decides what nothing else can: an answer without a name, written at length
by a full member who never joined its public channel, or a form for a channel that we are not in.
"""
MAX_HERE = 10_000
FEW = 10
"""Up to so many members are counted without the bots among them."""
PAGE = 999
"""Members a page: the most that Slack takes is below 1,000."""
MAX_PAGES = 100
READ_SECONDS = 60.0
"""For all pages: whoever asks waits a second, and the next one has the list."""
MAX_LISTS = 500

SHARED = (
    "This is about a channel that is shared with another organisation, where I do not work: "
    "use one of your own, or ask whoever runs me to allow it."
)

GOING = frozenset({"member_joined_channel", "member_left_channel"})
"""Events that change who is in a channel."""
CHANGING = frozenset(
    {
        "channel_archive",
        "channel_deleted",
        "channel_left",
        "channel_shared",
        "channel_unarchive",
        "channel_unshared",
        "group_archive",
        "group_deleted",
        "group_left",
        "group_unarchive",
        # These two are subtypes of a message, and reach us where we are a member.
        "channel_convert_to_private",
        "channel_convert_to_public",
    }
)
"""Events that change what a channel is, or whether we are in it."""
RENAMING = frozenset({"channel_rename", "group_rename"})


class SlackMemberships:
    """ports.Memberships for the one workspace that the token belongs to.

    `shared_too`: the operator lets the bot work in channels shared with another organisation.
    """

    def __init__(
        self,
        directory: Directory,
        workspace: Workspace,
        *,
        shared_too: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._directory = directory
        self._workspace = workspace
        self._shared_too = shared_too
        self._clock = clock
        self._members = Remembered(self._read, KNOWN_SECONDS, clock, MAX_LISTS)
        self._here: dict[tuple[str, str], float] = {}

    async def includes(self, workspace: str, channel_id: str, person: Person, *, unnamed: bool) -> bool:
        """Whether the channel counts this person; raises MembershipUnknown after a second, or Refused.

        For somebody who is `unnamed`, Slack is asked about the channel only.
        """
        included = await in_time(self._includes(channel_id, person.id, unnamed=unnamed))
        if included is None:
            raise MembershipUnknown
        return included

    async def check_open(self, workspace: str, channel_id: str) -> None:
        """Raises Refused for one shared with another organisation, MembershipUnknown in silence."""
        closed = await self.is_closed(channel_id)
        if closed is None:
            raise MembershipUnknown
        if closed:
            raise Refused(SHARED)

    async def speaks_in(self, workspace: str, channel_id: str) -> bool:
        """Whether we are in the channel, and it is not archived; raises MembershipUnknown."""
        facts = await in_time(self._directory.channels.get(channel_id))
        if facts is None:
            raise MembershipUnknown
        return facts.member and not facts.archived

    async def is_guest(self, workspace: str, person: Person, *, unnamed: bool) -> bool:
        """Whether they are no full member of the workspace; raises MembershipUnknown after a second."""
        people = self._directory.people
        profile = people.known(person.id) if unnamed else await in_time(people.get(person.id))
        if profile is None:
            raise MembershipUnknown
        return not profile.full

    async def people_in(self, workspace: str, channel_id: str) -> int | None:
        """How many people are in the channel, exact when they are few; None after a second."""
        return await in_time(self._count(channel_id))

    def answers_at_once(self, channel_id: str | None) -> bool:
        """Whether `is_closed` answers without asking Slack first."""
        return (
            channel_id is None
            or self._shared_too
            or self._directory.channels.last(channel_id) is not None
        )

    async def is_closed(self, channel_id: str | None) -> bool | None:
        """Whether the bot may not work in a channel where somebody asks; None when nobody says."""
        if channel_id is None or self._shared_too:
            return False
        channels = self._directory.channels
        if channels.last(channel_id) is not None and channels.known(channel_id) is None:
            channels.begin(channel_id)
        facts = channels.last(channel_id) or await in_time(channels.ask(channel_id))
        return None if facts is None else facts.shared

    def is_known_closed(self, channel_id: str | None, *, shared: bool) -> bool:
        """The same, without asking Slack; `shared`: an event says so of its channel."""
        facts = self._directory.channels.last(channel_id) if channel_id else None
        return not self._shared_too and (shared or (facts is not None and facts.shared))

    def met(self, channel_id: str, person_id: str) -> None:
        """Remembers that somebody asked from a channel, as the platform itself says."""
        self._here.pop((channel_id, person_id), None)
        self._here[channel_id, person_id] = self._clock()
        if len(self._here) > MAX_HERE:
            del self._here[next(iter(self._here))]

    def hear(self, happened: Payload) -> None:
        """Forgets what an event shows to be out of date."""
        kind = text_at(happened, "subtype") or text_at(happened, "type")
        if kind in RENAMING:
            self._directory.channels.expire(channel_of(happened))
        if kind not in GOING | CHANGING:
            return
        channel_id, person_id = text_at(happened, "channel"), text_at(happened, "user")
        self._members.forget(channel_id)
        if kind in CHANGING or person_id == self._workspace.bot:
            self._directory.channels.forget(channel_id)
            self._here = {key: until for key, until in self._here.items() if key[0] != channel_id}
        else:
            self._directory.channels.expire(channel_id)  # only how many are in it
            if kind == "member_left_channel":
                self._here.pop((channel_id, person_id), None)

    async def close(self) -> None:
        """Ends what is still being read."""
        await self._members.close()

    async def _includes(self, channel_id: str, person_id: str, *, unnamed: bool) -> bool | None:
        if channel_id.startswith("D"):
            return False  # direct messages are nobody's channel
        age = self._clock() - self._here.get((channel_id, person_id), -HERE_SECONDS)
        channels, fresh = self._directory.channels, age < KNOWN_SECONDS
        facts = (channels.last(channel_id) if fresh else None) or await channels.get(channel_id)
        if facts is None and age < HERE_SECONDS:
            facts = channels.last(channel_id)
        if facts is None:
            return None
        included = fresh or await self._counts(channel_id, facts, person_id, unnamed=unnamed)
        if included is None or not facts.there:
            included = age < HERE_SECONDS or included
        if included and facts.shared and not self._shared_too:
            # Only to who is in it: for others nothing in it is there.
            raise Refused(SHARED)
        return included

    async def _counts(
        self, channel_id: str, facts: Conversation, person_id: str, *, unnamed: bool
    ) -> bool | None:
        """Whether Slack counts them as one of the channel; None when it does not say."""
        if not facts.there:
            return False
        people = self._directory.people
        asks = not unnamed and (facts.shared or not facts.private)
        profile = await people.get(person_id) if asks else people.known(person_id)
        if profile is not None and (profile.person.gone or not profile.ours):
            return False
        if profile is not None and profile.full and not facts.private:
            return True
        members = await self._members.get(channel_id)
        if members is None:
            return None
        if person_id in members:
            return True
        # Whether somebody who is not in a public channel is a full member, only their profile says.
        return None if profile is None and not facts.private else False

    async def _count(self, channel_id: str) -> int | None:
        facts = await self._directory.channels.get(channel_id)
        if facts is None or not facts.there:
            return None
        if facts.people is not None and facts.people > FEW:
            return facts.people
        members = await self._members.get(channel_id)
        if members is None:
            return None
        if len(members) > FEW:
            return len(members)
        people = self._directory.people
        everybody = sorted(members - {self._workspace.bot})
        profiles = [people.known(id) for id in everybody]
        if None in profiles:
            # All of them anew: a question about one alone would say who is about to write.
            profiles = await asyncio.gather(*(people.ask(id) for id in everybody))
        if None in profiles:
            return None
        return sum(
            profile.ours and not (profile.person.bot or profile.person.gone)
            for profile in profiles
            if profile
        )

    async def _read(self, channel_id: str) -> frozenset[str] | None:
        """Everybody in a channel, page by page; None when a page is missing."""
        about, members = {"channel": channel_id, "limit": str(PAGE)}, set[str]()
        try:
            async with asyncio.timeout(READ_SECONDS):
                for _ in range(MAX_PAGES):
                    page = await self._directory.ask("conversations.members", about)
                    ids = page.get("members") if page else None
                    if page is None or not isinstance(ids, list):
                        return None
                    members.update(str(id) for id in ids)
                    cursor = text_at(mapping(page, "response_metadata"), "next_cursor")
                    if not cursor:
                        return frozenset(members)
                    about["cursor"] = cursor
        except NoSuchChannel:
            return frozenset()
        except TimeoutError:
            pass
        log.warning("a channel's members could not be read to the end")
        return None
