"""What is changed on the page of settings: the forms of chat, by a browser that runs no script."""

import json
import re
from collections.abc import Mapping
from typing import NamedTuple

import pytest

from bot.access import STRANGE_CHANNEL
from bot.domain.person import Person
from bot.domain.team import Team
from bot.messages.stale_form import NOT_SAVED
from bot.routes import COMMANDS
from handlers.web.lead_forms import LOOK_AGAIN, SET
from handlers.web.outgoing import WORKSPACE
from tests.session import open_work
from tests.web_app import Element, Markup, Visitor, WebHouse, known_at, read

BEN = Person(id="u_ben", name="Ben", zone="UTC")


class Got(NamedTuple):
    """What came back."""

    status: int
    page: Markup


async def get(visitor: Visitor, path: str) -> Got:
    """What stands at an address of ours."""
    async with visitor.session.get(visitor.url + path) as response:
        return Got(response.status, read(await response.text()))


async def post(visitor: Visitor, path: str, data: Mapping[str, str], **headers: str) -> Got:
    """What comes back from a form of ours, unless the headers say that it is another's."""
    how = {"Origin": visitor.url, **headers}
    async with visitor.session.post(visitor.url + path, data=data, headers=how) as response:
        return Got(response.status, read(await response.text()))


def hidden(page: Markup) -> dict[str, str]:
    """What the one form of a page carries; the forms around it belong to every page."""
    fields = page.all("input", type="hidden")
    return {one.attributes["name"]: one.attributes["value"] for one in fields}


def standing(page: Markup) -> dict[str, str]:
    """What stands in the fields of the form."""
    values = {**{f"v.{one.attributes['id'][6:]}": one.text.strip() for one in page.all("textarea")}}
    for one in page.elements:
        if one.name == "input" and one.attributes.get("type") in ("text", "date", "time"):
            values[one.attributes["name"]] = one.attributes["value"]
        if one.name == "input" and one.attributes.get("type") == "checkbox":
            ticked = "checked" in one.attributes
            before = values.get(one.attributes["name"], "")
            if ticked:
                values[one.attributes["name"]] = f"{before},{one.attributes['value']}".strip(",")
    return values


def chosen(page: Markup, name: str) -> str:
    """The option that a menu shows."""
    here, found = False, ""
    for one in page.elements:
        here = one.attributes.get("name") == f"v.{name}" if one.name == "select" else here
        if here and one.name == "option" and "selected" in one.attributes:
            found = one.attributes["value"]
    return found


def address(page: Markup, label: str) -> str:
    """Where a link of the page leads, by how its label begins."""
    return next(one.attributes["href"] for one in page.all("a") if one.text.startswith(label))


def button(page: Markup, label: str, about: str) -> tuple[str, str, dict[str, str]]:
    """How a button of the page is pressed: by which method, where, and with what."""
    form: Element | None = None
    carried: dict[str, str] = {}
    for one in page.elements:
        if one.name == "form":
            form, carried = one, {}
        if one.name == "input" and "value" in one.attributes:
            carried[one.attributes["name"]] = one.attributes["value"]
        if one.name == "button" and one.text == label and about in carried.get("about", "") and form:
            return form.attributes["method"], form.attributes["action"], carried
    raise AssertionError(f"{label} is not here")


async def press(visitor: Visitor, page: Markup, label: str, about: str = "") -> Got:
    """What comes back from a button of the page."""
    method, path, data = button(page, label, about)
    if method == "post":
        return await post(visitor, path, data)
    query = "&".join(f"{name}={value}" for name, value in data.items())
    return await get(visitor, f"{path}?{query}")


def team_in(house: WebHouse) -> Team:
    """The team as it is stored."""
    with open_work(house.database, WORKSPACE, writes=False) as work:
        return work.teams.require("support")


@pytest.fixture
async def settled(visitor: Visitor, web_house: WebHouse) -> Markup:
    """The page of settings of a workspace with one team, and a colleague."""
    await web_house.database.write(WORKSPACE, lambda work: work.people.remember(BEN))
    await visitor.say("/amends failed Parcel missed")
    return (await get(visitor, "/settings")).page


