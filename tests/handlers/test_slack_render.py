"""Every part and form in Block Kit, and the promise that no text can break a limit or fire a mention."""

import json
import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.messages.parts import (
    Bold,
    Button,
    Buttons,
    ChannelName,
    Chart,
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
    Paragraph,
    Part,
    Pasted,
    Progress,
    ProgressStep,
    Quote,
    Series,
    Status,
    Table,
    Timestamp,
    Typed,
    plain,
)
from handlers.slack import render
from tests import fake_slack_limits as limits
from tests.examples import BY_GAP, FIGURES, FORMS, MESSAGES
from tests.shared import SCHEMAS

AT = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
LIMITS = SCHEMAS / "slack-blockkit-limits.slackblocks.json"


def drawn(*parts: Part) -> list[dict[str, Any]]:
    blocks = render.message(Message(summary="g", parts=parts))["blocks"]
    assert isinstance(blocks, list)
    return blocks


def paragraph(*words: Any) -> str:
    text = drawn(Paragraph(words=words))[0]["text"]
    assert text["verbatim"] is True
    return str(text["text"])


@pytest.mark.skipif(not LIMITS.exists(), reason="Slack's limits file is not beside this repository")
def test_the_fake_knows_the_published_limits() -> None:
    published = json.loads(LIMITS.read_text())
    for (name, kind), value in limits.LIMITS.items():
        node = published
        for step in name.split("."):
            node = node[step]
        assert node[kind] == value, name


def test_each_piece_has_its_markup() -> None:
    assert paragraph("a & b <c>") == "a &amp; b &lt;c&gt;"
    assert paragraph(Bold(text="now\nhere ")) == "*now here*"
    assert paragraph(Mention(person_id="U012AB", name="Ana")) == "<@U012AB>"
    assert paragraph(ChannelName(channel_id="C012AB", name="support")) == "<#C012AB>"
    assert paragraph(Link(text="the <post>", url="https://x.org/?a=1&b=|>")) == (
        "<https://x.org/?a=1&amp;b=%7C%3E|the &lt;post&gt;>"
    )
    assert paragraph(Day(day=date(2026, 11, 30))) == "Mon 30 Nov 2026"


def test_a_moment_is_shown_in_the_readers_zone_and_falls_back_to_the_teams() -> None:
    assert paragraph(Timestamp(at=AT, zone="Europe/Stockholm")) == (
        "<!date^1795390200^{date_short_pretty} at {time}|Mon 23 Nov 2026 at 00:30 (Europe/Stockholm)>"
    )


def test_what_is_no_slack_id_is_only_a_name() -> None:
    assert paragraph(Mention(person_id="here> <!channel", name="<!here>")) == "&lt;!here&gt;"
    assert paragraph(ChannelName(channel_id="general", name="general")) == "#general"
    assert paragraph(Link(text="x", url="javascript:alert(1)")) == "x"


def test_a_title_is_a_header_and_small_words_are_context() -> None:
    message = Message(summary="g", title="Retro: " + "long " * 60, parts=(Context(words=("quiet",)),))
    header, small = render.message(message)["blocks"]
    assert header["type"] == "header"
    assert len(header["text"]["text"]) <= 150
    assert header["text"]["text"].endswith("…")
    assert small == {
        "type": "context",
        "elements": [{"type": "mrkdwn", "text": "quiet", "verbatim": True}],
    }


def test_a_quote_is_exact_and_never_parsed() -> None:
    text = "  <!channel> *not bold*\n\n@here & more"
    (block,) = drawn(Quote(text=text))
    assert block["elements"] == [
        {"type": "rich_text_quote", "elements": [{"type": "text", "text": text}]}
    ]


