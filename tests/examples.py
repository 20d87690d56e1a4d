"""One example of every message and form that people can meet, by the name of its golden files.

Adding a message means adding its example here; `tests/test_examples.py` is red until then.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from bot.coach.coach import read_for_customer, read_for_team
from bot.commands import action_item as action_item_commands
from bot.commands import case as case_commands
from bot.commands import case_change as case_change_commands
from bot.commands import coach as coach_commands
from bot.commands import connection as connection_commands
from bot.commands import connection_rules as connection_rules_commands
from bot.commands import connection_secret as connection_secret_commands
from bot.commands import days_off as days_off_commands
from bot.commands import policy as policy_commands
from bot.commands import prompt as prompt_commands
from bot.commands import proposal as proposal_commands
from bot.commands import recovery as recovery_commands
from bot.commands import retro as retro_commands
from bot.commands import team as team_commands
from bot.domain.action_item import ActionItem, ItemEdit, Moved, can_wait, steps
from bot.domain.board import BY_NAME as BOARD_GROUPS
from bot.domain.board import Board, Thing
from bot.domain.board_filter import EVERYTHING, Filters
from bot.domain.case import Case, CaseChange
from bot.domain.connection import Connection, Rules
from bot.domain.days_off import DaysOff, Span
from bot.domain.forget import scrubber_of
from bot.domain.gap import CameBack
from bot.domain.item_step import ItemState
from bot.domain.notification_preferences import NotificationPreferences
from bot.domain.owner_day import Days
from bot.domain.person import Person
from bot.domain.policy import Policy
from bot.domain.prompt import MAX_KINDS, MAX_PROMPTS, MAX_RETIRED, Kind, Prompt
from bot.domain.proposal import Proposal, worsen
from bot.domain.proposal import forget as forget_proposal
from bot.domain.proposal import take as take_proposal
from bot.domain.recovery import (
    Recovery,
    Tally,
    begin,
    close_unanswered,
    correct,
    enough,
    hand_over,
    judge,
    take,
    take_back,
    with_nothing_to_tell,
)
from bot.domain.recovery import not_needed as leave_out
from bot.domain.recovery_step import HOLDING, Step, StepName
from bot.domain.reference import PromptsRef
from bot.domain.reminder import SentReminder
from bot.domain.retro import (
    Answer,
    Comment,
    Counts,
    Retro,
    Turn,
    WithdrawnAnswer,
    only_made_right,
)
from bot.domain.search import WHAT_HAPPENED, Text, asked_for
from bot.domain.signal import Signal, SignalDelivery, without_customer
from bot.domain.team import Team
from bot.domain.trends import Failure, Fix, TeamRows, Trends, months_until
from bot.domain.trends import trends as trends_of
from bot.helpdesks import Helpdesks
from bot.messages import (
    action_item,
    board,
    carry_over,
    case,
    coach,
    connection,
    home,
    note,
    owed,
    prompt,
    proposal,
    recovery,
    recovery_form,
    reminder,
    retro,
    returned,
    search,
    sign_in,
    signal,
    team,
    trends,
)
from bot.messages import policy as policy_messages
from bot.messages.board import StatusFor
from bot.messages.carry_over import Earlier
from bot.messages.parts import (
    ChannelName,
    Chart,
    Form,
    Message,
    Page,
    Series,
    Table,
    sentence,
)
from bot.messages.recovery import CardContext
from bot.messages.reminder import ReminderView
from bot.messages.search import Found
from bot.messages.search import Page as FoundPage
from bot.messages.stale_form import changed_meanwhile
from bot.prompts import PROMPTS, gaps_in
from bot.reminders import BY_NAME
from bot.repositories import NoteTrouble
from bot.routes import OFFERS, TYPED
from handlers.helpdesks.products import PRODUCTS
from handlers.helpdesks.proof import NOT_PROVEN
from tests.desk import ASKED

AT = datetime(2026, 3, 5, 14, 30, tzinfo=UTC)
TODAY = date(2026, 3, 5)
LINK = "https://example.com/retro/7"
ANA = Person(id="U1", name="Ana", zone="Europe/Stockholm")
BEN = Person(id="U2", name="Ben", zone="America/New_York")
GONE = Person(id="U9", name="Dora", gone=True)
PEOPLE: Mapping[str, Person] = {"U1": ANA, "U2": BEN}
LINKS = {7: LINK}
ITEM_LINKS = {12: "https://example.com/item/12"}
LONG = "The parcel was promised for Monday, then for Tuesday, and came on neither day. " * 60
BLAMING = "The night shift was careless and should have checked the address."
DRAFT = "We are sorry if you were upset. We were very busy, and the courier lost it."
HOSTILE = 'Look: <!channel> <@U1> @here &amp; *bold* <script>alert("hi")</script> مرحبا 📦\nsecond line'

TEAM = Team(channel_id="C1", name="support", lead="U1", zone="Europe/Stockholm")
SUPPLIERS = Prompt(
    key="5a1e0c2d",
    label="Suppliers",
    question="What did we need from a supplier, and how did we ask for it?",
    gap="suppliers",
    needed=True,
)
OWN_PROMPTS = (
    SUPPLIERS,
    *PROMPTS[1:],
    PROMPTS[0].model_copy(update={"retired": True}),
)
DELIVERY = Kind(key="0d3f77aa", name="Delivery", prompts=(SUPPLIERS, PROMPTS[1]))
RETURNS = Kind(key="71c4b9e0", name="Returns", prompts=PROMPTS, retired=True)
OWN = TEAM.model_copy(update={"prompts": OWN_PROMPTS, "kinds": (DELIVERY, RETURNS)})
"""A team with prompts and kinds of its own."""
FULL_PROMPTS = tuple(
    Prompt(
        key=f"{number:08x}", label=f"Prompt {number}", question="What helped? " * 20, retired=number > 9
    )
    for number in range(MAX_PROMPTS + MAX_RETIRED)
)
FULL = OWN.model_copy(
    update={
        "channel_id": "19:0f3a5c7e9b1d2f4a6c8e0b2d4f6a8c0e@thread.tacv2",
        "kinds": tuple(
            Kind(key=f"{n:08x}", name=f"Kind {n}", prompts=FULL_PROMPTS, retired=n >= MAX_KINDS)
            for n in range(MAX_KINDS + MAX_RETIRED)
        ),
    }
)
"""A team with as much as it can have."""
ALL_PROMPTS = PromptsRef(channel_id="C1")
OFF = TEAM.model_copy(
    update={
        "days_off": DaysOff(
            spans=(
                Span(first=date(2026, 2, 2), last=date(2026, 2, 2)),
                Span(first=date(2026, 12, 24), last=date(2026, 12, 24)),
                Span(first=date(2026, 12, 31), last=date(2027, 1, 2)),
            ),
            country="DE",
            region="BY",
        )
    }
)
STRICT = TEAM.model_copy(
    update={
        "policy": Policy(
            due_by_gap={"training": 10, "process": 20, "": 15},
            days_to_verify=5,
            lead_verifies=True,
            small_failures=True,
        )
    }
)
MUCH_OFF = TEAM.model_copy(
    update={
        "days_off": DaysOff(
            spans=tuple(
                Span(first=date(2026, month, 7), last=date(2026, month, 7)) for month in range(4, 10)
            ),
            country="SE",
        )
    }
)
CASE = Case(
    number=7,
    channel_id="C1",
    what_happened="Parcel promised twice, missed twice",
    reference="ZD-4711",
    customer="Mrs. Ólafsdóttir",
    happened_at=datetime(2026, 3, 4, 20, 15, tzinfo=UTC),
    public_post="https://example.com/post/1",
    link="https://example.com/message/1",
    failed_at=AT,
)
CANCELLED = CASE.model_copy(
    update={"history": (CaseChange(step="cancel", by="U2", at=AT, why="It was a test."),)}
)
SAME = CASE.model_copy(
    update={
        "history": (CaseChange(step="cancel", by="U2", at=AT, why="same as C-3", same_as=3),),
    }
)
RESTORED = CANCELLED.model_copy(
    update={"history": (*CANCELLED.history, CaseChange(step="restore", by="U1", at=AT))}
)
EDITED = CASE.model_copy(update={"history": (CaseChange(step="edit", by="U2", at=AT),)})
BARE = Case(number=8, channel_id="C1", what_happened="Nobody called back", failed_at=AT)
RETRO = Retro(
    case_number=7,
    channel_id="C1",
    opened_at=AT,
    answers_close_on=date(2026, 3, 10),
    prompts=PROMPTS,
    opened_by="U1",
)
OWN_RETRO = RETRO.model_copy(update={"prompts": OWN_PROMPTS})
SMALL = only_made_right(RETRO, AT)
CLOSED = RETRO.model_copy(
    update={
        "state": "closed",
        "history": (
            Turn(step="close", by="U1", at=AT, outcome="fixes agreed", why="Two fixes cover it."),
        ),
    }
)
REOPENED = RETRO.model_copy(
    update={"history": (*CLOSED.history, Turn(step="reopen", by="U1", at=AT, why="It happened again."))}
)
WAS_ENOUGH = RETRO.model_copy(
    update={
        "state": "closed",
        "history": (
            Turn(step="close", by="U1", at=AT, outcome="an apology was enough", why="She said so."),
        ),
    }
)
NAMED = Answer(
    id="a1",
    case_number=7,
    prompt="training",
    text="We practise reading courier notes.",
    author="U1",
    posted_at=AT,
)
UNNAMED = Answer(id="a2", case_number=7, prompt=ASKED[-1].key, text="Nobody answered the night number.")
WITHDRAWN = WithdrawnAnswer(id="a3", case_number=7, by="U1", why="It names the customer's children.")
ITEM = ActionItem(
    number=12,
    case_number=7,
    channel_id="C1",
    what="Courier notes are shown on the order screen",
    asked_by="U2",
    gap="tools",
    owner="U1",
    due=date(2026, 3, 12),
    measure="No repeat of this failure in April",
    history=(Moved(step="add", by="U2", at=AT),),
)


def _item(**changes: object) -> ActionItem:
    return ITEM.model_copy(update=changes)


def _moved(moved: Moved, **changes: object) -> ActionItem:
    return _item(history=(*ITEM.history, moved), **changes)


AGREED = _moved(Moved(step="accept", by="U1", at=AT), state="agreed")
DONE = _moved(Moved(step="done", by="U1", at=AT, words="The notes are shown."), state="done")
EDITED_ITEM = AGREED.model_copy(
    update={
        "edits": (
            ItemEdit(part="what", by="U2", at=AT, was="Courier notes are shown"),
            ItemEdit(part="gap", by="U2", at=AT, was="training"),
        )
    }
)
EDITED_DONE = DONE.model_copy(update={"edits": EDITED_ITEM.edits})
CORRECTED_ITEM = DONE.model_copy(
    update={"edits": (ItemEdit(part="words", by="U1", at=AT, step=len(DONE.history)),)}
)
VERIFIED = DONE.model_copy(
    update={
        "state": "verified",
        "history": (*DONE.history, Moved(step="verify", by="U2", at=AT, words="Ten orders have them.")),
    }
)
VERIFIED_UNSEEN = _moved(Moved(step="verify", by="U2", at=AT), state="verified")
DONE_AND_SEEN = DONE.model_copy(update={"state": "verified"})
DROPPED = _moved(
    Moved(step="drop", by="U1", at=AT, words="The screen is being replaced."), state="dropped"
)
UNOWNED = _item(owner=None, due=None, gap=None, measure="")
HANDED = _moved(Moved(step="hand_over", by="U1", at=AT, to="U2", words="Ben knows it."), owner="U2")
DECLINED = _moved(Moved(step="decline", by="U1", at=AT, words="No time before May."), owner=None)
MISSING = _moved(Moved(step="reopen", by="U2", at=AT, words="Not on mobile."), state="agreed")
REOPENED_DONE = DONE.model_copy(
    update={"state": "agreed", "history": (*DONE.history, MISSING.history[-1])}
)
REOPENED_SEEN = VERIFIED.model_copy(
    update={"state": "agreed", "history": (*VERIFIED.history, MISSING.history[-1])}
)
LATE = AGREED.model_copy(update={"due": date(2026, 3, 2)})
READER = NotificationPreferences(
    person_id="U1",
    days=(0, 1, 2, 3),
    starts=time(8),
    ends=time(14),
    digest=True,
    quiet_until=date(2026, 4, 1),
)
LONG_ITEM = _item(what=LONG, measure=LONG[:900])


OWED = begin(CASE, "U1", TEAM, AT)


def _taken(before: Recovery, name: StepName, words: str = "", **more: object) -> Recovery:
    step = Step(name=name, by="U1", at=AT, words=words).model_copy(update=more)
    return take(before, step, AT)


HEARD = _taken(OWED, "hear", "Twice I stayed at home, and nobody came.\nNobody called, either.")
UPSET = _taken(HEARD, "apologise_publicly", "We are sorry, Mrs. Ó.", link="https://example.com/post/2")
SORRY = _taken(UPSET, "apologise", "I called her.", how="A call", at=AT + timedelta(hours=1))
WISH = _taken(SORRY, "ask_wish", "A day that holds.")
PROMISED = _taken(WISH, "promise", "It comes on Friday.", due=date(2026, 3, 6), how="A call")
LATE_PROMISE = _taken(WISH, "promise", "It comes on Monday.", due=date(2026, 3, 2), how="A call")
RESTING = _taken(
    _taken(PROMISED, "keep", "It came."), "check_back", "Yes.", view="Tell me before you come."
).model_copy(update={"case_number": 8})
OTHER_OWED = OWED.model_copy(update={"case_number": 8})
TWO_CASES = {7: CASE, 8: CASE.model_copy(update={"number": 8, "customer": "Mr. Okafor"})}
KEPT = _taken(PROMISED, "keep", "I brought it myself.")
CHECKED = _taken(KEPT, "check_back", "Yes.", view="Tell me before you come.")
FINISHED = CHECKED.model_copy(update={"finished_at": AT, "has_verified": True})
UNCHANGED = CHECKED.model_copy(update={"finished_at": AT})
TOLD = _taken(FINISHED, "tell_changed", "We show the notes now.")
VIEWED = _taken(FINISHED, "tell_changed", "We show the notes now.", view="And send a text message.")


def _judged(before: Recovery, chosen: str, words: str) -> Recovery:
    return judge(before, Step(name="verdict", by="U1", at=AT, words=words, chosen=chosen), AT, TEAM)


RECOVERED = _judged(VIEWED, "recovered", "Thank you for bringing it yourself.")
AGAIN = _judged(TOLD, "not recovered", "It was late again.")
NAMED_ITEM = DONE.model_copy(
    update={
        "number": 11,
        "state": "agreed",
        "history": (*DONE.history, Moved(step="reopen", by="U1", at=AT, words="It was late again.")),
    }
)
RECOVERED_LATER = _judged(AGAIN, "recovered", "Now it came when you said.")
ENDED_EARLY = _judged(
    _taken(OWED, "apologise", "Sorry.", how="A call"), "recovered", "All is well, thanks."
)
UNANSWERED = close_unanswered(TOLD, AT)
APOLOGY = enough(
    _taken(HEARD, "apologise", "Sorry.", how="A call"), "U1", AT, "She asks for no more.", ("tools",)
)
UNREACHABLE = leave_out(OWED, "hear", "U1", AT, "Three calls and two letters, no answer.")
HANDED_OVER = hand_over(PROMISED, "keep", "U1", "U2", "Ben drives there on Friday.", AT, "U1")
KEPT_BY_BEN = _taken(HANDED_OVER, "keep", "I brought it myself.", by="U2", owner="U2")
CORRECTED = correct(
    KEPT,
    KEPT.step("promise").model_copy(update={"words": "It comes on Friday morning."}),
    "U2",
    AT,
)
TAKEN_BACK = take_back(KEPT, "promise", "U2", AT, "That was for another customer.", CASE, TEAM)
BACK = {5: ("tools",)}


def _shown(
    recovery_now: Recovery,
    case_now: Case = CASE,
    at: datetime = AT + timedelta(hours=3),
    back: Mapping[int, tuple[str, ...]] | None = None,
    later: Signal | None = None,
) -> CardContext:
    return CardContext(recovery_now, case_now, TEAM, PEOPLE, at, LINKS, back or {}, later)


CONNECTION = Connection(id="0f" * 20, channel_id="C1", product="generic", made_by="U1", made_at=AT)
SECRET = "shown-this-once-0123456789abcdefghijklmnopq"
ADDRESS = f"https://amends.example.com/hooks/{CONNECTION.id}"
ZENDESK = CONNECTION.model_copy(
    update={
        "id": "1e" * 20,
        "product": "zendesk",
        "secret": "sealed",
        "rules": Rules(rating=1, tags=("vip", "complaint"), priorities=("urgent",), sla_breached=True),
        "action": "open",
        "kind": "Delivery",
    }
)
ANYTHING = connection.Shown(CONNECTION, PRODUCTS["generic"].TITLE, last_at=AT)
IN_ZENDESK = connection.Shown(ZENDESK, "Zendesk", own_secret=True, takes_notes=True)
NEW_IN_ZENDESK = IN_ZENDESK._replace(
    connection=ZENDESK.model_copy(update={"secret": "", "rules": Rules(), "action": "propose"})
)
LOST_NOTES = IN_ZENDESK._replace(
    title="Zendesk (acme.zendesk.com)",
    last_at=AT,
    trouble=NoteTrouble(ZENDESK, 2, 3, "Zendesk does not accept the token."),
)
WITH_TOKEN = LOST_NOTES._replace(connection=ZENDESK.model_copy(update={"token": "sealed"}), trouble=None)
LATE_NOTE = IN_ZENDESK._replace(trouble=NoteTrouble(ZENDESK, 1, 0, "Zendesk cannot be reached."))
REFUSED = {"refused_at": AT, "refused_why": NOT_PROVEN}
REFUSING = IN_ZENDESK._replace(connection=ZENDESK.model_copy(update=REFUSED))
REFUSING_AGAIN = ANYTHING._replace(
    connection=CONNECTION.model_copy(update=REFUSED), last_at=AT - timedelta(hours=1)
)
TAKES_AGAIN = REFUSING._replace(last_at=AT + timedelta(minutes=5))
HELPDESKS = Helpdesks(PRODUCTS, "https://amends.example.com", lambda hosts, origin: True)
TOLD_SIGNAL = Signal(
    ticket="4711",
    reference="ZD-4711",
    at=AT,
    what_happened="Where is my parcel?",
    words="Promised for Monday, then for Tuesday, and nobody came. Never again.",
    customer="Maria Santos",
    link="https://help.example.com/tickets/4711",
    kind="Delivery",
    rating=1,
    tags=("parcel", "vip"),
    priority="urgent",
    sla_breached=True,
    reopened=True,
)
OF_ZENDESK = SignalDelivery(
    connection_id=ZENDESK.id, key="1", arrived_at=AT, signal=TOLD_SIGNAL, became="proposed"
)
DELIVERIES = (
    OF_ZENDESK,
    *(
        OF_ZENDESK.model_copy(update={"key": made, "became": made})
        for made in ("gathered", "opened", "known", "test")
    ),
    OF_ZENDESK.model_copy(
        update={
            "key": "hostile",
            "became": "",
            "signal": Signal(ticket="8", reference="<!channel> *8*", at=AT, what_happened=HOSTILE),
        }
    ),
    OF_ZENDESK.model_copy(
        update={"key": "forgotten", "signal": without_customer(TOLD_SIGNAL, lambda words: words)}
    ),
)
PROPOSAL = Proposal(
    number=3,
    connection_id=CONNECTION.id,
    channel_id="C1",
    ticket="4711",
    reference="ZD-4711",
    signal=TOLD_SIGNAL,
    rules=("rating", "sla_breached", "reopened", "priority", "tag"),
    made_at=AT,
)
PROPOSED_BARE = PROPOSAL.model_copy(
    update={
        "signal": Signal(ticket="9", reference="HS-9", at=AT, what_happened="Ticket HS-9", rating=2),
        "rules": ("rating",),
    }
)
PROPOSED_HOSTILE = PROPOSAL.model_copy(
    update={
        "signal": TOLD_SIGNAL.model_copy(
            update=dict.fromkeys(("words", "what_happened", "customer", "reference"), HOSTILE)
            | {"tags": (HOSTILE,) * 9, "what_happened": LONG}
        )
    }
)
PROPOSAL_OPENED = take_proposal(PROPOSAL, "open", "U1", AT, case=7)
WAVED_OFF = take_proposal(PROPOSAL, "wave_off", "U2", AT, "The courier called her before that.")
LAPSED = take_proposal(PROPOSAL, "lapse", "", AT)
WORSENED = worsen(WAVED_OFF, TOLD_SIGNAL, ZENDESK.rules, AT)
LAPSED_AND_WORSENED = worsen(LAPSED, TOLD_SIGNAL, Rules(reopened=True), AT)


def _forgotten(proposal: Proposal) -> Proposal:
    """The same once its customer is forgotten."""
    return forget_proposal(proposal, scrubber_of([proposal.signal.customer], (), ()), AT)


IN_DOUBLE = _shown(OWED.model_copy(update={"cancelled": True}), SAME)


def _due(
    reminder_name: str,
    subject: ActionItem | Retro | Recovery | Proposal,
    recipient_id: str = "U1",
    *,
    day: date = ITEM.due or TODAY,
    asked_on: date = TODAY,
    before: tuple[date, ...] = (),
    holds: bool = True,
    outcome: str = "",
) -> ReminderView:
    entry = BY_NAME[reminder_name]
    sent = SentReminder(
        about=subject.label,
        name=reminder_name,
        recipient_id=recipient_id,
        day=asked_on,
        message="remind:U1:2026-03-05:0",
        asked_at=AT,
        outcome=outcome,
    )
    case_ref = None if isinstance(subject, Proposal) else CASE.ref
    what = subject.what if isinstance(subject, ActionItem) else CASE.what_happened
    what = proposal.said(subject.signal) if isinstance(subject, Proposal) else what
    allowed = steps(subject) if isinstance(subject, ActionItem) else ()
    shown = tuple(step for step in entry.steps if step in allowed)
    later = entry.or_later and isinstance(subject, ActionItem) and can_wait(subject)
    return ReminderView(
        sent, entry, subject, case_ref, what, LINK, "Ana", day, shown, later, before, holds
    )


PROPOSAL_WAITS = _due("proposal_waits", PROPOSAL)

DUE_TODAY = _due("item_due_today", AGREED, day=TODAY)
LATE_NOW = _due("item_late", LATE, day=date(2026, 3, 2))
LATE_TOLD = _due(
    "item_late",
    LATE,
    "U2",
    day=date(2026, 3, 2),
    before=(date(2026, 3, 3), date(2026, 3, 4)),
)
UNDECIDED = _due("retro_undecided", RETRO, day=date(2026, 3, 10))
HALF_TIME = _due("retro_half_time", RETRO, "", day=date(2026, 3, 9))
ANSWERS_CLOSED = _due("retro_answers_closed", RETRO, "", day=date(2026, 3, 10))
PROPOSED_TO_LEAD = _due("item_proposed", ITEM, before=(TODAY,))
PROMISE_LATE = _due("recovery_promise_late", LATE_PROMISE, day=date(2026, 3, 2))
MUCH = [LATE_NOW] * 4 + [DUE_TODAY, UNDECIDED, PROMISE_LATE] + [PROPOSED_TO_LEAD] * 5
"""More than one message shows."""
MUCH_HERE = [
    view._replace(
        sent=view.sent.model_copy(update={"recipient_id": "", "message": "remind:in:C1:2026-03-05"})
    )
    for view in [HALF_TIME] * 6
]

SALES = Team(channel_id="C2", name="sales", lead="U2", zone="America/New_York")


def counted(*failures: tuple[Failure, tuple[Fix, ...]], teams: tuple[Team, ...] = (TEAM,)) -> Trends:
    """The trends of a team's cases with their items, or of the same cases in each of several teams."""
    fixes = [fix for _, fixes in failures for fix in fixes]
    rows = [TeamRows(one, [failure for failure, _ in failures], fixes) for one in teams]
    return trends_of(rows, months_until(TODAY), AT)


