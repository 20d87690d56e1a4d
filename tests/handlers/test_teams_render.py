"""Every part and form as an Adaptive Card, and the promise that no text can break a limit or act."""

import json
import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.channel import Channel
from bot.domain.person import Person
from bot.messages.parts import (
    Bold,
    Button,
    Buttons,
    ChannelName,
    Context,
    Day,
    Divider,
    Fields,
    Form,
    FormField,
    Line,
    Link,
    Mention,
    Message,
    Option,
    OtherWay,
    Paragraph,
    Part,
    Pasted,
    Progress,
    ProgressStep,
    Quote,
    Status,
    Timestamp,
    Typed,
    sentence,
)
from handlers.teams import render
from handlers.teams.card import MORE
from tests import fake_teams_card as cards
from tests.examples import BY_GAP, FIGURES, FORMS, HOSTILE, LONG, MESSAGES

AT = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
KNOWN = render.FormContext(
    "once", {"29:1": Person(id="29:1", name="Ana")}, [Channel(id="19:a", name="support")]
)


def content(message: Message) -> Any:
    (attachment,) = render.message(message)["attachments"]
    assert attachment["contentType"] == cards.CARD
    return attachment["content"]


def drawn(*parts: Part) -> Any:
    return content(Message(summary="g", parts=parts))["body"]


def paragraph(*words: Any) -> str:
    (block,) = drawn(Paragraph(words=words))
    assert block["wrap"] is True
    return str(block["text"])


def dialog(form: Form, faults: dict[str, str] | None = None) -> Any:
    task = render.dialog(form, KNOWN, faults)["task"]
    assert task["type"] == "continue"
    return task["value"]["card"]["content"]


def one(field: FormField) -> Any:
    form = Form(command_name="v.x", title="T", fields=(field,), submit="Go")
    return dialog(form)["body"][0]


def test_each_piece_has_its_markup() -> None:
    assert paragraph("a & b <c>") == "a &amp; b &lt;c&gt;"
    assert paragraph(Bold(text="now\nhere ")) == "**now here**"
    assert paragraph(ChannelName(channel_id="19:a", name="support")) == "\\#support"
    assert paragraph(Link(text="the [post]", url="https://x.org/a b?q=(1)|>")) == (
        "[the \\[post\\]](https://x.org/a%20b?q=%281%29%7C%3E)"
    )
    assert paragraph(Link(text="x", url="javascript:alert(1)")) == "x"
    assert paragraph(Day(day=date(2026, 11, 30))) == "Mon 30 Nov 2026"
    assert paragraph(Timestamp(at=AT, zone="Europe/Stockholm")) == (
        "{{DATE(2026-11-22T23:30:00Z, SHORT)}} at {{TIME(2026-11-22T23:30:00Z)}}"
    )


def test_a_mention_names_its_person_to_teams_and_two_of_the_same_name_stay_apart() -> None:
    card = content(
        Message(
            summary="g",
            parts=(
                Paragraph(words=(Mention(person_id="29:1", name="Ana <b>"), " and ")),
                Fields(rows=(("Owner", (Mention(person_id="29:2", name="Ana <b>"),)),)),
                Context(words=(Mention(person_id="29:1", name="Ana <b>"),)),
            ),
        )
    )
    entities = card["msteams"]["entities"]
    assert [(entity["text"], entity["mentioned"]["id"]) for entity in entities] == [
        ("<at>Ana &lt;b&gt;</at>", "29:1"),
        ("<at>Ana &lt;b&gt; (2)</at>", "29:2"),
    ]
    assert cards.problems(card) == []


@pytest.mark.parametrize(
    "typed",
    [
        "<at>Ana</at>",
        "{{DATE(2026-01-01T00:00:00Z, SHORT)}}",
        "[press](https://evil.example)",
        "**bold** _it_ `code` ~no~",
        "# no heading",
        "- no list",
        "1. no list",
        "> no quote",
        "a\n- b\n2) c",
        "\\*",
    ],
)
def test_what_people_type_is_shown_as_typed_and_never_acts(typed: str) -> None:
    (box,) = drawn(Quote(text=typed))
    (block,) = box["items"]
    text = block["text"]
    assert not cards.AT.search(text)
    assert "{{" not in text
    assert not re.search(r"(?<!\\)[*_`\[#~]", text)
    assert not re.search(r"(?m)^\s*([-+>]|\d+[.)])\s", text)
    shown = cards.read(text).replace("\u200b", "").replace("\n\n", "\n")
    assert shown == typed


