"""What happens with a case: it is marked failed, and its retro opens."""

import hashlib
from datetime import time

from bot.domain.case import Case, number_of
from bot.domain.errors import Refused
from bot.domain.job import Job
from bot.domain.retro import Retro
from bot.domain.team import Team
from bot.domain.working_hours import EARLIEST, add_working_days, moment, today
from bot.flows import customer, fields, thread
from bot.flows import retro as retro_flows
from bot.flows import team as teams
from bot.messages import case as messages
from bot.messages.parts import Message
from bot.ports import UnitOfWork
from bot.request import Place, Reply, Request

LONGEST_LINE = 200
LONGEST_LINK = 2000


def fail_form(request: Request, work: UnitOfWork) -> Reply:
    """Opens the form, with what is known: typed words, or the message it was asked from."""
    values = dict(request.values or {})
    if request.found is not None:
        values["what_happened"] = request.found.text
    place = request.place.id if request.place and request.place.kind == "shared" else ""
    team = work.teams.get(place) if place else None
    return Reply(
        form=messages.fail_form(
            place=place,
            values=values,
            link=request.found.link if request.found else None,
            asks_place=not place,
            zone=team.zone if team else "",
        )
    )


def fail(request: Request, work: UnitOfWork) -> Reply:
    """Marks a case failed and opens its retro; the same reference opens no second one."""
    request = _from_typed_words(request)
    if request.typed and not _complete(request):
        return fail_form(request, work)
    what = fields.text(request, "what_happened", needed="Say what happened, in a sentence or two.")
    reference = fields.text(request, "reference", longest=LONGEST_LINE)
    place = _place(request, work)
    team = teams.of(place, request, work)
    first = work.cases.by_reference(place.id, reference) if reference else None
    if first is not None:
        said = work.said.get(thread.key(first.number))
        link = said.link if said else None
        if said is None:
            # It was given up, or still waits: asking again is a reason to try again.
            work.jobs.schedule(retro_flows.shown(first.number, place.id, request))
        return Reply(message=messages.already(first, team.name, link), already=True)
    case = work.cases.add(_read_case(request, team, what, reference))
    answers_close_on = add_working_days(team.hours, today(team.zone, request.at), team.days_to_answer)
    work.retros.add(
        Retro(
            case=case.number,
            place=place.id,
            opened_at=request.at,
            answers_close_on=answers_close_on,
            opened_by=None if request.bulk else request.person.id,
        )
    )
    work.jobs.schedule(retro_flows.shown(case.number, place.id, request))
    if not request.bulk:
        # An import of old cases must not flood anybody: theirs begin when somebody presses Customer.
        contact = team.lead if request.person.bot else request.person.id
        customer.begin(case, contact, team, request.at, work)
    # Whoever filled in the form in this very place sees the retro appear: nothing more to say.
    sees_it = not request.typed and request.place == place and not fields.text(request, "place")
    return Reply() if sees_it else Reply(message=messages.failed(case, team.name))


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
    shared = request.place is not None and request.place.kind == "shared"
    return shared and bool((request.values or {}).get("what_happened"))


def _place(request: Request, work: UnitOfWork) -> Place:
    if request.place is not None and request.place.kind == "shared":
        return request.place
    chosen = request.chosen_place
    if not chosen:
        raise Refused("Choose the place where the retro opens.", "place")
    # A platform's picker may name a place that we have not met; the platform knows its name.
    return work.places.get(chosen) or Place(id=chosen, name=chosen)


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
    post = fields.text(request, "public_post", longest=LONGEST_LINK)
    if post and not post.startswith(("https://", "http://")):
        raise Refused("A public post is a link that starts with https://.", "public_post")
    # Only what we put into the form ourselves comes back here, yet it travelled through a client.
    link = fields.text(request, "link", longest=LONGEST_LINK)
    return Case(
        number=0,
        place=team.place,
        what_happened=what,
        reference=reference or None,
        customer=fields.text(request, "customer", longest=LONGEST_LINE) or None,
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


def note_unsaid(job: Job, what: str, work: UnitOfWork) -> list[Job]:
    """A note to the person who asked and to the lead: one a day, place and reason, so no flood.

    `job.detail` holds the reason. An unnamed answer has nobody who asked: only the lead is told.
    """
    team = None if job.direct else work.teams.get(job.place)
    readers = {reader for reader in (job.asked_by, team.lead if team else None) if reader}
    place, reason, at = "" if job.direct else job.place, job.detail, job.at or job.due_at
    mark = hashlib.sha256(f"{place}\n{reason}\n{at:%Y-%m-%d}".encode()).hexdigest()[:16]
    return [
        Job(
            name="case.unsaid",
            about=place,
            place=reader,
            direct=True,
            once=True,
            key=f"unsaid:{reader}:{mark}",
            detail=f"{what.format(about=job.about.partition('/')[0])}\n{reason}",
            due_at=at,
        )
        for reader in sorted(readers)
    ]


def withdrawn(job: Job, work: UnitOfWork) -> Message | None:
    """In place of a message that would still name a customer who was forgotten."""
    return messages.withdrawn()


def unsaid(job: Job, work: UnitOfWork) -> Message | None:
    """Tells the person who asked that a message could not be said; `about` is the place."""
    what, _, reason = job.detail.partition("\n")
    place = work.places.get(job.about) if job.about else None
    return messages.unsaid(what, reason, place=job.about, name=place.name if place else job.about)
