"""Two people have a form of settings open: the second sees what the first saved, and loses nothing."""

from collections.abc import Mapping

import pytest

from bot.command import Reply
from bot.domain.reference import PromptsRef
from bot.messages.stale_form import NOT_SAVED
from storage.database import Database
from tests.desk import ANA, SUPPORT, Desk, words

PROMPTS = PromptsRef(channel_id=SUPPORT.id)
SETTINGS = ("team.settings", "", {"days_to_answer": "5"}, {"days_to_answer": "9"})
DAYS_OFF = ("team.days_off", "", {"days_off": "2026-12-24"}, {"days_off": "2026-12-31"})
POLICY = ("team.policy", "", {"days_to_verify": "4"}, {"days_to_verify": "8"})
OWN = ("team.own_settings", "", {"quiet_until": "2026-04-01"}, {"quiet_until": "2026-05-01"})
PROMPT = ("prompt.edit", str(PROMPTS.at("training")), {"label": "Learning"}, {"label": "Practice"})


def written(opened: Reply, **changed: str) -> Mapping[str, str]:
    """What comes back from a form that was filled in, with all that it carries."""
    assert opened.form is not None
    return {**opened.form.hidden, **{field.name: field.value for field in opened.form.fields}, **changed}


@pytest.mark.parametrize(("name", "about", "first", "second"), [SETTINGS, DAYS_OFF, POLICY, OWN, PROMPT])
async def test_a_form_that_was_open_meanwhile_asks_before_it_replaces_what_was_saved(
    sqlite: Database, name: str, about: str, first: dict[str, str], second: dict[str, str]
) -> None:
    desk = Desk(sqlite)
    await desk.fail(ANA)
    hers, his = [await desk.ask(ANA, name, about) for _ in range(2)]
    saved = await desk.ask(ANA, name, about, written(hers, **first))
    assert not saved.faults
    asked = await desk.ask(ANA, name, about, written(his, **second))
    assert asked.form is not None
    assert NOT_SAVED in str(asked.form.parts)
    standing = {field.name: field.value for field in asked.form.fields}
    assert second.items() <= standing.items()
    now = await desk.ask(ANA, name, about)
    assert first.items() <= written(now).items()
    again = await desk.ask(ANA, name, about, written(asked))
    assert again.form is None
    assert not again.faults, words(again)
    assert second.items() <= written(await desk.ask(ANA, name, about)).items()


@pytest.mark.parametrize(("name", "about", "first", "second"), [SETTINGS, DAYS_OFF, POLICY, OWN, PROMPT])
async def test_a_form_of_an_older_program_and_one_that_writes_the_same_are_saved_at_once(
    sqlite: Database, name: str, about: str, first: dict[str, str], second: dict[str, str]
) -> None:
    desk = Desk(sqlite)
    await desk.fail(ANA)
    hers, his = [await desk.ask(ANA, name, about) for _ in range(2)]
    for values in (written(hers, **first), written(his, **first), written(his, **second, seen="")):
        saved = await desk.ask(ANA, name, about, values)
        assert saved.form is None
        assert not saved.faults


async def test_what_stands_there_now_is_said_as_the_form_says_it(sqlite: Database) -> None:
    desk = Desk(sqlite)
    await desk.fail(ANA)
    hers, his = [await desk.ask(ANA, "team.settings") for _ in range(2)]
    await desk.ask(ANA, "team.settings", values=written(hers, days="0,1", coach=""))
    asked = await desk.ask(ANA, "team.settings", values=written(his))
    assert asked.form is not None
    assert "Monday, Tuesday" in str(asked.form.parts)
