"""Drawing for the web: nothing that people typed becomes markup, and everything of a form is there."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.channel import Channel
from bot.domain.person import Person
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
    Pasted,
    Progress,
    ProgressStep,
    Quote,
    Series,
    Status,
    Table,
    Timestamp,
)
from bot.repositories import Post
from handlers.web import render
from tests.examples import BY_GAP
from tests.web_app import read

AT = datetime(2026, 3, 5, 14, 30, tzinfo=UTC)
ANA = Person(id="u_1", name="Ana", zone="Europe/Stockholm")
BEN = Person(id="u_2", name="Ben", zone="America/New_York")
FRAME = render.Frame(
    viewer=ANA,
    now=AT,
    key=lambda: "key",
    channel_id="support",
    base="http://127.0.0.1:3000",
    people={"u_1": ANA, "u_2": BEN},
)
HOSTILE = [
    "<script>alert('hi')</script>",
    '"><img src=x onerror=alert(1)>',
    "<!channel> <@U1> @here &amp; {{ 7 * 7 }} {% raw %}",
    "مرحبا \u202eevil\u202c 👩‍👩‍👧 📦",
    "</textarea></blockquote></template><hx-partial hx-target='body'>",
    "javascript:alert(1)",
    "' hx-on:click='alert(1)",
]
ALLOWED = {
    *("p", "bdi", "strong", "time", "a", "h3", "blockquote", "dl", "div", "dt", "dd", "form", "input"),
    *("button", "article", "span", "h2", "details", "summary", "ol", "li", "hr"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td", "figure", "figcaption"),
    *("svg", "title", "desc", "text", "path", "polygon", "polyline", "circle", "rect"),
}
typed = st.one_of(
    st.sampled_from(HOSTILE),
    # What a browser would change on the way (carriage returns, NUL) never reaches a renderer.
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), min_size=1),
)


def asking(text: str) -> Button:
    return Button(label=text, command_name="retro.answer", about=text)


def everywhere(text: str) -> Message:
    """A message with this text wherever there is room for one."""
    words = (
        text,
        Bold(text=text),
        Mention(person_id="u_2", name=text),
        ChannelName(channel_id=text, name=text),
        Link(text=text, url=text),
        Link(text=text, url=f"https://example.com/{text}"),
    )
    return Message(
        summary=text,
        title=text,
        parts=(
            Paragraph(words=words),
            Context(words=words),
            Quote(text=text),
            Fields(rows=((text, words),)),
            Buttons(buttons=(asking(text),), menu=(asking(text),)),
            Line(
                words=(Status(sign="late", text=text), *words), button=asking(text), menu=(asking(text),)
            ),
            Progress(steps=(ProgressStep(label=text, state="next"),)),
            Divider(),
            Table(caption=text, columns=(text, text), rows=((text, 1),)),
            Chart(
                look="area",
                title=text[:20],
                sentence=text,
                axis=text[:20],
                unit=text[:20],
                labels=(text[:20],),
                series=(Series(name=text[:20], values=(1,)),),
            ),
        ),
    )


def test_what_is_pasted_elsewhere_is_exact_and_a_secret_is_typed_unseen_and_kept_nowhere() -> None:
    text = '{\n  "ticket": "{{ticket.id}}"\n}<script>'
    page = read(render.message(Message(summary="g", parts=(Pasted(text=text),)), FRAME))
    assert page.all("pre")[0].text == text
    field = FormField(name="token", label="Token", kind="secret")
    form = read(
        render.form(Form(command_name="x.y", title="T", fields=(field,), submit="Go"), FRAME, [], [])
    )
    [secret] = form.all("input", name="v.token")
    assert secret.attributes["type"] == "password"
    assert "value" not in secret.attributes


@given(typed)
def test_no_text_of_a_message_becomes_markup(text: str) -> None:
    drawn = read(render.message(everywhere(text), FRAME))
    assert {element.name for element in drawn.elements} <= ALLOWED
    keys = {key for element in drawn.elements for key in element.attributes}
    assert not {key for key in keys if key.startswith("on")}
    # The page's policy would leave out a style, and let nothing be fetched from elsewhere.
    assert "style" not in keys
    assert drawn.all("blockquote")[0].text == text
    assert drawn.all("input", name="about")[0].attributes["value"] == text
    for link in drawn.all("a"):
        assert link.attributes["href"].startswith(("/", "http://", "https://"))
        assert not link.attributes["href"].startswith("//")


@given(typed)
def test_no_text_of_a_form_becomes_markup_and_what_was_typed_comes_back(text: str) -> None:
    form = Form(
        command_name="case.fail",
        title=text,
        about=text,
        parts=(Quote(text=text),),
        fields=(
            FormField(name="line", label=text, hint=text, value=text),
            FormField(name="text", label=text, kind="text", value=text),
            FormField(
                name="one",
                label=text,
                kind="choice",
                options=(Option(value=text, label=text, group=text),),
            ),
        ),
        submit=text,
        hidden={"link": text},
    )
    drawn = read(render.form(form, FRAME, faults={"line": text, "": text}))
    known = ALLOWED | {"header", "footer", "label", "textarea", "select", "option", "optgroup"}
    assert {element.name for element in drawn.elements} <= known
    carried = Form.model_validate_json(drawn.all("input", name="dialog")[0].attributes["value"])
    assert render.filled(carried, {field.name: field.value for field in form.fields}) == form
    assert drawn.all("input", id="field-line")[0].attributes["value"] == text
    assert drawn.all("textarea")[0].text == f"\n{text}"  # a browser drops the first line end
    assert drawn.all("p", id="fault-line")[0].text == text


@given(typed)
def test_no_post_of_a_person_becomes_markup(text: str) -> None:
    post = Post(id=1, channel_id="support", author="u_2", text=text, posted_at=AT)
    column = render.Column(prefix="r", rows=render.rows([post], {}, FRAME), source="/f/posts")
    html = render.page(
        "posts.html",
        column=column,
        frame=FRAME,
        actions=lambda _: (),
        welcome=False,
        direct=False,
    )
    drawn = read(html)
    assert {element.name for element in drawn.elements} <= ALLOWED
    (said,) = [one for one in drawn.all("p") if one.attributes.get("class") == "said"]
    assert said.text == text


@pytest.mark.parametrize("url", ["javascript:alert(1)", "//evil.example/", "/\\evil.example", "data:,x"])
def test_a_link_that_leads_somewhere_odd_is_only_words(url: str) -> None:
    drawn = read(
        render.message(
            Message(summary="g", parts=(Paragraph(words=(Link(text="here", url=url),)),)), FRAME
        )
    )
    assert not drawn.all("a")
    assert "here" in drawn.text


def test_a_link_to_this_server_stays_on_the_address_the_reader_came_by() -> None:
    message = Message(
        summary="g",
        parts=(Paragraph(words=(Link(text="it", url="http://127.0.0.1:3000/p/support/t/1"),)),),
    )
    (link,) = read(render.message(message, FRAME)).all("a")
    assert link.attributes["href"] == "/p/support/t/1"


@pytest.mark.parametrize(
    ("viewer", "shown"),
    [
        (ANA, "Thu 5 Mar, 15:30 (Europe/Stockholm)"),
        (BEN, "Thu 5 Mar, 09:30 (America/New_York)"),
        (Person(id="u_3", name="Cleo"), "Thu 5 Mar, 23:30 (Asia/Tokyo)"),
        (Person(id="u_4", name="Dan", zone="Nowhere/Land"), "Thu 5 Mar, 23:30 (Asia/Tokyo)"),
    ],
)
def test_a_moment_is_shown_in_the_readers_zone_or_else_in_its_own(viewer: Person, shown: str) -> None:
    message = Message(summary="g", parts=(Context(words=(Timestamp(at=AT, zone="Asia/Tokyo"),)),))
    frame = render.Frame(viewer=viewer, now=AT, key=str)
    (time,) = read(render.message(message, frame)).all("time")
    assert (time.text, time.attributes["datetime"]) == (shown, "2026-03-05T14:30:00+00:00")


def test_a_menu_opens_in_its_place_and_a_status_says_its_word_beside_a_sign_nobody_hears() -> None:
    drawn = read(
        render.message(
            Message(
                summary="g",
                parts=(
                    Line(words=(Status(sign="late", text="Late"),), menu=(asking("Drop"),)),
                    Progress(
                        steps=(
                            ProgressStep(label="Hear", state="done"),
                            ProgressStep(label="Promise", state="to come"),
                        )
                    ),
                ),
            ),
            FRAME,
        )
    )
    (menu,) = drawn.all("details")
    assert menu.text.split() == ["More…", "Drop"]
    status, sign = drawn.all("span")[:2]
    assert (status.text, sign.attributes["aria-hidden"]) == ("! Late", "true")
    assert [" ".join(step.text.split()) for step in drawn.all("li")] == [
        "Done: Hear",
        "To come: Promise",
    ]


def test_a_chart_is_a_picture_with_a_name_its_sentence_and_its_table() -> None:
    drawn = read(render.message(Message(summary="g", parts=(BY_GAP,)), FRAME))
    (svg,) = drawn.all("svg")
    assert svg.attributes["role"] == "img"
    assert drawn.all("title")[0].text == "Action items per gap"
    assert drawn.all("desc")[0].text == f"Action items. {BY_GAP.sentence}"
    assert drawn.all("figcaption")[0].text == BY_GAP.sentence
    headings = ["Action items", "Oct", "Nov", "Dec", "Jan", "Feb", "Mar", "Training"]
    assert [cell.text for cell in drawn.all("th")][:8] == headings
    assert [cell.text for cell in drawn.all("td")][:6] == ["1", "2", "0", "3", "1", "2"]


def test_each_series_has_its_name_and_each_figure_its_number_on_one_scale() -> None:
    drawn = read(render.message(Message(summary="g", parts=(BY_GAP,)), FRAME))
    names = [text.text for text in drawn.all("text") if text.attributes["class"] == "name"]
    assert names == ["Training", "After-hours support"]
    numbers = [text.text for text in drawn.all("text") if text.attributes["class"] == "number"]
    assert numbers == ["1", "2", "0", "3", "1", "2", "0", "1", "1", "0", "2", "2"]
    heights = [float(bar.attributes["height"]) for bar in drawn.all("rect")]
    assert len(heights) == 12 - numbers.count("0")
    assert heights[0] * 3 == pytest.approx(heights[2], abs=0.2)
    assert heights[1] == heights[-1]


def test_each_strip_of_a_chart_has_the_labels_below_it_and_above_the_next_one() -> None:
    drawn = read(render.message(Message(summary="g", parts=(BY_GAP,)), FRAME))
    texts = [(one.text, float(one.attributes["y"])) for one in drawn.all("text")]
    strips = [at for text, at in texts if text in ("Training", "After-hours support")]
    months = [at for text, at in texts if text == "Oct"]
    assert len(strips) == 2
    assert strips[0] < months[0] < strips[1] < months[1]


def test_a_chart_of_nothing_but_noughts_is_flat() -> None:
    flat = BY_GAP.model_copy(
        update={"series": (Series(name="Training", values=(0,) * 6),), "look": "line"}
    )
    drawn = read(render.message(Message(summary="g", parts=(flat,)), FRAME))
    (line,) = drawn.all("polyline")
    assert len({point.split(",")[1] for point in line.attributes["points"].split()}) == 1


def test_a_day_is_the_same_day_for_everybody() -> None:
    message = Message(summary="g", parts=(Context(words=(Day(day=date(2026, 3, 1)),)),))
    (time,) = read(render.message(message, FRAME)).all("time")
    assert (time.text, time.attributes["datetime"]) == ("Sun 1 Mar 2026", "2026-03-01")


def test_a_mention_of_the_reader_stands_out() -> None:
    message = Message(
        summary="g",
        parts=(
            Paragraph(
                words=(Mention(person_id="u_1", name="Ana"), Mention(person_id="u_2", name="Ben"))
            ),
        ),
    )
    mine, other = read(render.message(message, FRAME)).all("bdi")
    assert (mine.text, mine.attributes["class"]) == ("@Ana", "mention me")
    assert (other.text, other.attributes["class"]) == ("@Ben", "mention")


def test_a_form_offers_only_people_who_are_still_here() -> None:
    form = Form(
        command_name="action_item.hand_over",
        title="Hand over",
        fields=(
            FormField(name="owner", label="New owner", kind="person", needed=True),
            FormField(name="place", label="Channel", kind="place"),
        ),
        submit="Hand over",
    )
    people = [
        ANA,
        BEN,
        Person(id="u_3", name="Robot", bot=True),
        Person(id="u_4", name="Left", gone=True),
    ]
    drawn = read(render.form(form, FRAME, people, [Channel(id="support", name="support")]))
    assert [option.text for option in drawn.all("option")] == ["Choose…", "Ana", "Ben", "–", "support"]


def test_a_fault_stands_beside_its_field_and_is_tied_to_it() -> None:
    form = Form(
        command_name="case.fail",
        title="Mark a case failed",
        fields=(
            FormField(name="what", label="What happened", kind="text", needed=True, hint="The facts."),
            FormField(name="customer", label="Customer"),
        ),
        submit="Open the retro",
    )
    drawn = read(render.form(form, FRAME, faults={"what": "Say what happened.", "": "Try again."}))
    (field,) = drawn.all("textarea")
    assert field.attributes["aria-invalid"] == "true"
    assert field.attributes["aria-describedby"] == "hint-what fault-what"
    assert drawn.all("p", id="fault-what")[0].text == "Say what happened."
    assert drawn.all("div", id="dialog-fault")[0].text == "Try again."
    assert "aria-invalid" not in drawn.all("input", id="field-customer")[0].attributes
    labels = {label.attributes["for"] for label in drawn.all("label")}
    assert labels == {"field-what", "field-customer"}


@pytest.mark.parametrize(
    ("kind", "typed", "box"),
    [
        ("date", "2026-03-05", "date"),
        ("date", "", "date"),
        ("date", "soon", "text"),
        ("date", "2026-02-30", "text"),
        ("date", "20260305", "text"),
        ("time", "16:30", "time"),
        ("time", "", "time"),
        ("time", "25:00", "text"),
        ("time", "half past", "text"),
        ("number", "many", "text"),
    ],
)
def test_what_a_browser_cannot_show_in_a_box_of_its_own_is_kept_as_text(
    kind: Any, typed: str, box: str
) -> None:
    field = FormField(name="when", label="When", kind=kind, value=typed)
    form = Form(command_name="case.fail", title="x", fields=(field,), submit="Go")
    (drawn,) = read(render.form(form, FRAME)).all("input", id="field-when")
    assert (drawn.attributes["type"], drawn.attributes["value"]) == (box, typed)


def test_choices_and_ticks_come_back_as_they_were() -> None:
    days = tuple(Option(value=str(day), label=f"Day {day}") for day in range(3))
    form = Form(
        command_name="team.settings",
        title="Team settings",
        fields=(
            FormField(name="days", label="Working days", kind="choices", options=days, value="0,2"),
            FormField(name="unnamed", label="Post without my name", kind="tick", value="yes"),
        ),
        submit="Save",
    )
    ticks = read(render.form(form, FRAME)).all("input", type="checkbox")
    assert ["checked" in tick.attributes for tick in ticks] == [True, False, True, True]


def test_fields_stand_in_their_order_and_ticks_at_the_end_beside_the_button() -> None:
    kinds = {"late": "tick", "again": "tick", "many": "number", "unnamed": "tick"}
    fields = tuple(
        FormField.model_validate({"name": name, "label": name, "kind": kind})
        for name, kind in kinds.items()
    )
    form = Form(command_name="connection.edit", title="Rules", fields=fields, submit="Save")
    above, beside = (
        [
            name.removeprefix("v.")
            for box in read(part).all("input")
            if (name := box.attributes.get("name") or "").startswith("v.")
        ]
        for part in render.form(form, FRAME).split("<footer")
    )
    assert (above, beside) == (["late", "again", "many"], ["unnamed"])


def test_a_form_without_a_submit_is_only_for_reading() -> None:
    form = Form(command_name="case.read", title="C-7: what happened", parts=(Quote(text="All of it"),))
    drawn = read(render.form(form, FRAME))
    assert not drawn.all("form")
    assert "All of it" in drawn.text


def test_no_line_ends_inside_a_number_and_what_people_typed_around_it_stays_escaped() -> None:
    words = ("<b>AI-12</b> & C-7, not UTC-7", Link(text="the retro C-7", url="https://example.com/7"))
    drawn = render.message(Message(summary="Hi", parts=(Paragraph(words=words),)), FRAME)
    assert (
        '<bdi>&lt;b&gt;<span class="number">AI-12</span>&lt;/b&gt; &amp; '
        '<span class="number">C-7</span>, not UTC-7</bdi>'
    ) in drawn
    assert 'the retro <span class="number">C-7</span></a>' in drawn