def test_what_is_pasted_elsewhere_is_exact_and_never_shortened() -> None:
    text = '{\n  "ticket": "{{ticket.id}}"\n}' + " " * 2_000 + "<!channel>"
    (block,) = drawn(Pasted(text=text))
    assert block["elements"] == [
        {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": text}]}
    ]


def test_facts_are_fields_of_at_most_ten() -> None:
    rows = tuple((f"Label {n}", (f"value {n}",)) for n in range(12))
    first, second = drawn(Fields(rows=rows))
    assert [len(first["fields"]), len(second["fields"])] == [10, 2]
    assert first["fields"][3]["text"] == "*Label 3*\nvalue 3"


def test_a_fact_without_a_value_still_has_a_text() -> None:
    (block,) = drawn(Fields(rows=(("Customer", ()),)))
    assert block["fields"][0]["text"] == "*Customer*\n–"


def test_a_button_carries_its_verb_and_what_about() -> None:
    (block,) = drawn(
        Buttons(
            buttons=(
                Button(
                    label="Answer", command_name="retro.answer", about="C-7", look="main", opens=True
                ),
                Button(label="Drop", command_name="action_item.drop", about="", look="danger"),
            )
        )
    )
    answer, drop = block["elements"]
    assert (answer["action_id"], answer["value"], answer["style"]) == ("retro.answer", "C-7", "primary")
    assert "value" not in drop
    assert drop["style"] == "danger"


def test_one_verb_twice_stands_in_two_rows() -> None:
    buttons = tuple(
        Button(label=f"Take {n}", command_name="action_item.take", about=f"AI-{n}") for n in (1, 2)
    )
    rows = drawn(Buttons(buttons=buttons))
    assert [row["elements"][0]["value"] for row in rows] == ["AI-1", "AI-2"]
    assert len({row["block_id"] for row in rows}) == 2


def entries(count: int) -> tuple[Button, ...]:
    return tuple(
        Button(label=f"Step {n}", command_name="retro.close", about=f"C-{n}~1f") for n in range(count)
    )


def test_a_menu_of_up_to_five_is_three_dots_and_of_more_a_list() -> None:
    first = Button(label="Answer", command_name="retro.answer", about="C-7", look="main")
    (row,) = drawn(Buttons(buttons=(first,), menu=entries(5)))
    button, dots = row["elements"]
    assert (button["type"], dots["type"], dots["action_id"]) == ("button", "overflow", "menu")
    assert dots["options"][4] == {
        "text": {"type": "plain_text", "text": "Step 4", "emoji": False},
        "value": "retro.close C-4~1f",
    }
    (row,) = drawn(Buttons(buttons=(first,), menu=entries(6)))
    _, listed = row["elements"]
    assert (listed["type"], listed["action_id"]) == ("static_select", "menu")
    assert listed["placeholder"]["text"] == "More…"
    assert [option["value"] for option in listed["options"]] == [
        f"retro.close C-{n}~1f" for n in range(6)
    ]


def test_an_entry_that_carries_too_much_is_a_mistake_of_ours() -> None:
    entry = Button(label="Close", command_name="retro.close", about="x" * 140)
    with pytest.raises(ValueError, match="more than 150 characters"):
        drawn(Buttons(menu=(entry,)))


def test_a_full_row_of_buttons_has_its_menu_in_the_next_one() -> None:
    buttons = tuple(Button(label="x", command_name=f"a.b{n}", about="") for n in range(25))
    rows = drawn(Buttons(buttons=buttons, menu=entries(1)))
    assert [len(row["elements"]) for row in rows] == [25, 1]


def test_a_line_has_its_button_beside_it_or_its_menu_and_the_button_below() -> None:
    button = entries(1)[0]
    (plain_line,) = drawn(Line(words=("Ask",)))
    assert "accessory" not in plain_line
    (line,) = drawn(Line(words=("Ask",), button=button))
    assert line["accessory"]["type"] == "button"
    line, below = drawn(Line(words=("Ask",), button=button, menu=entries(2)))
    assert line["accessory"]["type"] == "overflow"
    assert [element["action_id"] for element in below["elements"]] == ["retro.close"]


def test_a_status_is_a_sign_and_a_word_and_only_the_word_is_read_aloud() -> None:
    late = Status(sign="late", text="Late")
    assert paragraph(late, " · due today") == ":alarm_clock: Late · due today"
    assert render.message(Message(summary="g", parts=(Paragraph(words=(late,)),)))["text"] == "g\nLate"


def test_progress_says_what_is_done_what_is_next_and_what_is_to_come() -> None:
    steps = (
        ProgressStep(label="Hear", state="done"),
        ProgressStep(label="Apologise", state="next"),
        ProgressStep(label="Promise", state="to come"),
    )
    message = render.message(Message(summary="Hi", parts=(Progress(steps=steps), Divider())))
    assert message["blocks"][0]["text"]["text"] == (
        ":white_check_mark:\u00a0Hear · :arrow_forward: *Apologise* · ○\u00a0Promise"
    )
    assert message["blocks"][1] == {"type": "divider"}
    assert message["text"] == "Hi\nDone: Hear. Next: Apologise. To come: Promise."


def test_a_command_to_type_is_in_code_style() -> None:
    assert paragraph("Type ", Typed(words="status"), ".") == "Type `/amends status`."


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("*now* and _soon_", "|*|now|*| and |_|soon|_|"),
        ("~gone~ `code`", "|~|gone|~| |`|code|`|"),
        (":tada: and 10:30:15", ":|tada: and 10:|30:15"),
        ("> said they", "|&gt; said they"),
        ("snake_case_name 3*4", "snake_case_name 3*4"),
        ("a * b", "a * b"),
    ],
)
def test_marks_and_emoji_codes_in_peoples_words_stay_as_they_were_typed(typed: str, sent: str) -> None:
    assert paragraph(typed) == sent.replace("|", "\u200b")