def failure(number: int, days_ago: int, **more: Any) -> Failure:
    """A case that failed so many days ago."""
    return Failure(number=number, failed_at=AT - timedelta(days=days_ago), **more)


def fix(case_number: int, gap: str | None, days_ago: int, state: ItemState = "verified") -> Fix:
    """An item that was due, and is now in this state since, so many days ago."""
    at = AT - timedelta(days=days_ago)
    done, verified = state in ("done", "verified"), state == "verified"
    return Fix(
        case_number=case_number,
        gap=gap,
        state=state,
        due=at.date(),
        added_at=at,
        moved_at=at,
        done_at=at if done else None,
        verified_at=at if verified else None,
    )


def put_right(number: int, days_ago: int, *gaps: str, late: int = 0) -> tuple[Failure, tuple[Fix, ...]]:
    """A case whose fixes were verified six days later, and whose customer was won back."""
    at = AT - timedelta(days=days_ago)
    told = failure(
        number,
        days_ago,
        ended="recovered",
        closed_at=at + timedelta(days=2),
        owed_since=at,
        apologise_by=at.date(),
        apologised_at=at + timedelta(days=late, hours=1),
        promised_by=(at + timedelta(days=2)).date(),
        kept_at=at + timedelta(days=1 + late),
    )
    return told, tuple(fix(number, gap, days_ago - 6) for gap in gaps)


