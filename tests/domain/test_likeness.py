"""Nearly the same words, in any language; and what is not."""

import pytest

from bot.domain.likeness import READ, are_alike, may_be, most_alike
from tests.storage.made import a_case

ALIKE = (
    ("Parcel promised twice, missed twice", "parcel PROMISED twice - missed twice!"),
    ("The parcel was promised twice and missed twice", "Parcel promised twice and missed twice"),
    ("Kunden fick inget svar på två dagar", "Kunden fick inte svar på två dagar"),
    ("お客様に二度約束した荷物が届きませんでした", "お客様に二度約束した荷物が今日も届きませんでした"),
    ("Ｐａｒｃｅｌ missed twice on Monday", "Parcel missed twice on Monday"),
    ("Order 4711 came two days late", "Order 4711 came 4711: two days late"),
)
DIFFERENT = (
    ("Parcel promised twice, missed twice", "Nobody answered the phone at night"),
    ("Order 4711 came two days late", "Order 4712 came two days late"),
    ("Lost again", "Lost again"),
    ("", ""),
    ("!!! ??? ...", "!!! ??? ..."),
    ("Parcel missed on Monday", "Parcel missed on Monday, and then the kettle broke in two places"),
)


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_nearly_the_same_words_are_alike_either_way_round(one: str, other: str) -> None:
    assert are_alike(one, other)
    assert are_alike(other, one)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_other_words_other_numbers_and_too_few_words_are_not(one: str, other: str) -> None:
    assert not are_alike(one, other)
    assert not are_alike(other, one)


def test_only_the_beginning_of_a_long_text_is_compared() -> None:
    words = " ".join(f"{chr(97 + place % 26) * 3}{chr(97 + place // 26) * 2}" for place in range(250))
    assert len(words) > READ
    assert are_alike(words, words[:READ] + "something else altogether " * 400)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Mrs. Ólafsdóttir", "  mrs  ólafsdóttir ", True),
        ("Mrs. Ólafsdóttir", "Mr. Ólafsson", False),
        (None, None, False),
        ("...", "!!!", False),
    ],
)
def test_the_same_customer_is_a_double_whatever_happened(
    one: str | None, other: str | None, same: bool
) -> None:
    new = a_case(what_happened="Nobody called her back", customer=one)
    known = a_case(what_happened="Parcel missed", customer=other)
    assert may_be(new, known) == same


def test_of_other_texts_those_about_much_the_same_are_found_the_most_alike_first() -> None:
    text = "Customer waited for a parcel that the courier lost, nobody told them"
    others = {
        1: "The courier lost the parcel and nobody told the customer about the delay",
        2: "The invoice had a wrong address of the company on it",
        3: text,
        4: "Lost parcel",
        5: "",
    }
    assert most_alike(text, others, 3) == [3, 1]
    assert most_alike(text, others, 1) == [3]
    assert most_alike(text, {}, 3) == []
    assert most_alike("", others, 3) == []
    assert most_alike(
        "お客様に二度約束した荷物が届きませんでした", {7: "二度約束した荷物がまだ届きません"}, 3
    ) == [7]