def test_the_text_starts_with_the_gist_unless_it_is_said_anyway() -> None:
    parts = (Paragraph(words=("All of it & more.",)),)
    assert render.message(Message(summary="All of it", parts=parts))["text"] == "All of it &amp; more."
    other = render.message(Message(summary="News", parts=parts))["text"]
    assert other == "News\nAll of it &amp; more."


def test_a_message_that_is_too_long_keeps_its_buttons_and_ends_in_an_ellipsis() -> None:
    buttons = Buttons(buttons=(Button(label="Answer", command_name="retro.answer", about="C-1"),))
    blocks = drawn(Quote(text="word " * 8_000), buttons)
    assert blocks[-1]["type"] == "actions"
    assert limits.characters(blocks) <= 12_000
    assert blocks[-2]["elements"][0]["elements"][0]["text"].endswith("…")


def test_a_message_of_too_many_blocks_says_that_there_is_more() -> None:
    blocks = drawn(*(Paragraph(words=(f"line {n}",)) for n in range(80)))
    assert len(blocks) == 50
    assert blocks[-1]["elements"][0]["text"] == render.MORE


@pytest.mark.parametrize(("count", "words"), [(120, "line"), (70, "😀" * 3_000)])
def test_what_can_be_done_stays_below_what_is_too_much_to_read(count: int, words: str) -> None:
    buttons = Buttons(buttons=(Button(label="Correct", command_name="recovery.correct", about="C-1"),))
    parts = (*(Quote(text=f"{words} {n}") for n in range(count)), buttons)
    view = render.form(Form(command_name="recovery.read", title="Both sides", parts=parts))
    assert [block["type"] for block in view["blocks"][-2:]] in (
        ["context", "actions"],
        ["rich_text", "actions"],
    )
    assert len(view["blocks"]) <= render.VIEW_BLOCKS


def test_a_long_text_can_be_read_whole_in_a_dialog() -> None:
    text = "Ärger, 困る & мука 🙂 " * 1_900
    view = render.form(Form(command_name="case.read", title="C-7", parts=(Quote(text=text[:40_000]),)))
    pieces = [block["elements"][0]["elements"][0]["text"] for block in view["blocks"]]
    assert "".join(pieces) == text[:40_000]
    assert limits.view_problems(view) == []
    assert view["close"]["text"] == "Close"
    assert "submit" not in view