def test_a_quote_stands_apart_without_colour_and_keeps_its_lines() -> None:
    (box,) = drawn(Quote(text="one\ntwo"))
    assert box["type"] == "Container"
    assert box["style"] == "emphasis"
    assert box["items"][0]["text"] == "one\n\ntwo"


def test_what_is_pasted_elsewhere_is_exact_line_by_line_and_has_no_sign_of_no_width() -> None:
    text = '{\n  "ticket": "{{ticket.id}}",\n\n  "words": "{{a_b}}"\n}'
    (box,) = drawn(Pasted(text=text))
    lines = [cards.read(block["text"]).replace("\u00a0", "") for block in box["items"]]
    assert "\n".join(lines) == text
    assert {block["fontType"] for block in box["items"]} == {"Monospace"}
    assert cards.problems(content(Message(summary="g", parts=(Pasted(text=text),)))) == []


@pytest.mark.parametrize("function", ["{{DATE(2026-01-01T00:00:00Z)}}", "{{ time(x)}}", "{{{DATE(x)}}}"])
def test_no_function_of_a_card_is_in_what_is_pasted(function: str) -> None:
    (box,) = drawn(Pasted(text=function))
    assert not re.search(r"\{\{\s*(DATE|TIME)", box["items"][0]["text"], re.IGNORECASE)


def test_a_secret_is_typed_where_nobody_reads_along() -> None:
    field = FormField(name="token", label="Token", kind="secret", needed=True)
    (secret,) = cards.inputs(
        render.form(Form(command_name="x.y", title="T", fields=(field,), submit="Save"), KNOWN)
    )
    assert secret["style"] == "password"
    assert "value" not in secret


def test_a_command_is_typed_with_the_mention_and_peoples_words_stay() -> None:
    assert paragraph("type ", Typed(words="customer C-7"), ".") == "type **@Amends customer C-7**."
    assert paragraph("type /amends help") == "type /amends help"
    assert paragraph(Bold(text="/amends help")) == "**/amends help**"
    (box,) = drawn(Quote(text="type /amends help"))
    assert box["items"][0]["text"] == "type /amends help"


def test_a_message_is_a_summary_for_notifications_and_one_card_with_a_plain_text() -> None:
    drawn = render.message(
        Message(summary="What happened", title="Title", parts=(Context(words=("q",)),))
    )
    assert drawn["type"] == "message"
    assert drawn["summary"] == "What happened"
    assert "text" not in drawn
    card = drawn["attachments"][0]["content"]
    assert card["fallbackText"] == "Title\nq"
    assert card["body"][0]["style"] == "heading"
    assert card["body"][1] == {
        "type": "TextBlock",
        "text": "q",
        "wrap": True,
        "size": "Small",
        "isSubtle": True,
    }


def test_a_message_of_nothing_but_its_gist_shows_that() -> None:
    assert cards.words(content(Message(summary="Just *this*."))) == "Just *this*."


def test_a_button_that_acts_is_an_execute_with_a_fallback_for_old_clients() -> None:
    (row,) = drawn(
        Buttons(buttons=(Button(label="Verify", command_name="a.b", about="AI-1", look="main"),))
    )
    (action,) = row["actions"]
    assert (action["type"], action["verb"]) == ("Action.Execute", "a.b")
    assert action["data"] == {"verb": "a.b", "about": "AI-1"}
    assert action["fallback"]["type"] == "Action.Submit"
    assert action["fallback"]["data"] == action["data"]


def test_a_button_that_opens_a_form_fetches_a_dialog() -> None:
    (row,) = drawn(
        Buttons(buttons=(Button(label="Drop", command_name="a.b", about="AI-1", opens=True),))
    )
    (action,) = row["actions"]
    assert action["type"] == "Action.Submit"
    assert action["data"] == {"verb": "a.b", "about": "AI-1", "msteams": {"type": "task/fetch"}}


