"""What goes wrong around Teams: people without the app, moved addresses, throttling, broken calls."""

import pytest

from tests.desk import ASKED, IN_THREAD
from tests.fake_teams import FakeTeams, Posted
from tests.fakes import FakeSlack
from tests.journeys import slack_app
from tests.journeys.teams_app import answered, in_thread, open_teams_app, said, told


async def test_an_owner_without_the_app_is_named_in_the_thread_and_the_lead_is_told(
    teams: FakeTeams, database_url: str
) -> None:
    ana, ben = teams.person("Ana"), teams.person("Ben")
    support = teams.channel("support", members=[ana, ben])
    ben.installed = False
    async with open_teams_app(teams, database_url):
        await ana.says("failed ZD-1 Lost", support, mention=True)
        retro = await said(teams, "Retro: Lost")
        form = await ana.press(retro, "Add action item")
        await ana.submit(form, {"What will change": "A checklist", "Owner": ben})
        named = await _naming(teams, ben.id, ben.aad)
        assert (named.channel_id, named.root) == (support.id, retro.id)
        assert "Ben" in await told(teams, ana, "install")


async def _naming(teams: FakeTeams, *ids: str) -> Posted:
    """The message that calls somebody by a mention, beside the item's own."""

    def found() -> Posted | None:
        calling = [
            p for p in teams.posted() if set(ids) & set(p.mentioned()) and "AI-1 ·" not in p.words()
        ]
        return calling[-1] if calling else None

    return await teams.until(found)


async def test_the_bot_says_one_line_where_it_is_added_and_what_it_could_not_say_before(
    teams: FakeTeams, database_url: str
) -> None:
    ana = teams.person("Ana")
    support = teams.channel("support", members=[ana])
    async with open_teams_app(teams, database_url):
        await ana.says("failed ZD-1 Lost", support, mention=True)
        await said(teams, "Retro: Lost")
        await ana.removes_app(support)
        support.installed = True  # what follows arrived before the removal did
        await ana.says("failed ZD-2 Also lost", support, mention=True)
        support.installed = True
        await said(teams, "Retro: Also lost")
        await ana.adds_app(support)
        await said(teams, "I am Amends")


async def test_a_moved_service_url_is_followed_from_the_next_visit(
    teams: FakeTeams, database_url: str
) -> None:
    ana = teams.person("Ana")
    support = teams.channel("support", members=[ana])
    async with open_teams_app(teams, database_url):
        await ana.says("failed ZD-1 Lost", support, mention=True)
        retro = await said(teams, "Retro: Lost")
        await teams.until(lambda: len(in_thread(support, retro)) >= len(ASKED))
        teams.moves("amer")
        await ana.submit(await ana.press(retro, "Answer"), {"Training": "Maps"})
        await said(teams, "Training · Ana")
        await teams.until(lambda: "1 answer" in retro.words())
    assert teams.refusals == []


async def test_a_token_that_the_connector_no_longer_takes_is_replaced(
    teams: FakeTeams, database_url: str
) -> None:
    ana = teams.person("Ana")
    support = teams.channel("support", members=[ana])
    async with open_teams_app(teams, database_url):
        await ana.says("failed ZD-1 Lost", support, mention=True)
        retro = await said(teams, "Retro: Lost")
        await teams.until(lambda: len(in_thread(support, retro)) >= len(ASKED))
        fetched = teams.calls["token"]
        teams.login.revoke()
        await ana.submit(await ana.press(retro, "Answer"), {"Training": "Maps"})
        await said(teams, "Training · Ana", seconds=10)
        assert teams.calls["token"] > fetched


async def test_tokens_are_fetched_once_for_many_messages(teams: FakeTeams, database_url: str) -> None:
    ana = teams.person("Ana")
    support = teams.channel("support", members=[ana])
    async with open_teams_app(teams, database_url):
        for number in range(3):
            await ana.says(f"failed ZD-{number} Case {number}", support, mention=True)
        await said(teams, "Retro: Case 2")
    assert teams.calls["token"] <= 2


