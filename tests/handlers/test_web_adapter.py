"""The web adapter over plain HTTP: who may knock, what is pressed, and what comes back."""

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO

import pytest
import yarl
from aiohttp import ClientSession, CookieJar, MultipartWriter, StreamReader, web
from aiohttp.test_utils import make_mocked_request
from sqlalchemy import text as statement

from bot.commands.forget import forget_person
from bot.domain.channel import Channel
from bot.domain.person import Person, is_former
from bot.messages.parts import MAX_TEXT_LENGTH
from bot.prompts import PROMPTS
from handlers.web import additions
from handlers.web.guard import Stranger, guarded
from handlers.web.incoming import HTTPProblem
from handlers.web.outgoing import WORKSPACE
from storage.database import Database
from tests.desk import A_CASE, ASKED, AT
from tests.handlers.test_web_render import HOSTILE
from tests.session import open_work
from tests.web_app import OPENED, YOU, Markup, Visitor, WebHouse, dialog, new_key, read

DEADLINE = 10.0


async def until(visitor: Visitor, path: str, words: str) -> Markup:
    """The page at this path, as soon as it says these words."""
    async with asyncio.timeout(DEADLINE):
        while words not in (page := await visitor.see(path)).text:
            pass  # each look goes over the wire, which leaves the server its turn
    return page


async def fail(visitor: Visitor, what: str, **values: str) -> Markup:
    """Marks a case failed with the dialog."""
    return await visitor.fill(await visitor.press("case.fail"), what_happened=what, **values)


# ---- who may knock


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "10.0.0.1"]
)
async def test_another_name_for_this_machine_is_refused(visitor: Visitor, host: str) -> None:
    async with visitor.session.get(f"{visitor.url}/", headers={"Host": host}) as response:
        assert response.status == 403
        assert "open it by the address it printed" in await response.text()


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8080", "127.0.0.1:1", "[::1]:3000", "127.9.9.9"]
)
async def test_every_loopback_name_is_welcome(visitor: Visitor, host: str) -> None:
    async with visitor.session.get(f"{visitor.url}/", headers={"Host": host}) as response:
        assert response.status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_what_another_web_page_sends_does_nothing(
    visitor: Visitor, web_house: WebHouse, headers: dict[str, str]
) -> None:
    data = {"place": "support", "thread": "", "key": new_key(), "text": "Hello"}
    async with visitor.session.post(f"{visitor.url}/say", data=data, headers=headers) as response:
        assert response.status == 403
        assert "another web page" in await response.text()
    with open_work(web_house.database, WORKSPACE, writes=False) as work:
        assert not work.posts.roots("support", 10)


async def test_every_answer_carries_a_strict_policy(visitor: Visitor) -> None:
    for path in ("/", "/static/app.js", "/nowhere", "/p/nowhere"):
        async with visitor.session.get(visitor.url + path) as response:
            policy = response.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "script-src 'self'" in policy
            assert "unsafe" not in policy
            assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_no_page_has_a_script_or_a_style_of_its_own(visitor: Visitor) -> None:
    await fail(visitor, "Parcel missed")
    await until(visitor, "/p/support", OPENED)
    page = await visitor.see("/p/support/t/1")
    assert all("src" in script.attributes for script in page.all("script"))
    assert not page.all("style")
    for element in page.elements:
        assert "style" not in element.attributes
        assert not [name for name in element.attributes if name.startswith(("on", "hx-on"))]


@pytest.mark.parametrize(
    "path", ["/nowhere", "/p/nowhere", "/p/support/t/99", "/p/support/t/x", "/static/x"]
)
async def test_an_unknown_path_is_a_small_page(visitor: Visitor, path: str) -> None:
    async with visitor.session.get(visitor.url + path) as response:
        assert response.status == 404
        assert "To the first page" in await response.text()


async def test_what_goes_wrong_while_it_asks_who_reads_is_one_sentence() -> None:
    async def read(request: web.Request) -> web.StreamResponse:
        raise Stranger

    async def ask(request: web.Request, stranger: Stranger) -> web.StreamResponse:
        raise HTTPProblem("Mina was removed.", 404)

    response = await guarded(read, lambda _: None, ask)(make_mocked_request("GET", "/board"))
    assert isinstance(response, web.Response)
    assert response.status == 404
    assert "<p>Mina was removed.</p>" in str(response.text)


# ---- the first start