def test_more_buttons_than_teams_shows_in_a_row_get_a_second_row() -> None:
    buttons = tuple(Button(label=f"B{n}", command_name="a.b", about=str(n)) for n in range(8))
    first, second = drawn(Buttons(buttons=buttons))
    assert [len(first["actions"]), len(second["actions"])] == [6, 2]


def test_what_is_in_a_menu_stands_behind_the_dots_of_the_last_row() -> None:
    entry = Button(label="Drop", command_name="action_item.drop", about="AI-1", opens=True)
    (row,) = drawn(Buttons(buttons=(entry,), menu=(entry,)))
    first, hidden = row["actions"]
    assert ("mode" in first, hidden["mode"]) == (False, "secondary")
    assert [len(row["actions"]) for row in drawn(Buttons(buttons=(entry,) * 7, menu=(entry,)))] == [6, 2]
    assert [len(row["actions"]) for row in drawn(Buttons(menu=(entry,)))] == [1]


def test_a_line_has_what_can_be_pressed_beside_it() -> None:
    button = Button(label="Done", command_name="action_item.done", about="AI-1", opens=True)
    assert drawn(Line(words=("Ask",))) == [{"type": "TextBlock", "text": "Ask", "wrap": True}]
    (line,) = drawn(Line(words=("Ask",), button=button, menu=(button,)))
    words, beside = line["columns"]
    assert words["items"][0]["text"] == "Ask"
    assert [action.get("mode") for action in beside["items"][0]["actions"]] == [None, "secondary"]


def test_a_status_stands_above_its_line_in_its_colour_and_says_its_word() -> None:
    status, line = drawn(Paragraph(words=(Status(sign="late", text="Late"), " · ", Bold(text="Ask"))))
    assert (status["text"], status["color"]) == ("⏰ Late", "Attention")
    assert (line["text"], line["spacing"]) == ("**Ask**", "None")


def test_a_divider_is_a_line_above_what_follows_and_progress_marks_what_is_next() -> None:
    steps = (ProgressStep(label="Hear", state="done"), ProgressStep(label="Promise", state="next"))
    (line,) = drawn(Divider(), Progress(steps=steps), Divider())
    assert line["separator"] is True
    assert line["text"] == "✅\u00a0Hear · ▶️\u00a0**Promise**"


def test_a_chart_has_its_sentence_before_it_and_its_table_behind_it() -> None:
    sentence, chart, table = drawn(BY_GAP)
    assert sentence["text"] == "Most came from training: 9 of 15 in six months."
    assert (chart["type"], chart["fallback"]) == ("Chart.VerticalBar.Grouped", "drop")
    assert [series["legend"] for series in chart["data"]] == ["Training", "After-hours support"]
    assert chart["data"][0]["values"][3] == {"x": "Jan", "y": 3}
    assert table == {
        "type": "FactSet",
        "facts": [
            {"title": "Training", "value": "Oct 1, Nov 2, Dec 0, Jan 3, Feb 1, Mar 2"},
            {"title": "After-hours support", "value": "Oct 0, Nov 1, Dec 1, Jan 0, Feb 2, Mar 2"},
        ],
    }


def test_each_look_of_a_chart_is_one_that_teams_draws() -> None:
    charts = [element for element in drawn(*FIGURES.parts) if element["type"].startswith("Chart.")]
    kinds = [(chart["type"], len(chart["data"])) for chart in charts]
    assert kinds == [
        ("Chart.VerticalBar.Grouped", 2),
        ("Chart.VerticalBar", 6),
        ("Chart.VerticalBar", 6),
        ("Chart.Pie", 3),
    ]


def test_a_caption_stands_above_its_table_and_nothing_in_a_cell_acts() -> None:
    caption, table = drawn(FIGURES.parts[-1])
    assert caption["text"] == "Working days until the apology"
    cells = [cell["items"][0]["text"] for row in table["rows"] for cell in row["cells"]]
    assert cells[3:6] == ["Mrs. Ólafsdóttir", "1.5", "1"]
    assert cells[7:] == ["1,234,567", "–"]
    assert "<at>" not in cells[6]


