"""What a box showed only the beginning of stays whole; what somebody wrote is what they wrote."""

import pytest

from bot.messages.parts import MAX_TEXT_LENGTH, Form, FormField, shortened
from bot.messages.whole_text import said_to_stay, whole

STORED = "The parcel came late, and nobody called. " * 300


@pytest.mark.parametrize("limit", [300, 1_000, 2_000, 3_000, 4_000, 5_000, 10_000])
@pytest.mark.parametrize("stored", [STORED, "x" * 12_000, "á b\n" * 5_000])
def test_the_beginning_that_a_box_showed_stands_for_all_of_it(stored: str, limit: int) -> None:
    assert whole(shortened(stored, limit), stored) == stored


@pytest.mark.parametrize(
    "written",
    [
        "",
        STORED[:2_000],
        "Well: " + shortened(STORED, 3_000),
        shortened(STORED, 3_000) + " They called on Friday.",
        "The parcel came late…",
        STORED.strip(),
    ],
)
def test_what_somebody_wrote_stays_what_they_wrote(written: str) -> None:
    assert whole(written, STORED) == written


def test_only_a_long_text_is_said_to_stay() -> None:
    fields = (
        FormField(name="a", label="A", kind="text", value="x" * 1_001, max_length=MAX_TEXT_LENGTH),
        FormField(name="b", label="B", kind="text", value="x", hint="So."),
        FormField(name="c", label="C", value="x" * 1_001),
    )
    hints = [
        field.hint for field in said_to_stay(Form(command_name="x", title="X", fields=fields)).fields
    ]
    assert hints == ["Left as it is, all 1,001 characters stay.", "So.", ""]