async def test_an_empty_workspace_explains_itself(visitor: Visitor) -> None:
    page = await visitor.see("/")
    assert len(page.all("li")) == 3 + 7  # steps; a channel, the pages of leads, direct messages
    assert [button.text for button in page.all("button")].count("Mark a case failed") == 1


async def test_a_first_start_makes_a_channel_and_nobody_and_a_second_one_no_more(
    sqlite: Database,
) -> None:
    for _ in range(2):
        await sqlite.write(WORKSPACE, additions.begin)
    with open_work(sqlite, WORKSPACE, writes=False) as work:
        assert work.people.everybody() == []
        assert [one.id for one in work.channels.all()] == ["support"]


def test_the_machines_zone_is_a_real_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Stockholm")
    assert additions.machine_zone() == "Europe/Stockholm"
    monkeypatch.setenv("TZ", "Moon/Crater")
    assert additions.machine_zone() != "Moon/Crater"


# ---- pressing and filling in


async def test_a_case_is_marked_failed_and_its_retro_appears_with_its_prompts(visitor: Visitor) -> None:
    back = await fail(visitor, "Parcel promised twice", reference="ZD-4711", customer="Mrs. Ólafsdóttir")
    assert not back.all("form")  # the dialog closes
    page = await until(visitor, "/p/support", OPENED)
    assert "Retro: Parcel promised twice" in page.text
    assert "Mrs. Ólafsdóttir" in page.text
    thread = await visitor.see("/p/support/t/1")
    for prompt in ASKED:
        assert prompt.question in thread.text


async def test_a_fault_comes_back_with_everything_that_was_typed(visitor: Visitor) -> None:
    back = await fail(visitor, "  ", customer='Mrs. "Ólafsdóttir" <b>', date="2026-01-02", time="21:15")
    (field,) = back.all("textarea", id="field-what_happened")
    assert field.attributes["aria-invalid"] == "true"
    assert back.all("p", id="fault-what_happened")[0].text == "Say what happened, in a sentence or two."
    assert back.all("input", id="field-customer")[0].attributes["value"] == 'Mrs. "Ólafsdóttir" <b>'
    assert back.all("input", id="field-date")[0].attributes["value"] == "2026-01-02"
    assert back.all("input", id="field-time")[0].attributes["value"] == "21:15"
    again = await visitor.fill(back, what_happened="Nobody called back", customer="Ólaf")
    assert not again.all("form")


async def test_a_text_that_is_too_long_is_refused_in_a_sentence_and_stays(visitor: Visitor) -> None:
    text = "x" * (MAX_TEXT_LENGTH + 1)
    back = await fail(visitor, text)
    assert "shorten it" in back.all("p", id="fault-what_happened")[0].text
    assert back.all("textarea", id="field-what_happened")[0].text == f"\n{text}"


async def test_two_bad_fields_are_both_told_and_what_was_typed_is_kept(visitor: Visitor) -> None:
    drawn = await visitor.press("case.fail")
    typed = {"what_happened": "Lost", "date": "last week", "time": "25:00", "public_post": "me"}
    back = await visitor.fill(drawn, **typed)
    for name, told in (("date", "not a date"), ("time", "not a time"), ("public_post", "https://")):
        assert told in back.all("p", id=f"fault-{name}")[0].text
        assert back.all("input", id=f"field-{name}")[0].attributes["value"] == typed[name]
    assert back.all("textarea")[0].text == "\nLost"


async def test_a_long_text_with_wide_letters_fits(visitor: Visitor) -> None:
    assert not (await fail(visitor, "📦" * 30_000)).all("form")
    await until(visitor, "/p/support", "Retro: 📦")


async def test_the_same_dialog_sent_twice_opens_one_retro(visitor: Visitor, web_house: WebHouse) -> None:
    drawn = await visitor.press("case.fail")
    path, data = dialog(drawn, what_happened="Parcel missed")
    await asyncio.gather(visitor.send(path, data), visitor.send(path, data))
    await until(visitor, "/p/support", OPENED)
    with open_work(web_house.database, WORKSPACE, writes=False) as work:
        assert [case.number for case in work.cases.after(0)] == [1]


async def test_every_form_has_a_key_of_its_own(visitor: Visitor) -> None:
    page = await visitor.see("/")
    keys = [one.attributes["value"] for one in page.all("input", name="key")]
    assert len(keys) == len(set(keys)) > 3