UNENDED = (failure(9, 1, owed_since=AT - timedelta(days=1), apologise_by=TODAY), ())
MANY_MONTHS = (
    put_right(1, 150, "training", "communication"),
    put_right(2, 120, "tools"),
    put_right(3, 90, "process", late=1),
    (
        failure(4, 60, ended="no answer"),
        (fix(4, None, 50, "dropped"), fix(4, "communication", 3, "agreed")),
    ),
    put_right(5, 30, "after-hours support", late=2),
    UNENDED,
)
RETURNED = (
    *MANY_MONTHS[:5],
    (failure(9, 1, ended="not recovered"), (fix(9, "training", -3, "proposed"),)),
)

MONTHS = ("Oct", "Nov", "Dec", "Jan", "Feb", "Mar")
BY_GAP = Chart(
    look="bar",
    title="Action items per gap",
    sentence="Most came from training: 9 of 15 in six months.",
    axis="Month",
    unit="Action items",
    labels=MONTHS,
    series=(
        Series(name="Training", values=(1, 2, 0, 3, 1, 2)),
        Series(name="After-hours support", values=(0, 1, 1, 0, 2, 2)),
    ),
)
PER_MONTH = Chart(
    look="line",
    title="Cases per month",
    sentence="Two cases in October, seven in March.",
    axis="Month",
    unit="Cases",
    labels=MONTHS,
    series=(Series(name="Cases", values=(2, 4, 3, 4.5, 6, 7)),),
)
FIGURES = Message(
    summary="Six months in figures.",
    title="Figures",
    parts=(
        BY_GAP,
        PER_MONTH,
        PER_MONTH.model_copy(update={"look": "area", "title": "Cases per month, filled"}),
        Chart(
            look="pie",
            title="How it ended",
            sentence="Four of six customers were won back.",
            axis="It ended",
            unit="Customers",
            labels=("Recovered", "Not recovered", "No answer"),
            series=(Series(name="Customers", values=(4, 1, 1)),),
        ),
        Table(
            caption="Working days until the apology",
            columns=("Customer", "Days", "Aim"),
            rows=(("Mrs. Ólafsdóttir", 1.5, 1), (HOSTILE, 1234567, "")),
        ),
    ),
)
SALES = TEAM.model_copy(update={"channel_id": "C2", "name": "sales", "lead": "U2"})
LATE_IN_SALES = LATE.model_copy(update={"number": 14, "channel_id": "C2", "owner": "U2"})
LEAD = StatusFor(asker="U1")
IN_DIRECT = StatusFor(asker="U1", choices=(TEAM, SALES), gathered=True, unasked=12)
FILTERED = Filters(
    words=frozenset({"late"}), owner="U2", gap="after-hours support", since=date(2025, 11, 30)
)


def _board(
    *,
    teams: Sequence[Team] = (TEAM,),
    counts: Mapping[str, int] | None = None,
    **things: Sequence[Thing],
) -> Board:
    """What waits, by the names of the groups, on the day of the examples."""
    counted = {name: len(things.get(name, ())) for name in BOARD_GROUPS} | dict(counts or {})
    return Board(
        teams={team.channel_id: team for team in teams},
        counts=counted,
        things={name: tuple(things.get(name, ())) for name in BOARD_GROUPS},
        cases=TWO_CASES,
        links=LINKS,
        people=PEOPLE,
        days=Days(TODAY),
    )


MUCH_ON_THE_BOARD = _board(
    promise=[LATE_PROMISE],
    late=[LATE, LATE.model_copy(update={"owner": "U2", "number": 13}), LATE],
    customer=[OTHER_OWED],
    proposed=[PROPOSAL, PROPOSED_HOSTILE, PROPOSED_BARE],
    unowned=[UNOWNED],
    unaccepted=[ITEM],
    unverified=[DONE, DONE.model_copy(update={"owner": "U2", "history": ()})],
    undecided=[
        RETRO.model_copy(update={"answers_close_on": date(2026, 3, 3)}),
        CLOSED.model_copy(update={"unsettled_at": AT}),
    ],
    answering=[RETRO],
    agreed=[AGREED],
    counts={"late": 96, "proposed": 7, "unowned": 1001, "agreed": 40, "promised": 1},
)
LOOKED_FOR = asked_for("courier notes")
NOTED_WORDS = (
    "Nobody read the courier’s notes to us, and we waited at home on both days, for nothing at all."
)
FOUND = [
    Found(CASE, RETRO, Text("case", WHAT_HAPPENED, CASE.what_happened), LINK, None, TODAY),
    Found(CASE, CLOSED, Text("item", "AI-12", ITEM.what, 12), LINK, ITEM_LINKS[12], TODAY),
    Found(
        CASE.model_copy(update={"what_happened": LONG}),
        RETRO,
        Text("customer", "In the customer's words", NOTED_WORDS),
        LINK,
        None,
        date(2025, 12, 30),
        ChannelName(channel_id="C2", name="sales"),
    ),
    Found(
        CASE,
        None,
        Text("answer", "Answer · Suppliers", HOSTILE + " courier notes " + LONG),
        None,
        None,
        TODAY,
    ),
]