async def test_every_form_of_settings_stands_on_the_page_and_changes_what_it_says(
    visitor: Visitor, web_house: WebHouse, settled: Markup
) -> None:
    for label, title, values, told in (
        ("Change settings", "Team settings", {"v.days_to_answer": "7"}, "Answers: 7 working days"),
        ("Days off", "Days off", {"v.days_off": "2036-12-24"}, "Days off: Wed 24 Dec 2036"),
        ("Policy", "Policy", {"v.days_to_verify": "4"}, "This is the policy of #support now."),
        ("Change when you are", "My settings", {"v.quiet_until": "2036-01-02"}, "none before"),
    ):
        path = address(settled, label)
        opened = (await get(visitor, path)).page
        assert opened.all("h1")[0].text == title
        assert not opened.all("script")
        assert "hx-" not in str([one.attributes for one in opened.elements])
        choices = {f"v.{name}": chosen(opened, name) for name in ("zone", "lead", "country", "verifies")}
        filled = {**choices, **standing(opened), **hidden(opened), **values}
        filled |= {"v.days": "0"} if "v.days" in filled else {}
        saved = await post(visitor, path.partition("?")[0], filled)
        assert saved.status == 200
        assert told in saved.page.text, saved.page.text
    team = team_in(web_house)
    assert (team.days_to_answer, team.policy.days_to_verify, team.days) == (7, 4, (0,))
    shown = (await get(visitor, "/settings")).page.text
    assert "24 Dec 2036" in shown
    assert "7 working days" in shown


async def test_prompts_are_added_reworded_moved_made_needed_retired_and_brought_back(
    visitor: Visitor, web_house: WebHouse, settled: Markup
) -> None:
    def asks() -> list[str]:
        prompts = team_in(web_house).prompts or ()
        return [f"{one.label}{'!' * one.needed}" for one in prompts if not one.retired]

    listing = (await get(visitor, address(settled, "Prompts"))).page
    assert "What retros ask in #support" in listing.text
    form = (await press(visitor, listing, "Add prompt")).page
    new = {"v.label": "Suppliers", "v.question": "What did they need?", "v.other_gap": "suppliers"}
    listing = (await post(visitor, "/settings/prompt.add", {**hidden(form), **new})).page
    assert "Added: Suppliers." in listing.text
    assert asks()[-1] == "Suppliers"
    assert team_in(web_house).prompts is not None
    key = (team_in(web_house).prompts or ())[-1].key
    form = (await press(visitor, listing, "Edit", key)).page
    assert standing(form)["v.label"] == "Suppliers"
    assert chosen(form, "gap") == "suppliers"
    reworded = {**standing(form), **hidden(form), "v.label": "Partners", "v.needed": "yes"}
    listing = (await post(visitor, "/settings/prompt.edit", {**reworded, "v.gap": "suppliers"})).page
    assert asks()[-1] == "Partners!"
    listing = (await press(visitor, listing, "Move up", key)).page
    assert asks()[-2:] == ["Partners!", "Anything else"]
    listing = (await press(visitor, listing, "Move down", key)).page
    assert asks()[-1] == "Partners!"
    listing = (await press(visitor, listing, "Retire", key)).page
    assert "Partners!" not in asks()
    listing = (await press(visitor, listing, "Bring back", key)).page
    assert asks()[-1] == "Partners!"
    form = (await press(visitor, listing, "Add kind")).page
    listing = (await post(visitor, "/settings/kind.add", {**hidden(form), "v.called": "Delivery"})).page
    assert "What retros of Delivery ask" in listing.text
    kinds = (await press(visitor, listing, "All prompts")).page
    kinds = (await press(visitor, kinds, "Kinds of case")).page
    form = (await press(visitor, kinds, "Rename")).page
    kinds = (await post(visitor, "/settings/kind.edit", {**hidden(form), "v.called": "Transport"})).page
    await press(visitor, kinds, "Retire")
    assert [(kind.name, kind.retired) for kind in team_in(web_house).kinds] == [("Transport", True)]


async def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_is_kept(
    visitor: Visitor, web_house: WebHouse, settled: Markup
) -> None:
    path = address(settled, "Days off")
    opened = (await get(visitor, path)).page
    typed = {"v.days_off": "Christmas", "v.country": "DE", "v.region": "Bayern"}
    wrong = (await post(visitor, "/settings/team.days_off", {**hidden(opened), **typed})).page
    [fault] = wrong.all("p", id="fault-days_off")
    assert "'Christmas' is not a date" in fault.text
    assert {**standing(wrong), "v.country": chosen(wrong, "country")} == typed
    saved = await post(
        visitor,
        "/settings/team.days_off",
        {**hidden(wrong), **typed, "v.days_off": "2036-12-24"},
    )
    assert "the holidays of Germany (Bayern)" in saved.page.text
    assert team_in(web_house).days_off.country == "DE"


