"""What was said is found by our name for it and by the platform's."""

from functools import partial

from bot.domain.job import MessageRef
from bot.ports import UnitOfWork
from storage.database import Database
from storage.repositories.sent_messages import SentMessages
from tests.session import open_work
from tests.storage.made import saved, seen

FIRST = MessageRef(channel_id="C1", message="171.1", link="https://example.test/1", digest="d1")


def test_a_message_is_found_by_either_name(database: Database) -> None:
    saved(database, lambda work: work.sent_messages.keep("retro:1", FIRST))
    assert seen(database, lambda work: work.sent_messages.get("retro:1")) == FIRST
    assert seen(database, lambda work: work.sent_messages.key_of("C1", "171.1")) == "retro:1"
    assert seen(database, lambda work: work.sent_messages.key_of("C2", "171.1")) is None
    found = seen(database, lambda work: work.sent_messages.among(["retro:1", "retro:2"]))
    assert found == {"retro:1": FIRST}
    assert seen(database, lambda work: work.sent_messages.among([])) == {}


def test_the_newest_receipt_counts(database: Database) -> None:
    newest = FIRST.model_copy(update={"digest": "d2", "link": None})
    saved(database, lambda work: work.sent_messages.keep("retro:1", FIRST))
    saved(database, lambda work: work.sent_messages.keep("retro:1", newest))
    assert seen(database, lambda work: work.sent_messages.get("retro:1")) == newest


def test_what_was_deleted_leads_nowhere(database: Database) -> None:
    saved(database, lambda work: work.sent_messages.keep("retro:1", FIRST))
    saved(database, lambda work: work.sent_messages.keep("retro:2", FIRST))
    with database.transaction(writes=True) as connection:
        SentMessages(connection, "W").forget_each([("retro:1", FIRST.message), ("retro:9", "9.9")])
        connection.commit()
    found = seen(database, lambda work: work.sent_messages.among(["retro:1", "retro:2"]))
    assert found == {"retro:2": FIRST}


def test_what_a_transaction_keeps_it_finds_though_it_had_found_nothing_before(
    database: Database,
) -> None:
    with open_work(database, "W", writes=True) as work:
        assert work.sent_messages.get("retro:1") is None
        work.sent_messages.keep("retro:1", FIRST)
        assert work.sent_messages.among(["retro:1"]) == {"retro:1": FIRST}


def test_a_deleted_message_is_forgotten_and_no_other(database: Database) -> None:
    second = FIRST.model_copy(update={"message": "171.2"})
    saved(database, lambda work: work.sent_messages.keep("retro:1", FIRST))
    saved(database, lambda work: work.sent_messages.keep("retro:2", second))
    with open_work(database, "W", writes=True) as work:
        assert work.sent_messages.get("retro:1") == FIRST
        work.sent_messages.forget("C2", "171.1")
        assert work.sent_messages.get("retro:1") == FIRST
        work.sent_messages.forget("C1", "171.1")
        assert work.sent_messages.get("retro:1") is None
        work.commit()
    both = ["retro:1", "retro:2"]
    assert seen(database, lambda work: work.sent_messages.among(both)) == {"retro:2": second}


def test_a_message_that_is_doubted_is_edited_even_if_nothing_is_new(database: Database) -> None:
    saved(database, lambda work: work.sent_messages.keep("retro:1", FIRST))
    saved(database, lambda work: work.sent_messages.doubt("retro:1"))
    saved(database, lambda work: work.sent_messages.doubt("retro:2"))
    kept = seen(database, lambda work: work.sent_messages.get("retro:1"))
    assert kept == FIRST.model_copy(update={"digest": ""})
    assert seen(database, lambda work: work.sent_messages.get("retro:2")) is None


def test_messages_are_found_by_how_their_keys_begin(database: Database) -> None:
    for key in (
        "case_cancelled:1:1:U1",
        "case_cancelled:1:2:U2",
        "case_cancelled:11:1:U1",
        "caseXcancelled:1",
    ):
        saved(database, partial(_keep, key))
    found = seen(database, lambda work: work.sent_messages.starting("case_cancelled:1:"))
    assert found == ["case_cancelled:1:1:U1", "case_cancelled:1:2:U2"]
    assert seen(database, lambda work: work.sent_messages.starting("case_cancelled:1:", "C2")) == []
    assert len(seen(database, lambda work: work.sent_messages.starting("case_", "C1"))) == 3


def _keep(key: str, work: UnitOfWork) -> None:
    work.sent_messages.keep(key, FIRST)
