"""What the coach says, to whom, about which words; and how often it is right on our own sentences."""

import ast
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.coach.coach import FLAGS, labels, read_for_customer, read_for_team
from bot.coach.pattern import Lexicon, Misread, Sentence, WordList, compiled
from bot.coach.rules import language, languages, read_folder
from bot.coach.words import Spelling, sentences
from bot.prompts import PROMPTS
from tests.coach.measured import flagged, own, scores

ROOT = Path(__file__).parent.parent.parent
APOLOGY = (
    "I am sorry that your refund came two weeks late. We sent it to the old card. "
    "I have paid it again today, and I will call you by Thursday."
)
# Each of them, repeated, is what some pattern or reader of text might choke on.
NASTY = (
    *("sorry ", "a", "you should ", "sorry for any trouble that ", "and but if agent ", "who why how "),
    *(
        "is was been really very ",
        '"',
        "' ",
        "&",
        "`",
        "> ",
        "&#39;",
        "a-",
        "a'",
        "@",
        "\n \t",
        "😀",
        "!",
        "(",
    ),
)


@pytest.mark.parametrize("part", ["team", "customer", "team_held_out", "customer_held_out"])
def test_the_coach_is_right_often_enough_on_our_own_sentences(part: str) -> None:
    reader = part.split("_", maxsplit=1)[0]
    aims = (0.90, 0.75) if reader == "team" else (0.85, 0.60)
    for label, score in scores(own(part), reader).items():
        assert score.precision >= aims[0], f"{part} {label}: {score}"
        assert score.recall >= aims[1], f"{part} {label}: {score}"


def test_the_two_halves_of_our_sentences_have_nothing_in_common() -> None:
    for reader in ("team", "customer"):
        seen = {each.text for each in own(reader)}
        assert seen.isdisjoint(each.text for each in own(f"{reader}_held_out"))


@pytest.mark.parametrize("reader", ["team", "customer"])
def test_plain_prose_about_software_is_left_alone(reader: str) -> None:
    paths = (
        path for part in ("bot", "handlers", "storage", "tests") for path in ROOT.glob(f"{part}/**/*.py")
    )
    texts = [ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "" for path in paths]
    sentences = {part for text in texts for part in re.split(r"(?<=[.!?;])\s+", text) if len(part) > 20}
    assert len(sentences) > 100
    assert sum(flagged(sentences, reader)) / len(sentences) < 0.01


def test_what_a_retro_asks_is_asked_without_blame() -> None:
    for prompt in PROMPTS:
        assert read_for_team(prompt.question) == ()


def test_a_remark_names_the_words_as_they_stand_and_offers_better_ones() -> None:
    (remark,) = read_for_team("On Monday the agent FORGOT to call; the page was fine.")
    assert remark.label == "blame"
    assert "FORGOT to call" in remark.words
    assert remark.why.endswith(".")
    assert remark.instead


def test_every_rule_tells_why_in_one_sentence() -> None:
    for name in languages():
        known = language(name)
        for rule in (*known.team.rules, *known.customer.rules, *known.missing):
            assert re.fullmatch(r"[^.!?]+(\?\" [^.!?]+)?[.]|[^.!?]+", rule.why), rule.why
            assert rule.instead


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("You’re right, and I’m sorry if it wasn’t clear.", "sorry if it"),
        ("I am sor\u00adry if it was unclear.", "sor\u00adry if it"),
        ("I&#39;m sorry if it was unclear.", "sorry if it"),
        ("WE ARE SORRY IF IT WAS UNCLEAR!!!", "SORRY IF IT"),
        ("😀😀 sorry if it was unclear 😀", "sorry if it"),
        ("We are 𝐬𝐨𝐫𝐫𝐲 if it was unclear", "𝐬𝐨𝐫𝐫𝐲 if it"),
        ("We are sorry\n\tif it was unclear", "sorry\n\tif it"),
    ],
)
def test_odd_letters_change_nothing(text: str, words: str) -> None:
    found = read_for_customer(text, whole=False)
    assert [(remark.label, remark.words) for remark in found] == [("conditional_apology", words)]


