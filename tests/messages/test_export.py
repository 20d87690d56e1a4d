"""A retro as a file: nothing is left out, and nobody's words can do harm in it."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count
from types import UnionType
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel

from bot.domain.action_item import ActionItem, ItemEdit, Moved
from bot.domain.case import Case, CaseChange
from bot.domain.person import Person
from bot.domain.prompt import Prompt
from bot.domain.recovery import Recovery
from bot.domain.recovery_step import STEPS, Step
from bot.domain.retro import Answer, Comment, Retro, Turn, reopen
from bot.domain.team import Team
from bot.messages.export import FORMATS, Whole
from tests.desk import ASKED, AT
from tests.examples import CASE, CLOSED, DONE, HOSTILE, NAMED, PEOPLE, PROMISED, UNNAMED, VERIFIED

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


VERSIONS = "for changes that meet; it says nothing of the thing"
SAME_AS_CASE = "the case's own, which stands in every row"
AS_ITS_CASE = "as its case is, whose own history says so"
REPLACED = "no fact of the case any more, kept so that forgetting finds it"
LEFT_OUT: Mapping[tuple[type[BaseModel], str], str] = {
    (Case, "happened_by_day"): "decides how happened_at is written",
    (Case, "version"): VERSIONS,
    (CaseChange, "customer"): REPLACED,
    (CaseChange, "reference"): REPLACED,
    (Prompt, "key"): "random, and means nothing to anybody",
    (Prompt, "needed"): "says how its form is filled in",
    (Prompt, "retired"): "says where it came from: an answer of another retro",
    (Retro, "case_number"): SAME_AS_CASE,
    (Retro, "channel_id"): SAME_AS_CASE,
    (Retro, "opened_by"): "nobody shall count failures by who marked them",
    (Retro, "state"): "told together with the items: open, closed or finished",
    (Retro, "unsettled_at"): "its outcome is not told while it does not hold",
    (Retro, "small"): "its closing says so, in its why",
    (Retro, "cancelled"): AS_ITS_CASE,
    (Retro, "version"): VERSIONS,
    (Answer, "id"): "random, and means nothing to anybody",
    (Answer, "case_number"): SAME_AS_CASE,
    (Answer, "version"): "would tell an unnamed answer that was changed from the others",
    (Comment, "id"): "the platform's own",
    (Comment, "case_number"): SAME_AS_CASE,
    (ActionItem, "case_number"): SAME_AS_CASE,
    (ActionItem, "channel_id"): SAME_AS_CASE,
    (ActionItem, "remind_on"): "between its owner and the bot",
    (ActionItem, "cancelled"): AS_ITS_CASE,
    (ActionItem, "version"): VERSIONS,
    (Recovery, "case_number"): SAME_AS_CASE,
    (Recovery, "channel_id"): SAME_AS_CASE,
    (Recovery, "has_verified"): "follows from the items, which say whether they are verified",
    (Recovery, "touched_at"): "for reminders only; each step has its moment",
    (Recovery, "cancelled"): AS_ITS_CASE,
    (Recovery, "version"): VERSIONS,
    (Step, "check_back_by"): "one working day after the promise was kept, whose moment is told",
    (Step, "told"): "says under which number people were told, and nothing of the customer",
}
"""What the export does not say of the domain, and why."""
EXPORTED = (
    *(Case, CaseChange, Retro, Prompt, Turn, Answer, Comment),
    *(ActionItem, Moved, ItemEdit, Recovery, Step),
)


class Sampled:
    """Things in which every field holds what stands nowhere else, and what to look for in a file."""

    def __init__(self, **given: Any) -> None:
        self._count = count(101)
        self._given = given
        self.written: dict[tuple[type[BaseModel], str], str] = {}

    def of(self, kind: type[BaseModel]) -> Any:
        fields: dict[str, Any] = {}
        for name, field in kind.model_fields.items():
            fields[name] = self._given.get(f"{kind.__name__}.{name}") or self._value(field.annotation)
            found = self._text(kind, name, fields[name])
            if found:
                self.written[kind, name] = found
        return kind(**fields)

    def _value(self, annotation: Any) -> Any:
        number = next(self._count)
        if isinstance(annotation, UnionType) or get_origin(annotation) not in (None, tuple, Literal):
            return self._value(next(part for part in get_args(annotation) if part is not type(None)))
        if get_origin(annotation) is tuple:
            return (self._value(get_args(annotation)[0]),)
        if get_origin(annotation) is Literal:
            return get_args(annotation)[-1]
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            return self.of(annotation)
        made: Mapping[Any, Any] = {
            str: f"sample{number}",
            int: number,
            bool: False,
            datetime: datetime(2026, 3, 5, 14, 30, tzinfo=UTC) + timedelta(minutes=number),
            date: date(2026, 3, 5) + timedelta(days=number),
        }
        return made[annotation]

    def _text(self, kind: type[BaseModel], name: str, value: Any) -> str:
        while isinstance(value, tuple):
            value = value[0]
        if isinstance(value, BaseModel):
            return ""
        return value.isoformat() if isinstance(value, date) else str(value)


def all_of_the_domain() -> tuple[Whole, Sampled]:
    """One of everything; people's ids stand for their names."""
    given = {"Retro.state": "closed", "ActionItem.state": "verified", "ItemEdit.step": 1}
    sampled = Sampled(**given)
    steps = (Step(name="hear", state=sampled.of(Step).state), sampled.of(Step))
    whole = Whole(
        case=sampled.of(Case),
        retro=sampled.of(Retro),
        answers=(sampled.of(Answer),),
        comments=(sampled.of(Comment),),
        items=(sampled.of(ActionItem),),
        recovery=sampled.of(Recovery).model_copy(update={"steps": steps}),
        people={},
    )
    return whole, sampled


