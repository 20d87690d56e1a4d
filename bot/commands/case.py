"""What happens with a case: it is marked failed, its retro opens, and mistakes in it are put right."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from functools import partial
from typing import Any, ClassVar, Self

from bot import retro_thread
from bot.command import AskFirst, Audience, Command, Opening, Reply, Request
from bot.commands import team as team_commands
from bot.commands.lookup import case_of
from bot.domain import case as domain
from bot.domain import message_key
from bot.domain.case import Case, check_edit, check_public_post
from bot.domain.channel import Channel
from bot.domain.errors import Refused, check_all
from bot.domain.job import Job
from bot.domain.likeness import WITHIN, may_be
from bot.domain.link import NO_LINK, check_link, is_web_link, leads_somewhere
from bot.domain.person import Person
from bot.domain.prompt import kind_called
from bot.domain.recovery import follow, owners, with_nothing_to_tell
from bot.domain.reference import CaseRef
from bot.domain.retro import Retro, only_made_right
from bot.domain.team import Team
from bot.domain.working_hours import add_working_days, happened, today, zone_of
from bot.fields import (
    MAX_LINK_LENGTH,
    ChannelId,
    Choice,
    Clock,
    Day,
    FieldSpec,
    Line,
    MaybeTick,
    Text,
    choices,
    field,
    read_all,
)
from bot.jobs import case as case_jobs
from bot.jobs import recovery as recovery_jobs
from bot.jobs import reminder as reminder_jobs
from bot.jobs import retro as retro_jobs
from bot.jobs.carry_over import edit_carried
from bot.jobs.edit_said import edit_said
from bot.messages import case as messages
from bot.messages import confirmation
from bot.messages.parts import Form
from bot.messages.stale_form import changed_meanwhile, differing
from bot.messages.whole_text import said_to_stay, whole
from bot.ports import ReadOnlyWork, UnitOfWork
from bot.prompts import at_opening

NO_PLACE = "Choose the channel where the retro opens."
WHICH_TO_EDIT = "Say which case, as in: edit C-7."
KEEPS_PROMPTS = "The retro keeps what it asked when it opened, whichever kind you choose."
OF_KIND = "It decides what the retro asks. Leave empty for what your team asks otherwise."
MAX_COMPARED = 200
"""The newest cases of a week among which a double is looked for."""
FROM_TICKET = Person(id="", name="The helpdesk", bot=True)
"""Who changed a case that nobody edited: what was missing came from its ticket."""
MAX_SEEN = 50
"""Likely doubles that a form can say it has pointed out: each is a label of at most 11 characters."""


class Described(Command, frozen=True):
    """What the forms about a case ask: what happened, to whom, when."""

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
        "Public post",
        hint="A link, when the complaint is public.",
        max_length=MAX_LINK_LENGTH,
        check=check_public_post,
    )
    kind: Choice = field("Kind", hint=OF_KIND)
    """What its team calls this kind of case, in capitals or not."""

    @classmethod
    def fields(cls) -> tuple[FieldSpec, ...]:
        # Where it opens is asked first, and what decides what the retro asks as soon as it is told.
        specs = {spec.name: spec for spec in super().fields()}
        first = [name for name in ("place", "what_happened", "kind") if name in specs]
        return tuple(specs[name] for name in (*first, *(name for name in specs if name not in first)))


class Fail(Described, frozen=True):
    """Marks a case failed; typed words fill its form, a first one with a digit is the reference."""

    name = "case.fail"
    access = "channel"
    audience: ClassVar[Audience] = "channel"
    begins = True
    title = "Mark a case failed"
    submit = "Open the retro"

    place: ChannelId = field("Channel", hint="Where the retro opens.")
    link: Line = field(hidden=True, max_length=MAX_LINK_LENGTH)
    small: MaybeTick = field("No retro, only make it right", hint=messages.SMALL_HINT)
    not_same: Line = field(hidden=True, max_length=12 * MAX_SEEN)
    """The labels of likely doubles that they have read of, separated by commas."""

    @classmethod
    def values_of(cls, request: Request) -> Mapping[str, str] | None:
        if request.values is not None:
            return request.values
        values = _typed_values(request)
        asked = request.shared_channel and not request.offered
        return values if asked and values.get("what_happened") else None

    @classmethod
    def parse(cls, request: Request) -> Self:
        placed = (request.values or {}).get("place", "").strip()
        if request.shared_channel is None and not placed:
            check_all(lambda: super(Fail, cls).parse(request), _refuse_no_place)
        return super().parse(request)

    @property
    def channel_id(self) -> str | None:
        return super().channel_id or self.place or None


def _refuse_no_place() -> None:
    raise Refused(NO_PLACE, "place")


class FailMessage(Fail, frozen=True):
    """The same, of a message that somebody pointed at."""

    name = "case.fail_message"
    audience = "person"


class Edit(Described, frozen=True):
    """Puts right what was said of a case."""

    name = "case.edit"
    access = "members"
    title = "Edit case"
    submit = "Save"

    subject: CaseRef | None = None
    link: Line = field(
        "Link",
        hint="To the message or ticket it comes from.",
        max_length=MAX_LINK_LENGTH,
        check=check_link,
    )
    seen: Line = field(hidden=True)
    """How often it had been edited when the form was filled in; empty: an older program drew it."""
    asks_kind: Line = field(hidden=True)
    """Whether the form asked for the kind; empty: it stays as it is."""


class Open(Command, frozen=True):
    """Opens the retro of a case that was taken in quietly."""

    name = "case.open"
    access = "thing"
    audience = "person"
    begins = True

    subject: CaseRef


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
    values = {**_typed_values(opening.request)}
    values |= _taken_in_values(channel_id, values, work)
    if source is not None:
        values |= {"what_happened": source.text, "reference": source.reference}
    team = work.teams.get(channel_id) if channel_id else None
    placed = work.teams.get((opening.request.values or {}).get("place", ""))
    _check_when(opening, (team or placed or opening.person).zone or "UTC")
    link, ticket = (source.link, source.ticket) if source else (None, None)
    return Reply(form=fail_form(channel_id, values, team, link, ticket))


def _taken_in_values(
    channel_id: str, values: Mapping[str, str], work: ReadOnlyWork
) -> Mapping[str, str]:
    """What is known of a case that was taken in quietly, when only its reference was typed."""
    reference = values.get("reference")
    if not channel_id or not reference or values["what_happened"]:
        return {}
    case = work.cases.by_reference(channel_id, reference)
    if case is None or work.retros.get(case.number) is not None:
        return {}
    return {
        "what_happened": case.what_happened,
        "customer": case.customer or "",
        "kind": case.kind or "",
    }


def fail_form(
    channel_id: str,
    values: Mapping[str, str],
    team: Team | None = None,
    link: str | None = None,
    ticket: str | None = None,
) -> Form:
    """Mark a case failed; it asks for the channel too, when nobody said where.

    `link` leads to the message that it is about, and `ticket` to what that is about. `team` is the
    channel's, as far as it is known: the time is said to be in its zone, where it has kinds of case,
    which one this is can be said, and a small failure may go without a retro.
    """
    may_be_small = team is not None and team.policy.small_failures
    kept = ticket if ticket and len(ticket) <= MAX_LINK_LENGTH else link
    kinds = [kind.name for kind in team.kinds if not kind.retired] if team else []
    offered = {"place": not channel_id, "kind": bool(kinds), "small": may_be_small}
    left_out = tuple(name for name, is_offered in offered.items() if not is_offered)
    return Fail.form(
        channel_id=channel_id,
        parts=messages.marked_from(link) if link else (),
        values=values,
        changed={
            "time": _in_zone(team.zone if team else ""),
            "place": {"needed": True},
            "kind": {"options": choices(kinds)},
        },
        without=left_out,
        hidden={"link": kept} if kept else {},
    )


def _in_zone(zone: str) -> Mapping[str, object]:
    of_zone = f"In the team's time zone{f' ({zone})' if zone else ''}."
    return {"hint": f"{of_zone} Without a date it's today, or yesterday if that time is still to come."}


def fail(command: Fail, work: UnitOfWork) -> Reply:
    """Marks a case failed and opens its retro; the same reference opens no second one.

    Of a case that was taken in quietly it opens the retro. One that is to be taken in so is only stored,
    and its channel is owed one word of it.
    """
    channel = _channel(command, work)
    team = team_commands.of(channel, command, work)
    first = work.cases.by_reference(channel.id, command.reference) if command.reference else None
    quietly = command.request.quiet
    kind = _kind_chosen(command.kind, team)
    if first is not None and first.cancelled:
        return say_cancelled(first, work)
    if first is not None:
        said = first.model_copy(update={"kind": kind or first.kind})
        return Reply(already=True) if quietly else _open_or_show(said, team, command, work)
    if command.small and not team.policy.small_failures:
        raise Refused("In this team every failure has a retro: take the tick out.", "small")
    new = _read_case(command, team).model_copy(update={"kind": kind})
    if not (command.reference or command.request.bulk):
        _point_out_double(new, command, team, work)
    case = work.cases.add(new)
    if quietly:
        work.jobs.schedule(case_jobs.backlog_job(channel.id, command.at, command.at))
        return Reply()
    _open_retro(case, team, command, work)
    return Reply(message=messages.failed(case, team.name, small=bool(command.small)), done=True)


def say_cancelled(case: Case, work: ReadOnlyWork) -> Reply:
    """To whoever wants a cancelled case opened: how it comes back, or which case it is."""
    links = retro_thread.links_of({case.same_as} if case.same_as else (), work)
    return Reply(message=messages.already_cancelled(case, links), already=True)


def open_retro(command: Open, work: UnitOfWork) -> Reply:
    """Opens the retro of a case that was taken in quietly; of another one it says where that is."""
    case = case_of(command.subject, work)
    return _open_or_show(case, work.teams.require(case.channel_id), command, work)


def _open_or_show(case: Case, team: Team, command: Fail | Open, work: UnitOfWork) -> Reply:
    """Opens the retro of a case that has none yet; returns where it opens, or where it is."""
    if work.retros.get(case.number) is None:
        # Its retro goes by the moment of the failure: it is marked failed now.
        case = case.model_copy(update={"failed_at": command.at})
        work.cases.save(case)
        _open_retro(case, team, command, work, aim_from=command.at)
        case_jobs.refresh_backlogs(case.channel_id, command.at, work)
        return Reply(message=messages.failed(case, team.name), done=True)
    message_ref = work.sent_messages.get(message_key.retro(case.number))
    link = message_ref.link if message_ref else None
    if message_ref is None or not command.request.bulk:
        # It was given up, still waits, or was deleted unnoticed: asking again is a reason to look.
        work.sent_messages.doubt(message_key.retro(case.number))
        work.jobs.schedule(_retro_job(case, command))
    return Reply(message=messages.already(case, team.name, link), already=True)


def _open_retro(
    case: Case,
    team: Team,
    command: Fail | Open,
    work: UnitOfWork,
    *,
    aim_from: datetime | None = None,
) -> None:
    """The retro of a case, and what is owed to its customer, begin now; the aim to apologise as said."""
    bulk = command.request.bulk
    retro = new_retro(case, team, None if bulk else command.person.id, command.at)
    small = isinstance(command, Fail) and bool(command.small)
    work.retros.add(only_made_right(retro, command.at) if small else retro)
    work.jobs.schedule(_retro_job(case, command))
    if not bulk:
        # An import of old cases must not flood anybody: theirs begin when somebody says so.
        contact = team.lead if command.person.bot else command.person.id
        recovery = recovery_jobs.begin(case, contact, team, command.at, work, aim_from=aim_from)
        if small:
            work.recoveries.save(with_nothing_to_tell(recovery, command.person.id, command.at))


def new_retro(case: Case, team: Team, opened_by: str | None, at: datetime) -> Retro:
    """The retro of a case that opens now, not stored; None where nobody opened it."""
    return Retro(
        case_number=case.number,
        channel_id=case.channel_id,
        opened_at=at,
        answers_close_on=add_working_days(team.hours, today(team.zone, at), team.days_to_answer),
        prompts=at_opening(team, case.kind),
        opened_by=opened_by,
    )


def mark_failed(new: Case, team: Team, by: str | None, at: datetime, work: UnitOfWork) -> Case:
    """Stores a case that somebody, or nobody, marks failed now, and opens its retro.

    Raises ConflictError when the team got a case with this reference meanwhile.
    """
    case = work.cases.add(new)
    work.retros.add(new_retro(case, team, by, at))
    work.jobs.schedule(retro_jobs.retro_job(case.number, case.channel_id, at, asked_by=by))
    recovery_jobs.begin(case, by or team.lead, team, at, work)
    return case


def _point_out_double(new: Case, command: Fail, team: Team, work: ReadOnlyWork) -> None:
    """Raises AskFirst where cases of the same team may be this one, and nobody has read of them yet."""
    known = [label for label in command.not_same.split(",") if label]
    if len(known) >= MAX_SEEN:
        return  # whoever has read of so many means it
    recent = work.cases.failed_since(new.channel_id, command.at - WITHIN, MAX_COMPARED)
    doubles = [
        case for case in recent if not case.cancelled and case.label not in known and may_be(new, case)
    ]
    if not doubles:
        return
    channel = command.request.shared_channel
    values = command.values_of(command.request) or {}
    form = fail_form(channel.id if channel else "", values, team, command.link or None)
    shown = {case.number for case in doubles[: messages.MAX_OFFERED]}
    # It travels through a client, which has no room for many.
    seen = [*known, *(case.label for case in doubles)][:MAX_SEEN]
    asked = messages.likely_double(
        form,
        doubles,
        retro_thread.links_of(shown, work),
        {"not_same": ",".join(seen)},
        lies_on_form=command.request.values is not None,
    )
    raise AskFirst(Reply(form=asked))


def _retro_job(case: Case, command: Fail | Open) -> Job:
    bulk = command.request.bulk
    asked_by = None if bulk else command.person.id
    return retro_jobs.retro_job(case.number, case.channel_id, command.at, asked_by=asked_by, bulk=bulk)


def _kind_chosen(name: str, team: Team, case: Case | None = None) -> str | None:
    """What the team calls this kind of case, or called it once; refuses what it calls none."""
    if not name or (case is not None and name == case.kind):
        return name or None
    kind = kind_called(team.kinds, name)
    if kind is None:
        raise Refused("Kind: choose one from the list.", "kind")
    return kind.name


def _channel(command: Fail, work: UnitOfWork) -> Channel:
    if command.request.shared_channel is not None:
        return command.request.shared_channel
    # A platform's picker may name a channel that we have not met; the platform knows its name.
    return work.channels.get(command.place) or Channel(id=command.place, name=command.place)


def _read_case(command: Fail, team: Team) -> Case:
    return Case(
        number=0,
        channel_id=team.channel_id,
        failed_at=command.at,
        # Only what we put into the form ourselves comes back here, yet it travelled through a client.
        link=command.link if leads_somewhere(command.link) else None,
        **_facts(command, _happened(command.date, command.time, command.at, team.zone)),
    )


def _check_when(opening: Opening, zone: str) -> None:
    """After a fault in the form: refuses a moment to come as well, which the team's zone decides."""
    if opening.only_checks:
        specs = {spec.name: spec for spec in opening.command.fields() if spec.name in ("date", "time")}
        read: dict[str, Any] = read_all(specs, opening.command.values_of(opening.request) or {})
        _happened(read["date"], read["time"], opening.at, zone)