async def test_a_reply_for_me_alone_is_a_note(visitor: Visitor) -> None:
    note = await visitor.press("team.help")
    assert "Only you can see this" in note.text
    assert "/amends mine" in note.text


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_words_in_every_field_stay_words(visitor: Visitor, text: str) -> None:
    await fail(visitor, text, reference=text, customer=text)
    page = await until(visitor, "/p/support", OPENED)
    assert all("src" in script.attributes for script in page.all("script"))
    assert [image.attributes["src"] for image in page.all("img")] == ["/static/icon.svg"]
    assert any(text in said.text for said in page.all("p"))
    await visitor.say(f"so: {text}", thread="1")
    shown = await visitor.see("/p/support/t/1")
    assert f"so: {text}" in [said.text for said in shown.all("p")]


@pytest.mark.parametrize(
    ("path", "data", "status", "sentence"),
    [
        ("/verb/case.explode", {}, 404, "does not know"),
        ("/verb/case.fail", {"key": ""}, 400, "out of date"),
        ("/verb/case.fail", {"key": "no good key!"}, 400, "out of date"),
        ("/verb/case.fail", {"place": "gone"}, 404, "I can't find this channel"),
        ("/verb/case.fail", {"thread": "x"}, 400, "out of date"),
        ("/verb/case.fail", {"dialog": "{}"}, 400, "out of date"),
        ("/verb/case.fail", {"dialog": '{"verb":"retro.close","title":"x"}'}, 400, "out of date"),
        ("/verb/case.fail_message", {"about": "post:99"}, 404, "gone"),
        ("/say", {"text": "Hi", "thread": "99"}, 404, "no such thread"),
        ("/say", {"text": "   "}, 400, "Write something"),
        ("/say", {"text": "x" * (MAX_TEXT_LENGTH + 1)}, 400, "40,000"),
        ("/add/planet", {}, 404, "no such page"),
        ("/you", {"person": "nobody"}, 404, "choose somebody else"),
    ],
)
async def test_what_cannot_be_used_is_refused_in_one_sentence(
    visitor: Visitor, path: str, data: dict[str, str], status: int, sentence: str
) -> None:
    everything = {"place": "support", "key": new_key(), **data}
    assert sentence in (await visitor.send(path, everything, status)).text


async def test_a_body_that_is_too_large_is_refused_in_one_sentence(visitor: Visitor) -> None:
    body = BytesIO(b"place=support&text=" + b"x" * (1024 * 1024))
    headers = {"Content-Type": "application/x-www-form-urlencoded", "HX-Request": "true"}
    async with visitor.session.post(f"{visitor.url}/say", data=body, headers=headers) as response:
        assert response.status == 413
        assert "shorten it" in await response.text()


async def test_long_answers_to_all_that_is_asked_fit_with_wide_letters(visitor: Visitor) -> None:
    await fail(visitor, "Parcel missed")
    await until(visitor, "/p/support", OPENED)
    path, data = dialog(
        await visitor.press("retro.answer", about="C-1"),
        **dict.fromkeys([prompt.key for prompt in PROMPTS], "📦" * MAX_TEXT_LENGTH),
    )
    headers = {"HX-Request": "true"}
    with MultipartWriter("form-data") as form:
        for name, value in data.items():
            form.append(value).set_content_disposition("form-data", name=name)
    async with visitor.session.post(visitor.url + path, data=form, headers=headers) as response:
        assert not read(await response.text()).all("form")
    await until(visitor, "/p/support", f"{len(PROMPTS)} answers")


async def test_a_file_is_refused_in_one_sentence(visitor: Visitor) -> None:
    files = {"text": BytesIO(b"bytes"), "key": new_key(), "place": "support"}
    async with visitor.session.post(f"{visitor.url}/say", data=files) as response:
        assert response.status == 400


async def test_a_button_of_something_that_is_gone_says_so(visitor: Visitor) -> None:
    assert "I can't find" in (await visitor.press("retro.answer", about="C-99")).text


async def test_a_page_of_another_person_acts_for_nobody(visitor: Visitor, web_house: WebHouse) -> None:
    await visitor.fill(await visitor.see("/add/person"), name="Ana", zone="Europe/Stockholm")
    headers = {"HX-Request": "true", "X-You": "u_somebody_else"}
    data = {"place": "support", "thread": "", "key": new_key(), "text": "Hello"}
    async with visitor.session.post(f"{visitor.url}/say", data=data, headers=headers) as response:
        assert response.status == 400
        assert "reload this page" in await response.text()


