"""The Teams adapter at work: who hears an answer, and what is never lost, shown or let in."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.fake_teams import Dialog, FakeTeams, Told
from tests.journeys.teams_app import offered, open_teams_app, said, told
from tests.session import open_work

KEY = "a key of some length"


@pytest.fixture
async def teams() -> AsyncIterator[FakeTeams]:
    """A tenant."""
    async with FakeTeams() as fake:
        yield fake


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A database of its own."""
    return f"sqlite:///{tmp_path / 'amends.db'}"


async def test_what_is_for_ones_own_eyes_goes_to_the_personal_chat(teams: FakeTeams, url: str) -> None:
    ana = teams.person("Ana")
    support = teams.channel("support", [ana])
    async with open_teams_app(teams, url):
        await ana.says("mine", support, mention=True)
        await told(teams, ana, "You have no open action items.")
    assert not [posted for posted in support.messages.values() if posted.bot]


async def test_a_draft_and_its_remarks_and_a_customers_card_are_seen_by_one_person(
    teams: FakeTeams, url: str
) -> None:
    ana, ben = teams.person("Ana"), teams.person("Ben")
    support = teams.channel("support", [ana, ben])
    draft = "We are sorry if you feel that way."
    async with open_teams_app(teams, url):
        await ana.says("failed ZD-1 Parcel lost", support, mention=True)
        retro = await said(teams, "Retro: Parcel lost", where=support)
        await ana.says(f"draft {draft}", support, mention=True)
        remarks = await told(teams, ana, "feel that way")
        asked = await ana.says("customer C-1", support, mention=True)
        card = await told(teams, ana, "Hear the customer")
    public = [posted for posted in support.messages.values() if posted.bot]
    assert remarks not in [posted.words() for posted in public]
    assert not [posted for posted in public if "feel that way" in posted.words()]
    # The card stands in the retro's thread for everybody, and is not answered a second time.
    assert not [posted for posted in support.thread(asked) if posted.bot]
    assert {posted.root for posted in public if posted.words() == card} <= {retro.id}
    assert ben.whispers() == []


async def test_what_a_dialog_shows_once_has_its_buttons_beside_it(teams: FakeTeams, url: str) -> None:
    """A dialog is gone once something in it is pressed, and with it the secret."""
    ana, ben = teams.person("Ana"), teams.person("Ben")
    support = teams.channel("support", [ana, ben])
    more: dict[str, Any] = {"amends_url": "https://amends.example.com", "amends_secret_key": KEY}
    async with open_teams_app(teams, url, **more):
        await ana.says("connect", support, mention=True)
        form = await ana.press(await offered(teams, ana, "Connect a helpdesk"), "Connect a helpdesk")
        made = await ana.submit(form, {"Helpdesk": "Freshdesk"})
        assert isinstance(made, Dialog)
        assert "I show it this once." in made.words()
        assert "What to press next stands in a message of its own" in made.words()
        assert list(made.buttons()) == []
        beside = await offered(teams, ana, "Send me a test")
        assert list(beside.buttons()) == ["Send me a test", "Give a token"]
        [secret] = re.findall(r"X-Amends-Secret: (\S+)", made.words())
        assert secret not in beside.words()
        tested = await ana.click(beside, "Send me a test")
        assert "What arrives next, within the hour" in tested.words()
        assert made.open
    assert ben.whispers() == []
    assert not [posted for posted in support.messages.values() if secret in posted.words()]


async def test_who_cannot_be_written_to_is_only_told_that_and_how_to_change_it(
    teams: FakeTeams, url: str
) -> None:
    ana = teams.person("Ana")
    ana.installed = False
    support = teams.channel("support", [ana])
    async with open_teams_app(teams, url):
        await ana.says("mine", support, mention=True)
        note = await said(teams, "find Amends under Apps", where=support)
    assert note.mentioned() == [ana.id]
    assert "action items" not in note.words()