def _happened(
    day: date | None, at_time: time | None, at: datetime, zone: str
) -> tuple[datetime | None, bool]:
    """When it happened, and whether only the day is known; raises Refused beside the field."""
    known = day is not None or at_time is not None
    happened_at = happened(zone, day, at_time or time(0), at) if known else None
    if happened_at is not None and happened_at > at:
        raise Refused(
            "This is in the future; say when it happened.", "date" if at_time is None else "time"
        )
    return happened_at, at_time is None


def _facts(command: Described, when: tuple[datetime | None, bool]) -> dict[str, Any]:
    """What the form says, by the fields of a case."""
    happened_at, by_day = when
    return {
        "what_happened": command.what_happened,
        "reference": command.reference or None,
        "customer": command.customer or None,
        "happened_at": happened_at,
        "happened_by_day": by_day,
        "public_post": command.public_post or None,
    }


def open_edit(opening: Opening, work: ReadOnlyWork) -> Reply:
    """Opens the form to edit a case, filled in with what is stored."""
    if opening.subject is None:
        raise Refused(WHICH_TO_EDIT)
    case = case_of(opening.subject, work)
    check_edit(case)
    team = work.teams.require(case.channel_id)
    if opening.only_checks:
        filled = opening.readable("reference", "link", "kind")
        check_all(
            lambda: _check_when(opening, team.zone),
            lambda: _double_of_reference(filled["reference"] or "", case, work),
            lambda: check_all(
                lambda: _refuse_no_link(filled["link"] or "", case),
                lambda: _kind_chosen(filled["kind"] or "", team, case),
            ),
        )
    retro = work.retros.get(case.number)
    form = edit_form(case, team, retro)
    if retro is None:
        # By its number alone, as the button that opens its retro: its key is another one from then on.
        form = form.model_copy(update={"about": case.label})
    return Reply(form=form)