async def test_everything_works_without_scripts_too(visitor: Visitor) -> None:
    data = {"place": "support", "key": new_key()}
    async with visitor.session.post(f"{visitor.url}/verb/case.fail", data=data) as response:
        assert "<h2" in (page := await response.text())
        assert page.startswith("<!doctype html>")
    async with visitor.session.post(
        f"{visitor.url}/say", data={**data, "text": "Hello", "key": new_key()}
    ) as response:
        assert response.url.path == "/p/support"
        assert "Hello" in await response.text()


async def test_a_memory_that_is_gone_is_told_in_one_sentence_and_logged(
    visitor: Visitor, web_house: WebHouse, caplog: pytest.LogCaptureFixture
) -> None:
    with web_house.database.transaction(writes=True) as connection:
        connection.execute(statement("DROP TABLE posts"))
        connection.commit()
    async with visitor.session.get(f"{visitor.url}/p/support") as response:
        assert response.status == 503
        assert "nothing was changed" in await response.text()
    assert "no such table: posts" in caplog.text


@pytest.mark.parametrize(
    ("path", "status"),
    [("/p/%00", 400), ("/f/posts?place=%00", 400), ("/p/support/t/99999999999999", 404)],
)
async def test_an_address_that_means_nothing_is_no_fault_of_ours(
    visitor: Visitor, path: str, status: int
) -> None:
    async with visitor.session.get(yarl.URL(visitor.url + path, encoded=True)) as response:
        assert response.status == status


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded; charset=klingon", b"key=1"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="key"\r\n\r\n\xff\r\n--x--',
        ),
        ("multipart/form-data", b"nothing"),
    ],
)
async def test_a_body_that_is_no_form_is_refused_in_one_sentence(
    visitor: Visitor, kind: str, body: bytes
) -> None:
    headers = {"Content-Type": kind, "Origin": visitor.url}
    async with visitor.session.post(f"{visitor.url}/say", data=body, headers=headers) as response:
        assert response.status == 400
        assert "nothing was done" in (told := await response.text()) or "reload" in told.lower()


async def test_you_can_give_yourself_a_name_of_your_own(visitor: Visitor) -> None:
    drawn = await visitor.see("/add/you")
    await visitor.fill(drawn, name="Ana", zone="Europe/Stockholm")
    page = await visitor.see("/p/support")
    assert [option.text for option in page.all("option", selected="")] == ["Ana"]


async def test_a_new_browser_is_asked_who_it_is_and_may_be_somebody_who_is_here(
    stranger: Visitor,
) -> None:
    page = await stranger.see("/dm")
    assert page.all("h1")[0].text == "Who are you?"
    (known,) = page.all("button", name="person")
    assert known.text.strip() == "You"
    await stranger.send("/you", {"person": known.attributes["value"], "back": "/dm"})
    page = await stranger.see("/dm")
    assert [option.text for option in page.all("option", selected="")] == ["You"]


async def test_a_newcomer_says_their_name_and_zone_and_leads_the_team_they_are_first_in(
    stranger: Visitor, web_house: WebHouse
) -> None:
    ana = await stranger.introduce("Ana", "Asia/Calcutta")
    await stranger.press("team.settings")
    await stranger.say("/amends failed ZD-1 Parcel missed")
    with open_work(web_house.database, WORKSPACE, writes=False) as work:
        assert work.people.among([ana])[ana].zone == "Asia/Calcutta"  # as a browser may spell it
        team = work.teams.require("support")
    assert (team.lead, team.zone) == (ana, "Asia/Calcutta")
    drawn = await stranger.see("/add/you")
    assert drawn.all("h2", id="dialog-title")[0].text == "Your name and time zone"
    assert drawn.all("option", selected="")[0].attributes["value"] == "Asia/Calcutta"


async def test_once_the_only_person_was_forgotten_whoever_comes_next_is_somebody_else(
    stranger: Visitor, web_house: WebHouse
) -> None:
    gone = await web_house.database.write(WORKSPACE, lambda work: forget_person(YOU, AT, work))
    assert gone is not None
    page = await stranger.see("/p/support")
    assert page.all("h1")[0].text == "Who are you?"
    assert page.all("button", name="person") == []
    # Also by the very name that everybody has who was forgotten.
    newcomer = await stranger.introduce("A former colleague", "UTC")
    assert not is_former(newcomer)
    with open_work(web_house.database, WORKSPACE, writes=False) as work:
        former = [one for one in work.people.everybody() if is_former(one.id)]
    assert [(one.name, one.gone) for one in former] == [("a former colleague", True)]