def test_what_an_entity_stands_for_is_read_and_named_as_it_stands() -> None:
    (remark,) = read_for_team("Ana didn&#39;t even look at it.")
    assert remark.words in "Ana didn&#39;t even look at it."
    assert "didn&#39;t even" in remark.words


@pytest.mark.parametrize(
    "text", ["", " ", "\n", "…", "?!", "😀", "\ufeff", "&amp;", "`forgot`", "> Ana forgot"]
)
def test_nothing_is_said_about_next_to_nothing(text: str) -> None:
    assert read_for_team(text) == ()
    assert read_for_customer(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "Es tut uns leid, dass das Paket zu spät kam. Wir haben es nicht rechtzeitig verschickt.",
        "Nous sommes désolés que votre colis soit arrivé en retard, et nous vous appelons demain.",
        "Lamentamos que su pedido no haya llegado; le llamaremos por la mañana.",
        "Мы забыли вам перезвонить.",
        "ご不便をおかけして申し訳ございません。",
        "Il corriere ha perso il pacco e non abbiamo chiamato.",
    ],
)
def test_a_text_in_another_language_is_left_alone(text: str) -> None:
    assert read_for_team(text) == ()
    assert read_for_customer(text) == ()


def test_what_is_missing_is_said_last_and_marks_nothing() -> None:
    remarks = read_for_customer("Your parcel is on its way.", owed=True)
    assert [remark.label for remark in remarks] == ["no_apology", "no_responsibility", "no_next_step"]
    assert [remark.words for remark in remarks] == ["", "", ""]
    assert labels(remarks) == []
    assert read_for_customer("Your parcel is on its way.", whole=False) == ()
    assert read_for_customer(APOLOGY) == ()


def test_a_question_for_why_or_who_is_a_remark_and_marks_nothing() -> None:
    for text in ("Why did Ana close the case?", "Who closed the case?"):
        remarks = read_for_team(text)
        assert [remark.label for remark in remarks] == ["asks_why_or_who"], text
        assert labels(remarks) == []


def test_labels_come_once_each_and_in_the_order_of_the_design() -> None:
    text = "As stated, you must be upset. Sorry if the courier lost it. We were busy. We were swamped."
    assert labels(read_for_customer(text)) == [label for label in FLAGS if label != "blame"]


def test_the_customers_own_words_between_quotation_marks_are_not_held_against_the_writer() -> None:
    assert read_for_team('The customer wrote: "your agent was lazy and rude".') == ()
    assert labels(read_for_team('Between us: "the agent was lazy and rude".')) == ["blame"]


def test_who_takes_responsibility_may_say_what_others_did() -> None:
    assert labels(read_for_customer("The courier lost your box.")) == ["passes_blame"]
    assert labels(read_for_customer("The courier lost your box. That is on us.")) == []


@given(st.text(max_size=300), st.sampled_from(["", "sorry if ", "Ana forgot ", "&#39; ", '"']))
def test_any_text_can_be_read_and_what_is_named_stands_in_it(text: str, before: str) -> None:
    whole = before + text
    for remark in (*read_for_team(whole), *read_for_customer(whole)):
        assert remark.words in whole


@pytest.mark.parametrize("piece", NASTY)
def test_forty_thousand_letters_of_anything_come_back(piece: str) -> None:
    text = (piece * 40_000)[:40_000]
    for remark in (*read_for_team(text), *read_for_customer(text)):
        assert remark.words in text


def test_an_unknown_language_is_told_by_name() -> None:
    with pytest.raises(ValueError) as told:
        read_for_team("Ana forgot", "xx")
    assert str(told.value) == "The coach has no rules for 'xx'; it knows en."