def edit_form(case: Case, team: Team, retro: Retro | None) -> Form:
    """Edit case, filled in with what is stored; where there are kinds of case, it asks for that, too."""
    day, at_time = _written(case, team)
    in_use = [kind.name for kind in team.kinds if not kind.retired]
    # A case keeps the name that its kind had, also when the team calls none so any more.
    kinds = dict.fromkeys((*in_use, *filter(None, (case.kind,))))
    hint = OF_KIND if _follows_kind(retro) else KEEPS_PROMPTS
    form = Edit.form(
        case.ref,
        channel_id=case.channel_id,
        values={
            "what_happened": case.what_happened,
            "reference": case.reference or "",
            "customer": case.customer or "",
            "date": day,
            "time": at_time,
            "public_post": case.public_post or "",
            "link": case.link or "",
            "kind": case.kind or "",
        },
        changed={"time": _in_zone(team.zone), "kind": {"options": choices(kinds), "hint": hint}},
        without=() if kinds else ("kind",),
        hidden={"seen": str(len(domain.edits(case))), **({"asks_kind": "yes"} if kinds else {})},
    )
    return said_to_stay(form)


def _follows_kind(retro: Retro | None) -> bool:
    """Whether nobody was asked anything yet, so that the kind still decides what will be."""
    return retro is None or retro.small