async def test_without_a_script_a_newcomer_goes_on_to_the_page_they_came_for(
    stranger: Visitor,
) -> None:
    data = {"back": "/dm", "v.name": "Ana", "v.zone": "UTC"}
    async with stranger.session.post(f"{stranger.url}/who", data=data) as response:
        assert (response.status, response.url.path) == (200, "/dm")
    data = {"back": "//evil.example", "v.name": "Ben", "v.zone": "UTC"}
    async with stranger.session.post(f"{stranger.url}/who", data=data) as response:
        assert (response.url.host, response.url.path) == ("127.0.0.1", "/")


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"v.name": " ", "v.zone": "UTC"}, "Give it a name."),
        ({"v.name": "you", "v.zone": "UTC"}, "you is here already"),
        ({"v.name": "Ana", "v.zone": "Moon/Crater"}, "Choose a time zone"),
    ],
)
async def test_a_newcomer_who_cannot_be_is_told_why_and_keeps_what_they_typed(
    stranger: Visitor, web_house: WebHouse, values: dict[str, str], fault: str
) -> None:
    page = await stranger.send("/who", {"back": "/dm", **values})
    assert fault in page.text
    assert page.all("input", id="field-name")[0].attributes["value"] == values["v.name"]
    assert page.all("input", name="back")[-1].attributes["value"] == "/dm"
    with open_work(web_house.database, WORKSPACE, writes=False) as work:
        assert [person.name for person in work.people.everybody()] == ["You"]


async def test_whoever_has_not_said_who_they_are_does_nothing_and_sees_nothing(
    stranger: Visitor, web_house: WebHouse
) -> None:
    data = {"place": "support", "thread": "", "key": new_key()}
    for path, more in (
        ("/verb/case.fail", {"about": ""}),
        ("/say", {"text": "failed Parcel missed"}),
        ("/add/channel", {"v.name": "ops"}),
        ("/change", {"v.who": "place:support", "v.name": "ops"}),
    ):
        told = await stranger.send(path, {**data, **more}, status=403)
        assert "Say who you are first" in told.text
    headers = {"HX-Request": "true"}
    for path in ("/f/lists", "/f/posts?place=support", "/add/you", "/change"):
        async with stranger.session.get(stranger.url + path, headers=headers) as response:
            assert response.status == 403
    with open_work(web_house.database, WORKSPACE, writes=False) as work:
        assert not work.teams.all()
        assert [channel.name for channel in work.channels.all()] == ["support"]


async def test_another_web_page_cannot_say_who_somebody_is(stranger: Visitor) -> None:
    data = {"v.name": "Eve", "v.zone": "UTC", "back": "/"}
    headers = {"Origin": "https://evil.example"}
    async with stranger.session.post(f"{stranger.url}/who", data=data, headers=headers) as response:
        assert response.status == 403
    assert "Eve" not in (await stranger.see("/")).text


async def test_ones_settings_say_who_one_is_and_lead_to_changing_that(visitor: Visitor) -> None:
    drawn = await visitor.press("team.own_settings")
    assert "You are You, in UTC." in drawn.text
    (link,) = [one for one in drawn.all("a") if one.text == "Your name and time zone"]
    assert link.attributes["hx-get"] == link.attributes["href"] == "/add/you"
    await visitor.fill(await visitor.see("/add/you"), name="Ana", zone="Asia/Tokyo")
    assert "You are Ana, in Asia/Tokyo." in (await visitor.press("team.own_settings")).text


@pytest.mark.parametrize("command_name", ["retro.discuss", "retro.undiscuss", "team.joined"])
async def test_what_only_a_platform_reports_cannot_be_pressed(
    visitor: Visitor, command_name: str
) -> None:
    data = {"place": "support", "key": new_key(), "about": "1"}
    await visitor.send(f"/verb/{command_name}", data, status=404)


# ---- talking


async def test_plain_words_are_a_post_and_the_same_post_is_kept_once(visitor: Visitor) -> None:
    data = {"place": "support", "thread": "", "key": new_key(), "text": "Has anybody called them?"}
    await visitor.send("/say", data)
    await visitor.send("/say", data)
    page = await visitor.see("/p/support")
    assert [said.text for said in page.all("p") if said.attributes.get("class") == "said"] == [
        "Has anybody called them?"
    ]