def test_a_language_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "words.toml").write_text(
        'common = "der die"\nforeign = "the"\ndenials = "nicht"\nreports = "schrieb"\n'
        '[spelling]\nwhole = {}\nendings = {}\n[lists.person]\nwords = "fahrer"\n'
    )
    rule = '[[rule]]\nlabel = "blame"\nkind = "k"\nsays = ["<person> ... vergessen"]\n'
    rule += 'why = "w."\ninstead = "i"\n'
    (tmp_path / "team.toml").write_text(rule)
    (tmp_path / "customer.toml").write_text("rule = []\n")
    read = read_folder(tmp_path)
    assert [found.kind for found in read.team.rules] == ["k"]
    (tmp_path / "team.toml").write_text(rule + 'surprise = "x"\n')
    with pytest.raises(ValueError, match="surprise"):
        read_folder(tmp_path)


@pytest.mark.parametrize("line", ["<nobody> forgot", "[a] ..", "a||b", "a|"])
def test_a_pattern_that_cannot_be_meant_is_refused(line: str) -> None:
    with pytest.raises(Misread):
        compiled(line, Lexicon({"person": WordList(frozenset(["ana"]))}))


@pytest.mark.parametrize(
    ("line", "text", "found"),
    [
        ("a|a_lot", "a lot", ["a"]),
        ("a_lot|a", "a lot", ["a lot"]),
        ("a|a_lot late", "a late a lot late", ["a late", "a lot late"]),
        ("so .. late", "so very very very late so late", ["so very very very late", "so late"]),
        ("so .. late", "so , late", []),
        ("so ... late", "so , late", ["so , late"]),
        ("so ... late", "so ; late", []),
        ("so ... late", "so so late late", ["so so late"]),
        ("late ..", "late and later", ["late"]),
        ("late !again|once_more", "late again late once more late once", ["late"]),
        ("late !again", "late", ["late"]),
        ("^ [so] late", "so late and late", ["so late"]),
        ("<name> late", "Ana late ana late BO late", ["Ana late", "BO late"]),
        ("<done> it", "we tested it and red it and shed it and mended it", ["tested it", "mended it"]),
        ("<anything> late", "Ana late tested late", ["Ana late", "tested late"]),
        ("[<done>] late", "tested late late", ["tested late", "late"]),
        ("late [<done>|again]", "late tested late again", ["late tested", "late again"]),
        ("late late", "late late late late late", ["late late", "late late"]),
        ("is a =", "late is a late and so is a day", ["is a late"]),
        ("is a =", "is a late", []),
        ("late $", "late is late , so late", ["late", "late"]),
        ("late so $", "late so soon", []),
    ],
)
def test_a_pattern_finds_what_its_signs_mean(line: str, text: str, found: list[str]) -> None:
    lexicon = Lexicon(
        {
            "name": WordList(frozenset(["ana", "bo"]), capital=True),
            "done": WordList(frozenset(), endings=("ed",), exceptions=frozenset(["shed"])),
            "anything": WordList(frozenset(), also=("name", "done")),
        }
    )
    (words,) = sentences(text, Spelling({}, {}))
    places = Sentence(words, lexicon).found_by(compiled(line, lexicon))
    assert [text[words[at.start].start : words[at.stop - 1].end] for at in places] == found


def test_twenty_threads_that_meet_a_cold_coach_hear_the_same_and_read_its_rules_once() -> None:
    program = """
        import threading
        from bot.coach import coach, rules
        read_folder, read, together, heard = rules.read_folder, [], threading.Barrier(20), []
        def counted(folder):
            read.append(folder)
            return read_folder(folder)
        rules.read_folder = counted
        def ask():
            together.wait()
            heard.append(coach.read_for_team("Ana forgot to call back."))
        threads = [threading.Thread(target=ask) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(len(read), len(heard), len(set(heard)), heard[0][0].words)
    """
    told = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == "1 20 1 forgot to call\n"