def test_inside_a_dialog_every_button_is_a_submission_that_leaves_the_inputs_behind() -> None:
    form = Form(
        command_name="v.x",
        title="T",
        parts=(Buttons(buttons=(Button(label="B", command_name="a.b", about="1"),)),),
        fields=(FormField(name="why", label="Why"),),
        submit="Go",
    )
    action = dialog(form)["body"][0]["actions"][0]
    assert (action["type"], action["associatedInputs"]) == ("Action.Submit", "none")
    assert action["data"] == {"verb": "a.b", "about": "1"}


def test_the_main_way_on_is_to_change_what_was_remarked_on_and_what_takes_away_looks_like_danger() -> (
    None
):
    form = Form(command_name="v.x", title="T", submit="Post as it is")
    change = OtherWay(label="Change it", hidden={})
    styles = [
        [(action["title"], action.get("style")) for action in dialog(it)["actions"]]
        for it in (
            form,
            form.model_copy(update={"other_way": change}),
            form.model_copy(update={"look": "danger"}),
        )
    ]
    assert styles == [
        [("Post as it is", "positive")],
        [("Post as it is", "default"), ("Change it", "positive")],
        [("Post as it is", "destructive")],
    ]


def test_every_kind_of_field_has_its_input() -> None:
    line = one(FormField(name="a", label="A", value="x", needed=True))
    assert (line["type"], line["isMultiline"], line["value"]) == ("Input.Text", False, "x")
    assert (line["isRequired"], line["errorMessage"]) == (True, "A is needed.")
    assert one(FormField(name="a", label="A", kind="text"))["isMultiline"] is True
    day = one(FormField(name="a", label="A", kind="date", value="2026-11-30"))
    assert (day["type"], day["value"]) == ("Input.Date", "2026-11-30")
    assert "value" not in one(FormField(name="a", label="A", kind="date", value="soon"))
    assert one(FormField(name="a", label="A", kind="time", value="09:30"))["value"] == "09:30"
    assert "value" not in one(FormField(name="a", label="A", kind="time", value="25:00"))
    assert one(FormField(name="a", label="A", kind="number", value="3"))["value"] == 3
    tick = one(FormField(name="a", label="A", kind="tick", value="yes"))
    # Not "" when it is not ticked: Teams sends nothing for that, and then nobody chose anything.
    assert (tick["valueOn"], tick["valueOff"], tick["value"]) == ("yes", "no", "yes")
    assert one(FormField(name="a", label="A", kind="tick"))["value"] == "no"
    assert tick["title"] == "A"
    assert "label" not in tick, "it would be said twice"
    options = (Option(value="1", label="One"), Option(value="2", label="Two"))
    choice = one(FormField(name="a", label="A", kind="choice", options=options, value="2"))
    assert choice["choices"][0] == {"title": "One", "value": "1"}
    assert choice["value"] == "2"
    several = one(FormField(name="a", label="A", kind="choices", options=options, value="1,2"))
    assert (several["isMultiSelect"], several["value"]) == (True, "1,2")


def test_people_are_picked_from_the_organisation_and_whoever_stands_there_has_a_name() -> None:
    picker = one(FormField(name="owner", label="Owner", kind="person", value="29:1"))
    assert picker["choices.data"] == {"type": "Data.Query", "dataset": "graph.microsoft.com/users"}
    assert picker["choices"] == [{"title": "Ana", "value": "29:1"}]
    assert picker["value"] == "29:1"
    assert picker.get("isMultiSelect") is not True


def test_a_channel_is_chosen_from_those_that_amends_is_in() -> None:
    field = FormField(name="place", label="Channel", kind="place")
    assert one(field)["choices"] == [{"title": "support", "value": "19:a"}]
    form = Form(command_name="v.x", title="T", fields=(field,), submit="Go")
    card = render.form(form, render.FormContext("once"))
    assert cards.problems(card, dialog=True) == []


