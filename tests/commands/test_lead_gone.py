"""Who says what a team asks, its policy and settings: its lead there, gone, or never named."""

import pytest

from bot.domain.reference import PromptsRef
from bot.messages.page_file import as_markdown
from bot.messages.parts import Message, plain, pressable
from tests.commands.test_days_off import OFF
from tests.commands.test_page import show
from tests.commands.test_policy import BY_LEAD
from tests.commands.test_prompt import SUPPLIERS
from tests.commands.test_team import SETTINGS
from tests.desk import ANA, BEN, LEFT, SUPPORT, Desk, words
from tests.session import open_work

ALL = str(PromptsRef(channel_id=SUPPORT.id))
LEADS_ONLY = {
    "prompt.add": (ALL, SUPPLIERS, "what its retros ask"),
    "kind.add": (ALL, {"called": "Delivery"}, "what its retros ask"),
    "team.policy": ("", BY_LEAD, "its policy"),
}
EVERYBODYS = {"team.days_off": OFF, "team.settings": {**SETTINGS, "lead": BEN.id}}
NOBODY = "Nobody leads this team, so everybody in the channel can change this."
GONE = "Dora, who led this team, has left, so everybody in the channel can change this."


async def led_by(desk: Desk, lead: str | None) -> None:
    """A team with a first case that this person leads."""
    await desk.fail()
    for person in (ANA, BEN, LEFT):
        desk.meet(person)
    with open_work(desk.database, desk.workspace, writes=True) as work:
        work.teams.save(desk.team().model_copy(update={"lead": lead}))
        work.commit()


@pytest.mark.parametrize("command_name", LEADS_ONLY)
async def test_while_the_lead_is_there_it_is_theirs_and_others_read_whom_to_ask(
    desk: Desk, command_name: str
) -> None:
    await led_by(desk, ANA.id)
    about, values, what = LEADS_ONLY[command_name]
    refused = await desk.ask(BEN, command_name, about, values)
    sentence = f"Only the team's lead changes {what}: ask Ana, or name another lead in Team settings."
    assert sentence in words(refused)
    assert not (await desk.ask(ANA, command_name, about, values)).refused


async def test_before_its_form_opens_the_way_to_another_lead_is_a_button(desk: Desk) -> None:
    await led_by(desk, ANA.id)
    reply = await desk.ask(BEN, "prompt.add", ALL)
    assert reply.message is not None
    assert [button.label for button in pressable(reply.message)] == ["Team settings"]


@pytest.mark.parametrize(("lead", "told"), [(None, NOBODY), (LEFT.id, GONE)])
@pytest.mark.parametrize("command_name", LEADS_ONLY)
async def test_where_no_lead_is_there_everybody_may_and_reads_why(
    desk: Desk, command_name: str, lead: str | None, told: str
) -> None:
    await led_by(desk, lead)
    about, values, _ = LEADS_ONLY[command_name]
    shows = {"team.policy": "team.policy", "kind.add": "kinds.show"}.get(command_name, "prompts.show")
    shown = await desk.ask(BEN, shows, about)
    assert told in (shown.form.model_dump_json() if shown.form else words(shown))
    before = desk.team()
    assert not (await desk.ask(BEN, command_name, about, values)).refused
    assert desk.team() != before


@pytest.mark.parametrize("lead", [ANA.id, LEFT.id, None])
@pytest.mark.parametrize("command_name", EVERYBODYS)
async def test_settings_and_days_off_are_everybodys_whoever_leads(
    desk: Desk, command_name: str, lead: str | None
) -> None:
    await led_by(desk, lead)
    before = desk.team()
    assert not (await desk.ask(BEN, command_name, values=EVERYBODYS[command_name])).refused
    assert desk.team() != before


@pytest.mark.parametrize(("lead", "told"), [(ANA.id, ""), (LEFT.id, GONE), (None, NOBODY)])
async def test_settings_ask_for_the_next_lead_and_can_be_sent_as_they_open(
    desk: Desk, lead: str | None, told: str
) -> None:
    await led_by(desk, lead)
    form = (await desk.ask(BEN, "team.settings")).form
    assert form is not None
    values = {field.name: field.value for field in form.fields}
    assert values["lead"] == (lead if lead == ANA.id else "")
    shown = plain(Message(summary="", parts=form.parts))
    assert (f"{told} Choose who leads it from now on." in shown) if told else ("lead" not in shown)
    assert not (await desk.ask(BEN, "team.settings", values={**values, "starts": "08:00"})).refused
    assert desk.team().starts.hour == 8


async def test_the_page_of_settings_says_that_the_lead_has_left(desk: Desk) -> None:
    await led_by(desk, LEFT.id)
    page = (await show(desk, "page.settings")).page
    assert page is not None
    assert "- **Lead**: Dora, who has left\n" in as_markdown(page)
