"""What is not there is named in one sentence, whatever was looked for."""

from collections.abc import Callable

import pytest

from bot.command import NO_SUBJECT
from bot.commands.lookup import answer_of, case_of, item_of, recovery_of, retro_of
from bot.domain.errors import Refused
from bot.domain.reference import AnswerRef, CaseRef, ItemRef, Reference, missing
from bot.ports import ReadOnlyWork
from storage.database import Database
from tests.session import open_work

Look = Callable[[Reference | None, ReadOnlyWork], object]
CASE, ITEM, ANSWER = CaseRef(number=99), ItemRef(number=99), AnswerRef(id="0123456789abcdef")
LOOKS: tuple[tuple[Look, Reference], ...] = (
    (case_of, CASE),
    (retro_of, CASE),
    (item_of, ITEM),
    (answer_of, ANSWER),
)


@pytest.mark.parametrize(("look", "own"), LOOKS)
def test_what_is_not_there_or_of_another_kind_is_named(
    look: Look, own: Reference, sqlite: Database
) -> None:
    with open_work(sqlite, "test:1", writes=False) as work:
        for subject in (CASE, ITEM, ANSWER):
            with pytest.raises(Refused) as refused:
                look(subject, work)
            assert refused.value.sentence == missing(subject.label)
        with pytest.raises(Refused) as refused:
            look(None, work)
        assert refused.value.sentence == NO_SUBJECT


def test_a_customer_whom_nobody_looks_after_is_offered_with_a_button(sqlite: Database) -> None:
    with open_work(sqlite, "test:1", writes=False) as work:
        with pytest.raises(Refused) as refused:
            recovery_of(CASE, work)
        assert refused.value.instead is not None
        assert refused.value.instead.command_name == "recovery.begin"
        with pytest.raises(Refused) as other:
            recovery_of(ITEM, work)
    assert other.value.sentence == missing("AI-99")
