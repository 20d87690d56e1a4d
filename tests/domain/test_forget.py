"""What of a customer is taken out of a text, and what stays."""

from datetime import UTC, datetime

import pytest

from bot.domain.case import Case
from bot.domain.forget import REMOVED, scrubber

CASE = Case(
    number=7, channel_id="C1", what_happened="x", failed_at=datetime(2026, 3, 5, 14, 30, tzinfo=UTC)
)


@pytest.mark.parametrize(
    ("said", "is_theirs"),
    [
        ("I waited twice.", True),
        ("Thank you.", False),
        ("昨日荷物が届かなかった", True),
        ("二回待った", True),
        ("はいは", False),
        ("Danke", False),
    ],
)
def test_what_the_customer_said_is_theirs_when_it_is_a_sentence_in_any_script(
    said: str, is_theirs: bool
) -> None:
    told = f"They said: {said} So we called."
    scrubbed = scrubber(CASE, [said])(told)
    assert (said not in scrubbed) == is_theirs
    assert (REMOVED in scrubbed) == is_theirs
    assert scrubbed.startswith("They said: ")
