"""What happens with a case: it is marked failed, and its retro opens."""

from collections.abc import Mapping
from datetime import time
from typing import ClassVar

from bot.command import Audience, Command, Opening, Reply, Request
from bot.commands import team as team_commands
from bot.commands.lookup import case_of
from bot.domain import message_key
from bot.domain.case import Case
from bot.domain.channel import Channel
from bot.domain.errors import Refused
from bot.domain.job import Job
from bot.domain.reference import CaseRef
from bot.domain.retro import Retro
from bot.domain.team import Team
from bot.domain.working_hours import EARLIEST, add_working_days, moment, today
from bot.fields import MAX_LINK_LENGTH, ChannelId, Clock, Day, Line, Text, field
from bot.jobs import recovery as recovery_jobs
from bot.jobs import retro as retro_jobs
from bot.messages import case as messages
from bot.messages.parts import Form
from bot.ports import ReadOnlyWork, UnitOfWork

NO_PLACE = "Choose the place where the retro opens."


class Fail(Command, frozen=True):
    """Marks a case failed; typed words fill its form, a first one with a digit is the reference."""

    name = "case.fail"
    access = "channel"
    audience: ClassVar[Audience] = "channel"
    begins = True
    title = "Mark a case failed"
    submit = "Open the retro"

    place: ChannelId = field("Team's place", hint="Where the retro opens.")
    what_happened: Text = field(
        "What happened",
        needed="Say what happened, in a sentence or two.",
        hint="The facts, as the customer met them. The first words become the retro's title.",
    )
    reference: Line = field("Case reference", hint="Its number elsewhere, e.g. ZD-4711.")
    customer: Line = field("Customer")
    date: Day = field("Date", hint="When it happened, as far as you know.")
    time: Clock = field("Time")
    public_post: Line = field(
        "Public post", hint="A link, when the complaint is public.", max_length=MAX_LINK_LENGTH
    )
    link: Line = field(hidden=True, max_length=MAX_LINK_LENGTH)

    @classmethod
    def values_of(cls, request: Request) -> Mapping[str, str] | None:
        if request.values is not None:
            return request.values
        values = _typed_values(request)
        return values if request.shared_channel and values.get("what_happened") else None

    @property
    def channel_id(self) -> str | None:
        return super().channel_id or self.place or None


class FailMessage(Fail, frozen=True):
    """The same, of a message that somebody pointed at."""

    name = "case.fail_message"
    audience = "person"


class Read(Command, frozen=True):
    """Shows all of what happened."""

    name = "case.read"
    access = "thing"

    subject: CaseRef


def _typed_values(request: Request) -> Mapping[str, str]:
    """The typed words as values: the first is the reference when it has a digit in it."""
    first, *rest = request.typed.split(maxsplit=1) or [""]
    if any(character.isdigit() for character in first):
        return {"reference": first, "what_happened": "".join(rest).strip()}
    return {"what_happened": request.typed.strip()}


def open_fail(opening: Opening, work: ReadOnlyWork) -> Reply:
    """Opens the form, with what is known: typed words, or the message it was asked from."""
    source, channel_id = opening.request.source, opening.channel_id or ""
    values = dict(_typed_values(opening.request))
    if source is not None:
        values["what_happened"] = source.text
    team = work.teams.get(channel_id) if channel_id else None
    link = source.link if source else None
    return Reply(form=fail_form(channel_id, values, link, team.zone if team else ""))


def fail_form(
    channel_id: str, values: Mapping[str, str], link: str | None = None, zone: str = ""
) -> Form:
    """Mark a case failed; it asks for the channel too, when nobody said where.

    `link` leads to the message that it is about. `zone` is the team's, as far as it is known.
    """
    zoned = {"hint": f"In the team's time zone{f' ({zone})' if zone else ''}."}
    return Fail.form(
        channel_id=channel_id,
        parts=messages.marked_from(link) if link else (),
        values=values,
        changed={"time": zoned, "place": {"needed": True}},
        without=("place",) if channel_id else (),
        hidden={"link": link} if link else {},
    )


def fail(command: Fail, work: UnitOfWork) -> Reply:
    """Marks a case failed and opens its retro; the same reference opens no second one."""
    channel, bulk = _channel(command, work), command.request.bulk
    team = team_commands.of(channel, command, work)
    first = work.cases.by_reference(channel.id, command.reference) if command.reference else None
    if first is not None:
        message_ref = work.sent_messages.get(message_key.retro(first.number))
        link = message_ref.link if message_ref else None
        if message_ref is None or not bulk:
            # It was given up, still waits, or was deleted unnoticed: asking again is a reason to look.
            work.sent_messages.doubt(message_key.retro(first.number))
            work.jobs.schedule(_retro_job(first, command))
        return Reply(message=messages.already(first, team.name, link), already=True)
    case = work.cases.add(_read_case(command, team))
    answers_close_on = add_working_days(team.hours, today(team.zone, command.at), team.days_to_answer)
    work.retros.add(
        Retro(
            case_number=case.number,
            channel_id=channel.id,
            opened_at=command.at,
            answers_close_on=answers_close_on,
            opened_by=None if bulk else command.person.id,
        )
    )
    work.jobs.schedule(_retro_job(case, command))
    if not bulk:
        # An import of old cases must not flood anybody: theirs begin when somebody says so.
        contact = team.lead if command.person.bot else command.person.id
        recovery_jobs.begin(case, contact, team, command.at, work)
    # Whoever filled in the form in this very channel sees the retro appear: nothing more to say.
    sees_it = not command.request.typed and command.channel == channel and not command.place
    return Reply() if sees_it else Reply(message=messages.failed(case, team.name))


def _retro_job(case: Case, command: Fail) -> Job:
    bulk = command.request.bulk
    asked_by = None if bulk else command.person.id
    return retro_jobs.retro_job(case.number, case.channel_id, command.at, asked_by=asked_by, bulk=bulk)


def _channel(command: Fail, work: UnitOfWork) -> Channel:
    if command.request.shared_channel is not None:
        return command.request.shared_channel
    if not command.place:
        raise Refused(NO_PLACE, "place")
    # A platform's picker may name a channel that we have not met; the platform knows its name.
    return work.channels.get(command.place) or Channel(id=command.place, name=command.place)


def _read_case(command: Fail, team: Team) -> Case:
    day, at_time, post, link = command.date, command.time, command.public_post, command.link
    if day is not None and day < EARLIEST:
        raise Refused(f"{day.isoformat()} is too long ago to be meant; look at the year.", "date")
    if at_time is not None and day is None:
        day = today(team.zone, command.at)
    happened_at = moment(team.zone, day, at_time or time(0)) if day else None
    if happened_at is not None and happened_at > command.at:
        raise Refused(
            "This is in the future; say when it happened.", "date" if at_time is None else "time"
        )
    if post and not post.startswith(("https://", "http://")):
        raise Refused("A public post is a link that starts with https://.", "public_post")
    return Case(
        number=0,
        channel_id=team.channel_id,
        what_happened=command.what_happened,
        reference=command.reference or None,
        customer=command.customer or None,
        happened_at=happened_at,
        happened_by_day=at_time is None,
        public_post=post or None,
        # Only what we put into the form ourselves comes back here, yet it travelled through a client.
        link=link if link.startswith(("https://", "http://", "/")) else None,
        failed_at=command.at,
    )


def read(command: Read, work: ReadOnlyWork) -> Reply:
    """Shows all of what happened."""
    return Reply(form=messages.story(case_of(command.subject, work)))