def missing(name: str) -> Iterator[str]:
    """The fields of the domain of which a format says nothing, and which nobody left out."""
    whole, sampled = all_of_the_domain()
    text = FORMATS[name].write(whole, True).replace("_", " ")
    for (kind, field), value in sampled.written.items():
        label = {"Case.number": f"C-{value}", "ActionItem.number": f"AI-{value}"}
        wanted = label.get(f"{kind.__name__}.{field}", value).replace("_", " ")
        wanted = {"verdict": "How it ended"}.get(wanted, wanted)
        if (kind, field) not in LEFT_OUT and wanted not in text:
            yield f"{kind.__name__}.{field}: {wanted}"


@pytest.mark.parametrize("name", ["csv", "json"])
def test_every_field_of_the_domain_is_in_the_file_or_left_out_for_a_reason(name: str) -> None:
    assert list(missing(name)) == []


def test_the_fields_that_are_left_out_are_still_there_and_every_kind_is_looked_at() -> None:
    _, sampled = all_of_the_domain()
    assert {kind for kind, _ in sampled.written} == set(EXPORTED)
    assert [(kind, field) for kind, field in LEFT_OUT if field not in kind.model_fields] == []


def test_an_open_retro_has_no_outcome_and_no_why_and_says_what_was_decided_before() -> None:
    again = reopen(CLOSED, "U1", AT, "One more came in.", CLOSED.answers_close_on)
    whole = WHOLE.model_copy(update={"retro": again})
    data = json.loads(FORMATS["json"].write(whole, True))
    assert (data["outcome"], data["why"]) == (None, None)
    assert [(turn["step"], turn["why"]) for turn in data["history"]] == [
        ("close", "Two fixes cover it."),
        ("reopen", "One more came in."),
    ]
    text = FORMATS["md"].write(whole, True)
    assert "Why this outcome" not in text
    assert "- Outcome:" not in text
    assert "Closed and reopened" in text
    assert "> One more came in." in text
    assert "Closed and reopened" not in FORMATS["md"].write(WHOLE, True)


def rows_of(whole: Whole) -> Sequence[Mapping[str, str]]:
    """The rows of the table, without those that follow from more than one retro."""
    return list(csv.DictReader(io.StringIO(FORMATS["csv"].write(whole, True))))


@pytest.mark.parametrize(
    ("by_day", "written", "told"),
    [
        (False, "2026-03-04T23:00:00+00:00", "2026-03-05 00:00 (Europe/Stockholm)"),
        (True, "2026-03-05", "2026-03-05"),
    ],
)
def test_when_it_happened_is_told_in_every_format_and_a_day_is_the_teams(
    by_day: bool, written: str, told: str
) -> None:
    """That day's midnight in Stockholm is the day before in UTC."""
    happened = {"happened_at": datetime(2026, 3, 4, 23, tzinfo=UTC), "happened_by_day": by_day}
    team = Team(channel_id="C1", name="support", zone="Europe/Stockholm")
    whole = WHOLE.model_copy(update={"case": CASE.model_copy(update=happened), "team": team})
    assert json.loads(FORMATS["json"].write(whole, True))["happened_at"] == written
    assert rows_of(whole)[0]["happened_at"] == written
    assert f"- Happened: {told}\n" in FORMATS["md"].write(whole, True)