FIELDS = (
    FormField(name="what_happened", label="What happened", kind="text", needed=True, value="It broke"),
    FormField(name="reference", label="Case reference", value="ZD-1", max_length=100, hint="If any"),
    FormField(name="on", label="Date", kind="date", value="2026-11-20"),
    FormField(name="clock", label="Time", kind="time", value="16:30:00"),
    FormField(name="owner", label="Owner", kind="person", value="U012AB"),
    FormField(name="place", label="Where", kind="place", value="C012AB"),
    FormField(
        name="gap",
        label="Gap",
        kind="choice",
        value="tools",
        options=(Option(value="training", label="Training"), Option(value="tools", label="Tools")),
    ),
    FormField(
        name="days",
        label="Working days",
        kind="choices",
        value="0,2",
        options=tuple(Option(value=str(n), label=f"Day {n}") for n in range(7)),
    ),
    FormField(name="unnamed", label="Post without my name", kind="tick", value="yes"),
    FormField(name="days_to_answer", label="Days to answer", kind="number", value="3"),
)


def test_every_kind_of_field_is_the_element_that_slack_has_for_it() -> None:
    form = Form(
        command_name="case.fail", title="Mark a case failed", submit="Open the retro", fields=FIELDS
    )
    view = render.form(form)
    assert limits.view_problems(view) == []
    elements = {block["block_id"]: block["element"] for block in view["blocks"]}
    assert {name: element["type"] for name, element in elements.items()} == {
        "what_happened": "plain_text_input",
        "reference": "plain_text_input",
        "on": "datepicker",
        "clock": "timepicker",
        "owner": "users_select",
        "place": "conversations_select",
        "gap": "static_select",
        "days": "checkboxes",
        "unnamed": "checkboxes",
        "days_to_answer": "number_input",
    }
    assert elements["what_happened"]["multiline"]
    assert elements["reference"]["max_length"] == 100
    assert elements["clock"]["initial_time"] == "16:30"
    assert elements["place"]["filter"]["exclude_external_shared_channels"]
    assert elements["gap"]["initial_option"]["value"] == "tools"
    assert [option["value"] for option in elements["days"]["initial_options"]] == ["0", "2"]
    assert [block["optional"] for block in view["blocks"]] == [False] + [True] * 9


def test_a_form_carries_what_it_is_about() -> None:
    form = Form(
        command_name="v",
        title="T",
        submit="S",
        about="C-7",
        channel_id="C01",
        hidden={"answer": "x"},
        fields=FIELDS,
    )
    view = render.form(form, "support")
    assert json.loads(view["private_metadata"]) == {
        "about": "C-7",
        "place": "C01",
        "name": "support",
        "kept": {"answer": "x"},
    }
    assert view["callback_id"] == "v"
    assert view["close"]["text"] == "Cancel"


def test_a_form_that_keeps_too_much_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError) as caught:
        render.form(Form(command_name="v", title="T", hidden={"text": "x" * 3_000}))
    assert str(caught.value) == "the form v keeps more than 3000 characters"


def test_a_first_value_that_slack_would_refuse_is_left_out() -> None:
    for kind in ("date", "time", "person", "place", "number", "choice"):
        field = FormField(
            name="f", label="F", kind=kind, value="<nonsense>", options=(Option(value="a", label="A"),)
        )
        view = render.form(Form(command_name="v", title="T", submit="S", fields=(field,)))
        assert not [key for key in view["blocks"][0]["element"] if key.startswith("initial")]
        assert limits.view_problems(view) == []


def test_a_first_text_that_does_not_fit_is_shortened_and_says_so() -> None:
    field = FormField(
        name="f", label="F", kind="text", value="word " * 1_000, max_length=20_000, hint="Tell."
    )
    block = render.form(Form(command_name="v", title="T", submit="S", fields=(field,)))["blocks"][0]
    assert len(block["element"]["initial_value"]) <= 3_000
    assert block["hint"]["text"] == "Tell. Only the first 3,000 characters fit here."