@pytest.mark.parametrize("words", ["/amends failed ZD-1 Parcel missed", "failed ZD-1 Parcel missed"])
async def test_a_typed_command_marks_a_case_failed(visitor: Visitor, words: str) -> None:
    note = await visitor.say(words)
    assert "C-1 is marked failed" in note.text
    page = await until(visitor, "/p/support", "Retro: Parcel missed")
    assert "ZD-1" in page.text


async def test_a_command_without_words_opens_the_form(visitor: Visitor) -> None:
    drawn = await visitor.say("/amends failed")
    assert drawn.all("form", id="dialog-form")


async def test_an_unknown_command_is_told_what_there_is(visitor: Visitor) -> None:
    note = await visitor.say("/amends dance")
    assert "dance" in note.text
    assert "/amends mine" in note.text


@pytest.mark.parametrize("words", ["/amend mine", "@Amends mine", "/Ammends: mine", "/mine"])
async def test_a_command_that_is_nearly_one_is_not_posted(visitor: Visitor, words: str) -> None:
    note = await visitor.say(words)
    assert "Only you can see this" in note.text
    assert (await visitor.see("/p/support")).all("article") == []


@pytest.mark.parametrize("words", ["/etc/hosts is wrong", "@Ana look", "amends are due", "statuses"])
async def test_what_only_looks_like_a_command_is_talk(visitor: Visitor, words: str) -> None:
    await visitor.say(words)
    assert words in (await visitor.see("/p/support")).text


async def test_a_command_alone_is_asked_about_and_posted_when_it_is_sent_once_more(
    visitor: Visitor,
) -> None:
    data = {"place": "support", "thread": "", "text": "status"}
    async with visitor.session.post(
        f"{visitor.url}/say", data={**data, "key": new_key()}, headers={"HX-Request": "true"}
    ) as answer:
        drawn = await answer.text()
        assert "HX-Trigger" not in answer.headers, "the composer keeps the word"
    assert "Did you mean the command" in drawn
    assert '/verb/board.status"' in drawn
    assert 'name="anyway" id="place-anyway" value="status"' in drawn
    assert (await visitor.see("/p/support")).all("article") == []
    # Another word is asked about again; the same one is meant.
    await visitor.send("/say", {**data, "text": "mine", "key": new_key(), "anyway": "status"})
    assert (await visitor.see("/p/support")).all("article") == []
    await visitor.send("/say", {**data, "key": new_key(), "anyway": "status"})
    assert [post.text for post in (await visitor.see("/p/support")).all("p", **{"class": "said"})] == [
        "status"
    ]


async def test_a_misspelt_commands_button_opens_the_form_filled_in(visitor: Visitor) -> None:
    note = await visitor.say("/amends faild ZD-1 Parcel lost")
    (about,) = (
        field.attributes["value"]
        for field in note.all("input", name="about")
        if field.attributes["value"]
    )
    drawn = await visitor.press("case.fail", about=about)
    assert drawn.all("form", id="dialog-form")
    assert "Parcel lost" in drawn.text


async def test_words_to_the_bot_in_direct_messages_are_commands(visitor: Visitor) -> None:
    note = await visitor.say("help", channel_id="u_you")
    assert "Only you can see this" in note.text
    assert "Only you and Amends" in (await visitor.see("/dm")).text


async def test_a_reply_in_a_retros_thread_is_kept_as_discussion(
    visitor: Visitor, web_house: WebHouse
) -> None:
    await fail(visitor, "Parcel missed")
    await until(visitor, "/p/support", OPENED)
    await visitor.say("failed to see the note", thread="1")
    with open_work(web_house.database, WORKSPACE, writes=False) as work:
        (comment,) = work.retros.comments(1)
    assert (comment.text, comment.author) == ("failed to see the note", "u_you")
    assert "failed to see the note" in (await visitor.see("/p/support/t/1")).text


async def test_a_message_becomes_a_failed_case_with_its_text(visitor: Visitor) -> None:
    await visitor.say("They waited a week")
    drawn = await visitor.press("case.fail_message", about="post:1")
    assert drawn.all("textarea", id="field-what_happened")[0].text == "\nThey waited a week"


async def test_a_reply_becomes_an_action_item_with_its_text(visitor: Visitor) -> None:
    await fail(visitor, "Parcel missed")
    await until(visitor, "/p/support", OPENED)
    await visitor.say("Read the notes aloud", thread="1")
    page = await visitor.see("/p/support/t/1")
    about = [one.attributes["value"] for one in page.all("input", name="about")]
    (post,) = [value for value in about if value.startswith("post:")]
    drawn = await visitor.press("action_item.add_message", about=post, thread="1")
    assert drawn.all("textarea", id="field-what")[0].text == "\nRead the notes aloud"