async def test_429_500_and_breaks_before_the_effect_lose_and_double_nothing(
    teams: FakeTeams, database_url: str
) -> None:
    ana = teams.person("Ana")
    support = teams.channel("support", members=[ana])
    async with open_teams_app(teams, database_url):
        teams.fail_next("create", status=429, code="Throttled", retry_after=1)
        teams.fail_next("create", status=412, code="PreconditionFailed")
        teams.fail_next("send", status=429, code="Throttled", retry_after=1)
        await ana.says("failed ZD-1 Lost", support, mention=True)
        retro = await said(teams, "Retro: Lost", seconds=20)
        await teams.until(lambda: len(in_thread(support, retro)) >= IN_THREAD, 20)
        teams.fail_next("update", status=503, code="ServiceUnavailable")
        teams.fail_next("update", drop="after")
        await ana.submit(await ana.press(retro, "Answer"), {"Training": "Maps"})
        await said(teams, "Training · Ana", seconds=20)
        await teams.until(lambda: "1 answer" in retro.words(), 20)
    assert len([posted for posted in support.roots() if posted.bot]) == 1
    assert len(in_thread(support, retro)) == IN_THREAD + 1  # and the answer


async def test_throttling_by_teams_itself_delays_and_loses_nothing(
    teams: FakeTeams, database_url: str
) -> None:
    ana = teams.person("Ana")
    support = teams.channel("support", members=[ana])
    teams.throttled = True
    async with open_teams_app(teams, database_url):
        for number in range(3):
            await ana.says(f"failed ZD-{number} Case {number}", support, mention=True)
        all_of_them = 3 * (1 + IN_THREAD)
        await teams.until(
            lambda: len([p for p in teams.posted() if p.channel_id == support.id]) == all_of_them, 40
        )
    assert len([posted for posted in support.roots() if posted.bot]) == 3


async def test_a_message_whose_outcome_nobody_knows_is_said_at_least_once(
    teams: FakeTeams, database_url: str
) -> None:
    ana = teams.person("Ana")
    support = teams.channel("support", members=[ana])
    async with open_teams_app(teams, database_url):
        teams.fail_next("create", drop="after")
        teams.fail_next("send", drop="before")
        teams.fail_next("send", status=502, code="BadGateway")
        await ana.says("failed ZD-1 Lost", support, mention=True)
        for prompt in ASKED:
            await said(teams, prompt.question, where=support, seconds=20)
    assert 1 <= len([posted for posted in support.roots() if posted.bot]) <= 2


async def test_a_refused_post_is_one_sentence_to_whoever_asked(
    teams: FakeTeams, database_url: str
) -> None:
    ana = teams.person("Ana")
    support = teams.channel("support", members=[ana])
    async with open_teams_app(teams, database_url):
        teams.fail_next("create", status=403, code="BotNotInConversationRoster")
        await ana.says("failed ZD-1 Lost", support, mention=True)
        await told(teams, ana, "I couldn't post the retro C-1")


async def test_slack_and_teams_live_side_by_side_and_see_nothing_of_each_other(
    teams: FakeTeams, database_url: str
) -> None:
    async with FakeSlack() as slack:
        ana = teams.person("Ana")
        support = teams.channel("support", members=[ana])
        bob = slack.person("Bob")
        desk = slack.channel("support", members=[bob])
        async with open_teams_app(teams, database_url, slack=slack) as built:
            await ana.says("failed ZD-1 Parcel lost", support, mention=True)
            await said(teams, "Retro: Parcel lost", where=support)
            await bob.command("failed ZD-1 Kettle broken", desk)
            await slack_app.said(slack, "Retro: Kettle broken", where=desk.id)
            await ana.says("status", support, mention=True)
            in_teams = await answered(teams, ana, "1 retro is open for answers")
            in_slack = await bob.command("status", desk)
            assert in_slack is not None
            assert ("Parcel" in in_teams, "Kettle" in in_teams) == (True, False)
            assert ("Kettle" in in_slack.words(), "Parcel" in in_slack.words()) == (True, False)
            assert set(built.database.workspaces()) == {
                f"teams:{teams.tenant}",
                f"slack:{slack.team}",
            }
    assert not [posted for posted in teams.posted() if "Kettle" in posted.words()]
    assert not [posted for posted in slack.posted() if "Parcel" in posted.words()]