def test_a_dialog_carries_what_its_submission_needs() -> None:
    form = Form(
        command_name="v.x",
        title="T",
        about="C-7",
        channel_id="19:a",
        hidden={"link": "https://x.example"},
        fields=(FormField(name="owner", label="Owner", kind="person"),),
        submit="Go",
    )
    (action,) = dialog(form)["actions"]
    assert action["title"] == "Go"
    assert action["data"]["amends"] == {
        "verb": "v.x",
        "about": "C-7",
        "place": "19:a",
        "kept": {"link": "https://x.example"},
        "once": "once",
        "persons": ["owner"],
    }


def test_a_form_only_for_reading_has_nothing_to_press() -> None:
    assert "actions" not in dialog(FORMS["case.read"])


def test_a_fault_stands_beside_its_field_in_words_and_one_of_no_field_on_top() -> None:
    form = Form(
        command_name="v.x",
        title="T",
        fields=(FormField(name="a", label="A"), FormField(name="b", label="B")),
        submit="Go",
    )
    body = dialog(form, {"b": "Too long.", "": "Not now."})["body"]
    assert [element.get("id") or cards.read(element["text"]) for element in body] == [
        "Please look again: Not now.",
        "a",
        "b",
        "Please look again: Too long.",
    ]


@pytest.mark.parametrize(
    ("kind", "typed", "sentence", "told"),
    [
        ("number", "1.5", "A number from 1 to 30.", "You wrote '1.5'. A number from 1 to 30."),
        ("date", "soon", "Choose a day.", "You wrote 'soon'. Choose a day."),
        ("date", "soon", "'soon' is not a date.", "'soon' is not a date."),
        ("time", "25:00", "'25:00' is not a time.", "'25:00' is not a time."),
        ("number", "99", "A number from 1 to 30.", "A number from 1 to 30."),
        ("choice", "x", "Choose one.", "Choose one."),
        ("line", "x", "Too short.", "Too short."),
    ],
)
def test_what_a_box_cannot_show_again_is_said_in_its_sentence(
    kind: Any, typed: str, sentence: str, told: str
) -> None:
    field = FormField(name="a", label="A", kind=kind, value=typed)
    form = Form(command_name="v.x", title="T", fields=(field,), submit="Go")
    box, warning = dialog(form, {"a": sentence})["body"]
    assert cards.read(warning["text"]) == f"Please look again: {told}"
    assert (str(box.get("value")) == typed) == (typed in ("99", "x") and kind != "choice")


def test_plain_words_answer_a_dialog_as_words_and_the_rest_as_a_card_to_read() -> None:
    assert render.reading(sentence("Saved."))["task"] == {"type": "message", "value": "Saved."}
    linked = Message(
        summary="g", parts=(Paragraph(words=(Link(text="here", url="https://x.example"),)),)
    )
    assert render.reading(linked)["task"]["type"] == "continue"


def test_the_adapter_to_a_form_carries_what_was_typed_and_the_forms_channel() -> None:
    drawn = render.button_to(FORMS["case.fail"], "ZD-4711")
    (action,) = cards.actions(drawn["attachments"][0]["content"]).values()
    assert action["data"] == {
        "verb": "case.fail",
        "about": "",
        "typed": "ZD-4711",
        "channel": "C1",
        "msteams": {"type": "task/fetch"},
    }
    drawn = render.button_to(FORMS["coach.draft"], "")
    (action,) = cards.actions(drawn["attachments"][0]["content"]).values()
    assert set(action["data"]) == {"verb", "about", "msteams"}


@pytest.mark.parametrize(
    ("channels", "unchecked", "label"),
    [
        ([Channel(id="19:a", name="care")], True, "care"),
        ([], True, "No channel can be chosen just now"),
        ([], False, "Amends is in no channel of yours: add it to a team first"),
    ],
    ids=["some", "all of them", "none"],
)
def test_channels_that_could_not_be_checked_are_told_of_under_the_choice_of_a_channel_only(
    channels: list[Channel], unchecked: bool, label: str
) -> None:
    place = FormField(name="place", label="Channel", kind="place", hint="Where it is posted.")
    form = Form(
        command_name="v.x", title="T", fields=(place, FormField(name="a", label="A")), submit="Go"
    )
    card = render.form(form, render.FormContext("once", channels=channels, unchecked=unchecked))
    assert cards.problems(card, dialog=True) == []
    assert [choice["title"] for choice in card["body"][0]["choices"]] == [label]
    told = ["Some channels could not be checked just now; open the form again to see them."]
    under = [element.get("id") or cards.read(element["text"]) for element in card["body"]]
    assert under == ["place", "Where it is posted.", *(told if unchecked else []), "a"]