async def test_an_answer_without_a_name_leaves_no_trace_of_its_author(
    visitor: Visitor, web_house: WebHouse, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    await visitor.fill(await visitor.see("/add/person"), name="Ana", zone="Europe/Stockholm")
    await fail(visitor, "Parcel missed")
    await until(visitor, "/p/support", OPENED)
    # A line tells of each message that the opening owes: a later one may not stand beside the answer.
    async with asyncio.timeout(DEADLINE):
        while caplog.text.count("job=") < A_CASE:
            await visitor.see("/p/support")
    page = await visitor.see("/")
    ana = next(one.attributes["value"] for one in page.all("option") if one.text == "Ana")
    await visitor.send("/you", {"person": ana, "back": "/"})
    caplog.clear()
    drawn = await visitor.press("retro.answer", about="C-1")
    await visitor.fill(drawn, training="Reading the notes", unnamed="yes")
    thread = await until(visitor, "/p/support/t/1", "Reading the notes")
    assert "Training · someone on the team" in thread.text
    assert "Ana" not in [by.text for by in thread.all("strong")]
    ours = [
        record.getMessage() for record in caplog.records if record.name.startswith(("bot", "handlers"))
    ]
    assert ours == []


async def test_an_answer_is_named_unnamed_or_without_its_choice_not_posted_at_all(
    visitor: Visitor, web_house: WebHouse
) -> None:
    await fail(visitor, "Parcel missed")
    await until(visitor, "/p/support", OPENED)  # until then there is no thread
    drawn = await visitor.press("retro.answer", about="C-1")
    path, data = dialog(drawn, training="Reading the notes")
    assert data.pop("t.unnamed")
    lost = await visitor.send(path, data)
    assert "got lost on the way, so nothing was posted" in lost.text
    # Nothing that was typed is lost with it.
    assert "Reading the notes" in [area.text.strip() for area in lost.all("textarea")]
    named = await visitor.press("retro.answer", about="C-1")
    await visitor.fill(named, training="Reading the map")
    thread = await until(visitor, "/p/support/t/1", "Reading the map")
    assert "someone on the team" not in thread.text
    assert "Reading the notes" not in thread.text


async def test_what_the_bot_says_is_stored_by_the_minute_that_the_page_shows(
    visitor: Visitor, web_house: WebHouse
) -> None:
    await fail(visitor, "Parcel missed")
    await until(visitor, "/p/support", "Parcel missed")
    await visitor.fill(await visitor.press("retro.answer", about="C-1"), training="Maps", unnamed="yes")
    await until(visitor, "/p/support/t/1", "someone on the team")
    await until(visitor, "/p/support/t/1", "1 answer")
    with open_work(web_house.database, "web", writes=False) as work:
        posts = [*work.posts.roots("support", 50), *work.posts.thread(1)]
    said = [post for post in posts if post.message is not None]
    assert any(post.edited_at for post in said)
    for post in said:
        for moment in (post.posted_at, post.edited_at):
            assert moment is None or (moment.second, moment.microsecond) == (0, 0)


# ---- people, channels and what is new


async def test_a_person_is_added_chosen_and_remembered(visitor: Visitor) -> None:
    back = await visitor.fill(await visitor.see("/add/person"), name=" Ana ", zone="Europe/Stockholm")
    ana = next(one for one in back.all("option") if one.text == "Ana")
    await visitor.send("/you", {"person": ana.attributes["value"], "back": "/p/support"})
    (chosen,) = [one for one in (await visitor.see("/")).all("option") if "selected" in one.attributes]
    assert chosen.text == "Ana"
    await visitor.say("Hello from Ana")
    assert "Ana" in [name.text for name in (await visitor.see("/p/support")).all("strong")]


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"name": "", "zone": "UTC"}, "Give it a name."),
        ({"name": "you", "zone": "UTC"}, "you is here already"),
        ({"name": "x" * 81, "zone": "UTC"}, "at most 80"),
        ({"name": "two\nlines", "zone": "UTC"}, "one line"),
        ({"name": "Ana", "zone": "Moon/Crater"}, "time zone"),
    ],
)
async def test_a_person_who_cannot_be_added_is_told_why(
    visitor: Visitor, values: dict[str, str], fault: str
) -> None:
    back = await visitor.fill(await visitor.see("/add/person"), **values)
    assert fault in back.text
    assert back.all("input", id="field-name")[0].attributes["value"] == values["name"]


