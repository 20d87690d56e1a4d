"""Which signals a connection's rules let through."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain import connection as domain
from bot.domain import reference
from bot.domain.connection import Connection, Rules, met
from bot.domain.signal import Signal

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def a_signal(**more: Any) -> Signal:
    return Signal(**{"ticket": "77", "reference": "ZD-77", "at": AT, **more})


@pytest.mark.parametrize(
    ("rules", "said", "expected"),
    [
        ({"rating": 2}, {"rating": 2}, ("rating",)),
        ({"rating": 2}, {"rating": 3}, ()),
        ({"rating": 2}, {}, ()),
        ({"rating": None}, {"rating": 1}, ()),
        ({"tags": ("Refund",)}, {"tags": ("vip", "refund")}, ("tag",)),
        ({"tags": ("refund",)}, {"tags": ("refunds",)}, ()),
        ({}, {"tags": ("refund",)}, ()),
        ({"priorities": ("urgent",)}, {"priority": "Urgent"}, ("priority",)),
        ({"priorities": ("urgent",)}, {"priority": ""}, ()),
        ({"sla_breached": True}, {"sla_breached": True}, ("sla_breached",)),
        ({"sla_breached": False}, {"sla_breached": True}, ()),
        ({"reopened": True}, {"reopened": True}, ("reopened",)),
        ({"reopened": True}, {"replied": True}, ()),
        (
            {"rating": 2, "reopened": True, "tags": ("vip",)},
            {"rating": 1, "reopened": True, "tags": ("vip",)},
            ("rating", "reopened", "tag"),
        ),
    ],
)
def test_a_signal_meets_the_rules_that_it_meets_and_no_others(
    rules: dict[str, Any], said: dict[str, Any], expected: tuple[str, ...]
) -> None:
    assert met(a_signal(**said), Rules(**rules)) == expected


@pytest.mark.parametrize(
    ("decided", "now", "worse"),
    [
        ({"rating": 2}, {"rating": 2}, False),
        ({"rating": 2}, {"rating": 1}, True),
        ({"rating": 1}, {"rating": 2}, False),
        ({"rating": 1}, {"rating": 5}, False),
        ({"rating": 5, "reopened": True}, {"rating": 4, "reopened": True}, False),  # no bad rating
        ({"reopened": True}, {"rating": 2, "reopened": True}, True),
        ({"rating": 2}, {"rating": 2, "reopened": True}, True),
        ({"rating": 2}, {"rating": 2, "sla_breached": True}, False),  # nobody asked for that rule
        ({"rating": 2}, {"rating": 2, "words": "A scandal."}, False),
        ({"rating": 2}, {}, False),
        ({"tags": ("vip",)}, {"tags": ("VIP", "parcel")}, False),
        ({"tags": ("vip",)}, {"tags": ("vip", "complaint")}, True),
        ({"priority": "high"}, {"priority": "Urgent"}, True),
        ({"priority": "high"}, {"priority": "low"}, False),
        ({"priority": "high"}, {"priority": "HIGH"}, False),
    ],
)
def test_a_ticket_got_worse_by_a_rule_or_a_word_that_it_met_not_yet_or_a_lower_rating(
    decided: dict[str, Any], now: dict[str, Any], worse: bool
) -> None:
    rules = Rules(rating=2, reopened=True, tags=("vip", "complaint"), priorities=("high", "urgent"))
    assert domain.is_worse(a_signal(**now), a_signal(**decided), rules) == worse


def test_without_more_being_said_only_a_bad_rating_is_of_a_failed_case() -> None:
    everything = {"tags": ("vip",), "priority": "urgent", "sla_breached": True, "reopened": True}
    assert met(a_signal(**everything, rating=3), Rules()) == ()
    assert met(a_signal(rating=1), Rules()) == ("rating",)


def test_nobody_guesses_an_id_and_its_reference_is_read_again() -> None:
    ids = {domain.new_id() for _ in range(50)}
    assert len(ids) == 50
    assert all(len(id) * 4 >= 128 for id in ids)
    made = Connection(id=ids.pop(), channel_id="C1", product="zendesk", made_by="U1", made_at=AT)
    assert reference.parse(str(made.ref)) == made.ref


def test_a_removed_connection_keeps_no_secret() -> None:
    made = Connection(
        id="a", channel_id="C1", product="zendesk", made_by="U1", made_at=AT, secret="s", token="t"
    )
    gone = domain.without_secrets(made, AT)
    assert (gone.secret, gone.token, gone.removed_at) == ("", "", AT)


@pytest.mark.parametrize(
    ("refused", "tested", "taken"),
    [
        (None, None, True),
        (9, None, False),
        (11, None, True),
        (-5, None, False),
        (5, 3, True),
        (2, 3, False),
        (11, 12, True),
        (5, 3_601, False),
    ],
    ids=[
        *("the first", "just before", "after it", "later than this"),
        *("the first of a test", "another of it", "of it later", "of a test that is over"),
    ],
)
def test_one_refusal_in_ten_seconds_is_noted_and_the_first_of_each_test(
    refused: int | None, tested: int | None, taken: bool
) -> None:
    """Both are so many seconds ago."""
    made = Connection(id="a", channel_id="C1", product="zendesk", made_by="U1", made_at=AT)
    if tested is not None:
        made = domain.with_test(made, "U1", AT - timedelta(seconds=tested))
    if refused is not None:
        made = made.model_copy(update={"refused_at": AT - timedelta(seconds=refused)})
    assert domain.notes_refusal(made, AT) == taken


def test_a_connection_remembers_where_it_led_and_until_when() -> None:
    made = Connection(id="0f" * 20, channel_id="C1", product="zendesk", made_by="U1", made_at=AT)
    hour = timedelta(hours=1)
    assert domain.moved(made, "C1", AT + hour) == made
    away = domain.moved(domain.moved(made, "C2", AT + hour), "C3", AT + 2 * hour)
    assert (away.ever_in, away.here_since) == (("C3", "C1", "C2"), AT + 2 * hour)
    back = domain.moved(away, "C1", AT + 3 * hour)
    assert (back.ever_in, back.here_since) == (("C1", "C2", "C3"), AT + 3 * hour)
    assert [away.led_to("C1", AT + hours * hour) for hours in (0, 1, 2)] == [True, True, False]
    assert (away.led_to("C3", AT + 9 * hour), away.led_to("C4", AT)) == (True, False)
    assert back.led_to("C1", AT + 9 * hour)
    again = domain.moved(back, "C2", AT + 4 * hour)
    assert [one.channel_id for one in again.former_channels] == ["C2", "C3", "C1"]
    assert again.led_to("C1", AT + 4 * hour)
