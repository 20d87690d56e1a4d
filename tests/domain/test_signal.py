"""What is known of one ticket, from all that was said of it."""

from datetime import timedelta
from itertools import permutations

from bot.domain.signal import together, without_customer
from tests.domain.test_connection import AT, a_signal

MINUTE = timedelta(minutes=1)


def test_the_newest_that_was_said_stands_in_whatever_order_it_arrived() -> None:
    signals = [
        a_signal(rating=1, words="Never again", customer="Mrs Lopez"),
        a_signal(rating=4, at=AT + MINUTE),
        a_signal(reopened=True, at=AT + 2 * MINUTE),
    ]
    known = [together(some) for some in permutations(signals)]
    assert len({one.model_dump_json() for one in known}) == 1
    assert (known[0].rating, known[0].words, known[0].reopened) == (4, "Never again", True)
    assert (known[0].customer, known[0].at) == ("Mrs Lopez", AT + 2 * MINUTE)


def test_thanks_do_not_take_the_place_of_what_went_wrong() -> None:
    signals = [
        a_signal(rating=1, words="Promised twice", what_happened="Promised twice"),
        a_signal(rating=5, words="Sorted", what_happened="Sorted", at=AT + MINUTE),
    ]
    known = [together(some) for some in permutations(signals)]
    assert [(one.rating, one.words, one.what_happened) for one in known] == [
        (5, "Promised twice", "Promised twice")
    ] * 2
    assert together(signals[1:]).words == "Sorted"


def test_a_mere_reply_does_not_take_the_place_of_what_went_wrong() -> None:
    hello = a_signal(at=AT + MINUTE, replied=True, words="Hello?", what_happened="Hello?")
    for told in ({"rating": 1, "words": "Promised twice"}, {"rating": 1}, {"sla_breached": True}):
        first = a_signal(what_happened="My parcel", **told)
        known = together([hello, first])
        assert (known.words, known.what_happened) == (first.words, "My parcel")
        assert known.replied
    silent = a_signal(reopened=True, what_happened="My parcel")
    known = together([silent, hello])
    assert (known.words, known.what_happened) == ("Hello?", "My parcel")
    again = hello.model_copy(update={"reopened": True})
    assert together([a_signal(what_happened="My parcel"), again]).what_happened == "Hello?"


def test_at_one_moment_the_worse_rating_stands() -> None:
    signals = [a_signal(rating=1), a_signal(rating=3)]
    assert [together(some).rating for some in permutations(signals)] == [1, 1]


def test_of_a_forgotten_customer_only_what_was_learned_stays() -> None:
    said = a_signal(
        rating=1, words="I, Mrs Lopez", customer="Mrs Lopez", link="https://x", what_happened="Mrs Lopez"
    )
    left = without_customer(said, lambda text: text.replace("Mrs Lopez", "the customer"))
    assert "Lopez" not in left.model_dump_json()
    assert (left.rating, left.what_happened, left.ticket, left.reference) == (1, "the customer", "", "")


def test_a_forgotten_customers_own_words_go_whole_and_a_title_without_their_ticket() -> None:
    def kept(text: str) -> str:
        return text

    wrote = a_signal(reference="ZD-77", words="Never again.", what_happened="Never again.")
    assert without_customer(wrote, kept).what_happened == ""
    told = a_signal(reference="ZD-77", ticket="4711", what_happened="Ticket 4711 (zd-77): 47110 boxes")
    assert without_customer(told, kept).what_happened == "Ticket (removed) ((removed)): 47110 boxes"
