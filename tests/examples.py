"""One example of every message and form that people can meet, by the name of its golden files.

Adding a message means adding its example here; `tests/test_examples.py` is red until then.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time

from bot.domain.action_item import ActionItem, Moved, steps
from bot.domain.case import Case
from bot.domain.reader import Reader
from bot.domain.reminder import Asked
from bot.domain.retro import Answer, Counts, Retro, Turn
from bot.domain.team import Team
from bot.messages import action_item, board, case, reminder, retro, team
from bot.messages.parts import Form, Message, sentence
from bot.messages.reminder import Due
from bot.prompts import PROMPTS
from bot.reminders import BY_NAME
from bot.request import Person

AT = datetime(2026, 3, 5, 14, 30, tzinfo=UTC)
TODAY = date(2026, 3, 5)
LINK = "https://example.com/retro/7"
ANA = Person(id="U1", name="Ana", zone="Europe/Stockholm")
BEN = Person(id="U2", name="Ben", zone="America/New_York")
PEOPLE: Mapping[str, Person] = {"U1": ANA, "U2": BEN}
LINKS = {7: LINK}
LONG = "The parcel was promised for Monday, then for Tuesday, and came on neither day. " * 60
HOSTILE = 'Look: <!channel> <@U1> @here &amp; *bold* <script>alert("hi")</script> مرحبا 📦\nsecond line'

TEAM = Team(place="C1", name="support", lead="U1", zone="Europe/Stockholm")
CASE = Case(
    number=7,
    place="C1",
    what_happened="Parcel promised twice, missed twice",
    reference="ZD-4711",
    customer="Mrs. Ólafsdóttir",
    happened_at=datetime(2026, 3, 4, 20, 15, tzinfo=UTC),
    public_post="https://example.com/post/1",
    link="https://example.com/message/1",
    failed_at=AT,
)
BARE = Case(number=8, place="C1", what_happened="Nobody called back", failed_at=AT)
RETRO = Retro(case=7, place="C1", opened_at=AT, answers_close_on=date(2026, 3, 10), opened_by="U1")
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
NAMED = Answer(
    id="a1",
    case=7,
    prompt="training",
    text="We practise reading courier notes.",
    author="U1",
    posted_at=AT,
)
UNNAMED = Answer(id="a2", case=7, prompt="after_hours", text="Nobody answered the night number.")
ITEM = ActionItem(
    number=12,
    case=7,
    place="C1",
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
VERIFIED = _moved(Moved(step="verify", by="U2", at=AT), state="verified")
DROPPED = _moved(
    Moved(step="drop", by="U1", at=AT, words="The screen is being replaced."), state="dropped"
)
UNOWNED = _item(owner=None, due=None, gap=None, measure="")
HANDED = _moved(Moved(step="hand_over", by="U1", at=AT, to="U2", words="Ben knows it."), owner="U2")
DECLINED = _moved(Moved(step="decline", by="U1", at=AT, words="No time before May."), owner=None)
MISSING = _moved(Moved(step="reopen", by="U2", at=AT, words="Not on mobile."), state="agreed")
LATE = AGREED.model_copy(update={"due": date(2026, 3, 2)})
READER = Reader(
    person="U1",
    days=(0, 1, 2, 3),
    starts=time(8),
    ends=time(14),
    digest=True,
    quiet_until=date(2026, 4, 1),
)
LONG_ITEM = _item(what=LONG, measure=LONG[:900])


def _due(
    reminder_name: str,
    subject: ActionItem | Retro,
    reader: str = "U1",
    *,
    day: date = ITEM.due or TODAY,
    asked_on: date = TODAY,
    late: int = 0,
    before: tuple[date, ...] = (),
    holds: bool = True,
    outcome: str = "",
) -> Due:
    entry = BY_NAME[reminder_name]
    asked = Asked(
        about=subject.label,
        name=reminder_name,
        reader=reader,
        day=asked_on,
        message="remind:U1:2026-03-05:0",
        asked_at=AT,
        outcome=outcome,
    )
    what = subject.what if isinstance(subject, ActionItem) else CASE.what_happened
    allowed = steps(subject) if isinstance(subject, ActionItem) else ()
    shown = tuple(step for step in entry.steps if step in allowed)
    return Due(asked, entry, subject, what, LINK, "Ana", day, late, shown, before, holds)


DUE_TODAY = _due("item_due_today", AGREED, day=TODAY)
LATE_NOW = _due("item_late", LATE, day=date(2026, 3, 2), late=3)
LATE_TOLD = _due(
    "item_late",
    LATE,
    "U2",
    day=date(2026, 3, 2),
    late=3,
    before=(date(2026, 3, 3), date(2026, 3, 4)),
)
UNDECIDED = _due("retro_undecided", RETRO, day=date(2026, 3, 10))
HALF_TIME = _due("retro_half_time", RETRO, "", day=date(2026, 3, 9))
ANSWERS_CLOSED = _due("retro_answers_closed", RETRO, "", day=date(2026, 3, 10))

MESSAGES: Mapping[str, Message] = {
    "sentence": sentence("AI-12 is already verified."),
    "case.failed": case.failed(CASE, "support"),
    "case.already": case.already(CASE, "support", LINK),
    "case.already_unsaid": case.already(CASE, "support", None),
    "case.unsaid": case.unsaid("the retro C-7", "I am not there.", place="C1", name="support"),
    "case.unsaid_direct": case.unsaid("AI-12 to its owner", "They left.", place="", name=""),
    "retro.invitation": retro.invitation(RETRO, CASE, TEAM, Counts()),
    "retro.invitation_bare": retro.invitation(
        RETRO.model_copy(update={"case": 8}), BARE, TEAM, Counts(answers=1, items=2, late=1)
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
    "retro.closed": retro.invitation(CLOSED, CASE, TEAM, Counts(answers=2, items=1, unfinished=1)),
    "retro.finished": retro.invitation(CLOSED, CASE, TEAM, Counts(answers=2, items=1)),
    "retro.question": retro.question(RETRO, PROMPTS[0]),
    "retro.answered": retro.answered(NAMED, ANA),
    "retro.answered_unnamed": retro.answered(UNNAMED, None),
    "retro.answered_long": retro.answered(NAMED.model_copy(update={"text": LONG}), ANA),
    "retro.answered_hostile": retro.answered(
        NAMED.model_copy(update={"text": HOSTILE}), ANA.model_copy(update={"name": HOSTILE})
    ),
    "retro.summary": retro.summary(CLOSED, (NAMED, UNNAMED), (AGREED, UNOWNED, DROPPED), PEOPLE),
    "retro.summary_empty": retro.summary(CLOSED, (), (), PEOPLE),
    "retro.reopened": retro.reopened(REOPENED),
    "action_item.proposed": action_item.card(ITEM, PEOPLE, TODAY),
    "action_item.unowned": action_item.card(UNOWNED, PEOPLE, TODAY),
    "action_item.agreed": action_item.card(AGREED, PEOPLE, TODAY),
    "action_item.late": action_item.card(LATE, PEOPLE, TODAY),
    "action_item.done": action_item.card(DONE, PEOPLE, TODAY),
    "action_item.verified": action_item.card(VERIFIED, PEOPLE, TODAY),
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
    "action_item.call_owner": action_item.call_owner(ITEM, ANA),
    "action_item.unreached": action_item.unreached(ITEM, ANA, "They have left the workspace."),
    "action_item.mine": action_item.mine((LATE, ITEM, DONE), LINKS, PEOPLE, TODAY, more=True),
    "action_item.mine_none": action_item.mine((), LINKS, PEOPLE, TODAY, more=False),
    "board.status": board.status(((RETRO, CASE),), (LATE, UNOWNED), LINKS, PEOPLE, TODAY, more=True),
    "board.status_none": board.status((), (), LINKS, PEOPLE, TODAY, more=False),
    "board.weekly": board.weekly(
        (LATE, UNOWNED, DONE), ((CLOSED, CASE),), LINKS, PEOPLE, TODAY, more=True
    ),
    "reminder.due_soon": reminder.told([_due("item_due_soon", AGREED)]),
    "reminder.due_today": reminder.told([DUE_TODAY]),
    "reminder.proposed": reminder.told([_due("item_proposed", ITEM)]),
    "reminder.late": reminder.told([LATE_NOW]),
    "reminder.late_to_lead": reminder.told([LATE_TOLD]),
    "reminder.left": reminder.told([_due("item_left", AGREED, "U2")]),
    "reminder.unowned": reminder.told([_due("item_unowned", UNOWNED, "")]),
    "reminder.unverified": reminder.told([_due("item_done", DONE, "U2")]),
    "reminder.undated": reminder.told([_due("item_undated", AGREED)]),
    "reminder.undecided": reminder.told([UNDECIDED]),
    "reminder.digest": reminder.told(
        [LATE_NOW, DUE_TODAY, UNDECIDED, _due("item_late", DONE, holds=False, outcome="done")]
    ),
    "reminder.digest_long": reminder.told([LATE_NOW] * 12),
    "reminder.over": reminder.told([_due("item_late", DONE, holds=False, outcome="done")]),
    "reminder.unanswered": reminder.unanswered(HALF_TIME, RETRO, PROMPTS[:3]),
    "reminder.unanswered_over": reminder.unanswered(HALF_TIME, RETRO, ()),
    "reminder.unanswered_again": reminder.unanswered(
        HALF_TIME._replace(holds=False), RETRO, PROMPTS[:1]
    ),
    "reminder.answers_closed": reminder.answers_closed(ANSWERS_CLOSED, RETRO, (NAMED, UNNAMED)),
    "reminder.answers_closed_over": reminder.answers_closed(ANSWERS_CLOSED, CLOSED, (NAMED,)),
    "action_item.reminded_later": action_item.reminded_later(_item(remind_on=date(2026, 3, 9))),
    "team.settled_own": team.settled_own(READER),
    "team.settled_own_as_team": team.settled_own(Reader(person="U1")),
    "team.hello": team.hello(),
    "team.help": team.help_text(),
    "team.help_unknown": team.help_text("faild"),
    "team.settled": team.settled(TEAM),
}

FORMS: Mapping[str, Form] = {
    "case.fail": case.fail_form(place="C1", values={}),
    "case.fail_message": case.fail_form(place="C1", values={"what_happened": HOSTILE}, link=LINK),
    "case.fail_anywhere": case.fail_form(place="", values={"reference": "ZD-1"}, teams=(TEAM,)),
    "case.read": case.story(CASE.model_copy(update={"what_happened": LONG})),
    "retro.answer": retro.answer_form(RETRO, CASE),
    "retro.answer_prompt": retro.answer_form(RETRO, CASE, "after_hours"),
    "retro.edit_answer": retro.edit_form(NAMED),
    "retro.read_answer": retro.whole_answer(NAMED.model_copy(update={"text": LONG}), ANA),
    "retro.close": retro.close_form(RETRO),
    "retro.reopen": retro.reopen_form(CLOSED),
    "action_item.add": action_item.add_form(about="C-7", place="C1"),
    "action_item.add_message": action_item.add_form(
        about="C-7", place="C1", what="Show the courier's notes", gap="tools"
    ),
    "action_item.hand_over": action_item.hand_over_form(AGREED),
    "action_item.decline": action_item.decline_form(ITEM),
    "action_item.done": action_item.done_form(AGREED),
    "action_item.change_date": action_item.change_date_form(AGREED),
    "action_item.remind_later": action_item.remind_later_form(AGREED, TODAY),
    "action_item.reopen": action_item.reopen_form(DONE),
    "action_item.drop": action_item.drop_form(AGREED),
    "action_item.read": action_item.whole(LONG_ITEM, PEOPLE),
    "action_item.read_reminders": action_item.whole(
        DONE, PEOPLE, [LATE_NOW.asked.model_copy(update={"outcome": "asked again"}), LATE_TOLD.asked]
    ),
    "team.own_settings": team.own_settings_form(READER),
    "team.settings": team.settings_form(
        TEAM.model_copy(update={"starts": time(8), "ends": time(16, 30)})
    ),
}