async def test_words_typed_into_a_form_that_was_overtaken_come_back_to_be_copied(
    teams: FakeTeams, url: str
) -> None:
    ana, ben = teams.person("Ana"), teams.person("Ben")
    support = teams.channel("support", [ana, ben])
    async with open_teams_app(teams, url):
        await ana.says("failed ZD-1 Parcel lost", support, mention=True)
        retro = await said(teams, "Retro: Parcel lost")
        waiting = await ben.press(retro, "Answer")
        closing = await ana.press(retro, "Close retro")
        why = {"Outcome": "an apology was enough", "Why": "They were reached."}
        assert isinstance(await ana.submit(closing, why), Told)
        back = await ben.submit(waiting, {"Training": "We never practised this"})
    assert back is not None
    assert "We never practised this" in back.words()
    assert "closed" in back.words()


async def test_a_refused_click_in_a_channel_tells_its_presser_alone_and_changes_nothing(
    teams: FakeTeams, url: str
) -> None:
    ana, ben = teams.person("Ana"), teams.person("Ben")
    support = teams.channel("support", [ana, ben])
    async with open_teams_app(teams, url):
        await ana.says("failed ZD-1 Parcel lost", support, mention=True)
        retro = await said(teams, "Retro: Parcel lost")
        form = await ana.press(retro, "Add action item")
        assert isinstance(await ana.submit(form, {"What will change": "Notes", "Owner": ben}), Told)
        item = await said(teams, "proposed · AI-1", where=support)
        before = item.words()
        assert isinstance(await ana.click(item, "Accept"), Told)
        await teams.until(lambda: [p for p in ana.chat.messages.values() if p.bot])
    assert item.words() == before
    assert all("asks you to take this on" in words for words in ben.whispers())


async def test_a_channels_name_is_asked_once_and_follows_a_renaming(teams: FakeTeams, url: str) -> None:
    ana = teams.person("Ana")
    support = teams.channel("support", [ana])
    async with open_teams_app(teams, url) as built:
        await ana.says("help", support, mention=True)
        await said(teams, "What you can type", where=support)
        await ana.says("help", support, mention=True)
        renamed = {"channel": {"id": support.id, "name": "care"}, "eventType": "channelRenamed"}
        heard = await teams.send(ana.activity("conversationUpdate", support, None, channelData=renamed))
        assert heard.status == 200
        with open_work(built.database, f"teams:{teams.tenant}", writes=False) as work:
            channel = work.channels.get(support.id)
    assert teams.calls["team"] == 1
    assert channel is not None
    assert channel.name == "care"


async def test_an_unknown_invoke_is_501_and_an_unknown_verb_is_a_sentence(
    teams: FakeTeams, url: str
) -> None:
    ana = teams.person("Ana")
    async with open_teams_app(teams, url):
        unknown = ana.activity("invoke", ana.chat, None, name="signin/verifyState", value={})
        assert (await teams.send(unknown)).status == 501
        value = {"data": {"verb": "case.juggle", "about": ""}}
        asked = ana.activity("invoke", ana.chat, None, name="task/fetch", value=value)
        heard = await teams.send(asked)
    assert heard.status == 200
    assert "from another version of me" in heard.body["task"]["value"]


async def test_what_is_no_json_by_type_or_too_large_is_turned_away(teams: FakeTeams, url: str) -> None:
    async with open_teams_app(teams, url):
        plain = await teams.post("{}", {"Content-Type": "text/plain"})
        large = await teams.post(json.dumps({"type": "x" * 600_000}), {})
    assert (plain.status, large.status) == (415, 413)


async def test_the_form_that_a_command_offers_holds_what_was_typed(teams: FakeTeams, url: str) -> None:
    ana = teams.person("Ana")
    support = teams.channel("support", [ana])
    async with open_teams_app(teams, url):
        await ana.says("failed ZD-4711", support, mention=True)
        adapter = await offered(teams, ana, "Mark a case failed")
        form = await ana.press(adapter, "Mark a case failed")
    assert form.standing()["Case reference"] == "ZD-4711"
