"""What a retro is titled by, and that what follows is not said twice."""

import pytest

from bot.domain.retro import Counts
from bot.messages.parts import Quote
from bot.messages.retro import TITLE, invitation
from tests.examples import CASE, RETRO, TEAM

SHORT = "Parcel promised twice."
WORDS = "it was promised again and again and nobody came to bring it on any of those days at all"


@pytest.mark.parametrize(
    ("happened", "title", "below"),
    [
        (SHORT, SHORT, None),
        # A text that goes on: its first sentences, and below what follows.
        (f"{SHORT} Then {WORDS}.", SHORT, f"Then {WORDS}."),
        (f"{SHORT} Nobody called.  Then {WORDS}.", f"{SHORT} Nobody called.", f"Then {WORDS}."),
        (f"{SHORT}\nThen {WORDS}.", SHORT, f"Then {WORDS}."),
        # Nothing that only looks like a sentence's end.
        (f"The parcel of Mrs. Ólafsdóttir: {WORDS}.", None, ...),
        (f"Order no. 5: {WORDS}.", None, ...),
        (f"Then {WORDS}.", None, ...),
        # Short lines are a title together, and stand below as they were typed.
        ("Parcel missed\nNobody called", "Parcel missed Nobody called", ...),
    ],
)
def test_a_title_ends_with_a_sentence_where_the_text_goes_on(
    happened: str, title: str | None, below: object
) -> None:
    case = CASE.model_copy(update={"what_happened": happened})
    message = invitation(RETRO, case, TEAM, Counts())
    quoted = [part.text for part in message.parts if isinstance(part, Quote)]
    assert message.title is not None
    assert len(message.title) <= TITLE + len("Retro: ")
    if title is None:
        assert message.title.endswith("…")
    else:
        assert message.title == f"Retro: {title}"
    assert quoted == ([] if below is None else [happened if below is ... else below])
