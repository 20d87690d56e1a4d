"""What happens with a case: it is marked failed, and its retro opens."""

from datetime import time

from bot import retro_thread
from bot.commands import fields
from bot.commands import team as team_commands
from bot.domain.case import Case, number_of
from bot.domain.channel import Channel
from bot.domain.errors import Refused
from bot.domain.job import Job
from bot.domain.retro import Retro
from bot.domain.team import Team
from bot.domain.working_hours import EARLIEST, add_working_days, moment, today
from bot.jobs import recovery as recovery_jobs
from bot.jobs import retro as retro_jobs
from bot.messages import case as messages
from bot.ports import UnitOfWork
from bot.request import Reply, Request

MAX_LINE_LENGTH = 200


MAX_LINK_LENGTH = 2000


def fail_form(request: Request, work: UnitOfWork) -> Reply:
    """Opens the form, with what is known: typed words, or the message it was asked from."""
    values = dict(request.values or {})
    if request.source is not None:
        values["what_happened"] = request.source.text
    channel_id = request.channel.id if request.channel and request.channel.kind == "shared" else ""
    team = work.teams.get(channel_id) if channel_id else None
    return Reply(
        form=messages.fail_form(
            channel_id=channel_id,
            values=values,
            link=request.source.link if request.source else None,
            asks_channel=not channel_id,
            zone=team.zone if team else "",
        )
    )


def fail(request: Request, work: UnitOfWork) -> Reply:
    """Marks a case failed and opens its retro; the same reference opens no second one."""
    request = _from_typed_words(request)
    if request.typed and not _complete(request):
        return fail_form(request, work)
    what = fields.text(request, "what_happened", needed="Say what happened, in a sentence or two.")
    reference = fields.text(request, "reference", max_length=MAX_LINE_LENGTH)
    channel = _channel(request, work)
    team = team_commands.of(channel, request, work)
    first = work.cases.by_reference(channel.id, reference) if reference else None
    if first is not None:
        message_ref = work.sent_messages.get(retro_thread.key(first.number))
        link = message_ref.link if message_ref else None
        if message_ref is None:
            # It was given up, or still waits: asking again is a reason to try again.
            work.jobs.schedule(_retro_job(first, request))
        return Reply(message=messages.already(first, team.name, link), already=True)
    case = work.cases.add(_read_case(request, team, what, reference))
    answers_close_on = add_working_days(team.hours, today(team.zone, request.at), team.days_to_answer)
    work.retros.add(
        Retro(
            case_number=case.number,
            channel_id=channel.id,
            opened_at=request.at,
            answers_close_on=answers_close_on,
            opened_by=None if request.bulk else request.person.id,
        )
    )
    work.jobs.schedule(_retro_job(case, request))
    if not request.bulk:
        # An import of old cases must not flood anybody: theirs begin when somebody presses Customer.
        contact = team.lead if request.person.bot else request.person.id
        recovery_jobs.begin(case, contact, team, request.at, work)
    # Whoever filled in the form in this very channel sees the retro appear: nothing more to say.
    sees_it = not request.typed and request.channel == channel and not fields.text(request, "place")
    return Reply() if sees_it else Reply(message=messages.failed(case, team.name))


def _retro_job(case: Case, request: Request) -> Job:
    asked_by = None if request.bulk else request.person.id
    return retro_jobs.retro_job(
        case.number, case.channel_id, request.at, asked_by=asked_by, bulk=request.bulk
    )


def _from_typed_words(request: Request) -> Request:
    """The typed words as values: the first is the reference when it has a digit in it."""
    if request.values is not None or not request.typed.strip():
        return request
    first, *rest = request.typed.split(maxsplit=1)
    if any(character.isdigit() for character in first):
        values = {"reference": first, "what_happened": "".join(rest).strip()}
    else:
        values = {"what_happened": request.typed.strip()}
    return request.model_copy(update={"values": values})


def _complete(request: Request) -> bool:
    shared = request.channel is not None and request.channel.kind == "shared"
    return shared and bool((request.values or {}).get("what_happened"))


def _channel(request: Request, work: UnitOfWork) -> Channel:
    if request.channel is not None and request.channel.kind == "shared":
        return request.channel
    chosen = request.chosen_channel
    if not chosen:
        raise Refused("Choose the place where the retro opens.", "place")
    # A platform's picker may name a channel that we have not met; the platform knows its name.
    return work.channels.get(chosen) or Channel(id=chosen, name=chosen)


def _read_case(request: Request, team: Team, what: str, reference: str) -> Case:
    day, clock = fields.day(request, "date"), fields.clock(request, "time")
    if day is not None and day < EARLIEST:
        raise Refused(f"{day.isoformat()} is too long ago to be meant; look at the year.", "date")
    if clock is not None and day is None:
        day = today(team.zone, request.at)
    happened_at = moment(team.zone, day, clock or time(0)) if day else None
    if happened_at is not None and happened_at > request.at:
        raise Refused(
            "This is in the future; say when it happened.", "date" if clock is None else "time"
        )
    post = fields.text(request, "public_post", max_length=MAX_LINK_LENGTH)
    if post and not post.startswith(("https://", "http://")):
        raise Refused("A public post is a link that starts with https://.", "public_post")
    # Only what we put into the form ourselves comes back here, yet it travelled through a client.
    link = fields.text(request, "link", max_length=MAX_LINK_LENGTH)
    return Case(
        number=0,
        channel_id=team.channel_id,
        what_happened=what,
        reference=reference or None,
        customer=fields.text(request, "customer", max_length=MAX_LINE_LENGTH) or None,
        happened_at=happened_at,
        happened_by_day=clock is None,
        public_post=post or None,
        link=link if link.startswith(("https://", "http://", "/")) else None,
        failed_at=request.at,
    )


def read(request: Request, work: UnitOfWork) -> Reply:
    """Shows all of what happened."""
    return Reply(form=messages.story(get(request.about, work)))


def get(label: str, work: UnitOfWork) -> Case:
    """The case with this label; refuses when there is none."""
    case = work.cases.get(number_of(label, "C"))
    if case is None:
        raise Refused(f"{label} is not here any more, or never was.")
    return case