def test_the_public_post_and_the_prompts_that_nobody_answered_are_told_in_every_format() -> None:
    post = {"public_post": "https://example.com/post/1"}
    whole = WHOLE.model_copy(
        update={"case": CASE.model_copy(update=post), "answers": (UNNAMED.model_copy(),)}
    )
    left = [prompt.label for prompt in ASKED if prompt.key != UNNAMED.prompt]
    data = json.loads(FORMATS["json"].write(whole, True))
    assert (data["public_post"], data["unanswered"]) == (post["public_post"], left)
    first = rows_of(whole)[0]
    assert (first["public_post"], first["unanswered"]) == (post["public_post"], "; ".join(left))
    text = FORMATS["md"].write(whole, True)
    assert "- Public post: https://example.com/post/1\n" in text
    assert f"Nobody answered: {', '.join(left)}\n" in text


def test_what_changed_and_what_its_verifier_saw_are_told_as_long_as_that_holds() -> None:
    seen = VERIFIED.history[-1].model_copy(update={"words": "Looked at ten orders."})
    verified = VERIFIED.model_copy(update={"history": (*DONE.history, seen)})
    again = verified.model_copy(update={"state": "agreed"})
    for item, changed, saw in (
        (verified, "The notes are shown.", "Looked at ten orders."),
        (again, None, None),
    ):
        whole = WHOLE.model_copy(update={"items": (item,)})
        data = json.loads(FORMATS["json"].write(whole, True))["action_items"][0]
        assert (data["what_changed"], data["what_was_seen"]) == (changed, saw)
        (row,) = [row for row in rows_of(whole) if row["kind"] == "action item"]
        assert (row["what_changed"] or None, row["what_was_seen"] or None) == (changed, saw)
        text = FORMATS["md"].write(whole, True)
        assert ("What the verifier saw:\n\n> Looked at ten orders." in text) is (saw is not None)


@pytest.mark.parametrize("name", FORMATS)
def test_an_unnamed_answer_has_no_trace_of_its_order_or_its_moment(name: str) -> None:
    """Which of two was there first, and how often one was changed, is told by nothing in the file."""
    changed = UNNAMED.model_copy(update={"version": 7})
    text = FORMATS[name].write(WHOLE.model_copy(update={"answers": (changed, NAMED)}), True)
    assert text == FORMATS[name].write(WHOLE, True)
    assert UNNAMED.id not in text
    data = json.loads(FORMATS["json"].write(WHOLE, True))
    (unnamed,) = [answer for answer in data["answers"] if answer["author"] is None]
    assert unnamed["posted_at"] is None
    (row,) = [row for row in rows_of(WHOLE) if row["kind"] == "answer" and row["text"] == UNNAMED.text]
    told = {column for column, value in row.items() if value}
    assert told == {"case", "reference", "customer", "channel", "retro_state", "kind"} | {
        "prompt_or_gap",
        "text",
    }


def test_what_nobody_did_says_so_in_the_history_of_its_case() -> None:
    history = (CaseChange(step="edit", by="", at=AT), CaseChange(step="edit", by="U1", at=AT))
    whole = WHOLE.model_copy(update={"case": CASE.model_copy(update={"history": history})})
    data = json.loads(FORMATS["json"].write(whole, True))
    assert [change["by"] for change in data["case_history"]] == [None, "Ana"]
    assert "edit · nobody, from its ticket" in FORMATS["md"].write(whole, True)
    assert [row["person"] for row in rows_of(whole) if row["kind"] == "case: edit"] == ["", "Ana"]


def test_whoever_closed_and_whoever_asked_are_named_and_nobody_for_marking_it_failed() -> None:
    opened = CLOSED.model_copy(update={"opened_by": "U7"})
    people = {**PEOPLE, "U7": Person(id="U7", name="Gro")}
    whole = WHOLE.model_copy(update={"retro": opened, "people": people})
    data = json.loads(FORMATS["json"].write(whole, True))
    assert [turn["by"] for turn in data["history"]] == ["Ana"]
    assert data["action_items"][0]["asked_by"] == PEOPLE[DONE.asked_by].name
    assert not any("Gro" in FORMATS[name].write(whole, True) for name in FORMATS)