NOTES: Mapping[str, Message] = {
    "note.opened": note.opened(CASE, "support", LINK),
    "note.opened_unlinked": note.opened(CASE, "", None),
    "note.promised": note.promised(CASE, PROMISED.step("promise"), TODAY),
    "note.finished": note.finished(CASE, "fixes agreed", (VERIFIED, DROPPED), LINK),
    "note.finished_many": note.finished(CASE, "fixes agreed", (VERIFIED,) * 12, LINK),
    "note.finished_by_apology": note.finished(CASE, "an apology was enough", (), LINK),
    "note.finished_without": note.finished(CASE, "fixes agreed", (DROPPED,), None),
    "note.ended": note.ended(CASE, "recovered"),
    "note.ended_not": note.ended(CASE, "not recovered"),
    "note.ended_unanswered": note.ended(CASE, "no answer"),
    "note.cancelled": note.cancelled(CANCELLED, None),
    "note.cancelled_same": note.cancelled(SAME, LINK),
    "note.restored": note.restored(CASE, LINK),
}
"""What is left on a helpdesk's ticket, and said on no other platform."""

MESSAGES: Mapping[str, Message] = {
    "parts.figures": FIGURES,
    "search.found": search.results("courier notes", LOOKED_FOR, FOUND, FoundPage(0, 4), TODAY),
    "search.goes_on": search.results(
        HOSTILE, LOOKED_FOR, FOUND[:2], FoundPage(5, 100, more=True), TODAY, "2:courier notes", 12
    ),
    "search.some_words": search.results(
        "courier elephant", LOOKED_FOR._replace(any=True), FOUND[1:2], FoundPage(0, 1), TODAY
    ),
    "carry_over.three": carry_over.carried(
        [
            Earlier(CASE, [VERIFIED], "recovered"),
            Earlier(
                CASE.model_copy(update={"number": 3, "what_happened": HOSTILE}),
                [DONE, VERIFIED],
                "not recovered",
                [("tools", 5)],
            ),
            Earlier(CASE.model_copy(update={"number": 2, "what_happened": LONG}), [], None),
        ],
        [ITEM],
        LINKS,
        ITEM_LINKS,
        PEOPLE,
        TODAY,
    ),
    "carry_over.one": carry_over.carried(
        [Earlier(CASE, [ITEM], "no answer")], [], LINKS, {}, PEOPLE, TODAY
    ),
    "carry_over.renewed": carry_over.carried(
        [Earlier(CASE, [VERIFIED], None)], [], LINKS, {}, PEOPLE, TODAY, renewed=True
    ),
    "carry_over.nothing_left": carry_over.nothing_left(),
    "returned": returned.returned(
        "tools", CASE.model_copy(update={"number": 31}), VERIFIED, date(2026, 2, 3), LINKS, TODAY
    ),
    "returned.over": returned.over("tools"),
    "search.nothing": search.results("elephant", LOOKED_FOR, (), FoundPage(0, 0), TODAY, unasked=1),
    "search.opened": search.opened(action_item.card(ITEM, PEOPLE, TODAY), ITEM_LINKS[12]),
    "trends": trends.trends(counted(*MANY_MONTHS), (TEAM,)),
    "trends.returned": trends.trends(counted(*RETURNED), (TEAM,)),
    "trends.several_teams": trends.trends(counted(*RETURNED, teams=(SALES, TEAM)), (SALES, TEAM)),
    "trends.left_out": trends.trends(counted(UNENDED), (TEAM,), 12),
    "sign_in.way_in": sign_in.way_in("https://amends.example.com/open/slack%3AT1/S3cr3t_-?to=trends"),
    "sign_in.with_way": sign_in.with_way(sentence("Nothing waits for you."), "board"),
    "trends.few": trends.trends(counted(*RETURNED[-3:]), (TEAM,)),
    "trends.nothing": trends.trends(counted(), (TEAM,)),
    "trends.no_team": trends.trends(counted(teams=()), ()),
    "sentence": sentence("AI-12 is already verified."),
    "case.failed": case.failed(CASE, "support"),
    "case.failed_small": case.failed(CASE, "support", small=True),
    "case.already": case.already(CASE, "support", LINK),
    "case.already_unsaid": case.already(CASE, "support", None),
    "case.taken_in": case.taken_in(CASE),
    "case.taken_in_long": case.taken_in(CASE.model_copy(update={"what_happened": LONG})),
    "case.backlog": case.backlog([CASE.model_copy(update={"what_happened": HOSTILE})] * 6, 1_094),
    "case.backlog_one": case.backlog([CASE], 1),
    "case.backlog_over": case.backlog((), 0),
    "proposal.card": proposal.card(PROPOSAL, PEOPLE, LINKS),
    "proposal.bare": proposal.card(PROPOSED_BARE, PEOPLE, LINKS),
    "proposal.hostile": proposal.card(PROPOSED_HOSTILE, PEOPLE, LINKS),
    "proposal.decided_opened": proposal.card(PROPOSAL_OPENED, PEOPLE, LINKS),
    "proposal.decided_waved_off": proposal.card(WAVED_OFF, PEOPLE, LINKS),
    "proposal.decided_lapsed": proposal.card(LAPSED, PEOPLE, LINKS),
    "proposal.worsened": proposal.card(WORSENED, PEOPLE, LINKS),
    "proposal.worsened_lapsed": proposal.card(LAPSED_AND_WORSENED, PEOPLE, LINKS),
    "proposal.forgotten": proposal.card(_forgotten(PROPOSAL), PEOPLE, LINKS),
    "proposal.forgotten_waved_off": proposal.card(_forgotten(WAVED_OFF), PEOPLE, LINKS),
    "proposal.gathered": proposal.gathered([PROPOSAL, PROPOSED_BARE] * 4, 5),
    "proposal.gathered_many": proposal.gathered([PROPOSAL] * 201, 5),
    "proposal.gathered_one": proposal.gathered([PROPOSAL], 5),
    "proposal.gathered_over": proposal.gathered((), 5),
    "proposal.all_gathered": proposal.all_gathered([PROPOSAL, PROPOSED_HOSTILE] * 9),
    "proposal.all_gathered_over": proposal.all_gathered(()),
    "reminder.proposal": reminder.reminder_message([PROPOSAL_WAITS]),
    "reminder.proposal_over": reminder.reminder_message(
        [PROPOSAL_WAITS._replace(subject=LAPSED, holds=False)]
    ),
    "reminder.proposal_among": reminder.reminder_message([PROPOSAL_WAITS, _due("item_late", ITEM)]),
    "proposal.opened": proposal.opened(CASE, TEAM),
    "proposal.waved_off": proposal.waved_off(WAVED_OFF),
    "proposal.decided": proposal.decided(WAVED_OFF, PEOPLE, LINKS),
    "proposal.thanks_for_why": proposal.THANKS_FOR_WHY,
    "signal.test": signal.test(TOLD_SIGNAL, ("rating", "tag"), CONNECTION, TEAM),
    "signal.test_dropped": signal.TEST_DROPPED,
    "signal.test_of_nothing": signal.test(
        TOLD_SIGNAL.model_copy(update={"rating": 4, "replied": True}), (), CONNECTION, TEAM
    ),
    "connection.listing": connection.listing(
        TEAM, (ANYTHING, LOST_NOTES, LATE_NOTE, NEW_IN_ZENDESK), ANA
    ),
    "connection.listing_empty": connection.listing(TEAM, (), ANA),
    "connection.listing_not_possible": connection.listing(
        TEAM,
        (ANYTHING,),
        ANA,
        missing=connection_commands.to_set(connection_commands.ADDRESS, connection_commands.KEY),
    ),
    "connection.listing_without_a_lead": connection.listing(
        TEAM.model_copy(update={"lead": "U9"}), (ANYTHING,), Person(id="U9", name="Dora", gone=True)
    ),
    "connection.listing_refusing": connection.listing(TEAM, (REFUSING, REFUSING_AGAIN), ANA),
    "connection.listing_after": connection.listing(
        TEAM, (ANYTHING,), ANA, before="Saved: that counts from the next delivery on."
    ),
    "connection.listing_moved": connection.listing(
        SALES,
        (IN_ZENDESK._replace(connection=ZENDESK.model_copy(update={"channel_id": "C2", "kind": None})),),
        BEN,
        before=connection.moved(SALES.name, "Delivery"),
    ),
    "connection.choice": connection.choice((TEAM, OWN.model_copy(update={"name": "sales"}))),
    **{
        f"connection.made_{name}": connection.made(
            connection.Shown(CONNECTION, product.TITLE, product.OWN_SECRET, bool(product.HOSTS)),
            product.instructions(ADDRESS, "" if product.OWN_SECRET else SECRET),
            shows_secret=not product.OWN_SECRET,
        )
        for name, product in PRODUCTS.items()
    },
    "connection.renewed": connection.renewed(
        ANYTHING, PRODUCTS["generic"].instructions(ADDRESS, SECRET)[1:2]
    ),
    "connection.steps_generic": connection.all_steps(
        ANYTHING, PRODUCTS["generic"].instructions(ADDRESS, connection.UNSHOWN)
    ),
    "connection.steps_zendesk": connection.all_steps(
        IN_ZENDESK, PRODUCTS["zendesk"].instructions(ADDRESS, "")
    ),
    "connection.secret_pasted": connection.secret_pasted(
        IN_ZENDESK, PRODUCTS["zendesk"].instructions(ADDRESS, "")
    ),
    "connection.listing_with_token": connection.listing(
        TEAM, (WITH_TOKEN, ANYTHING), ANA, before=connection.token_given("https://acme.zendesk.com")
    ),
    "connection.awaits_test": connection.awaits_test(),
    "connection.broken_test": connection.broken_test(
        "your own tool", "X-Amends-Secret is missing.", ANYTHING.connection.ref
    ),
    "connection.deliveries": connection.deliveries(
        TAKES_AGAIN, DELIVERIES, ZENDESK.ref, TEAM.zone, more=True
    ),
    "connection.deliveries_none": connection.deliveries(IN_ZENDESK, (), ZENDESK.ref, "UTC", more=False),
    "connection.deliveries_refused": connection.deliveries(
        REFUSING, (), ZENDESK.ref, TEAM.zone, more=False
    ),
    "signal.ask_rules": signal.ask_rules(ZENDESK, TEAM, [WAVED_OFF] * 9 + [PROPOSED_BARE]),
    "signal.ask_rules_bare": signal.ask_rules(CONNECTION, TEAM, ()),
    "case.withdrawn": case.withdrawn(),
    "case.withdrawn_of_colleague": case.withdrawn_of_colleague(stays=True),
    "case.unsaid": case.unsaid("the retro C-7", "I am not there.", channel_id="C1", name="support"),
    "case.unsaid_direct": case.unsaid("AI-12 to its owner", "They left.", channel_id="", name=""),
    "retro.invitation": retro.invitation(RETRO, CASE, TEAM, Counts()),
    "retro.invitation_bare": retro.invitation(
        RETRO.model_copy(update={"case_number": 8}), BARE, TEAM, Counts(answers=1, items=2, late=1)
    ),
    "retro.invitation_by_rules": retro.invitation(
        RETRO.model_copy(update={"opened_by": None}),
        CASE,
        TEAM,
        Counts(),
        beside=proposal.opened_by_rules([take_proposal(PROPOSAL, "open", "", AT, case=CASE.number)]),
    ),
    "retro.invitation_long": retro.invitation(
        RETRO, CASE.model_copy(update={"what_happened": LONG}), TEAM, Counts(answers=3)
    ),
    "retro.invitation_hostile": retro.invitation(
        RETRO,
        CASE.model_copy(update={"what_happened": HOSTILE, "customer": HOSTILE, "reference": HOSTILE}),
        TEAM,
        Counts(),
    ),
    "retro.small": retro.invitation(SMALL, CASE, TEAM, Counts()),
    "retro.closed": retro.invitation(
        CLOSED, CASE, TEAM, Counts(answers=2, items=1, unfinished=1, agreed=1)
    ),
    "retro.undecided": retro.invitation(CLOSED, CASE, TEAM, Counts(answers=2)),
    "retro.lapsed": retro.lapsed(CLOSED),
    "retro.forgotten": retro.invitation(
        RETRO,
        CASE.model_copy(update={"customer": None, "reference": None, "forgotten_at": AT}),
        TEAM,
        Counts(),
    ),
    "retro.finished": retro.invitation(CLOSED, CASE, TEAM, Counts(answers=2, items=1, agreed=1)),
    "case.already_cancelled": case.already_cancelled(CANCELLED, {}),
    "case.already_same_as": case.already_cancelled(SAME, {3: LINK}),
    "case.say_cancelled": case.changed(CANCELLED, CANCELLED.history[-1], BEN, None, {}),
    "case.say_cancelled_over": case.changed(RESTORED, CANCELLED.history[-1], BEN, None, {}),
    "case.say_restored": case.changed(RESTORED, RESTORED.history[-1], ANA, None, {}),
    "case.say_same_as": case.changed(SAME, SAME.history[-1], BEN, 3, {3: LINK}),
    "case.say_restored_apart": case.changed(RESTORED, RESTORED.history[-1], ANA, 3, {3: LINK}),
    "case.say_moved": case.moved(SAME, BEN, LINK),
    "case.tell_same_as": case.cancelled_for_you(SAME, BEN, LINK),
    "case.tell_cancelled": case.cancelled_for_you(CANCELLED, BEN, LINK),
    "case.tell_restored": case.cancelled_for_you(RESTORED, ANA, None),
    "retro.cancelled": retro.invitation(
        RETRO.model_copy(update={"cancelled": True}),
        CANCELLED,
        TEAM,
        Counts(answers=2, items=1, late=1),
        people=PEOPLE,
    ),
    "retro.same_as": retro.invitation(
        RETRO.model_copy(update={"cancelled": True}),
        SAME,
        TEAM,
        Counts(),
        people=PEOPLE,
        links={3: LINK},
    ),
    "recovery.card_same_as": recovery.card(IN_DOUBLE),
    "recovery.own_copy_same_as": recovery.own_copy(IN_DOUBLE, "U1"),
    "retro.question_cancelled": retro.question(RETRO.model_copy(update={"cancelled": True}), ASKED[0]),
    "action_item.cancelled": action_item.card(_item(cancelled=True), PEOPLE, TODAY),
    "action_item.own_cancelled": action_item.own_copy(_item(cancelled=True), "U1", PEOPLE, TODAY, LINK),
    "retro.edited": retro.invitation(RETRO, EDITED, TEAM, Counts(), people=PEOPLE),
    "retro.question": retro.question(RETRO, ASKED[0]),
    "retro.question_answered": retro.question(RETRO, ASKED[0], 1, [LINK]),
    "retro.question_answers": retro.question(RETRO, ASKED[0], 13, [LINK] * 13),
    "retro.question_answers_closed": retro.question(CLOSED, ASKED[0], 3, [LINK] * 2),
    "retro.answered": retro.answered(NAMED, PROMPTS, ANA),
    "retro.answered_unnamed": retro.answered(UNNAMED, PROMPTS, None),
    "retro.answered_named_like_unnamed": retro.answered(
        NAMED, PROMPTS, ANA.model_copy(update={"name": "Some\u200bone on  the TEAM"})
    ),
    "retro.answered_long": retro.answered(NAMED.model_copy(update={"text": LONG}), PROMPTS, ANA),
    "retro.answered_hostile": retro.answered(
        NAMED.model_copy(update={"text": HOSTILE}), PROMPTS, ANA.model_copy(update={"name": HOSTILE})
    ),
    "retro.taken_back": retro.taken_back(discussed=True),
    "retro.withdrawn": retro.withdrawn(WITHDRAWN, ANA),
    "retro.summary": retro.summary(
        CLOSED, (NAMED, UNNAMED), (AGREED, UNOWNED, DROPPED), PEOPLE, TEAM, ITEM_LINKS
    ),
    "retro.summary_empty": retro.summary(WAS_ENOUGH, (), (), PEOPLE, TEAM, ITEM_LINKS),
    "retro.summary_undecided": retro.summary(
        CLOSED, (NAMED,), (ITEM, DROPPED), PEOPLE, TEAM, ITEM_LINKS
    ),
    "retro.summary_verified": retro.summary(
        CLOSED, (NAMED,), (VERIFIED, VERIFIED_UNSEEN), PEOPLE, TEAM, ITEM_LINKS
    ),
    "retro.superseded": retro.superseded(REOPENED, 1, PEOPLE, TEAM),
    "retro.reopened": retro.reopened(REOPENED, PEOPLE),
    "action_item.proposed": action_item.card(ITEM, PEOPLE, TODAY),
    "action_item.unowned": action_item.card(UNOWNED, PEOPLE, TODAY),
    "action_item.agreed": action_item.card(AGREED, PEOPLE, TODAY),
    "action_item.late": action_item.card(LATE, PEOPLE, TODAY),
    "action_item.done": action_item.card(DONE, PEOPLE, TODAY),
    "action_item.verified": action_item.card(VERIFIED, PEOPLE, TODAY),
    "action_item.verified_unseen": action_item.card(VERIFIED_UNSEEN, PEOPLE, TODAY),
    "action_item.dropped": action_item.card(DROPPED, PEOPLE, TODAY),
    "action_item.handed_over": action_item.card(HANDED, PEOPLE, TODAY),
    "action_item.declined": action_item.card(DECLINED, PEOPLE, TODAY),
    "action_item.reopened": action_item.card(MISSING, PEOPLE, TODAY),
    "action_item.long": action_item.card(LONG_ITEM, PEOPLE, TODAY),
    "action_item.own_proposed": action_item.own_copy(ITEM, "U1", PEOPLE, TODAY, LINK),
    "action_item.own_agreed": action_item.own_copy(AGREED, "U1", PEOPLE, TODAY, LINK),
    "action_item.own_done": action_item.own_copy(DONE, "U1", PEOPLE, TODAY, None),
    "action_item.own_verified": action_item.own_copy(VERIFIED, "U1", PEOPLE, TODAY, LINK),
    "action_item.own_dropped": action_item.own_copy(DROPPED, "U1", PEOPLE, TODAY, LINK),
    "action_item.no_longer_own": action_item.own_copy(HANDED, "U1", PEOPLE, TODAY, LINK),
    "action_item.no_longer_own_free": action_item.own_copy(DECLINED, "U1", PEOPLE, TODAY, LINK),
    "action_item.done_for_asker": action_item.step_news(DONE, 2, PEOPLE, LINK),
    "action_item.done_lead_verifies": action_item.step_news(
        DONE, 2, PEOPLE, LINK, Person(id="U3", name="Cleo")
    ),
    "action_item.verified_for_asker": action_item.step_news(VERIFIED, 2, PEOPLE, LINK),
    "action_item.declined_for_asker": action_item.step_news(DECLINED, 2, PEOPLE, LINK),
    "action_item.reopened_for_owner": action_item.step_news(REOPENED_DONE, 3, PEOPLE, LINK),
    "action_item.edited": action_item.card(EDITED_ITEM, PEOPLE, TODAY),
    "action_item.own_edited": action_item.own_copy(EDITED_ITEM, "U1", PEOPLE, TODAY, LINK),
    "action_item.edited_for_owner": action_item.edit_news(EDITED_ITEM, 1, "U1", PEOPLE, LINK),
    "action_item.edited_long_ago": action_item.edit_news(EDITED_DONE, 1, "U1", PEOPLE, LINK),
    "action_item.corrected": action_item.card(CORRECTED_ITEM, PEOPLE, TODAY),
    "action_item.call_owner": action_item.call_owner(ITEM, ANA),
    "action_item.unreached": action_item.unreached(ITEM, ANA, "They have left the workspace."),
    "action_item.mine": action_item.mine((LATE, ITEM, DONE), LINKS, PEOPLE, TODAY, page=Page(more=True)),
    "action_item.mine_none": action_item.mine((), LINKS, PEOPLE, TODAY),
    "board.status": board.status(MUCH_ON_THE_BOARD, EVERYTHING, LEAD),
    "board.status_member": board.status(MUCH_ON_THE_BOARD, EVERYTHING, StatusFor(asker="U2")),
    "board.status_none": board.status(_board(), EVERYTHING, LEAD._replace(tally=Tally(4, 2, 1))),
    "board.status_on_its_way": board.status(
        _board(answering=[RETRO], agreed=[AGREED], promised=[LATE_PROMISE]), EVERYTHING, LEAD
    ),
    "board.status_filtered": board.status(_board(late=[LATE]), FILTERED, LEAD),
    "board.status_filtered_none": board.status(_board(), FILTERED, LEAD),
    "board.status_teams": board.status(
        _board(teams=(TEAM, SALES), late=[LATE, LATE_IN_SALES]), EVERYTHING, IN_DIRECT
    ),
    "board.status_one_of_teams": board.status(
        _board(late=[LATE]), Filters(team=TEAM.channel_id), IN_DIRECT._replace(unasked=0)
    ),
    "board.status_proposed": board.status(
        _board(
            teams=(TEAM, SALES),
            proposed=[PROPOSAL, PROPOSED_BARE.model_copy(update={"channel_id": "C2"})],
        ),
        EVERYTHING,
        IN_DIRECT,
    ),
    "board.status_shared": board.status(MUCH_ON_THE_BOARD, EVERYTHING, StatusFor(), "Ana"),
    "board.group": board.group_page(
        _board(late=[LATE] * 10, counts={"late": 96}), BOARD_GROUPS["late"], EVERYTHING, LEAD, 0
    ),
    "board.group_last": board.group_page(
        _board(undecided=[RETRO]), BOARD_GROUPS["undecided"], EVERYTHING, LEAD, 0
    ),
    "board.group_proposed": board.group_page(
        _board(proposed=[PROPOSAL, PROPOSED_BARE] * 5, counts={"proposed": 12}),
        BOARD_GROUPS["proposed"],
        EVERYTHING,
        LEAD,
        0,
    ),
    "board.group_over": board.group_page(_board(), BOARD_GROUPS["late"], EVERYTHING, LEAD, 3),
    "board.unknown_filter": board.unknown_filter(
        'I don\'t know the filter "lat".', "late gap:training", "lat gap:training"
    ),
    "board.unknown_filter_far": board.unknown_filter(
        'I don\'t know the filter "xyz".', "", "xyz owner:@Ana"
    ),
    "board.shared": board.shared(TEAM),
    "board.weekly": board.weekly(
        (LATE, UNOWNED, DONE), board.LastWeek(((CLOSED, CASE),)), LINKS, PEOPLE, Days(TODAY), more=True
    ),
    "board.weekly_verified": board.weekly(
        (LATE,),
        board.LastWeek(((CLOSED, CASE),), verified=[DONE_AND_SEEN] * 7, lapsed=2),
        LINKS,
        PEOPLE,
        Days(TODAY),
        more=False,
    ),
    "board.weekly_small": board.weekly(
        (LATE,), board.LastWeek(((SMALL, CASE),)), LINKS, PEOPLE, Days(TODAY), more=False
    ),
    "board.weekly_came_back": board.weekly(
        (LATE,),
        board.LastWeek(
            back=(
                (CameBack("communication", (7, 9), AT), TODAY),
                (CameBack("after-hours support", (9,), AT), date(2025, 12, 22)),
            )
        ),
        LINKS,
        PEOPLE,
        Days(TODAY),
        more=False,
    ),
    "board.weekly_customers": board.weekly(
        (LATE,),
        board.LastWeek(),
        LINKS,
        PEOPLE,
        Days(TODAY),
        more=False,
        customers=owed.weekly(
            (LATE_PROMISE, OTHER_OWED), TWO_CASES, PEOPLE, TODAY, {LATE_PROMISE.label}
        ),
    ),
    "board.weekly_customers_many": board.weekly(
        (),
        board.LastWeek(),
        LINKS,
        PEOPLE,
        Days(TODAY),
        more=False,
        customers=owed.weekly((OWED,) * 7, {7: CASE}, PEOPLE, TODAY, ()),
    ),
    "reminder.due_soon": reminder.reminder_message([_due("item_due_soon", AGREED)]),
    "reminder.due_today": reminder.reminder_message([DUE_TODAY]),
    "reminder.proposed": reminder.reminder_message([_due("item_proposed", ITEM)]),
    "reminder.proposed_to_lead": reminder.reminder_message(
        [_due("item_proposed", ITEM, "U2", before=(TODAY,))]
    ),
    "reminder.late": reminder.reminder_message([LATE_NOW]),
    "reminder.late_to_lead": reminder.reminder_message([LATE_TOLD]),
    "reminder.left": reminder.reminder_message([_due("item_left", AGREED, "U2")]),
    "reminder.unowned": reminder.reminder_message(
        [_due("item_unowned", UNOWNED, "")], in_its_thread=True
    ),
    "reminder.unowned_many": reminder.reminder_message(
        [
            due._replace(
                sent=due.sent.model_copy(update={"message": "remind:C-7:item_unowned:2026-03-05"})
            )
            for due in [_due("item_unowned", UNOWNED, "")] * 5
        ],
        in_its_thread=True,
    ),
    "reminder.unverified": reminder.reminder_message([_due("item_done", DONE, "U2")]),
    "reminder.undated": reminder.reminder_message([_due("item_undated", AGREED)]),
    "reminder.undecided": reminder.reminder_message([UNDECIDED]),
    "reminder.undecided_fixes": reminder.reminder_message([UNDECIDED._replace(fixes=(AGREED, UNOWNED))]),
    "reminder.undecided_proposed": reminder.reminder_message([UNDECIDED._replace(fixes=(ITEM,) * 4)]),
    "reminder.undecided_closed": reminder.reminder_message(
        [_due("retro_undecided", CLOSED.model_copy(update={"unsettled_at": AT}))]
    ),
    "reminder.promise_late": reminder.reminder_message([_due("recovery_promise_late", LATE_PROMISE)]),
    "reminder.promise_late_to_lead": reminder.reminder_message(
        [_due("recovery_promise_late", LATE_PROMISE, "U2")]
    ),
    "reminder.promise_today": reminder.reminder_message(
        [_due("recovery_promise_today", PROMISED, day=TODAY)]
    ),
    "reminder.promise_soon": reminder.reminder_message([_due("recovery_promise_soon", PROMISED)]),
    "reminder.apology": reminder.reminder_message(
        [_due("recovery_apology", HEARD, day=TODAY - timedelta(days=1))]
    ),
    "reminder.check_back": reminder.reminder_message([_due("recovery_check_back", KEPT, day=TODAY)]),
    "reminder.silent": reminder.reminder_message([_due("recovery_silent", TOLD, day=TODAY)]),
    "reminder.customer_waits": reminder.reminder_message([_due("recovery_waits", OWED, day=TODAY)]),
    "recovery.card": recovery.card(_shown(OWED)),
    "recovery.not_begun": recovery.not_begun(CASE, TEAM),
    "recovery.card_small": recovery.card(
        _shown(with_nothing_to_tell(OWED.model_copy(update={"finished_at": AT}), "U1", AT))
    ),
    "recovery.card_overdue": recovery.card(_shown(OWED, at=AT + timedelta(days=4))),
    "recovery.card_bare": recovery.card(_shown(begin(BARE, None, TEAM, AT), BARE)),
    "recovery.card_upset": recovery.card(_shown(UPSET)),
    "recovery.card_promised": recovery.card(_shown(PROMISED)),
    "recovery.card_late": recovery.card(_shown(LATE_PROMISE, back=BACK)),
    "recovery.card_kept": recovery.card(_shown(KEPT)),
    "recovery.card_waits": recovery.card(_shown(CHECKED)),
    "recovery.card_finished": recovery.card(_shown(FINISHED)),
    "recovery.card_unchanged": recovery.card(_shown(UNCHANGED)),
    "recovery.card_told_unchanged": recovery.card(
        _shown(_taken(UNCHANGED, "tell_changed", "Nothing to name yet.", how=HOLDING))
    ),
    "recovery.card_told": recovery.card(_shown(TOLD)),
    "recovery.card_viewed": recovery.card(_shown(VIEWED)),
    "recovery.card_recovered": recovery.card(_shown(RECOVERED)),
    "recovery.card_again": recovery.card(_shown(AGAIN)),
    "recovery.not_recovered": recovery.not_recovered(AGAIN, 1, CASE, (DONE,), LINK),
    "recovery.recovered_after_all": recovery.recovered_after_all(OWED, BEN, LINK),
    "recovery.not_recovered_named": recovery.not_recovered(AGAIN, 1, CASE, (NAMED_ITEM, DONE), LINK),
    "recovery.not_recovered_lead": recovery.not_recovered(AGAIN, 1, CASE, (), None),
    "retro.invitation_again": retro.invitation(
        REOPENED, CASE, TEAM, Counts(items=1, unfinished=1, agreed=1), recovery.beside(AGAIN, {}, {})
    ),
    "recovery.card_ended_early": recovery.card(_shown(ENDED_EARLY)),
    "recovery.card_unanswered": recovery.card(_shown(UNANSWERED)),
    "recovery.card_apology": recovery.card(_shown(APOLOGY)),
    "recovery.card_unreachable": recovery.card(_shown(UNREACHABLE)),
    "recovery.card_corrected": recovery.card(_shown(CORRECTED)),
    "recovery.card_taken_back": recovery.card(_shown(TAKEN_BACK)),
    "recovery.card_hostile": recovery.card(
        _shown(_taken(_taken(OWED, "hear", HOSTILE), "ask_wish", HOSTILE))
    ),
    "recovery.card_long": recovery.card(
        _shown(
            _taken(_taken(_taken(OWED, "hear", LONG), "ask_wish", LONG), "apologise", LONG, how="A call")
        )
    ),
    "recovery.card_cancelled": recovery.card(_shown(HEARD.model_copy(update={"cancelled": True}))),
    "recovery.own_copy_cancelled": recovery.own_copy(
        _shown(HEARD.model_copy(update={"cancelled": True})), "U1"
    ),
    "recovery.own_copy": recovery.own_copy(_shown(OWED), "U1"),
    "recovery.own_copy_handed": recovery.own_copy(_shown(HANDED_OVER), "U2"),
    "recovery.own_copy_closed": recovery.own_copy(_shown(RECOVERED), "U1"),
    "recovery.own_copy_over": recovery.own_copy(_shown(OWED), "U2"),
    "recovery.own_copy_thanked": recovery.own_copy(_shown(KEPT_BY_BEN), "U2"),
    "recovery.card_later_word": recovery.card(
        _shown(HEARD, later=TOLD_SIGNAL.model_copy(update={"rating": 5, "words": "sorted, thank you"}))
    ),
    "recovery.card_later_reply": recovery.card(
        _shown(
            HEARD,
            later=TOLD_SIGNAL.model_copy(
                update={"reference": "ZD-9", "rating": None, "replied": True, "words": HOSTILE}
            ),
        )
    ),
    "recovery.call_owner": recovery.call_owner(OWED, ANA),
    "recovery.unreached": recovery.unreached(OWED, ANA, "They have left the workspace."),
    "recovery.check_in": recovery.check_in(OWED, "Ben"),
    "recovery.check_in_lead": recovery.check_in(OWED, ""),
    "retro.invitation_one_side": retro.invitation(
        RETRO, CASE, TEAM, Counts(), recovery.beside(None, BACK, {5: LINK})
    ),
    "retro.invitation_recovered": retro.invitation(
        WAS_ENOUGH, CASE, TEAM, Counts(), recovery.beside(RECOVERED, {}, {})
    ),
    "retro.summary_both_sides": retro.summary(
        CLOSED, (NAMED,), (AGREED,), PEOPLE, TEAM, ITEM_LINKS, recovery.in_summary(HEARD)
    ),
    "retro.summary_rounds": retro.summary(
        CLOSED,
        (NAMED,),
        (AGREED, DROPPED),
        PEOPLE,
        TEAM,
        ITEM_LINKS,
        recovery.in_summary(RECOVERED_LATER),
    ),
    "action_item.reopened_evidence": action_item.card(REOPENED_SEEN, PEOPLE, TODAY),
    "retro.summary_one_side": retro.summary(
        CLOSED, (NAMED,), (AGREED,), PEOPLE, TEAM, ITEM_LINKS, recovery.in_summary(OWED)
    ),
    "retro.summary_ended_early": retro.summary(
        CLOSED, (NAMED,), (AGREED,), PEOPLE, TEAM, ITEM_LINKS, recovery.in_summary(ENDED_EARLY)
    ),
    "action_item.mine_customers": action_item.mine(
        (LATE,),
        LINKS,
        PEOPLE,
        TODAY,
        owed=owed.mine((LATE_PROMISE, OWED), {7: CASE}, "U1", TODAY),
    ),
    "action_item.mine_customers_alone": action_item.mine(
        (), LINKS, PEOPLE, TODAY, owed=owed.mine((CHECKED,), {7: CASE}, "U1", TODAY)
    ),
    "reminder.digest": reminder.reminder_message(
        [LATE_NOW, DUE_TODAY, UNDECIDED, _due("item_late", DONE, holds=False, outcome="done")]
    ),
    "reminder.digest_long": reminder.reminder_message(MUCH),
    "reminder.digest_over": reminder.reminder_message(
        [_due("item_late", DONE, holds=False, outcome="done")] * 5
    ),
    "reminder.digest_here": reminder.reminder_message(MUCH_HERE),
    "reminder.everything": reminder.everything(MUCH, MUCH[0].sent.message, 0),
    "reminder.everything_rest": reminder.everything(MUCH, MUCH[0].sent.message, 2),
    "reminder.everything_over": reminder.everything([], MUCH[0].sent.message, 0),
    "reminder.everything_over_here": reminder.everything([], MUCH_HERE[0].sent.message, 0),
    "reminder.over_customer": reminder.reminder_message(
        [_due("recovery_check_back", CHECKED, holds=False, outcome="check_back")]
    ),
    "reminder.over": reminder.reminder_message([_due("item_late", DONE, holds=False, outcome="done")]),
    "reminder.moved": reminder.reminder_message(
        [_due("item_late", _item(remind_on=date(2026, 3, 9)), holds=False, outcome="remind_later")]
    ),
    "reminder.unanswered": reminder.unanswered(HALF_TIME, RETRO, ASKED),
    "reminder.unanswered_over": reminder.unanswered(HALF_TIME, RETRO, ()),
    "reminder.superseded": reminder.superseded(),
    "reminder.answers_closed": reminder.answers_closed(ANSWERS_CLOSED, RETRO, (NAMED, UNNAMED)),
    "reminder.answers_closed_cancelled": reminder.answers_closed(
        ANSWERS_CLOSED, RETRO.model_copy(update={"cancelled": True}), (NAMED,)
    ),
    "reminder.answers_closed_reopened": reminder.answers_closed(
        ANSWERS_CLOSED._replace(sent=ANSWERS_CLOSED.sent.model_copy(update={"outcome": "closed"})),
        RETRO,
        (NAMED,),
    ),
    "reminder.answers_closed_over": reminder.answers_closed(ANSWERS_CLOSED, CLOSED, (NAMED,)),
    "action_item.reminded_later": action_item.reminded_later(_item(remind_on=date(2026, 3, 9)), TODAY),
    "team.settled_own": team.settled_own(READER, TODAY),
    "team.settled_own_as_team": team.settled_own(NotificationPreferences(person_id="U1"), TODAY),
    "coach.read": coach.read(DRAFT, read_for_customer(DRAFT)),
    "coach.read_hostile": coach.read(HOSTILE, ()),
    "team.hello": team.hello(),
    "team.home_newcomer": home.home(home.Theirs(), ANA, TODAY),
    "team.home_only_asked": home.home(
        home.Theirs(wanted=[RETRO], cases={7: CASE}, links=LINKS, not_all=True), ANA, TODAY
    ),
    "team.home": home.home(
        home.Theirs(
            items=[ITEM, LATE.model_copy(update={"number": 13}), AGREED, DONE],
            customers=[LATE_PROMISE, RESTING],
            wanted=[RETRO],
            cases=TWO_CASES,
            links=LINKS,
            more=True,
            more_wanted=2,
        ),
        ANA,
        TODAY,
    ),
    "team.home_of_lead": home.home(
        home.Theirs(items=[AGREED], links=LINKS, led=_board(late=[LATE], customer=[LATE_PROMISE])),
        ANA,
        TODAY,
    ),
    "team.home_of_lead_of_several": home.home(
        home.Theirs(led=_board(teams=(TEAM, SALES), unowned=[LATE])), ANA, TODAY
    ),
    "team.help": team.help_text(TYPED),
    "team.help_unknown": team.help_text(TYPED, "a", "a parcel got lost"),
    "team.misheard": team.misheard("stauts", "status", OFFERS, ""),
    "team.misheard_words": team.misheard("faild", "failed", OFFERS, "ZD-1 Parcel lost"),
    "team.misheard_long": team.misheard("faild", "failed", OFFERS, "ZD-1 Parcel lost. " * 120),
    "team.meant_command": team.meant_command("status", OFFERS),
    "team.welcome": team.WELCOME,
    "team.picture": team.PICTURE,
    "team.settled": team.settled(TEAM, TODAY),
    "team.settled_off": team.settled(OFF, TODAY),
    "team.settled_off_much": team.settled(MUCH_OFF, TODAY),
    "team.settled_days_off": team.settled_days_off(OFF, TODAY),
    "team.settled_no_days_off": team.settled_days_off(TEAM, TODAY),
    "team.settings_changed": team.settings_changed(OFF, "Cleo", "Ana", TODAY),
    "team.policy_settled": policy_messages.settled(TEAM),
    "team.policy_settled_own": policy_messages.settled(STRICT),
    "prompts.listing": prompt.listing(TEAM, PROMPTS, None, ANA, edits=True),
    "prompts.listing_own": prompt.listing(OWN, OWN_PROMPTS, None, ANA, edits=True),
    "prompts.listing_of_kind": prompt.listing(OWN, DELIVERY.prompts, DELIVERY, ANA, edits=True),
    "prompts.listing_to_read": prompt.listing(OWN, OWN_PROMPTS, None, ANA, edits=False),
    "prompts.listing_of_kind_to_read": prompt.listing(
        OWN, DELIVERY.prompts, DELIVERY, None, edits=False
    ),
    "prompts.listing_without_a_lead": prompt.listing(
        TEAM.model_copy(update={"lead": GONE.id}), PROMPTS, None, GONE, edits=True
    ),
    "prompts.listing_after": prompt.listing(
        OWN, OWN_PROMPTS, None, ANA, edits=True, before="Added: Suppliers."
    ),
    "prompts.listing_full": prompt.listing(FULL, FULL_PROMPTS, None, ANA, edits=True),
    "kinds.listing": prompt.kinds(OWN, ANA, edits=True),
    "kinds.listing_none": prompt.kinds(TEAM, ANA, edits=True),
    "kinds.listing_full": prompt.kinds(FULL, ANA, edits=True),
    "kinds.listing_to_read": prompt.kinds(OWN, ANA, edits=False),
    "kinds.listing_after": prompt.kinds(OWN, ANA, edits=True, before="Saved: Delivery."),
    "prompts.changed": prompt.changed(OWN, OWN_PROMPTS, ANA),
    "team.colleague_left": team.colleague_left(TEAM, [AGREED, UNOWNED], [CASE]),
    "team.colleague_left_much": team.colleague_left(TEAM, [AGREED] * 12, ()),
}


