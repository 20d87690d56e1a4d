"""What is said of a thing that is not there."""

import pytest

from bot.domain.reference import missing


@pytest.mark.parametrize(
    ("label", "sentence"),
    [
        ("C-7~0123abcd", "I can't find C-7. Check the number, or press Status."),
        ("ai-12", "I can't find AI-12. Check the number, or press Status."),
        ("C-seven", "I can't find C-seven. Check the number, or press Status."),
    ],
)
def test_what_is_not_there_is_named_by_its_number_alone(label: str, sentence: str) -> None:
    assert missing(label) == sentence