async def test_targeted_messages_tell_one_person_in_the_channel_where_they_are_switched_on(
    teams: FakeTeams, database_url: str
) -> None:
    ana, ben = teams.person("Ana"), teams.person("Ben")
    support = teams.channel("support", members=[ana, ben])
    async with open_teams_app(teams, database_url, teams_targeted=True):
        await ana.says("failed ZD-1 Lost", support, mention=True)
        retro = await said(teams, "Retro: Lost")
        await ana.submit(
            await ana.press(retro, "Add action item"), {"What will change": "Maps", "Owner": ana}
        )
        await said(teams, "agreed · AI-1", where=support)
        await ben.says("mine", support, mention=True)
        await told(teams, ben, "no open action items")
        alone = [posted for posted in support.messages.values() if posted.only_for]
        assert {posted.only_for for posted in alone} == {ben.id}
        assert not [posted for posted in ben.chat.messages.values() if posted.bot]


async def test_a_retro_that_was_deleted_is_posted_again_and_its_thread_goes_on_there(
    teams: FakeTeams, database_url: str
) -> None:
    ana = teams.person("Ana")
    support = teams.channel("support", members=[ana])
    async with open_teams_app(teams, database_url):
        await ana.says("failed ZD-1 Lost", support, mention=True)
        first = await said(teams, "Retro: Lost")
        await teams.until(lambda: len(in_thread(support, first)) >= len(ASKED))
        form = await ana.press(first, "Answer")
        del support.messages[first.id]
        await ana.submit(form, {"Training": "Maps"})
        answer = await said(teams, "Training · Ana")
        second = await said(teams, "Retro: Lost")
    assert first.id not in support.messages
    assert answer.root == second.id
    assert len([root for root in support.roots() if "Retro: Lost" in root.words()]) == 1


@pytest.mark.parametrize("event", ["teamUnarchived", "channelRestored"])
async def test_what_could_not_be_said_is_said_when_a_team_is_open_again(
    teams: FakeTeams, database_url: str, event: str
) -> None:
    ana = teams.person("Ana")
    support = teams.channel("support", members=[ana])
    async with open_teams_app(teams, database_url):
        await ana.says("failed ZD-1 Lost", support, mention=True)
        await told(teams, ana, "the customer of C-1")
        teams.fail_next("create", status=403)
        await ana.says("failed ZD-2 Also lost", support, mention=True)
        await told(teams, ana, "couldn't post")
        data = {"team": {"id": support.team}, "eventType": event}
        general = ana.activity("conversationUpdate", support, None, channelData=data)
        assert (await teams.send(general)).status == 200
        await said(teams, "Retro: Also lost")


async def test_whoever_adds_the_app_for_themself_is_greeted_once_and_told_what_to_type(
    teams: FakeTeams, database_url: str
) -> None:
    ana, ben = teams.person("Ana"), teams.person("Ben")
    ben.installed = False
    support = teams.channel("support", members=[ana, ben])
    async with open_teams_app(teams, database_url):
        await ben.installs()  # which Teams tells by two events
        greeting = await told(teams, ben, "I am Amends")
        assert "failed ZD-4711" in greeting
        assert "Needs you" in greeting
        await ben.installs()
        await ben.says("help", support, mention=True)
        await said(teams, "What you can type", where=support)
    assert len([words for words in ben.whispers() if "I am Amends" in words]) == 1
    assert ana.whispers() == []
    assert [posted for posted in support.messages.values() if "I am Amends" in posted.words()] == []
