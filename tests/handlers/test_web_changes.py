"""People and channels of the web workspace are renamed and removed, with a script and without one."""

import asyncio

import pytest

from bot.domain.channel import Channel
from bot.domain.person import Person
from handlers.web.outgoing import WORKSPACE
from tests.session import open_work
from tests.web_app import Markup, Visitor, WebHouse, dialog, new_key


async def add(visitor: Visitor, what: str, **values: str) -> None:
    """A person in Stockholm, or a channel."""
    zone = {"zone": "Europe/Stockholm"} if what == "person" else {}
    await visitor.fill(await visitor.see(f"/add/{what}"), **values, **zone)


async def change(visitor: Visitor, who: str, name: str = "", *, remove: bool = False) -> Markup:
    """What comes back from renaming or removing, as a script would get it."""
    path, data = dialog(await visitor.see("/change"), who=who, name=name)
    return await visitor.send(path, data | ({"again": "yes"} if remove else {}))


def people(house: WebHouse) -> dict[str, Person]:
    """Everybody by name."""
    with open_work(house.database, WORKSPACE, writes=False) as work:
        return {person.name: person for person in work.people.everybody()}


def channels(house: WebHouse) -> dict[str, Channel]:
    """The channels that are there, by name."""
    with open_work(house.database, WORKSPACE, writes=False) as work:
        return {channel.name: channel for channel in work.channels.all()}


def chosen(page: Markup) -> list[str]:
    """Who can be chosen under "You are"."""
    (listed,) = page.all("select", id="you")
    return listed.text.split()


async def test_a_person_gets_another_name_and_keeps_what_is_theirs(
    visitor: Visitor, web_house: WebHouse
) -> None:
    await add(visitor, "person", name="Ana")
    before = people(web_house)["Ana"]
    back = await change(visitor, f"person:{before.id}", "Anna")
    assert "Ana is called Anna now." in back.text
    assert people(web_house)["Anna"] == before.model_copy(update={"name": "Anna"})
    assert chosen(await visitor.see("/p/support")) == ["Anna", "You"]


async def test_a_removed_person_cannot_be_chosen_anywhere_and_keeps_their_items(
    visitor: Visitor, web_house: WebHouse
) -> None:
    await add(visitor, "person", name="Ana")
    ana = people(web_house)["Ana"]
    await visitor.say("/amends failed ZD-1 Parcel missed")
    drawn = await visitor.press("action_item.add", about="C-1")
    await visitor.fill(drawn, what="Show the notes", owner=ana.id)
    await change(visitor, f"person:{ana.id}", remove=True)
    assert people(web_house)["Ana"].gone
    with open_work(web_house.database, WORKSPACE, writes=False) as work:
        item = work.action_items.get(1)
    assert item is not None
    assert item.owner == ana.id
    assert chosen(await visitor.see("/p/support")) == ["You"]
    drawn = await visitor.press("action_item.add", about="C-1")
    assert "Ana" not in drawn.all("select", id="field-owner")[0].text
    refused = await visitor.fill(drawn, what="Another", owner=ana.id)
    assert "Ana has left" in refused.text
    assert (await visitor.send("/you", {"person": ana.id, "back": "/"}, 404)).text


async def test_whoever_was_removed_does_nothing_more_until_they_say_who_they_are(
    visitor: Visitor, web_house: WebHouse
) -> None:
    await add(visitor, "person", name="Ana")
    ana = people(web_house)["Ana"]
    await visitor.send("/you", {"person": ana.id, "back": "/"})
    with open_work(web_house.database, WORKSPACE, writes=True) as work:
        work.people.remember(ana.model_copy(update={"gone": True}))
        work.commit()
    data = {"place": "support", "thread": "", "key": new_key(), "text": "Hello"}
    told = await visitor.send("/say", data, 403)
    assert "Ana was removed" in told.text
    page = await visitor.see("/p/support")
    assert not [post for post in page.all("p") if post.attributes.get("class") == "said"]
    await visitor.send("/you", {"person": "u_you", "back": "/"})
    await visitor.send("/say", data | {"key": new_key()})