def test_more_than_a_hundred_options_stand_under_headings() -> None:
    zones = [Option(value=f"{area}/{n}", label=f"{n}", group=area) for area in "AB" for n in range(130)]
    field = FormField(name="zone", label="Zone", kind="choice", value="B/129", options=tuple(zones))
    view = render.form(Form(command_name="v", title="T", submit="S", fields=(field,)))
    groups = view["blocks"][0]["element"]["option_groups"]
    assert [(group["label"]["text"], len(group["options"])) for group in groups] == [
        ("A", 100),
        ("A", 30),
        ("B", 100),
        ("B", 30),
    ]
    assert limits.view_problems(view) == []


def test_more_than_ten_choices_are_a_list_with_several_chosen() -> None:
    options = tuple(Option(value=str(n), label=str(n)) for n in range(30))
    field = FormField(name="f", label="F", kind="choices", value="3,29", options=options)
    element = render.form(Form(command_name="v", title="T", submit="S", fields=(field,)))["blocks"][0][
        "element"
    ]
    assert element["type"] == "multi_static_select"
    assert len(element["initial_options"]) == 2


def test_faults_stand_under_their_fields_and_the_rest_under_the_first() -> None:
    told = render.faults({"": "Try again.", "due": "Passed.", "gone": "Odd."}, ["what", "due"])
    assert told == {"what": "Try again. Odd.", "due": "Passed."}


TEXT = st.text(max_size=5_000) | st.sampled_from(
    [
        "<!channel>",
        "<@U012AB>",
        "@here",
        "<https://x|y>",
        "&" * 4_000,
        "<" * 20_000,
        "🙂" * 13_000,
        " ",
        "",
    ]
)
# A real id may well fire: it was put there as a Mention. Anything else in its place may not.
NO_ID = TEXT.filter(lambda text: not re.fullmatch("[A-Z0-9]+", text))
INLINE = st.one_of(
    TEXT,
    st.builds(Bold, text=TEXT),
    st.builds(Mention, person=NO_ID, name=TEXT),
    st.builds(ChannelName, place=NO_ID, name=TEXT),
    st.builds(Link, text=TEXT, url=TEXT.map(lambda text: f"https://{text}")),
    st.builds(Timestamp, at=st.just(AT), zone=st.just("Europe/Stockholm")),
    st.builds(Status, sign=st.just("late"), text=TEXT),
)
WORDS = st.lists(INLINE, max_size=4).map(tuple)
BUTTON = st.builds(
    Button,
    label=TEXT.filter(str.strip),
    verb=st.sampled_from(["a.b", "c.d", "e.f"]),
    about=st.text(max_size=40),
)
ENTRY = st.builds(
    Button,
    label=TEXT.filter(str.strip),
    verb=st.sampled_from(["a.b", "c.d"]),
    about=st.text("ABC-~/123456789", max_size=40),
)
NAME = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(str.strip)
FIGURE = st.one_of(st.integers(1, 10**9), st.floats(0.1, 10**9))
PARTS = st.lists(
    st.one_of(
        st.builds(Paragraph, words=WORDS),
        st.builds(Context, words=WORDS),
        st.builds(Quote, text=TEXT.filter(bool)),
        st.builds(Fields, rows=st.lists(st.tuples(TEXT, WORDS), min_size=1, max_size=10).map(tuple)),
        st.builds(
            Buttons,
            buttons=st.lists(BUTTON, min_size=1, max_size=30).map(tuple),
            menu=st.lists(ENTRY, max_size=8, unique_by=lambda entry: entry.about).map(tuple),
        ),
        st.builds(
            Line,
            words=WORDS,
            button=BUTTON | st.none(),
            menu=st.lists(ENTRY, max_size=8, unique_by=lambda entry: entry.about).map(tuple),
        ),
        st.builds(
            Progress,
            steps=st.lists(
                st.builds(ProgressStep, label=TEXT, state=st.sampled_from(["done", "next", "to come"])),
                min_size=1,
                max_size=9,
            ).map(tuple),
        ),
        st.just(Divider()),
        st.builds(
            Table,
            caption=TEXT.filter(str.strip),
            columns=st.tuples(TEXT, TEXT, TEXT),
            rows=st.lists(st.tuples(TEXT, FIGURE, TEXT), min_size=1, max_size=100).map(tuple),
        ),
        st.builds(
            Chart,
            look=st.sampled_from(["line", "bar", "area", "pie"]),
            title=NAME,
            sentence=TEXT.filter(str.strip),
            axis=NAME,
            unit=NAME,
            labels=st.lists(NAME, min_size=2, max_size=2, unique=True).map(tuple),
            series=st.tuples(st.builds(Series, name=NAME, values=st.tuples(FIGURE, FIGURE))),
        ),
    ),
    max_size=60,
).map(tuple)
OURS = re.compile(
    r"<!date\^1795390200\^\{date_short_pretty\} at \{time\}\|[^<>]*>|<https://[^<>|]*\|[^<>]*>"
)


