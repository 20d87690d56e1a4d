"""The keys of messages: what is stored for years, and where it is made."""

import ast
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bot.domain import message_key

ROOT = Path(__file__).parent.parent.parent
THE_ONE = "bot/domain/message_key.py"
DAY = date(2026, 3, 9)
STORED = {
    "retro:7": message_key.retro(7),
    "prompt:7:after_hours": message_key.prompt(7, "after_hours"),
    "answer:0f3a": message_key.answer("0f3a"),
    "turn:7:2": message_key.turn(7, 2),
    "case:7:2": message_key.case_change(7, 2),
    "case_cancelled:7:2:29:00BEN": message_key.case_cancelled(7, 2, "29:00BEN"),
    "case_moved:7:2": message_key.case_moved(7, 2),
    "item:12": message_key.item(12),
    "owner:12:U1": message_key.owner(12, "U1"),
    "asker:12:1:U1": message_key.asker(12, 1, "U1"),
    "step:12:5:U1": message_key.step(12, 5, "U1"),
    "item_edit:12:2:U1": message_key.item_edit(12, 2, "U1"),
    "call:12:U1": message_key.call_owner(12, "U1"),
    "unreached:12:U1": message_key.owner_unreached(12, "U1"),
    "recovery:7": message_key.recovery(7),
    "customer:7:29:00ANA": message_key.customer(7, "29:00ANA"),
    "call_customer:7:U1": message_key.call_about_customer(7, "U1"),
    "unreached_customer:7:U1": message_key.unreached_about_customer(7, "U1"),
    "not_recovered:7:1:U1": message_key.not_recovered(7, 1, "U1"),
    "note:12:promised.1.0f3a91c2": message_key.note(12, "promised.1.0f3a91c2"),
    "check_in:7:1": message_key.check_in(7, 1),
    "remind:U1:2026-03-09:0": message_key.reminder("U1", DAY, 0),
    "remind:C-7:retro_last_day:2026-03-09": message_key.reminder_in_thread(7, "retro_last_day", DAY),
    "remind:in:C1:2026-03-09": message_key.reminder_in_channel("C1", DAY),
    "remind:U1:2026-03-09:0:AI-12": message_key.reminder_instead("remind:U1:2026-03-09:0", "AI-12"),
    "status_shared:C1:2026-03-09T14:30:00+00:00": message_key.status_shared(
        "C1", datetime(2026, 3, 9, 14, 30, tzinfo=UTC)
    ),
    "weekly:C1:2026-03-09": message_key.weekly("C1", DAY),
    "backlog:C1:2026-03-09": message_key.backlog("C1", DAY),
    "returned:7:a%3A%20b:U1": message_key.returned(7, "a: b", "U1"),
    "earlier:7:1,5:12": message_key.carried(7, (1, 5), (12,)),
    "hello:C1": message_key.hello("C1"),
    "proposal:7": message_key.proposal(7),
    "ticket:7": message_key.ticket(7),
    "comment:7:1:2026-03-09T14:30:00+00:00": message_key.comment(
        7, datetime(2026, 3, 9, 14, 30, tzinfo=UTC), 1
    ),
    "gathered:0f3a:C1:2026-03-09": message_key.gathered("0f3a", "C1", DAY),
    "hook_test:0f3a:U1": message_key.hook_test("0f3a", "U1"),
    "hook_broken:0f3a:2026-03-09T14:30:00+00:00:U1": message_key.hook_broken(
        "0f3a", datetime(2026, 3, 9, 14, 30, tzinfo=UTC), "U1"
    ),
    "rules:0f3a:3:U1": message_key.rules("0f3a", 3, "U1"),
    "settings:C1:3:U1": message_key.settings("C1", 3, "U1"),
    "asks:C1:2026-03-09": message_key.prompts("C1", DAY),
    "left:C1:2026-03-09T14:30:00.000001": message_key.colleague_left(
        "C1", datetime(2026, 3, 9, 14, 30, 0, 1, tzinfo=UTC)
    ),
    "unsaid:U1:08a26128b48aa97f": message_key.unsaid("U1", "08a26128b48aa97f"),
}
"""What stands in databases, and what makes it today."""
READERS = (
    *(
        "retro_of",
        "returned_of",
        "carried_of",
        "turn_of",
        "reminder_day",
        "reminder_number",
        "reminder_day_in_channel",
        "renamed",
        "is_own_chat",
        "is_to_lead",
        "item_of",
        "case_of",
        "_number",
        "told_of",
        "rated_at",
        "reader_of_copy",
        "proposal_of",
    ),
    *("all_not_recovered", "all_case_cancelled", "all_backlogs", "all_customer", "all_hook_tests"),
    *("all_notes",),
)
"""What reads a key, or changes one, or says how several begin, instead of making it."""


def test_keys_are_the_ones_that_stand_in_databases() -> None:
    assert list(STORED.values()) == list(STORED)


@pytest.mark.parametrize(
    ("key", "proposal"),
    [
        ("note:12:opened", 12),
        ("ticket:12", 12),
        ("comment:12:0:2026-03-09T14:30:00+00:00", 12),
        ("note:x:opened", None),
        ("retro:12", None),
        ("note:", None),
        ("", None),
    ],
)
def test_a_key_says_on_whose_ticket_something_is_left_or_read(key: str, proposal: int | None) -> None:
    assert message_key.proposal_of(key) == proposal