async def test_a_form_that_was_open_meanwhile_says_so_and_loses_nothing(
    visitor: Visitor, web_house: WebHouse, settled: Markup
) -> None:
    path = address(settled, "Days off")
    hers, his = [(await get(visitor, path)).page for _ in range(2)]
    days = {"v.country": "none", "v.region": ""}
    await post(visitor, "/settings/team.days_off", {**hidden(hers), **days, "v.days_off": "2036-12-24"})
    mine = {**hidden(his), **days, "v.days_off": "2036-12-31"}
    asked = (await post(visitor, "/settings/team.days_off", mine)).page
    assert NOT_SAVED in asked.text
    assert "2036-12-24" in asked.text
    assert standing(asked)["v.days_off"] == "2036-12-31"
    await post(visitor, "/settings/team.days_off", {**standing(asked), **hidden(asked), **days})
    assert str(team_in(web_house).days_off.spans[0].first) == "2036-12-31"


async def test_the_coach_remarks_on_a_prompt_that_asks_why_before_it_is_asked(
    visitor: Visitor, web_house: WebHouse, settled: Markup
) -> None:
    listing = (await get(visitor, address(settled, "Prompts"))).page
    form = (await press(visitor, listing, "Add prompt")).page
    asking = {"v.label": "Cause", "v.question": "Who did not do their job?"}
    advised = (await post(visitor, "/settings/prompt.add", {**hidden(form), **asking})).page
    assert standing(advised)["v.question"] == asking["v.question"]
    assert team_in(web_house).prompts is None
    again = (await post(visitor, "/settings/prompt.add", {**hidden(advised), **asking})).page
    assert "Added: Cause." in again.text


async def test_pressing_twice_changes_once(
    visitor: Visitor, web_house: WebHouse, settled: Markup
) -> None:
    listing = (await get(visitor, address(settled, "Prompts"))).page
    _, path, data = button(listing, "Move down", ":training:")
    for _ in range(2):
        assert (await post(visitor, path, data)).status == 200
    labels = [one.label for one in team_in(web_house).prompts or ()]
    assert labels.index("Training") == 1


async def test_only_the_lead_changes_what_only_the_lead_may_and_reads_the_same_as_in_chat(
    visitor: Visitor, web_house: WebHouse, settled: Markup
) -> None:
    drawn = (await get(visitor, address(settled, "Prompts"))).page
    add = button(drawn, "Add prompt", "")
    visitor.session.cookie_jar.update_cookies(known_at(visitor.url, BEN))
    listing = (await get(visitor, address(settled, "Prompts"))).page
    assert "Only the team's lead, You, can change this." in listing.text
    with pytest.raises(AssertionError, match="is not here"):
        button(listing, "Add prompt", "")
    opened = await get(visitor, f"{add[1]}?about={add[2]['about']}")
    assert "Only the team's lead changes what its retros ask: ask " in opened.page.text
    assert not opened.page.all("textarea")
    policy = (await get(visitor, address(settled, "Policy"))).page
    assert "Who verifies" in policy.text
    assert not policy.all("form", action="/settings/team.policy")
    own = hidden((await get(visitor, address(settled, "Days off"))).page)
    forced = {"form": own["form"], "key": own["key"], "about": add[2]["about"], "place": "support"}
    form = json.dumps({"verb": "prompt.add", "title": "x", "about": add[2]["about"], "submit": "Add"})
    label = json.loads(form) | {"fields": [{"name": "label", "label": "Label"}]}
    sent = {**forced, "dialog": json.dumps(label), "v.label": "Mine"}
    refused = await post(visitor, "/settings/prompt.add", sent)
    assert "Only the team's lead changes what its retros ask: ask " in refused.page.text
    assert team_in(web_house).prompts is None
    # Everybody in the channel changes its settings, and the lead hears of it.
    assert (await get(visitor, address(settled, "Change settings"))).page.all("select", id="field-zone")