async def test_somebody_who_removes_themself_is_asked_who_they_are_on_the_next_page(
    visitor: Visitor, web_house: WebHouse
) -> None:
    await add(visitor, "person", name="Ana")
    await visitor.send("/you", {"person": people(web_house)["Ana"].id, "back": "/"})
    await change(visitor, f"person:{people(web_house)['Ana'].id}", remove=True)
    page = await visitor.see("/p/support")
    assert page.all("h1")[0].text == "Who are you?"
    assert [button.text.strip() for button in page.all("button", name="person")] == ["You"]


async def test_the_last_person_and_the_last_place_stay(visitor: Visitor, web_house: WebHouse) -> None:
    refused = await change(visitor, "person:u_you", remove=True)
    assert "Somebody has to stay" in refused.text
    refused = await change(visitor, "place:support", remove=True)
    assert "One channel has to stay" in refused.text
    assert not people(web_house)["You"].gone
    assert list(channels(web_house)) == ["support"]


async def test_of_two_who_remove_each_other_at_once_one_stays(
    visitor: Visitor, web_house: WebHouse
) -> None:
    await add(visitor, "person", name="Ana")
    ana = people(web_house)["Ana"]
    drawn = await visitor.see("/change")

    async def remove(person_id: str) -> None:
        path, data = dialog(drawn, who=f"person:{person_id}", name="")
        headers = {"HX-Request": "true", "Origin": visitor.url}
        # Who was removed a moment ago removes nobody: 403.
        sent = visitor.session.post(visitor.url + path, data=data | {"again": "yes"}, headers=headers)
        async with sent as response:
            assert response.status in (200, 403)

    await asyncio.gather(remove(ana.id), remove("u_you"))
    assert sorted(person.gone for person in people(web_house).values()) == [False, True]


async def test_a_place_gets_another_name_and_keeps_its_address_and_its_team(
    visitor: Visitor, web_house: WebHouse
) -> None:
    await visitor.say("/amends failed ZD-1 Parcel missed")
    await change(visitor, "place:support", "#Care")
    assert channels(web_house)["Care"].id == "support"
    assert (await visitor.see("/p/support")).all("main")[0].attributes["aria-label"] == "Care"
    with open_work(web_house.database, WORKSPACE, writes=False) as work:
        assert work.teams.require("support").name == "Care"


async def test_a_place_with_something_open_stays_and_the_form_says_what(
    visitor: Visitor, web_house: WebHouse
) -> None:
    await add(visitor, "channel", name="night")
    await visitor.say("/amends failed ZD-1 Parcel missed")
    refused = await change(visitor, "place:support", remove=True)
    assert (
        "#support still has a retro that is open and a customer who waits: end that first."
        in refused.text
    )
    assert set(channels(web_house)) == {"support", "night"}


async def test_a_channel_stays_while_a_retro_could_come_back_or_an_older_case_be_opened(
    visitor: Visitor, web_house: WebHouse
) -> None:
    await add(visitor, "channel", name="night")
    await visitor.say("/amends failed ZD-1 Parcel missed")
    await visitor.fill(await visitor.press("case.cancel", about="C-1"), why="A mistake.")
    refused = await change(visitor, "place:support", remove=True)
    kept = "#support still has a cancelled retro that is not ended and could be brought back: end that"
    assert kept in refused.text
    await visitor.press("case.restore", about="C-1")
    await end(visitor)
    with open_work(web_house.database, WORKSPACE, writes=True) as work:
        case = work.cases.require(1)
        older = work.cases.add(case.model_copy(update={"reference": "ZD-0", "history": ()}))
        work.commit()
    refused = await change(visitor, "place:support", remove=True)
    assert "#support still has older cases that nobody has opened: end that first." in refused.text
    assert set(channels(web_house)) == {"support", "night"}
    await visitor.press("case.open", about=older.label)
    await end(visitor, older.label)
    # What is ended stays so, whoever brings it back.
    await visitor.fill(await visitor.press("case.cancel", about="C-1"), why="A mistake.")
    await change(visitor, "place:support", remove=True)
    assert set(channels(web_house)) == {"night"}


