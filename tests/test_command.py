"""What a command declares: its form is drawn from it, what comes back is parsed by it, once."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter

from bot.command import ABOUT_SOMETHING, Command, MaybeAnonymous, Opening, Request
from bot.commands.action_item import Add
from bot.commands.case import Fail
from bot.commands.recovery import Open, Promise
from bot.commands.retro import AnswerRetro, Close
from bot.commands.team import Settings
from bot.domain.errors import Refused
from bot.domain.reference import CaseRef, key_of
from bot.fields import Line, Secret, field, specs_of
from bot.prompts import PROMPTS
from bot.routes import COMMANDS, Route, is_unnamed
from tests.desk import ANA, AT

CLASSES = [route.command for route in COMMANDS.values()]


def request(name: str, about: str = "C-7", values: Mapping[str, str] | None = None) -> Request:
    return Request(workspace="w", command_name=name, person=ANA, at=AT, about=about, values=values)


def test_every_command_has_one_name_and_says_whom_it_concerns() -> None:
    assert [command.name for command in CLASSES] == list(COMMANDS)
    for command in CLASSES:
        assert command.access, command.name


@pytest.mark.parametrize("route", COMMANDS.values(), ids=COMMANDS.keys())
def test_a_command_that_only_reads_is_carried_out_by_what_cannot_write(route: Route) -> None:
    if route.reads:
        assert route.run is None
        assert route.read is not None or route.apart is not None
    else:
        assert route.run is not None
        assert (route.read, route.apart) == (None, None)


@pytest.mark.parametrize("command", CLASSES, ids=lambda command: command.name)
def test_a_command_about_something_says_what_and_no_other_does(command: type[Command]) -> None:
    narrowed = (
        command.model_fields["subject"].annotation is not Command.model_fields["subject"].annotation
    )
    assert narrowed == (command.access in ABOUT_SOMETHING)


@pytest.mark.parametrize("command", CLASSES, ids=lambda command: command.name)
def test_a_field_that_may_be_left_empty_has_a_type_that_says_so(command: type[Command]) -> None:
    for attribute, spec in specs_of(command.model_fields).items():
        if not spec.needed:
            annotation: Any = command.model_fields[attribute].annotation
            TypeAdapter(annotation).validate_python(spec.read({}))


@pytest.mark.parametrize("command", CLASSES, ids=lambda command: command.name)
def test_what_the_coach_reads_is_text_that_the_form_asks_for(command: type[Command]) -> None:
    for spec in command.fields():
        assert spec.coach is None or (spec.kind == "text" and not spec.hidden), spec.name


def test_a_form_asks_what_its_command_declares_and_marks_what_is_needed() -> None:
    form = Add.form(CaseRef(number=7, key="1f8a0c2d"), values={"gap": "tools"})
    assert (form.command_name, form.title, form.about, form.submit) == (
        "action_item.add",
        "Add action item",
        "C-7~1f8a0c2d",
        "Add",
    )
    drawn = {field.name: (field.label, field.kind, field.needed, field.value) for field in form.fields}
    assert drawn["what"] == ("What will change", "text", True, "")
    assert drawn["gap"] == ("Gap", "choice", False, "tools")
    assert "from_view" not in drawn


def test_what_comes_back_is_read_by_the_types_of_the_fields() -> None:
    values = {"words": " A refund ", "due": "2026-04-01", "how": "A call", "keeper": ""}
    promise = Promise.parse(request("recovery.promise", values=values))
    assert (promise.words, promise.due, promise.how, promise.keeper) == (
        "A refund",
        date(2026, 4, 1),
        "A call",
        "",
    )
    assert promise.subject == CaseRef(number=7)


@pytest.mark.parametrize(
    ("command", "values", "field", "sentence"),
    [
        (Add, {}, "what", "Say what will change."),
        (Add, {"what": "x", "due": "soon"}, "due", "'soon' is not a date"),
        (Close, {"outcome": "luck"}, "outcome", "Outcome: choose one from the list"),
        (Add, {"what": "x", "due": "9999-12-31"}, "due", "too far away"),
        (Add, {"what": "x" * 40_001}, "what", "40,001 characters and 40,000 fit"),
        (Fail, {"what_happened": "x", "time": "12:00+02:00"}, "time", "is not a time"),
        (
            Fail,
            {"what_happened": "x", "reference": "r" * 201},
            "reference",
            "201 characters and 200 fit",
        ),
        (Promise, {"words": "x", "how": "A call"}, "due", "a promise has a day"),
        (Settings, {"zone": "UTC", "days": "0", "ends": "17:00"}, "starts", "when the day starts"),
    ],
)
def test_a_bad_field_is_refused_beside_it(
    command: type[Command], values: dict[str, str], field: str, sentence: str
) -> None:
    with pytest.raises(Refused, match=sentence) as refused:
        command.parse(request(command.name, values=values))
    assert refused.value.field == field


def _one_word(text: str) -> None:
    if " " in text:
        raise Refused("Copy it again.")


class Sealed(Command, frozen=True):
    """A command that asks for a secret."""

    name = "sealed.give"
    access = "own"

    where: Line = field("Where")
    token: Secret = field("Token", needed="Paste it.", check=_one_word)


def test_a_secret_is_read_and_never_stands_in_a_form_again() -> None:
    typed = {"where": "here", "token": "s3cret"}
    assert Sealed.read(typed) == typed
    assert Sealed.filled_again(typed) == {"where": "here"}
    assert "s3cret" not in Sealed.form(values=typed).model_dump_json()
    with pytest.raises(Refused) as refused:
        Sealed.read({"where": "", "token": "s3 cret"})
    assert "s3" not in str(refused.value.faults)


def test_a_needed_field_is_not_filled_in_with_what_no_database_stores() -> None:
    with pytest.raises(Refused, match="Say what will change"):
        Add.parse(request("action_item.add", values={"what": "\0"}))


def test_text_that_no_database_stores_is_cleaned_at_the_edge() -> None:
    add = Add.parse(request("action_item.add", values={"what": "a\0b\ud83d"}))
    assert add.what == "ab?"


@pytest.mark.parametrize("about", ["AI-7", "0" * 32, "C--1", "C-1234567890", "/C-1", "C-1~zz"])
def test_a_command_takes_no_reference_to_another_kind_of_thing(about: str) -> None:
    with pytest.raises(Refused, match=r"I can't find"):
        Add.parse(request("action_item.add", about, {"what": "x"}))


def test_a_subject_that_may_be_missing_may_not_be_garbage() -> None:
    assert Open.parse(request("recovery.open", "")).subject is None
    with pytest.raises(Refused, match=r"I can't find"):
        Open.parse(request("recovery.open", "garbage"))


def test_a_command_about_something_is_not_asked_for_nothing() -> None:
    with pytest.raises(Refused, match="Say which one"):
        Add.parse(request("action_item.add", "", {"what": "x"}))


@pytest.mark.parametrize(("tick", "anonymous"), [({"unnamed": "yes"}, True), ({"unnamed": ""}, False)])
def test_whether_to_be_named_is_a_field_of_its_own_type(tick: dict[str, str], anonymous: bool) -> None:
    answer = AnswerRetro.parse(request("retro.answer", values={"training": "Maps", **tick}))
    assert answer.anonymous is answer.unnamed is anonymous


@pytest.mark.parametrize("tick", ["", " ", "\n", "no", "yes", "0"])
def test_the_request_and_the_command_agree_on_who_is_unnamed(tick: str) -> None:
    asked = request("retro.answer", values={"training": "Maps", "unnamed": tick})
    answer = AnswerRetro.parse(asked)
    assert answer.anonymous is answer.unnamed is is_unnamed(asked) is (tick != "")


@pytest.mark.parametrize("values", [{}, {"unamed": ""}, {"anonymous": ""}])
def test_without_the_choice_there_is_no_command_at_all(values: dict[str, str]) -> None:
    with pytest.raises(Refused, match="got lost on the way"):
        AnswerRetro.parse(request("retro.answer", values={"training": "Maps", **values}))


def test_nobody_can_leave_the_choice_out_when_they_make_the_command() -> None:
    whole: dict[str, Any] = {"request": request("retro.answer"), "subject": CaseRef(number=7)}
    with pytest.raises(ValueError, match="anonymous"):
        AnswerRetro.model_validate({**whole, "answers": {}})
    assert MaybeAnonymous.model_fields["anonymous"].is_required()


def test_each_prompt_is_a_field_that_the_coach_reads() -> None:
    values = {**{prompt.key: prompt.label for prompt in PROMPTS}, "unnamed": "", "coached": "1f"}
    answer = AnswerRetro.parse(request("retro.answer", "C-7").model_copy(update={"values": values}))
    read = {spec.name: text for spec, text in answer.for_coach() if spec.coach == "team"}
    assert read == {prompt.key: prompt.label for prompt in PROMPTS}


def test_a_form_that_is_opened_remembers_which_part_was_pressed() -> None:
    opening = Opening.parse(AnswerRetro, request("retro.answer", "c-7~1F8A0C2D/training"))
    assert opening.subject == CaseRef(number=7, key="1f8a0c2d", part="training")


def test_a_reference_differs_for_the_same_number_given_at_another_moment() -> None:
    first = key_of(3, datetime(2026, 3, 5, 14, 30, tzinfo=UTC))
    assert first == key_of(3, datetime(2026, 3, 5, 14, 30, tzinfo=UTC))
    assert first != key_of(3, datetime(2026, 3, 5, 14, 30, 0, 1, tzinfo=UTC))
    assert first != key_of(4, datetime(2026, 3, 5, 14, 30, tzinfo=UTC))