async def test_a_form_of_another_page_or_of_somebody_else_changes_nothing_and_is_shown_again(
    visitor: Visitor, web_house: WebHouse, settled: Markup
) -> None:
    opened = (await get(visitor, address(settled, "Days off"))).page
    values = {**hidden(opened), "v.days_off": "2036-12-24", "v.country": "none", "v.region": ""}
    path = "/settings/team.days_off"
    for wrong in ({**values, "form": "0" * 64}, {**values, "form": ""}, {**values, "form": "ä"}):
        again = await post(visitor, path, wrong)
        assert again.status == 403
        assert LOOK_AGAIN.format("Save") in again.page.text
        assert standing(again.page)["v.days_off"] == "2036-12-24"
    foreign = await post(visitor, path, values, Origin="https://evil.example")
    assert foreign.status == 403
    assert not foreign.page.all("textarea")
    visitor.session.cookie_jar.update_cookies(known_at(visitor.url, BEN))  # another tab switched
    assert (await post(visitor, path, values)).status == 403
    assert team_in(web_house).days_off.spans == ()
    pressed = {"about": "prompts::training:support", "place": "", "key": values["key"], "form": "0"}
    assert (await post(visitor, "/settings/prompt.move_down", pressed)).status == 403
    assert team_in(web_house).prompts is None


async def test_nothing_else_stands_below_the_page_and_looking_changes_nothing(
    visitor: Visitor, web_house: WebHouse, settled: Markup
) -> None:
    own = hidden((await get(visitor, address(settled, "Days off"))).page)
    before = team_in(web_house)
    about = "prompts::training:support"
    for name, route in COMMANDS.items():
        opened = await get(visitor, f"/settings/{name}?about={about}&place=support")
        opens = name in SET and (route.reads or route.form is not None)
        assert (opened.status == 404) is not opens, name
        if name not in SET:
            sent = {"form": own["form"], "key": own["key"], "about": about, "place": "support"}
            assert (await post(visitor, f"/settings/{name}", sent)).status == 404
    assert team_in(web_house) == before
    assert len(SET) == 26


async def test_every_answer_says_what_it_is_and_leads_back(visitor: Visitor, settled: Markup) -> None:
    for name, route in SET.items():
        is_known_by_its_list = name.startswith(("prompt.", "kind."))
        assert route.command.title or is_known_by_its_list, name
    listing = (await get(visitor, address(settled, "Prompts"))).page
    assert address(listing, "All settings") == "/settings"
    with pytest.raises(StopIteration):
        address(listing, "Prompts")  # it is the list itself
    path = address(settled, "Prompts")
    form = (await press(visitor, listing, "Add prompt")).page
    assert address(form, "Cancel") == path
    new = {"v.label": "Suppliers", "v.question": "What did they need?"}
    added = (await post(visitor, "/settings/prompt.add", {**hidden(form), **new})).page
    assert [one.text for one in added.all("h1")] == ["Add prompt"]
    for drawn in (form, added, (await press(visitor, listing, "Move down", ":training:")).page):
        assert address(drawn, "Prompts") == path
        assert address(drawn, "All settings") == "/settings"
    own = (await get(visitor, address(settled, "Change when you are"))).page
    assert address(own, "Cancel") == address(own, "All settings") == "/settings"


@pytest.mark.parametrize("where", ["nowhere", "", "u_you", "dm", "x" * 3000])
async def test_a_channel_without_a_team_is_one_that_cannot_be_found(
    visitor: Visitor, settled: Markup, web_house: WebHouse, where: str
) -> None:
    own = hidden((await get(visitor, address(settled, "Days off"))).page)
    sent = {"form": own["form"], "key": own["key"]}
    for path in (
        f"/settings/team.settings?place={where}",
        f"/settings/prompts.show?about=prompts:::{where}",
        f"/settings/prompts.show?place={where}",
    ):
        got = await get(visitor, path)
        assert got.status == 404
        assert STRANGE_CHANNEL in got.page.text
    moved = {**sent, "about": f"prompts::training:{where}", "place": "support"}
    got = await post(visitor, "/settings/prompt.move_down", moved)
    assert got.status == 404 or re.fullmatch("|x+", where)
    with open_work(web_house.database, WORKSPACE, writes=False) as work:
        assert [team.channel_id for team in work.teams.all()] == ["support"]


async def test_the_pages_stay_small_with_many_people(
    visitor: Visitor, settled: Markup, web_house: WebHouse
) -> None:
    def meet(work: object) -> None:
        for number in range(1200):
            name = f"Ünglaublich langer Name Nummer {number}"
            work.people.remember(Person(id=f"u_{number:05}", name=name, zone="UTC"))  # type: ignore[attr-defined]

    await web_house.database.write(WORKSPACE, meet)
    async with visitor.session.get(visitor.url + address(settled, "Change settings")) as response:
        assert len(await response.read()) < 200_000