def markup(node: Any) -> list[str]:
    """Every text in blocks that Slack parses."""
    if isinstance(node, list):
        return [text for child in node for text in markup(child)]
    if not isinstance(node, dict):
        return []
    if node.get("type") == "mrkdwn":
        assert node["verbatim"] is True
        return [node["text"]]
    return [text for child in node.values() for text in markup(child)]


def test_a_chart_is_slacks_own_between_its_sentence_and_its_table() -> None:
    sentence, chart, table = drawn(BY_GAP)
    assert sentence["text"]["text"] == "Most came from training: 9 of 15 in six months."
    assert (chart["type"], chart["title"]) == ("data_visualization", "Action items per gap")
    bars = chart["chart"]
    assert bars["type"] == "bar"
    assert bars["axis_config"] == {
        "categories": ["Oct", "Nov", "Dec", "Jan", "Feb", "Mar"],
        "x_label": "Month",
        "y_label": "Action items",
    }
    assert [series["name"] for series in bars["series"]] == ["Training", "After-hours support"]
    assert bars["series"][0]["data"][3] == {"label": "Jan", "value": 3}
    assert (table["type"], table["caption"], table["page_size"]) == (
        "data_table",
        "Action items per gap",
        2,
    )
    header, training, _ = table["rows"]
    assert [cell["text"] for cell in header][:3] == ["Action items", "Oct", "Nov"]
    assert training[:3] == [
        {"type": "raw_text", "text": "Training"},
        {"type": "raw_number", "value": 1, "text": "1"},
        {"type": "raw_number", "value": 2, "text": "2"},
    ]


def test_a_third_chart_is_its_sentence_and_its_table() -> None:
    kinds = [block["type"] for block in render.message(FIGURES)["blocks"]]
    assert kinds.count("data_visualization") == 2
    assert kinds.count("data_table") == len(FIGURES.parts)


def test_without_native_figures_a_table_is_read_line_by_line() -> None:
    message = Message(summary="g", parts=(BY_GAP,))
    sentence, lines = render.message(message, natively=False)["blocks"]
    assert sentence["text"]["text"] == "Most came from training: 9 of 15 in six months."
    caption, words = lines["elements"][0]["elements"]
    assert caption == {"type": "text", "text": "Action items per gap", "style": {"bold": True}}
    assert words["text"].splitlines()[1:] == [
        "Training: Oct 1, Nov 2, Dec 0, Jan 3, Feb 1, Mar 2",
        "After-hours support: Oct 0, Nov 1, Dec 1, Jan 0, Feb 2, Mar 2",
    ]
    assert "Training: Oct 1, Nov 2, Dec 0" in render.message(message)["text"]


def test_a_view_has_no_figures_of_slacks_own() -> None:
    for view in (render.reading(FIGURES), render.home(FIGURES)):
        assert limits.view_problems(view) == []
        assert "Recovered: 4" in str(view)