async def end(visitor: Visitor, label: str = "C-1") -> None:
    """Closes a retro, and says how it ended for its customer."""
    close = await visitor.press("retro.close", about=label)
    await visitor.fill(close, outcome="an apology was enough", why="So they said.")
    verdict = await visitor.press("recovery.verdict", about=label)
    await visitor.fill(verdict, verdict="no answer", words="")


async def test_a_removed_place_is_listed_nowhere_and_takes_no_words(
    visitor: Visitor, web_house: WebHouse
) -> None:
    await add(visitor, "channel", name="night")
    await visitor.say("Who is on tonight?", channel_id="night")
    await change(visitor, "place:night", remove=True)
    assert list(channels(web_house)) == ["support"]
    assert "night" not in (await visitor.see("/p/support")).all("nav")[0].text
    async with visitor.session.get(f"{visitor.url}/p/night") as response:
        assert response.status == 404
    data = {"place": "night", "thread": "", "key": new_key(), "text": "Hello"}
    assert "I can't find this channel" in (await visitor.send("/say", data, 404)).text


async def test_what_was_removed_by_mistake_is_brought_back_by_its_name(
    visitor: Visitor, web_house: WebHouse
) -> None:
    await add(visitor, "channel", name="night")
    await visitor.say("Who is on tonight?", channel_id="night")
    await change(visitor, "place:night", remove=True)
    await add(visitor, "channel", name="Night")
    assert "Who is on tonight?" in (await visitor.see("/p/night")).text
    await add(visitor, "person", name="Ana")
    ana = people(web_house)["Ana"]
    await change(visitor, f"person:{ana.id}", remove=True)
    await add(visitor, "person", name="ana")
    assert people(web_house)["ana"] == ana.model_copy(update={"name": "ana"})


@pytest.mark.parametrize(
    ("who", "name", "told"),
    [
        ("person:u_you", "", ["Give it a name."]),
        ("person:u_you", "ana", ["ana is here already"]),
        ("place:support", "Night", ["a channel called Night already"]),
        ("person:u_nobody", "", ["Choose a person or a channel", "Give it a name."]),
        ("person:support", "Care", ["Choose a person or a channel"]),
        ("place:u_you", "Care", ["Choose a person or a channel"]),
        ("", "x" * 81, ["Choose a person or a channel"]),
    ],
)
async def test_what_cannot_be_is_said_beside_its_field(
    visitor: Visitor, web_house: WebHouse, who: str, name: str, told: list[str]
) -> None:
    await add(visitor, "person", name="Ana")
    await add(visitor, "channel", name="night")
    drawn = await change(visitor, who, name)
    assert drawn.all("form", id="dialog-form")
    for sentence in told:
        assert sentence in drawn.text
    assert set(people(web_house)) == {"Ana", "You"}
    assert set(channels(web_house)) == {"support", "night"}


async def test_without_a_script_the_form_is_a_page_of_its_own(
    visitor: Visitor, web_house: WebHouse
) -> None:
    await add(visitor, "person", name="Ana")
    path, data = dialog(
        await visitor.see("/change"), who=f"person:{people(web_house)['Ana'].id}", name="Anna"
    )
    headers = {"Origin": visitor.url}
    async with visitor.session.post(visitor.url + path, data=data, headers=headers) as response:
        assert response.status == 200
        assert "Anna" in await response.text()
    assert set(people(web_house)) == {"Anna", "You"}


async def test_another_page_cannot_make_a_browser_remove_anybody(
    visitor: Visitor, web_house: WebHouse
) -> None:
    await add(visitor, "person", name="Ana")
    data = {"v.who": f"person:{people(web_house)['Ana'].id}", "v.name": "", "again": "yes"}
    headers = {"Origin": "http://example.com"}
    async with visitor.session.post(f"{visitor.url}/change", data=data, headers=headers) as response:
        assert response.status == 403
    assert not people(web_house)["Ana"].gone
