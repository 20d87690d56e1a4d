"""A customer is forgotten, and what was learned from their case stays."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from bot.commands import export, forget
from bot.domain.case import Case
from bot.domain.channel import Channel
from bot.domain.errors import Refused
from bot.domain.forget import scrubber
from bot.domain.job import MessageRef
from bot.jobs import reminder as reminder_jobs
from bot.messages.export import FORMATS
from bot.messages.parts import plain, sentence
from bot.repositories import Post
from storage.database import Database
from storage.tables import Row
from tests.desk import ANA, AT, BEN, Desk
from tests.session import open_work, queue_of

CUSTOMER = "Maria Santos"
SECRETS = ("Santos", "Maria", "ZD-4711", "maria@example.com", "+46 70 123 45 67", "example.com/post")
FAILED = {
    "what_happened": "Maria Santos waited twice; her number is +46 70 123 45 67",
    "reference": "ZD-4711",
    "customer": CUSTOMER,
    "public_post": "https://example.com/post/1",
}
ACCOUNT = "I am Maria, maria@example.com, and I waited for two days."


def everything(desk: Desk) -> str:
    """All that the database holds, but for what was only remembered as a hash."""
    told: list[str] = []
    with desk.database.transaction(writes=False) as connection:
        for table in Row.metadata.sorted_tables:
            rows = connection.execute(select(table))
            told += [json.dumps([str(value) for value in row], ensure_ascii=False) for row in rows]
    return "\n".join(told)


async def a_case_with_a_history(desk: Desk) -> None:
    """A failed case that names its customer everywhere."""
    await desk.ask(ANA, "case.fail", values=FAILED)
    await desk.ask(BEN, "retro.answer", "C-1", {"training": "Maria Santos needed a person to call"})
    await desk.add_item(ANA, what="Call people like Maria Santos back", owner="U1")
    await desk.ask(ANA, "recovery.hear", "C-1", {"words": ACCOUNT})
    await desk.ask(ANA, "recovery.ask_wish", "C-1", {"words": "Santos wants a call"})
    why = {"outcome": "fixes agreed", "why": "Mrs. Santos was heard."}
    await desk.ask(ANA, "retro.close", "C-1", why)
    desk.say_all()
    await desk.ask(BEN, "retro.discuss", "m-retro:1", {"text": "Santos sent us flowers", "id": "1.1"})


async def test_what_identifies_the_customer_is_gone_and_what_was_learned_stays(desk: Desk) -> None:
    await a_case_with_a_history(desk)
    before = everything(desk)
    assert all(secret in before for secret in SECRETS)
    assert await desk.bot.forget(desk.workspace, 1, AT + timedelta(days=1))
    said = desk.say_all(AT + timedelta(days=1))
    after = everything(desk)
    assert [secret for secret in SECRETS if secret in after] == []
    # Of their own account nothing is left; of what the team wrote, all but who it is about.
    assert "waited for two days" not in after
    for learned in (
        "needed a person to call",
        "Call people like the customer back",
        "fixes agreed",
        "the customer sent us flowers",
    ):
        assert learned in after
    # And whatever was said of it is changed.
    for key in ("retro:1", "item:1", "owner:1:U1", "recovery:1", "turn:1:1"):
        assert not any(secret in plain(said[key]) for secret in SECRETS), key
    assert "forgotten on Fri 6 Mar" in plain(said["retro:1"])


THEIR_WORDS = (
    "They let me wait for a whole week.",
    "A person to talk to would help.",
    "Nobody called when they said.",
    "It was not put right at all.",
    "Now it works as it should.",
    "The new screen makes sense.",
)
OURS = ("We are sorry that you waited.", "A call each Monday at nine.", "Called on Monday at nine.")


async def a_customer_who_said_much(desk: Desk) -> None:
    """Two rounds, each step with words of its own, some of which the team quotes elsewhere."""
    desk.meet(BEN)
    account, wish, checked, unhappy, happy, view = THEIR_WORDS
    sorry, promise, kept = OURS

    async def step(name: str, values: dict[str, str]) -> None:
        reply = await desk.ask(ANA, f"recovery.{name}", "C-1", values)
        if reply.form is not None:  # the coach remarked on it, and it is sent all the same
            filled = {field.name: field.value or "" for field in reply.form.fields}
            reply = await desk.ask(ANA, f"recovery.{name}", "C-1", values | filled)
        assert not reply.faults
        assert reply.form is None

    quoting = {"training": f'She wrote: "{account}" We had no way to see that.'}
    await desk.ask(ANA, "case.fail", values=FAILED)
    await desk.ask(BEN, "retro.answer", "C-1", quoting)
    await desk.add_item(ANA, what=f"Show notes ({wish.lower()})", owner="U2", measure=wish)
    desk.say_all()
    await step("hear", {"words": account})
    for once_more in (False, True):
        await step("apologise", {"words": sorry, "how": "A call"})
        await step("ask_wish", {"words": wish})
        due = {"words": promise, "due": "2026-03-09", "how": "A call"}
        await step("promise", due)
        await step("keep", {"words": kept})
        await step("check_back", {"words": checked, "view": checked})
        if not once_more:
            await step("verdict", {"verdict": "not recovered", "words": unhappy})
    await desk.ask(ANA, "action_item.accept", "AI-1")
    await desk.ask(BEN, "action_item.accept", "AI-1")
    await desk.ask(BEN, "action_item.done", "AI-1", {"changed": "The notes are shown."})
    await desk.ask(ANA, "action_item.verify", "AI-1", {"saw": ""})
    why = {"outcome": "fixes agreed", "why": f"{unhappy} So we show the notes."}
    await desk.ask(ANA, "retro.close", "C-1", why)
    await step("tell_changed", {"words": "It is shown now.", "view": view})
    await step("verdict", {"verdict": "recovered", "words": happy})


async def test_the_customers_words_are_left_nowhere_and_what_is_the_teams_own_stays(desk: Desk) -> None:
    await a_customer_who_said_much(desk)
    desk.say_all()
    before = everything(desk)
    assert [words for words in (*THEIR_WORDS, *OURS) if words not in before] == []
    assert await desk.bot.forget(desk.workspace, 1, AT + timedelta(days=1))
    said = desk.say_all(AT + timedelta(days=1))
    shown = "\n".join(plain(message) for message in said.values())
    with open_work(desk.database, desk.workspace, writes=False) as work:
        whole = export.one("C-1", work)
    exported = "\n".join(kind.write(whole, True) for kind in FORMATS.values())
    for where in (everything(desk), shown, exported):
        found = [words for words in (*THEIR_WORDS, *OURS) if words.lower() in where.lower()]
        assert found == []
        assert "We had no way to see that." in where
        assert "Show notes" in where
    assert "The notes are shown." in exported
    assert "So we show the notes." in everything(desk)


async def test_what_an_older_program_kept_of_their_words_goes_when_they_are_forgotten_again(
    desk: Desk,
) -> None:
    await a_customer_who_said_much(desk)
    assert await desk.bot.forget(desk.workspace, 1, AT)
    assert not await desk.bot.forget(desk.workspace, 1, AT)
    with open_work(desk.database, desk.workspace, writes=True) as work:
        recovery = work.recoveries.get(1)
        assert recovery is not None
        *others, verdict = recovery.steps
        kept = verdict.model_copy(update={"words": THEIR_WORDS[4]})
        work.recoveries.save(recovery.model_copy(update={"steps": (*others, kept)}))
        work.commit()
    assert THEIR_WORDS[4] in everything(desk)
    assert await desk.bot.forget(desk.workspace, 1, AT)
    assert THEIR_WORDS[4] not in everything(desk)


async def test_a_reminder_that_was_said_in_the_thread_instead_is_changed_as_well(desk: Desk) -> None:
    await a_case_with_a_history(desk)
    friday = AT + timedelta(days=1)
    while await desk.bot.run_due(desk.workspace, friday):
        pass
    queue = queue_of(desk.database)
    (waiting,) = queue.claim(datetime.max.replace(tzinfo=UTC), "desk", 50)
    with open_work(desk.database, desk.workspace, writes=False) as work:
        recovery = work.recoveries.get(1)
    assert recovery is not None
    instead = reminder_jobs.instead_job(waiting.key, recovery, friday)
    queue.give_up(waiting, "They cannot be reached.", [instead])
    said = desk.say_all(friday)[instead.key]
    assert "Maria Santos" in plain(said)
    assert "the retro C-1" not in plain(said)
    assert await desk.bot.forget(desk.workspace, 1, friday)
    anew = desk.say_all(friday)[instead.key]
    assert not any(secret in plain(anew) for secret in SECRETS)


async def test_a_case_is_found_by_its_number_or_by_its_reference_in_any_team(desk: Desk) -> None:
    await desk.ask(ANA, "case.fail", values=FAILED)
    night = Channel(id="C2", name="night")
    await desk.ask(ANA, "case.fail", values=FAILED, channel=night)
    named_as_a_number = {**FAILED, "reference": "C-9"}
    await desk.ask(ANA, "case.fail", values=named_as_a_number, channel=night)
    with open_work(desk.database, desk.workspace, writes=False) as work:
        assert forget.named("zd-4711 ", work) == [1, 2]
        assert forget.named("c-2", work) == [2]
        assert forget.named("C-9", work) == [3]
        assert forget.of_customer("maria santos", work) == [1, 2, 3]
        for unknown in ("C-99", "ZD-1", "7", ""):
            with pytest.raises(Refused):
                forget.named(unknown, work)
        with pytest.raises(Refused):
            forget.of_customer("Maria", work)


async def test_what_the_lead_and_owners_heard_of_them_is_changed(desk: Desk) -> None:
    await a_case_with_a_history(desk)
    verdict = {"verdict": "not recovered", "words": "Santos waited again."}
    await desk.ask(BEN, "recovery.verdict", "C-1", verdict)
    assert "Santos waited again" in plain(desk.say_all()["not_recovered:1:1:U1"])
    assert await desk.bot.forget(desk.workspace, 1, AT)
    said = desk.say_all()["not_recovered:1:1:U1"]
    assert not any(secret in plain(said) for secret in SECRETS)


async def test_a_customer_is_forgotten_once(desk: Desk) -> None:
    await a_case_with_a_history(desk)
    assert await desk.bot.forget(desk.workspace, 1, AT)
    assert not await desk.bot.forget(desk.workspace, 1, AT)
    assert not await desk.bot.forget(desk.workspace, 99, AT)


async def test_a_reminder_of_them_that_was_said_is_changed(desk: Desk) -> None:
    await a_case_with_a_history(desk)
    friday = AT + timedelta(days=1)
    said = await desk.tick(friday)
    assert "Maria Santos waited twice" in plain(said["remind:U1:2026-03-06:0"])
    assert await desk.bot.forget(desk.workspace, 1, friday)
    anew = desk.say_all(friday)["remind:U1:2026-03-06:0"]
    assert not any(secret in plain(anew) for secret in SECRETS)
    assert "the customer waited twice" in plain(anew)


async def test_a_reminder_that_was_not_said_yet_is_not_said_for_their_being_forgotten(
    desk: Desk,
) -> None:
    await a_case_with_a_history(desk)
    friday = AT + timedelta(days=1)
    while await desk.bot.run_due(desk.workspace, friday):
        pass
    queue = queue_of(desk.database)
    (waiting,) = queue.claim(datetime.max.replace(tzinfo=UTC), "desk", 50)
    queue.give_up(waiting, "The person cannot be reached.")
    assert await desk.bot.forget(desk.workspace, 1, friday)
    assert waiting.key == "remind:U1:2026-03-06:0"
    assert waiting.key not in desk.say_all(friday)


async def test_a_case_without_a_retro_is_forgotten_too(desk: Desk) -> None:
    """Today every case has one; whoever adds one that has none shall forget it all the same."""
    await desk.ask(ANA, "case.fail", values=FAILED)
    desk.say_all()
    with desk.database.transaction(writes=True) as connection:
        connection.execute(text("DELETE FROM recoveries"))
        connection.execute(text("DELETE FROM retros"))
        connection.commit()
    assert await desk.bot.forget(desk.workspace, 1, AT)
    assert not await desk.bot.forget(desk.workspace, 1, AT)


async def test_in_the_web_workspace_their_names_go_from_plain_replies_too(sqlite: Database) -> None:
    desk = Desk(sqlite, workspace="web")
    await desk.ask(ANA, "case.fail", values=FAILED)
    with open_work(sqlite, "web", writes=True) as work:
        root = work.posts.add(
            Post(channel_id="C1", key="retro:1", message=sentence("Retro"), posted_at=AT)
        )
        message_ref = MessageRef(channel_id="C1", message=str(root.id), link="https://example.com/p/1")
        work.sent_messages.keep("retro:1", message_ref)
        reply = Post(channel_id="C1", thread=root.id, text="Santos rang", author="U2", posted_at=AT)
        kept = work.posts.add(reply)
        work.commit()
    assert await desk.bot.forget("web", 1, AT)
    with open_work(sqlite, "web", writes=False) as work:
        assert work.posts.thread(root.id) == [kept.model_copy(update={"text": "the customer rang"})]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("maria santos rang", "the customer rang"),
        ("Santos and Marianne", "the customer and Marianne"),
        ("due 2026-03-05, at 14:30", "due 2026-03-05, at 14:30"),
        ("see zd-4711, ZD-47110", "see (removed), ZD-47110"),
        ("order 4512 8876 1", "order (removed)"),
        ("write to m.s@mail.example.com!", "write to (removed)!"),
    ],
)
def test_only_what_identifies_them_is_taken_out_of_a_text(text: str, left: str) -> None:
    known = {"customer": CUSTOMER, "reference": "ZD-4711"}
    case = Case(number=1, channel_id="C1", what_happened="Late", failed_at=AT, **known)
    assert scrubber(case)(text) == left


@pytest.mark.parametrize(
    ("customer", "text"),
    [
        ("Ann", "we planned the annual call"),
        ("Li", "delivered early"),
        ("A", "a plan and a day"),
    ],
)
def test_a_short_name_takes_no_other_word_with_it(customer: str, text: str) -> None:
    case = Case(number=1, channel_id="C1", what_happened="Late", failed_at=AT, customer=customer)
    kept = scrubber(case)(text)
    assert kept == (text if customer != "A" else "the customer plan and the customer day")


def test_names_in_capitals_are_taken_out_too() -> None:
    case = Case(number=1, channel_id="C1", what_happened="Late", failed_at=AT, customer=CUSTOMER)
    assert scrubber(case)("needed MARIA; mrs SANTOS") == "needed the customer; mrs the customer"
    chinese = case.model_copy(update={"customer": "王小明"})
    assert scrubber(chinese)("我们给王小明打电话") == "我们给the customer打电话"


async def test_a_copy_of_somebody_who_took_a_step_is_changed_and_a_weeks_summary_taken_back(
    desk: Desk,
) -> None:
    await a_case_with_a_history(desk)
    desk.meet(BEN)
    await desk.ask(ANA, "recovery.hand_over", "C-1", {"step": "verdict", "owner": "U2", "why": ""})
    desk.say_all()
    monday = AT + timedelta(days=4)
    await desk.tick(monday)
    verdict = {"verdict": "recovered", "words": "Santos says thanks."}
    await desk.ask(BEN, "recovery.verdict", "C-1", verdict, at=monday)
    desk.say_all(monday)
    await desk.bot.forget(desk.workspace, 1, monday + timedelta(days=1))
    said = desk.say_all(monday + timedelta(days=1))
    assert "customer:1:U2" in said
    for key, message in said.items():
        assert not any(secret in plain(message) for secret in SECRETS), key


async def test_what_a_former_lead_was_told_of_the_customer_is_forgotten_too(desk: Desk) -> None:
    await desk.ask(ANA, "case.fail", values=FAILED)
    for person in (ANA, BEN):
        desk.meet(person)
    told = {"verdict": "not recovered", "words": ACCOUNT}
    assert not (await desk.ask(BEN, "recovery.verdict", "C-1", told)).faults
    assert "waited for two days" in plain(desk.say_all()["not_recovered:1:1:U1"])
    form = (await desk.ask(ANA, "team.settings", "C1")).form
    assert form is not None
    values = {field.name: field.value or "" for field in form.fields} | {"lead": BEN.id}
    assert not (await desk.ask(ANA, "team.settings", form.about, values)).faults
    hand = {"step": "everything", "owner": BEN.id, "why": ""}
    assert not (await desk.ask(BEN, "recovery.hand_over", "C-1", hand)).faults
    desk.say_all()
    assert await desk.bot.forget(desk.workspace, 1, AT + timedelta(days=1))
    said = desk.say_all()
    assert "waited for two days" not in plain(said["not_recovered:1:1:U1"])
    assert "not_recovered:1:1:U2" not in said


async def test_a_name_and_a_reference_that_were_put_right_are_forgotten_with_the_others(
    desk: Desk,
) -> None:
    await desk.ask(ANA, "case.fail", values=FAILED)
    wrong = {"training": "Maria Santos needed a call, see ZD-4711"}
    await desk.ask(BEN, "retro.answer", "C-1", wrong)
    right = FAILED | {"what_happened": "Late", "customer": "Ola Brown", "reference": "ZD-5"}
    assert not (await desk.ask(ANA, "case.edit", "C-1", right)).faults
    assert await desk.bot.forget(desk.workspace, 1, AT + timedelta(days=1))
    desk.say_all()
    after = everything(desk)
    assert "the customer needed a call" in after
    assert [name for name in ("Maria", "Santos", "ZD-4711", "Brown", "ZD-5") if name in after] == []


async def test_a_copy_of_somebody_who_handed_all_of_it_over_names_the_customer_no_more(
    desk: Desk,
) -> None:
    await desk.ask(ANA, "case.fail", values=FAILED)
    for person in (ANA, BEN):
        desk.meet(person)
    desk.say_all()
    hand = {"step": "everything", "owner": BEN.id, "why": ""}
    assert not (await desk.ask(BEN, "recovery.hand_over", "C-1", hand)).faults
    assert "Ben looks after Maria Santos (C-1) now" in plain(desk.say_all()["customer:1:U1"])
    assert await desk.bot.forget(desk.workspace, 1, AT + timedelta(days=1))
    over = plain(desk.say_all(AT + timedelta(days=1))["customer:1:U1"])
    assert over == "Thanks. Ben looks after the customer of C-1 now."
