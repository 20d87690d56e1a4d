"""What happens with a team: its first use, its settings, and what Amends says about itself."""

from collections.abc import Mapping

from bot.domain.errors import Refused
from bot.domain.job import Job
from bot.domain.reader import Reader
from bot.domain.reader import settle as settle_own
from bot.domain.team import Team, aim, settle
from bot.domain.working_hours import today
from bot.flows import fields
from bot.messages import team as messages
from bot.messages.parts import Message
from bot.ports import UnitOfWork
from bot.request import Place, Reply, Request

OWN = ("mine", "my", "me", "own")
"""What can be typed after `settings` for one's own."""


def of(place: Place, request: Request, work: UnitOfWork) -> Team:
    """The team of a place; its first use makes it, with the person as lead, in their time zone."""
    team = work.teams.get(place.id)
    if team is None:
        work.places.remember(place)
        team = new(place, request)
        work.teams.add(team)
    elif team.lead is None and team.version == 1 and not request.bulk:
        # An import made the team, and an import leads nobody; nobody has settled anything either.
        first = new(place, request)
        team = team.model_copy(update={"lead": first.lead, "zone": first.zone})
        work.teams.save(team)
        team = team.model_copy(update={"version": team.version + 1})
    return team


def new(place: Place, request: Request) -> Team:
    """A team with default settings, not stored."""
    lead = None if request.bulk else request.person.id
    zone = request.person.zone or "UTC"
    return Team(place=place.id, name=place.name, lead=lead, zone=zone, made_at=request.at)


def _own(request: Request) -> bool:
    """Whether a person's own settings are meant: typed so, or typed where no team is."""
    return request.typed.strip().lower() in OWN or (
        request.place is not None and request.place.kind == "direct"
    )


def settings_form(request: Request, work: UnitOfWork) -> Reply:
    """Opens the team's settings, or a person's own."""
    if _own(request):
        return own_settings_form(request, work)
    place = _shared_place(request)
    team = work.teams.get(place.id) or new(place, request)
    return Reply(form=messages.settings_form(team))


def own_settings_form(request: Request, work: UnitOfWork) -> Reply:
    """Opens a person's own settings."""
    known = work.readers.get(request.person.id)
    return Reply(form=messages.own_settings_form(known or Reader(person=request.person.id)))


def own_settings(request: Request, work: UnitOfWork) -> Reply:
    """Saves when and how a person wants to be reminded."""
    known = work.readers.get(request.person.id) or Reader(person=request.person.id)
    quiet_until = fields.day(request, "quiet_until")
    if quiet_until is not None and quiet_until <= today(request.person.zone or "UTC", request.at):
        quiet_until = None
    changed = settle_own(
        known,
        starts=fields.clock(request, "starts"),
        ends=fields.clock(request, "ends"),
        days=fields.days(request, "days"),
        digest=bool(fields.text(request, "digest")),
        quiet_until=quiet_until,
    )
    work.readers.save(changed)
    work.agenda.bring_up(owner=request.person.id)
    for team in work.teams.all():
        if team.lead == request.person.id:
            work.agenda.bring_up(place=team.place)
    return Reply(message=messages.settled_own(changed))


def settings(request: Request, work: UnitOfWork) -> Reply:
    """Saves the team's settings."""
    team = of(_shared_place(request), request, work)
    lead = fields.person(request, "lead", work)
    count = fields.text(request, "days_to_answer", needed="Say how many working days people have.")
    starts, ends = fields.clock(request, "starts"), fields.clock(request, "ends")
    if starts is None or ends is None:
        raise Refused("Say when the day starts and ends.", "starts" if starts is None else "ends")
    changed = settle(
        team,
        lead=lead.id if lead else None,
        zone=fields.text(request, "zone", needed="Choose a time zone."),
        days=fields.days(request, "days"),
        starts=starts,
        ends=ends,
        days_to_answer=int(count) if count.isascii() and count.isdigit() and len(count) < 4 else 0,
    )
    if "coach" in (request.values or {}):  # a form of an older program does not have it
        changed = changed.model_copy(update={"coach": bool(fields.text(request, "coach"))})
    days = fields.text(request, "days_to_apologise") or str(team.days_to_apologise)
    changed = aim(changed, int(days) if days.isascii() and days.isdigit() and len(days) < 4 else -1)
    work.teams.save(changed)
    work.agenda.bring_up(place=team.place)
    for reader in sorted({team.lead, changed.lead} - {request.person.id, None}, key=str):
        work.jobs.schedule(_changed(changed, str(reader), request))
    return Reply(message=messages.settled(changed))


def _changed(team: Team, reader: str, request: Request) -> Job:
    """A word to a lead, of before or of now, that somebody else changed their team's settings."""
    return Job(
        name="team.settings_changed",
        about=team.place,
        place=reader,
        key=f"settings:{team.place}:{team.version}:{reader}",
        direct=True,
        once=True,
        due_at=request.at,
        detail=request.person.id,
    )


def settings_changed(job: Job, work: UnitOfWork) -> Message | None:
    """Who changed a team's settings, and what they are now; `detail` is who it was."""
    team = work.teams.get(job.about)
    if team is None:
        return None
    people = work.people.among({job.detail, team.lead or ""} - {""})
    names = {id: person.name for id, person in people.items()}
    return messages.settings_changed(
        team, names.get(job.detail, "Somebody"), names.get(team.lead or "", "")
    )


def _shared_place(request: Request) -> Place:
    if request.place is None or request.place.kind == "direct":
        raise Refused("This belongs to a team: ask for it in the team's own place.")
    return request.place


def say_help(commands: Mapping[str, str], request: Request, work: UnitOfWork) -> Reply:
    """What can be typed, and what each does; words that are no command come back in the first line."""
    word = request.typed.split(maxsplit=1)[0] if request.typed.strip() else ""
    return Reply(message=messages.help_text(commands, word[:40]))


def joined(request: Request, work: UnitOfWork) -> Reply:
    """Amends was added to a place: it says one line, and then what could not be said there before."""
    if request.place is None:
        return Reply()
    place = request.place
    work.places.remember(place)
    hello = Job(
        name="team.hello",
        about=place.id,
        place=place.id,
        key=f"hello:{place.id}",
        once=True,
        due_at=request.at,
    )
    work.jobs.schedule(hello)
    work.jobs.revive(place.id)
    return Reply()


def person_changed(request: Request, work: UnitOfWork) -> Reply:
    """Somebody has another name or zone, or has left: kept, when it is somebody that we know."""
    if work.people.get(request.person.id) is not None:
        work.people.remember(request.person)
    return Reply()


def hello(job: Job, work: UnitOfWork) -> Message | None:
    """One line about itself."""
    return messages.hello()