def _written(case: Case, team: Team) -> tuple[str, str]:
    """Day and time as the form shows them, in the team's zone; empty where nobody said."""
    if case.happened_at is None:
        return "", ""
    here = case.happened_at.astimezone(zone_of(team.zone))
    return here.date().isoformat(), "" if case.happened_by_day else f"{here:%H:%M}"


def edit(command: Edit, work: UnitOfWork) -> Reply:
    """Saves what is put right, and brings up to date whatever shows it: retro, card, reminders."""
    if command.subject is None:
        raise Refused(WHICH_TO_EDIT)
    case = case_of(command.subject, work)
    team = work.teams.require(case.channel_id)
    story = whole(command.what_happened, case.what_happened)
    command = command.model_copy(update={"what_happened": story})
    _check_seen(command, case, team, work)
    double_of = partial(_double_of_reference, command.reference, case, work)
    no_link = partial(_refuse_no_link, command.link, case)
    (double, _), (kind, facts) = check_all(
        lambda: check_all(double_of, no_link),
        lambda: check_all(
            lambda: _kind_chosen(command.kind, team, case) if command.asks_kind else case.kind,
            lambda: _edited_facts(command, case, team),
        ),
    )
    facts["kind"] = kind
    edited = domain.edit(case, facts, command.person.id, command.at)
    if edited == case:
        return Reply(message=confirmation.case_unchanged(case), done=True)
    if double is not None:
        work.cases.save(domain.without_reference(double))
        by = command.person.id
        work.jobs.schedule(
            retro_jobs.retro_job(double.number, double.channel_id, command.at, asked_by=by)
        )
    work.cases.save(edited)
    retro = work.retros.get(case.number)
    if retro is not None and edited.kind != case.kind and _follows_kind(retro):
        asks = at_opening(team, edited.kind)
        work.retros.save(retro.model_copy(update={"prompts": asks}))
    _show_edited(edited, team, command.at, work, by=command.person.id)
    return Reply(message=confirmation.case_edited(edited), done=True)