@pytest.mark.parametrize(
    ("name", "path"),
    [("Night Shift (EU)", "/p/night-shift-eu"), ("夜勤", "/p/channel"), ("#ops", "/p/ops")],
)
async def test_a_channel_is_added_under_a_readable_address(
    visitor: Visitor, name: str, path: str
) -> None:
    await visitor.fill(await visitor.see("/add/channel"), name=name)
    page = await visitor.see(path)
    assert name.lstrip("#") in [heading.text.lstrip("#") for heading in page.all("h1")]
    again = await visitor.fill(await visitor.see("/add/channel"), name=name)
    assert "already" in again.text


async def test_channels_whose_names_look_alike_get_addresses_of_their_own(visitor: Visitor) -> None:
    await visitor.fill(await visitor.see("/add/channel"), name="ops team")
    await visitor.fill(await visitor.see("/add/channel"), name="ops-team!")
    assert "ops-team!" in (await visitor.see("/p/ops-team-2")).text


async def test_direct_messages_show_how_many_are_new_until_they_are_read(visitor: Visitor) -> None:
    await fail(visitor, "Parcel missed")
    await until(visitor, "/p/support", OPENED)
    drawn = await visitor.press("action_item.add", about="C-1")
    await visitor.fill(drawn, what="Read the notes", owner="u_you")
    page = await until(visitor, "/p/support", "2 new")
    assert [one.text for one in page.all("span") if one.attributes.get("class") == "count"] == ["2 new"]
    assert "Mark done" in (await visitor.see("/dm")).text
    assert "2 new" not in (await visitor.see("/p/support")).text


async def test_one_persons_direct_messages_are_not_anothers(
    visitor: Visitor, web_house: WebHouse
) -> None:
    await visitor.see("/")
    with open_work(web_house.database, WORKSPACE, writes=True) as work:
        work.people.remember(Person(id="u_ana", name="Ana"))
        work.commit()
    data = {"place": "u_ana", "key": new_key(), "text": "mine"}
    refused = await visitor.send("/say", data, 404)
    assert "I can't find this channel" in refused.text


async def test_older_posts_are_one_click_away(visitor: Visitor, web_house: WebHouse) -> None:
    for number in range(55):
        text = f"post number {number}."
        await visitor.say(text)
    page = await visitor.see("/p/support")
    assert "post number 0." not in page.text
    (earlier,) = [link for link in page.all("a") if link.text == "Show earlier"]
    assert "post number 0." in (await visitor.see(earlier.attributes["href"].split("#")[0])).text


# ---- live


@pytest.fixture
async def stream(web_house: WebHouse) -> AsyncIterator[ClientSession]:
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        yield session


async def test_a_page_hears_of_what_changes_in_its_channel_and_of_nothing_twice(
    visitor: Visitor, web_house: WebHouse, stream: ClientSession
) -> None:
    with open_work(web_house.database, WORKSPACE, writes=True) as work:
        work.channels.remember(Channel(id="night", name="night"))
        work.commit()
    query = {"place": "support", "since": web_house.adapter.hub.version}
    async with stream.get(f"{web_house.url}/events", params=query) as events, asyncio.timeout(DEADLINE):
        await visitor.say("Elsewhere", channel_id="night")
        assert b"event: amends-lists" in await _event(events.content)
        await visitor.say("Here")
        assert b"event: amends-posts" in await _event(events.content)
        assert b"event: amends-lists" in await _event(events.content)


async def test_a_page_that_lost_its_stream_is_told_to_look_again(
    visitor: Visitor, web_house: WebHouse, stream: ClientSession
) -> None:
    headers = {"Last-Event-ID": "another-start-7"}
    url = f"{web_house.url}/events?place=support"
    async with stream.get(url, headers=headers) as events, asyncio.timeout(DEADLINE):
        assert b"event: amends-posts" in await _event(events.content)


async def test_open_streams_end_at_once_when_the_server_stops(
    web_house: WebHouse, stream: ClientSession
) -> None:
    query = {"place": "support", "since": web_house.adapter.hub.version}
    async with stream.get(f"{web_house.url}/events", params=query) as events, asyncio.timeout(DEADLINE):
        await web_house.adapter.close()
        assert await events.content.read() == b""


async def _event(content: StreamReader) -> bytes:
    return await content.readuntil(b"\n\n")