def test_a_key_says_beside_which_rating_something_is_read() -> None:
    at = datetime(2026, 3, 9, 14, 30, 1, 5, tzinfo=UTC)
    assert message_key.rated_at(message_key.comment(7, at, 1)) == at
    assert [message_key.rated_at(key) for key in ("ticket:7", "note:7:opened", "")] == [None] * 3


@pytest.mark.parametrize(
    ("key", "named"),
    [
        ("earlier:7:1,5:12", (7, (1, 5), (12,))),
        ("earlier:7:1:", (7, (1,), ())),
        ("earlier:7", (7, (), ())),
    ],
)
def test_a_word_of_earlier_cases_says_which_it_names(key: str, named: object) -> None:
    assert message_key.carried_of(key) == named


def test_every_key_there_is_has_its_stored_form_in_this_test() -> None:
    made = [
        node.name
        for node in ast.parse((ROOT / THE_ONE).read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name not in READERS
    ]
    assert len(made) == len(STORED), made


@pytest.mark.parametrize("person_id", ["U1", "29:1aB-c_d", "u_0"])
def test_whom_a_word_was_said_to_is_read_whatever_is_in_their_id(person_id: str) -> None:
    keys = {
        message_key.not_recovered(7, 2, person_id): message_key.all_not_recovered(7),
        message_key.case_cancelled(7, 2, person_id): message_key.all_case_cancelled(7),
    }
    for key, prefix in keys.items():
        assert message_key.told_of(key) == (7, 2, person_id)
        assert key.startswith(prefix)
    copy = message_key.customer(7, person_id)
    assert message_key.reader_of_copy(copy) == (7, person_id)
    assert copy.startswith(message_key.all_customer(7))
    assert message_key.all_customer(7).startswith(message_key.ALL_CUSTOMER)
    assert message_key.all_not_recovered(7).startswith(message_key.ALL_NOT_RECOVERED)
    assert message_key.all_case_cancelled(7).startswith(message_key.ALL_CASE_CANCELLED)
    assert message_key.backlog("C1", date(2026, 3, 5)).startswith(message_key.all_backlogs("C1"))


@pytest.mark.parametrize(
    ("key", "case_number"),
    [("retro:7", 7), ("prompt:7:training", None), ("retro:", None), ("retro:x", None), (None, None)],
)
def test_a_retros_key_says_whose_retro_it_is(key: str | None, case_number: int | None) -> None:
    assert message_key.retro_of(key) == case_number


@pytest.mark.parametrize(
    ("key", "turn"), [("turn:7:2", 2), ("turn:7:", 0), ("turn:7:x", 0), ("item:7", 0), ("retro:2", 0)]
)
def test_a_turns_key_says_which_turn_it_is(key: str, turn: int) -> None:
    assert message_key.turn_of(key) == turn


@pytest.mark.parametrize("key", [key for key in STORED if "U1" in key or "29:00ANA" in key])
def test_a_key_that_names_a_person_who_is_forgotten_names_them_no_more_or_is_theirs_alone(
    key: str,
) -> None:
    person_id = "29:00ANA" if "29:00ANA" in key else "U1"
    now = message_key.renamed(key, person_id, "former-1")
    if key.startswith(("call", "unreached")) or key.endswith("AI-12"):
        assert now == key.replace(person_id, "former-1")
        about = (message_key.item_of(now), message_key.case_of(now))
        assert about in ((12, None), (None, 7))
        assert message_key.is_to_lead(now) is key.startswith("unreached")
    else:
        assert now is None


@pytest.mark.parametrize("key", STORED)
def test_only_a_key_of_reminders_to_a_person_or_a_channel_says_their_day(key: str) -> None:
    of_person = key == "remind:U1:2026-03-09:0"
    assert message_key.reminder_day(key) == (DAY if of_person else None)
    assert message_key.reminder_number(key) == (0 if of_person else None)
    of_channel = key == "remind:in:C1:2026-03-09"
    assert message_key.reminder_day_in_channel(key) == (DAY if of_channel else None)


def test_the_key_of_another_person_stays_as_it_is() -> None:
    assert message_key.renamed("call:12:U11", "U1", "former-1") == "call:12:U11"
    assert message_key.item_of("retro:7") is None


PREFIXES = tuple(sorted({f"{key.partition(':')[0]}:" for key in STORED}))


@pytest.mark.parametrize("folder", ["bot", "handlers", "storage"])
def test_no_other_file_makes_or_reads_a_key(folder: str) -> None:
    for path in sorted((ROOT / folder).rglob("*.py")):
        here = path.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(path.read_text())):
            text = node.value if isinstance(node, ast.Constant) else None
            made = here != THE_ONE and isinstance(text, str) and text.startswith(PREFIXES)
            assert not made or (isinstance(text, str) and " " in text), (
                f"{here} says {text!r}: make and read keys of messages in {THE_ONE}."
            )


@pytest.mark.parametrize("lead", ["U1", "29:1aB-c_d"])
@pytest.mark.parametrize("gap", ["training", "after-hours support", "a: b/c %"])
def test_of_which_gap_a_lead_was_told_is_read_whatever_it_is_called(lead: str, gap: str) -> None:
    assert message_key.returned_of(message_key.returned(7, gap, lead)) == (7, gap, lead)