def fill_in(case: Case, words: str, customer: str, at: datetime, work: UnitOfWork) -> None:
    """Puts the customer's words into a case that opened before they were read, and shows them.

    To whoever has the form to edit it open, it counts as edited meanwhile.
    """
    filled = domain.fill_in(case, words, customer, at)
    work.cases.save(filled)
    _show_edited(filled, work.teams.require(case.channel_id), at, work, by=None)


def _check_seen(command: Edit, case: Case, team: Team, work: ReadOnlyWork) -> None:
    """Raises AskFirst where somebody edited it while the form was open."""
    edits = domain.edits(case)
    if command.seen in ("", str(len(edits))):
        return
    now = edit_form(case, team, work.retros.get(case.number))
    written = {**(command.request.values or {}), "what_happened": command.what_happened}
    if differing(now, written):
        by = edits[-1].by if edits else ""
        who = work.people.get(by) if by else FROM_TICKET
        raise AskFirst(Reply(form=changed_meanwhile(now, written, who, command.person.id, {})))


def _double_of_reference(reference: str, case: Case, work: ReadOnlyWork) -> Case | None:
    """The double that has this reference, which its case may take over; refuses any other case's."""
    other = work.cases.by_reference(case.channel_id, reference) if reference else None
    if other is None or other.number == case.number:
        return None
    if other.same_as == case.number:
        return other
    raise Refused(f"{other.label} has this reference: look there, or write another one.", "reference")


