"""What is said of a thing that is not there."""

import pytest

from bot.domain.reference import likely_reference, missing, spellings, tickets_called


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


@pytest.mark.parametrize(
    ("words", "link", "reference"),
    [
        ("ZD-4711 is back", "https://desk.example/tickets/99", "ZD-4711"),
        ("The parcel is late", "https://desk.example/tickets/ZD-12", "ZD-12"),
        ("The parcel is late", "https://desk.example/2026/4711?page=33", "4711"),
        ("The parcel is late", "https://desk.example/tickets/7", ""),
        ("The parcel is late", "https://desk4711.example/", ""),
        ("The parcel is late", "", ""),
    ],
)
def test_a_ticket_is_called_as_its_words_or_its_link_say(words: str, link: str, reference: str) -> None:
    assert likely_reference(words, link) == reference


@pytest.mark.parametrize(
    ("reference", "prefix", "written"),
    [
        ("4711", "ZD", ("4711", "#4711", "ZD-4711")),
        ("4711", "", ("4711", "#4711")),
        ("#4711", "", ("#4711", "4711")),
        ("SUP-12", "", ("SUP-12",)),
        ("ZD-4711", "ZD", ("ZD-4711",)),
        ("\u0664\u0667", "ZD", ("\u0664\u0667",)),
        ("#", "ZD", ("#",)),
        ("", "ZD", ("",)),
    ],
)
def test_only_a_number_is_written_in_several_ways(
    reference: str, prefix: str, written: tuple[str, ...]
) -> None:
    assert spellings(reference, prefix) == written


@pytest.mark.parametrize(
    ("reference", "prefix"), [("4711", "ZD"), ("#4711", ""), ("SUP-12", ""), ("x", "")]
)
def test_a_ticket_is_found_by_all_that_it_is_called(reference: str, prefix: str) -> None:
    for written in spellings(reference, prefix):
        assert reference in tickets_called(written)