FORMS: Mapping[str, Form] = {
    "connection.add": connection_rules_commands.add_form((TEAM,), HELPDESKS),
    "connection.add_kind": connection_rules_commands.add_form((OWN,), HELPDESKS),
    "connection.add_channel": connection_rules_commands.add_form((TEAM, SALES), HELPDESKS),
    "connection.edit": connection_rules_commands.edit_form((OWN,), ZENDESK, HELPDESKS),
    "connection.edit_channel": connection_rules_commands.edit_form((OWN, SALES), ZENDESK, HELPDESKS),
    "connection.renew_secret": connection_secret_commands.renewal_form(CONNECTION, "your own tool"),
    "connection.paste_secret": connection_secret_commands.secret_form(ZENDESK, "Zendesk"),
    **{
        f"connection.give_token_{name}": connection_secret_commands.token_form(CONNECTION, product)
        for name, product in PRODUCTS.items()
        if product.HOSTS
    },
    "connection.remove": connection_commands.removal_form(
        ZENDESK.model_copy(update={"token": "sealed"}), "Zendesk", 2
    ),
    "connection.remove_nothing_waits": connection_commands.removal_form(ZENDESK, "Zendesk", 0),
    "proposal.say_why": proposal_commands.SayWhy.form(WAVED_OFF.ref, channel_id="C1"),
    "case.fail": case_commands.fail_form("C1", {}),
    "case.fail_kind": case_commands.fail_form("C1", {}, OWN),
    "case.fail_message": case_commands.fail_form("C1", {"what_happened": HOSTILE}, link=LINK),
    "case.fail_small": case_commands.fail_form("C1", {}, STRICT),
    "case.fail_anywhere": case_commands.fail_form("", {"reference": "ZD-1"}),
    "case.likely_double": case.likely_double(
        case_commands.fail_form("C1", {"what_happened": "Nobody called us back"}, link=LINK),
        (BARE,),
        {BARE.number: LINK},
        {"not_same": "C-8"},
        lies_on_form=True,
    ),
    "case.likely_double_typed": case.likely_double(
        case_commands.fail_form("C1", {"what_happened": HOSTILE}),
        (BARE.model_copy(update={"what_happened": HOSTILE}),),
        {},
        {"not_same": "C-8"},
        lies_on_form=False,
    ),
    "case.likely_doubles": case.likely_double(
        case_commands.fail_form("C1", {"what_happened": "Nobody called us back"}),
        [
            BARE.model_copy(update={"number": number, "what_happened": text})
            for number, text in enumerate((HOSTILE, LONG, "Lost", "Late", "Broken", "Wet", "Gone"), 8)
        ],
        {8: LINK},
        {"not_same": "C-8,C-9,C-10,C-11,C-12,C-13,C-14"},
        lies_on_form=True,
    ),
    "case.same_as": case_change_commands.same_as_form(CASE),
    "case.same_as_noted": case_change_commands.same_as_form(CASE, VIEWED),
    "case.cancel": case_change_commands.cancel_form(CASE),
    "case.edit": case_commands.edit_form(CASE, TEAM, RETRO),
    "case.edit_kind": case_commands.edit_form(
        CASE.model_copy(update={"kind": DELIVERY.name}), OWN, RETRO
    ),
    "case.edit_kind_unopened": case_commands.edit_form(CASE, OWN, None),
    "case.edit_bare": case_commands.edit_form(BARE, TEAM, None),
    "case.edit_long": case_commands.edit_form(
        CASE.model_copy(update={"what_happened": LONG}), TEAM, RETRO
    ),
    "case.edit_stale": changed_meanwhile(
        case_commands.edit_form(CASE, TEAM, RETRO),
        {"what_happened": HOSTILE, "customer": CASE.customer or "", "date": "2026-11-20"},
        BEN,
        ANA.id,
        {},
    ),
    "case.read": case.story(CASE.model_copy(update={"what_happened": LONG})),
    "retro.answer": retro_commands.answer_form(RETRO, CASE, people=12),
    "retro.answer_uncounted": retro_commands.answer_form(RETRO, CASE),
    "retro.answer_prompt": retro_commands.answer_form(RETRO, CASE, ASKED[-1].key, people=12),
    "retro.answer_two_people": retro_commands.answer_form(RETRO, CASE, people=2),
    "retro.answer_one_person": retro_commands.answer_form(RETRO, CASE, people=1),
    "retro.answer_own_prompts": retro_commands.answer_form(OWN_RETRO, CASE, people=12),
    "retro.edit_answer": retro_commands.edit_answer_form(NAMED, PROMPTS),
    "retro.delete_answer": retro_commands.delete_answer_form(NAMED, PROMPTS),
    "retro.unname_answer": retro_commands.unname_answer_form(NAMED, PROMPTS, 12),
    "retro.unname_answer_two_people": retro_commands.unname_answer_form(NAMED, PROMPTS, 2),
    "retro.withdraw_answer": retro_commands.withdraw_answer_form(UNNAMED, PROMPTS),
    "retro.read_answer": retro.whole_answer(NAMED.model_copy(update={"text": LONG}), PROMPTS, ANA),
    "retro.close": retro_commands.close_form(RETRO),
    "retro.reopen": retro_commands.reopen_form(CLOSED),
    "action_item.add": action_item_commands.add_form(CASE.ref, "C1"),
    "action_item.add_own_gap": action_item_commands.add_form(
        CASE.ref, "C1", "Call the depot", "suppliers", gaps_in(OWN_RETRO, OWN)
    ),
    "action_item.add_message": action_item_commands.add_form(
        CASE.ref, "C1", what="Show the courier's notes", gap="tools"
    ),
    **{
        command.name: action_item_commands.step_form(command, DONE, ANA)
        if command.name == "action_item.verify"
        else action_item_commands.step_form(command, AGREED)
        for command in action_item_commands.STEP_COMMANDS
        if command.title
    },
    "action_item.edit": action_item_commands.edit_form(AGREED),
    "action_item.correct": action_item_commands.correct_form(DONE),
    "action_item.correct_why": action_item_commands.correct_form(HANDED),
    "action_item.read_edits": action_item.whole(EDITED_ITEM, PEOPLE),
    "action_item.remind_later": action_item_commands.remind_later_form(AGREED, TODAY),
    "action_item.read": action_item.whole(LONG_ITEM, PEOPLE),
    "action_item.read_reminders": action_item.whole(
        DONE, PEOPLE, [LATE_NOW.sent.model_copy(update={"outcome": "asked again"}), LATE_TOLD.sent]
    ),
    "coach.advised": coach.advised(
        retro_commands.answer_form(RETRO, CASE, people=12),
        read_for_team(BLAMING),
        {"training": BLAMING},
        "mark",
    ),
    "coach.draft": coach_commands.draft_form(),
    "coach.draft_read": coach_commands.draft_form(DRAFT, "customer", read_for_customer(DRAFT)),
    "coach.draft_fine": coach_commands.draft_form("The page loads.", "team", ()),
    **{
        command.name: recovery_commands.step_form(
            command, OWED, CASE, {"who": "U1"} if command.step == "apologise" else {}
        )
        for command in recovery_commands.STEP_COMMANDS
    },
    "recovery.tell_changed_draft": recovery_commands.step_form(
        recovery_commands.TellChanged, FINISHED, CASE, {"words": recovery_form.draft((DONE_AND_SEEN,))}
    ),
    "recovery.tell_changed_unchanged": recovery_commands.step_form(
        recovery_commands.TellChanged, UNCHANGED, CASE, {"words": recovery_form.draft((DONE,))}
    ),
    "recovery.verdict_items": recovery_commands.step_form(
        recovery_commands.Verdict, TOLD, CASE, {}, (DONE, VERIFIED.model_copy(update={"number": 13}))
    ),
    "recovery.correct": recovery_commands.correct_form(KEPT, CASE),
    "recovery.correct_step": recovery_commands.correction_form(
        recovery_commands.Promise,
        KEPT,
        CASE,
        {"words": "It comes on Friday.", "due": "2026-03-06", "how": "A call", "keeper": "U1"},
    ),
    "recovery.correct_step_stale": changed_meanwhile(
        recovery_commands.correction_form(
            recovery_commands.Promise,
            KEPT,
            CASE,
            {"words": HOSTILE, "due": "2026-03-06", "how": "A call", "keeper": "U1"},
        ),
        {"words": "It comes on Friday.", "due": "2026-03-09", "how": "A call", "keeper": "U2"},
        ANA,
        ANA.id,
        PEOPLE,
    ),
    "recovery.take_back": recovery_commands.take_back_form(KEPT, CASE),
    "recovery.not_needed": recovery_commands.not_needed_form(OWED, CASE, ""),
    "recovery.not_needed_step": recovery_commands.not_needed_form(OWED, CASE, "apologise"),
    "recovery.hand_over": recovery_commands.hand_over_form(PROMISED, CASE, "keep"),
    "recovery.read": recovery_form.both_sides(
        AGAIN,
        CASE,
        PROMPTS,
        (UNNAMED, NAMED),
        (Comment(id="1.2", case_number=7, author="U2", text="The depot was closed.", posted_at=AT),),
        PEOPLE,
    ),
    "recovery.read_one_side": recovery_form.both_sides(OWED, CASE, PROMPTS, (), (), PEOPLE),
    "recovery.read_unreachable": recovery_form.both_sides(
        UNREACHABLE, CASE, PROMPTS, (NAMED,), (), PEOPLE
    ),
    "action_item.add_from_view": action_item_commands.add_form(
        CASE.ref.at("view"), "C1", what="And send a text message."
    ),
    "prompt.add": prompt_commands.add_form(OWN, ALL_PROMPTS),
    "prompt.edit": prompt_commands.edit_form(OWN, ALL_PROMPTS.at(SUPPLIERS.key), SUPPLIERS),
    "kind.add": prompt_commands.add_kind_form(ALL_PROMPTS),
    "kind.edit": prompt_commands.edit_kind_form(
        PromptsRef(channel_id="C1", kind=DELIVERY.key), DELIVERY.name
    ),
    "team.own_settings": team_commands.own_settings_form(READER),
    "team.policy": policy_commands.policy_form(TEAM, ANA),
    "team.policy_own": policy_commands.policy_form(STRICT, ANA),
    "team.policy_to_read": policy_messages.to_read(STRICT, "Ana"),
    "action_item.add_policy": action_item_commands.add_form(CASE.ref, "C1", policy=STRICT.policy),
    "team.days_off": days_off_commands.days_off_form(TEAM),
    "team.days_off_own": days_off_commands.days_off_form(OFF),
    "team.settings": team_commands.settings_form(
        TEAM.model_copy(update={"starts": time(8), "ends": time(16, 30)}), ANA
    ),
    "team.settings_without_a_lead": team_commands.settings_form(
        TEAM.model_copy(update={"lead": GONE.id}), GONE
    ),
    "team.policy_without_a_lead": policy_commands.policy_form(
        TEAM.model_copy(update={"lead": GONE.id}), GONE
    ),
}
