"""What failed of answers without a name: told late, and once."""

import logging

import pytest

from bot.untold import HOUR, Untold


def test_what_failed_is_told_when_an_hour_is_over_and_then_forgotten(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    now = 0.0
    untold = Untold(lambda: now)
    for failure in ("b failed", "a failed", "b failed"):
        untold.note(failure)
    now = HOUR - 1
    untold.tell_hourly()
    assert caplog.messages == []
    now = HOUR
    untold.tell_hourly()
    told = "unnamed answers, within the last hour: "
    assert caplog.messages == [f"{told}1 times: a failed", f"{told}2 times: b failed"]
    untold.note("c failed")
    now = 2 * HOUR - 1
    untold.tell_hourly()
    assert len(caplog.messages) == 2
    now = 2 * HOUR
    untold.tell_hourly()
    assert caplog.messages[2:] == [f"{told}1 times: c failed"]