@settings(deadline=None, max_examples=150)
@given(title=TEXT | st.none(), summary=TEXT.filter(str.strip), parts=PARTS)
def test_no_text_breaks_a_limit_or_fires_a_mention(title: str | None, summary: str, parts: Any) -> None:
    said = Message(summary=summary, title=title, parts=parts)
    message = render.message(said)
    if message["blocks"]:
        assert limits.message_problems(message["blocks"]) == []
    assert limits.characters(message["blocks"]) <= 12_000
    assert 1 <= len(message["text"]) <= 3_000
    assert "<" not in message["text"]
    plainly = render.message(said, natively=False)["blocks"]
    assert not limits.is_new(plainly)
    assert not plainly or limits.message_problems(plainly) == []
    for view in (render.reading(said), render.home(said)):
        assert limits.view_problems(view) == []
    for text in markup(message["blocks"]):
        assert "<" not in OURS.sub("", text)


@settings(deadline=None, max_examples=60)
@given(
    parts=PARTS, label=TEXT.filter(str.strip), hint=TEXT, value=TEXT, max_length=st.integers(0, 9_999)
)
def test_no_text_breaks_a_forms_limit(
    parts: Any, label: str, hint: str, value: str, max_length: int
) -> None:
    field = FormField(name="f", label=label, hint=hint, kind="text", value=value, max_length=max_length)
    form = Form(command_name="a.b", title=label, submit=label, parts=parts, fields=(field,))
    assert limits.view_problems(render.form(form)) == []


@pytest.mark.parametrize("name", MESSAGES)
def test_slack_takes_every_message(name: str) -> None:
    drawn_message = render.message(MESSAGES[name])
    assert limits.message_problems(drawn_message["blocks"]) == []
    assert limits.characters(drawn_message["blocks"]) <= 12_000


@pytest.mark.parametrize("name", FORMS)
def test_slack_takes_every_form(name: str) -> None:
    assert limits.view_problems(render.form(FORMS[name], "support")) == []


def test_the_text_says_everything_that_fits() -> None:
    message = Message(summary="g", title="T", parts=(Quote(text="a"), Fields(rows=(("L", ("v",)),))))
    assert render.message(message)["text"] == f"g\n{plain(message)}"


def test_no_ellipsis_follows_a_mark_where_a_text_is_cut_for_slack() -> None:
    assert render.escaped("It was dark, nobody came", 14) == "It was dark…"


@pytest.mark.parametrize(
    ("hint", "beside", "below"),
    [
        ("", "Yes", None),
        ("Stored nowhere.", "Stored nowhere.", None),
        ("Only two are here. Stored nowhere.", "Stored nowhere.", "Only two are here."),
        ("Words " * 20 + "end.", "Yes", "Words " * 20 + "end."),
    ],
)
def test_the_sentence_of_a_tick_stands_beside_its_box(hint: str, beside: str, below: str | None) -> None:
    tick = FormField(name="unnamed", label="Post without my name", kind="tick", hint=hint)
    form = Form(command_name="v.x", title="T", fields=(tick,), submit="Go")
    (block,) = render.form(form)["blocks"]
    assert block["element"]["options"][0]["text"]["text"] == beside
    assert block.get("hint", {}).get("text") == below


def test_every_tick_of_ours_has_a_sentence_that_fits_beside_its_box() -> None:
    ticks = [field for form in FORMS.values() for field in form.fields if field.kind == "tick"]
    assert len(ticks) > 3
    for tick in ticks:
        (option,) = _element(tick)["options"]
        assert option["text"]["text"] not in ("Yes", ""), tick.hint


def _element(field: FormField) -> dict[str, Any]:
    (block,) = render.form(Form(command_name="v.x", title="T", fields=(field,), submit="Go"))["blocks"]
    element: dict[str, Any] = block["element"]
    return element


@pytest.mark.parametrize("name", FORMS)
def test_what_closes_a_form_begins_with_another_word_than_what_sends_it(name: str) -> None:
    """Slack puts the two beside each other: `Cancel` and `Cancel retro` would be a trap."""
    view = render.form(FORMS[name])
    if "submit" in view:
        assert view["close"]["text"].split()[0] != view["submit"]["text"].split()[0]