@pytest.mark.parametrize(
    ("channels", "stands", "value"),
    [
        ([], "", ""),
        ([Channel(id="19:a", name="care")], "", "19:a"),
        ([Channel(id="19:a", name="care"), Channel(id="19:b", name="sales")], "", None),
        ([Channel(id="19:a", name="care"), Channel(id="19:b", name="sales")], "19:b", "19:b"),
        ([Channel(id="19:a", name="care")], "19:gone", None),
    ],
    ids=["none", "the only one", "two", "chosen before", "chosen before, and not theirs"],
)
def test_a_channel_is_only_filled_in_where_it_is_the_only_one(
    channels: list[Channel], stands: str, value: str | None
) -> None:
    field = FormField(name="place", label="Channel", kind="place", value=stands)
    form = Form(command_name="case.fail", title="T", fields=(field,), submit="Go")
    (drawn,) = cards.inputs(render.form(form, render.FormContext("once", channels=channels)))
    assert drawn.get("value") == value
    offered = [choice["value"] for choice in drawn["choices"]]
    assert offered == ([channel.id for channel in channels] or [""])


@pytest.mark.parametrize("name", MESSAGES)
def test_teams_would_take_every_message(name: str) -> None:
    assert cards.message_problems(render.message(MESSAGES[name])) == []


@pytest.mark.parametrize("name", FORMS)
def test_teams_would_take_every_form_with_faults_and_long_words_in_it(name: str) -> None:
    assert cards.problems(dialog(FORMS[name]), dialog=True) == []
    form = FORMS[name]
    fields = tuple(
        field.model_copy(update={"value": HOSTILE + LONG * 8}) if field.kind == "text" else field
        for field in form.fields
    )
    faults = {field.name: "Shorten it, please." for field in fields}
    filled = dialog(form.model_copy(update={"fields": fields}), faults)
    assert cards.problems(filled, dialog=True) == []


def test_what_can_be_done_stays_below_what_is_too_much_to_read() -> None:
    buttons = Buttons(buttons=(Button(label="Correct", command_name="recovery.correct", about="C-1"),))
    parts: tuple[Part, ...] = (*(Quote(text="😀" * 3_000) for _ in range(70)), buttons)
    for body in (drawn(*parts), dialog(Form(command_name="v.x", title="T", parts=parts))["body"]):
        assert [element["type"] for element in body[-2:]] == ["TextBlock", "ActionSet"]
        assert body[-2]["text"] == MORE


def test_a_long_list_is_sorted_by_the_names_of_its_choices() -> None:
    (zones,) = [one for one in cards.inputs(dialog(FORMS["team.settings"])) if one["id"] == "zone"]
    titles = [choice["title"] for choice in zones["choices"]]
    assert titles == sorted(titles)
    assert {"title": "Stockholm", "value": "Europe/Stockholm"} in zones["choices"]


TEXTS = st.text(min_size=1, max_size=300) | st.sampled_from(
    [HOSTILE, LONG * 10, "<at>x</at>", "漢" * 9000]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=6), TEXTS)
def test_no_text_breaks_a_limit_or_fires_a_mention(texts: list[str], name: str) -> None:
    parts: list[Part] = [Quote(text=text) for text in texts]
    parts += [Paragraph(words=(text, Mention(person_id="29:1", name=name))) for text in texts]
    parts.append(Fields(rows=tuple((text, (text,)) for text in texts)))
    activity = render.message(Message(summary=texts[0], title=name, parts=tuple(parts)))
    # Half a surrogate pair is no text anywhere; JSON carries it all the same.
    whole = json.loads(json.dumps(activity, ensure_ascii=False).encode("utf-8", "replace"))
    assert cards.message_problems(whole) == []
