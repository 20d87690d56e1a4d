"""A name can stand for an author, or nobody is named; no name passes as nobody's."""

import json

import pytest

from bot.domain.person import Person
from bot.domain.retro import Comment
from bot.messages import recovery_form, retro
from bot.messages.author import UNNAMED, signed
from bot.messages.export import FORMATS, Whole
from bot.messages.parts import Context, plain_words
from bot.prompts import PROMPTS
from tests.desk import ASKED
from tests.examples import ANA, AT, CASE, NAMED, OWED, RETRO
from tests.examples import UNNAMED as UNNAMED_ANSWER

PASSING = [
    "someone on the team",
    "Someone on the Team",
    "SOMEONE  ON\tTHE TEAM ",
    "Someoneontheteam",
    "someone-on-the-team.",
    "some\u200bone on\u00a0the te\u00adam",
    "\u202esomeone on the team",
    "ｓｏｍｅｏｎｅ ｏｎ ｔｈｅ ｔｅａｍ",
    "𝐬𝐨𝐦𝐞𝐨𝐧𝐞 𝐨𝐧 𝐭𝐡𝐞 𝐭𝐞𝐚𝐦",
    "sómeöne on thë team",
    "ѕоmеоnе оn thе tеаm",
    "ЅОМЕОNЕ ОN ТНЕ ТЕАМ",
    "s0me0ne 0n the team",
    "sᴏᴍᴇᴏɴᴇ ᴏɴ ᴛʜᴇ ᴛᴇᴀᴍ",
    "someone\u3164on\u115fthe team",
    "someone on the team (support)",
    "Training · someone on the team",
    "5omeone on th3 te4m",
    "someone on the tearn",
    "Somebody on the team",
    "someone in the team",
    "someone on the te\u0251m",
    "\u202emaet eht no enoemos",
]


@pytest.mark.parametrize("name", PASSING)
def test_a_name_that_passes_as_nobodys_is_shown_as_a_name(name: str) -> None:
    shown = signed(name)
    assert shown != name
    assert shown.startswith('"')
    assert shown.endswith("\" (a person's own name)")
    assert shown.casefold() != UNNAMED
    # Nothing is left in it that hides, or turns the words after it round.
    assert shown.isprintable()


@pytest.mark.parametrize(
    "name",
    [
        "Ana",
        "Zoë Bà",
        "someone",
        "the team",
        "Тимофей",
        "Someone Else",
        "",
        "山田",
        "team someone",
        "Tom on the road",
        "Thea Somerset",
    ],
)
def test_other_names_stay_as_they_are(name: str) -> None:
    assert signed(name) == name


IMPOSTOR = Person(id="U1", name="Someone on the team")
MARKED = '"Someone on the team" (a person\'s own name)'


def test_wherever_an_author_stands_a_name_can_be_told_from_none() -> None:
    assert retro.heading(NAMED, PROMPTS, IMPOSTOR) == f"Training · {MARKED}"
    assert retro.heading(NAMED.model_copy(update={"author": "someone on the team"}), PROMPTS, None) != (
        retro.heading(NAMED.model_copy(update={"author": None}), PROMPTS, None)
    )
    assert retro.heading(NAMED, PROMPTS, ANA) == "Training · Ana"
    assert retro.heading(UNNAMED_ANSWER, PROMPTS, None) == f"{ASKED[-1].label} · someone on the team"


def test_both_sides_tell_a_name_from_none() -> None:
    comment = Comment(id="1", case_number=7, author="U1", text="I was there.", posted_at=AT)
    answers = (NAMED, UNNAMED_ANSWER)
    form = recovery_form.both_sides(OWED, CASE, PROMPTS, answers, (comment,), {"U1": IMPOSTOR})
    heads = [plain_words(part.words) for part in form.parts if isinstance(part, Context)]
    assert f"Training · {MARKED}" in heads
    assert MARKED in heads
    assert f"{ASKED[-1].label} · someone on the team" in heads
    assert "Someone on the team" not in heads


def test_exports_tell_a_name_from_none() -> None:
    comment = Comment(id="1", case_number=7, author="U1", text="I was there.", posted_at=AT)
    whole = Whole(
        case=CASE,
        retro=RETRO,
        answers=(NAMED, UNNAMED_ANSWER),
        comments=(comment,),
        items=(),
        people={"U1": IMPOSTOR},
    )
    data = json.loads(FORMATS["json"].write(whole, True))
    assert [answer["author"] for answer in data["answers"]] == [MARKED, None]
    assert [reply["author"] for reply in data["discussion"]] == [MARKED]
    written = FORMATS["md"].write(whole, True)
    assert '**Training · "Someone on the team" (a person\'s own name)**' in written
    assert f"**{ASKED[-1].label} · someone on the team**" in written
    assert written.count("own name") == 2
    rows = FORMATS["csv"].write(whole, True)
    assert "Someone on the team," not in rows
    assert rows.count("own name") == 2
