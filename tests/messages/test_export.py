"""A retro as a file: nothing is left out, and nobody's words can do harm in it."""

import csv
import io
import json

import pytest

from bot.domain.recovery_step import STEPS
from bot.messages.export import FORMATS, Whole
from tests.desk import ASKED
from tests.examples import CASE, CLOSED, DONE, HOSTILE, NAMED, PEOPLE, PROMISED, UNNAMED

WHOLE = Whole(
    case=CASE.model_copy(update={"what_happened": f"# {HOSTILE}"}),
    retro=CLOSED,
    answers=(UNNAMED, NAMED),
    comments=(),
    items=(DONE,),
    people=PEOPLE,
)


def written(name: str) -> str:
    """The whole file with two retros."""
    kind = FORMATS[name]
    return kind.before + kind.write(WHOLE, True) + kind.write(WHOLE, False) + kind.after


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_holds_everything_that_was_said(name: str) -> None:
    text = written(name)
    for part in (
        "ZD-4711",
        "Ólafsdóttir",
        "We practise reading courier notes.",
        "Nobody answered the night number.",
        "Courier notes are shown on the order screen",
        "No repeat of this failure in April",
        "The notes are shown.",
        "fixes agreed",
        "Two fixes cover it.",
    ):
        assert part in text


def test_json_is_a_list_of_cases_and_an_unnamed_answer_has_no_author_and_no_moment() -> None:
    first, second = json.loads(written("json"))
    assert first == second
    assert first["answers"][1] == {
        "prompt": ASKED[-1].label,
        "author": None,
        "posted_at": None,
        "text": "Nobody answered the night number.",
    }


def test_csv_is_one_table_with_a_row_for_each_thing() -> None:
    rows = list(csv.DictReader(io.StringIO(written("csv"))))
    kinds = [row["kind"] for row in rows[: len(rows) // 2]]
    assert kinds == [
        "case",
        "close",
        "answer",
        "answer",
        "action item",
        "measure",
        "step: add",
        "step: done",
    ]
    assert [row["person"] for row in rows if row["kind"] == "answer"][:2] == ["Ana", ""]


def test_markdown_quotes_peoples_words_so_that_they_cannot_pose_as_headings() -> None:
    lines = written("md").splitlines()
    assert next(line for line in lines if line.startswith("# ")).startswith("# Retro: \\# Look")
    assert '> # Look: \\<!channel> \\<@U1> @here &amp; *bold* \\<script>alert("hi")\\</script>' in (
        "\n".join(lines)
    )


def test_markdown_says_by_when_something_was_promised_and_nothing_where_no_day_is() -> None:
    text = FORMATS["md"].write(WHOLE.model_copy(update={"recovery": PROMISED}), True)
    day = PROMISED.step("promise").due
    assert day is not None
    [dated] = [line for line in text.splitlines() if f"by {day.isoformat()}" in line]
    assert "Promise" in dated
    assert "by None" not in text


def test_markdown_names_what_is_still_to_do_for_the_customer_and_nothing_that_is_done() -> None:
    text = FORMATS["md"].write(WHOLE.model_copy(update={"recovery": PROMISED}), True)
    [waits] = [line for line in text.splitlines() if line.startswith("Still to do: ")]
    steps = waits.removeprefix("Still to do: ").split(", ")
    assert steps[0] == STEPS["keep"].label
    assert STEPS["promise"].label not in steps
