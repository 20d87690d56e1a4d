"""The word that a fix may not hold."""

from bot.messages.parts import plain
from bot.messages.returned import returned
from tests.examples import CASE, ITEM, TODAY


def test_what_happened_ends_as_it_was_written() -> None:
    case = CASE.model_copy(update={"what_happened": "The parcel was missed twice."})
    told = plain(returned("training", case, ITEM, TODAY, {}, TODAY))
    assert "missed twice.\nThis fix may not hold:" in told