def _refuse_no_link(link: str, case: Case) -> None:
    # What is stored may lead to a message of the web workspace, without an address before it.
    if link and link != case.link and not is_web_link(link):
        raise Refused(NO_LINK, "link")


def _edited_facts(command: Edit, case: Case, team: Team) -> dict[str, Any]:
    day = command.date.isoformat() if command.date else ""
    at_time = command.time.isoformat("minutes") if command.time else ""
    # A form holds no seconds: what nobody touched stays as exact as it is.
    untouched = (day, at_time) == _written(case, team)
    when = (
        (case.happened_at, case.happened_by_day)
        if untouched
        else _happened(command.date, command.time, command.at, team.zone)
    )
    return {**_facts(command, when), "link": command.link or None}


def _show_edited(case: Case, team: Team, at: datetime, work: UnitOfWork, *, by: str | None) -> None:
    """Brings up to date whatever shows it; where nobody edited it, messages are only edited."""
    number = case.number
    _show([retro_jobs.retro_job(number, case.channel_id, at, asked_by=by)], work, by)
    retro, recovery = work.retros.get(number), work.recoveries.get(number)
    if retro is None:
        case_jobs.refresh_backlogs(case.channel_id, at, work)
    else:
        reminder_jobs.refresh(retro, at, work)
        edit_carried(case.channel_id, at, work, cases=[number])
    if recovery is None:
        return
    followed = follow(recovery, case, team)
    if followed != recovery:
        work.recoveries.save(followed)
    _show(recovery_jobs.card_jobs(followed, at, was=owners(recovery), asked_by=by), work, by)
    reminder_jobs.refresh(followed, at, work)


def _show(jobs: Iterable[Job], work: UnitOfWork, by: str | None) -> None:
    if by is None:
        edit_said(jobs, work, on_their_way=True)
        return
    for job in jobs:
        work.jobs.schedule(job)


def read(command: Read, work: ReadOnlyWork) -> Reply:
    """Shows all of what happened."""
    return Reply(form=messages.story(case_of(command.subject, work)))
