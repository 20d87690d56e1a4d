"""A week in five workspaces, told to the program through its own doors, for a fixture database.

It asks the program for as little as it can (`House`), so that an older one can be told the same story:
a small House around an older commit is all that it takes. Every kind of message comes up in each
workspace, and each workspace leaves them in another state when the week is broken off (`ENDINGS`).
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol

from bot.commands import signal as signal_commands
from bot.domain import note
from bot.domain.channel import Channel
from bot.domain.person import Person
from bot.domain.signal import Signal, SignalDelivery

BEGINS = datetime(2026, 2, 27, 14, 30, tzinfo=UTC)
"""A Friday."""
WEDNESDAY = datetime(2026, 3, 4, 14, 30, tzinfo=UTC)
LAST_DAY = datetime(2026, 3, 9, 14, 30, tzinfo=UTC)
"""The Monday on which the story breaks off: what was said on the first Friday is pruned by then."""

ENDINGS = {
    "slack:T1": "said",
    "slack:T2": "dead",
    "teams:acme": "half said",
    "teams:bolt": "later",
    "web": "waiting",
}
"""How each workspace's messages of the last day ended."""

LATER = timedelta(hours=2).total_seconds()
CLOSED = "Their direct messages are closed."
REFUSED = "The platform does not take this message."
ARCHIVED = "The channel is archived."
LEFT = "They have left."
BUSY = "The platform asks to wait."
SILENT = "The platform did not answer in time."
STOPPED = "Amends was stopped."
INSTEAD = (
    *("action_item.call_owner", "action_item.tell_lead", "recovery.call_owner", "recovery.tell_lead"),
    *("case.unsaid", "reminder.tell_instead"),
)
"""What is said because something else cannot be."""

HALF_SAID = {
    "fail": ("retro.show",),
    "prompts": ("retro.prompt", "recovery.tell_owner"),
    "answer": ("retro.answered", "case.unsaid"),
    "unnamed": ("retro.answered",),
    "close": ("retro.sum_up", "recovery.check_in"),
    "reopen": ("retro.say_reopened",),
    "forgotten": ("case.withdrawn",),
    "item": ("action_item.show", "action_item.tell_owner", "team.settings_changed"),
    "unreached": ("action_item.call_owner", "action_item.tell_lead"),
    "handed over": ("recovery.call_owner", "recovery.tell_lead"),
    "card": ("recovery.show",),
    "unmended": ("recovery.tell_not_recovered",),
    "cancel": ("case.say_change", "case.tell_cancelled"),
    "asked for": ("action_item.tell_asker",),
    "double": ("case.say_moved",),
    "week": ("board.weekly",),
    "reminded": ("reminder.tell", "reminder.tell_thread"),
    "instead": ("reminder.tell_instead",),
    "hello": ("team.hello",),
    "left": ("team.colleague_left",),
    "backlog": ("case.backlog",),
    "changed": ("action_item.tell_edit",),
    "asks": ("prompts.changed",),
    "shared": ("board.shared",),
    "returned": ("action_item.tell_returned", "retro.carry_over"),
    "proposed": ("proposal.show", "signal.show_test"),
    "gathered": ("proposal.gather", "signal.ask_rules"),
    "noted": ("note.leave", "proposal.look_up", "proposal.read_comment"),
    "broken": ("signal.tell_broken",),
}
"""What is half said at the end where each scene has a place of its own."""
ALONE = (
    "close",
    "reopen",
    "forgotten",
    "card",
    "cancel",
    "double",
    "kept",
    "unmended",
    "left",
    "returned",
    "noted",
)
"""Scenes with a case of their own; the others share one where they share the place."""
COME_BACK = ("returned", "fail")
"""Scenes in whose place a gap comes back: what the lead hears of one is half said, of the other said."""
IMPORTED = ("card", "unnamed", "fail", "prompts")
"""Scenes whose first case came with an import: nobody owes their customer anything yet."""
SHARED = (
    "fail",
    "prompts",
    "asked for",
    "changed",
    "shared",
    "answer",
    "unnamed",
    "item",
    "unreached",
    "handed over",
    "week",
    "reminded",
    "instead",
)


ELSEWHERE = ("denver", "heard", "unheard")
"""Scenes in places of their own, in some workspaces."""


class Told(NamedTuple):
    """Where a message ended up, in the platform's own ids."""

    place: str
    message: str
    link: str
    digest: str


class House(Protocol):
    """The program, as far as the story needs it; `now` is the queue's clock."""

    now: datetime

    async def ask(self, **asked: Any) -> Any:
        """What the bot replies to a request with these fields."""
        ...

    async def look(self, workspace: str, at: datetime) -> int:
        """How many things the clock looked at."""
        ...

    async def forget(self, workspace: str, case: int, at: datetime) -> None:
        """Forgets the customer of a case."""
        ...

    async def forget_person(self, workspace: str, person: Person, at: datetime) -> None:
        """Forgets a colleague who left."""
        ...

    async def connect(self, workspace: str, place: Channel, lead: Person) -> str:
        """Makes a team and its connection, and returns its id; the first delivery is a test."""
        ...

    async def told_of(self, workspace: str, place: Channel, case: int) -> None:
        """Lets a helpdesk have told of a case, and take notes on its ticket."""
        ...

    async def told_without_words(self, workspace: str, place: Channel) -> None:
        """Lets the same helpdesk propose a case, and send none of the customer's words."""
        ...

    async def claim(self, workspace: str, by: datetime) -> Sequence[Any]:
        """Jobs, each begun and leased."""
        ...

    async def words(self, job: Any) -> tuple[Any, Any, Any]:
        """A job's message, where it was said before, and what it belongs under."""
        ...

    async def post(self, job: Any, message: Any, root: Any) -> Told:
        """Says it in the web workspace, by the program's own messenger."""
        ...

    async def prune(self, before: datetime) -> None:
        """Forgets what ended before."""
        ...

    async def done(self, job: Any, told: Told | None) -> None:
        """Puts it away as said, with what follows; without `told` there was nothing to say."""
        ...

    async def back(self, job: Any, rest: float, why: str, *, unsure: bool, hold: bool) -> None:
        """Puts it back."""
        ...

    async def dead(self, job: Any, why: str) -> None:
        """Gives it up, with what is said instead."""
        ...


class Cast(NamedTuple):
    """Who plays in a scene, and where."""

    place: Channel
    lead: Person
    owner: Person
    deaf: Person
    """Nobody can write to them directly."""


class Story:
    """One workspace. In the half said one each scene has a place and people of its own.

    A place's lane says one message at a time, so only so can many of them be half said at once.
    """

    def __init__(self, house: House, workspace: str) -> None:
        self._house = house
        self._workspace = workspace
        self._ending = ENDINGS[workspace]
        self._apart = self._ending == "half said"
        self._scenes = ("main", *HALF_SAID, *ELSEWHERE)
        self._cases: dict[str, str] = {}
        self._keys = self._failed = self._items = self._messages = 0
        self._roots: dict[str, str] = {}
        self._answered: dict[str, str] = {}

    async def tell(self) -> None:
        """All of it."""
        await self._begin()
        if self._ending == "said":
            await self._live()
        await self._week()
        await self._trouble()
        await self._owe()
        await self._look_again()
        endings = {"said": self._say_and_change, "dead": self._bury, "later": self._put_off}
        endings |= {"half said": self._break_off, "waiting": self._break_off_on_the_web}
        await endings[self._ending]()

    # Small things

    def _cast(self, scene: str) -> Cast:
        # A double and the case that it is are in one place.
        scene = "double" if scene == "kept" else scene
        alone = self._apart or scene in (
            "hello",
            "left",
            "backlog",
            "asks",
            "proposed",
            "gathered",
            "broken",
            *ELSEWHERE,
        )
        number = self._scenes.index(scene) if alone and scene in self._scenes else 0
        platform = self._workspace.partition(":")[0]
        place = {"slack": "C{:02}SUPPORT", "teams": "19:{:02}support@thread.tacv2", "web": "place{:02}"}
        person = {"slack": "U{:02}{}", "teams": "29:{:02}{}", "web": "{:02}{}"}[platform]
        zones = {"Ana": "Europe/Stockholm", "Ben": "America/New_York", "Dora": "Europe/Stockholm"}
        if scene == "denver":
            zones |= {"Ana": "America/Denver"}
        ana, ben, dora = (
            Person(id=person.format(number, name.upper()), name=name, zone=zone)
            for name, zone in zones.items()
        )
        reference = {"service": "https://smba.example.com/emea/"} if platform == "teams" else {}
        id = place[platform].format(number)
        return Cast(Channel(id=id, name=f"support {number}", reference=reference), ana, ben, dora)

    def _scene_of(self, job: Any) -> str:
        if note.is_channel(job.channel_id):
            return "noted"
        numbers = re.search(r"[0-9]{2}(?=[A-Z]|support|$)", job.channel_id)
        return self._scenes[int(numbers[0])] if numbers else ""

    async def _ask(self, who: Person, verb: str, about: str, scene: str, **more: Any) -> None:
        self._keys += 1
        cast = self._cast(scene)
        asked = {"workspace": self._workspace, "person": who, "verb": verb, "about": about}
        asked |= {"place": cast.place, "at": self._house.now, "people": (cast.owner, cast.deaf)}
        # What is older than the last day was pruned, so it need not be remembered.
        key = f"{self._workspace} {self._keys}" if self._house.now >= LAST_DAY else None
        reply = await self._house.ask(**asked, key=key, **more)
        assert not reply.faults, (verb, about, reply.faults)
        assert not reply.refused, (verb, about, reply)
        assert not reply.form, (verb, about, reply)

    async def _step(self, scene: str, verb: str, /, **values: str) -> None:
        """What the lead does with the scene's case."""
        await self._ask(self._cast(scene).lead, verb, self._case(scene), scene, values=values)

    def _case(self, scene: str) -> str:
        return self._cases.get(scene) or self._cases["main"]

    async def _fail(self, scene: str, **more: Any) -> None:
        self._failed += 1
        number = self._failed
        values = {"what_happened": f"Parcel {number} missed twice", "reference": f"ZD-{number}"}
        if scene in ("forgotten", "reopen", "enough"):
            values |= {"customer": "Maria Santos", "what_happened": f"Maria Santos waited ({number})"}
        await self._ask(self._cast(scene).lead, "case.fail", "", scene, values=values, **more)
        self._cases[scene] = f"C-{number}"

    async def _add(self, scene: str, by: Person, owner: Person | None, **values: str) -> str:
        self._items += 1
        given = {"what": f"Show the courier note {self._items}", "owner": owner.id if owner else ""}
        await self._ask(by, "action_item.add", self._case(scene), scene, values=given | values)
        return f"AI-{self._items}"

    async def _move(self, by: Person, step: str, item: str, scene: str, **values: str) -> None:
        await self._ask(by, f"action_item.{step}", item, scene, values=values)

    async def _answer(self, scene: str, *, unnamed: bool = False) -> None:
        values = {"training": "A rehearsal of the handover.", "unnamed": "yes" if unnamed else ""}
        await self._ask(self._cast(scene).owner, "retro.answer", self._case(scene), scene, values=values)

    async def _look(self) -> None:
        while await self._house.look(self._workspace, self._house.now):
            pass

    # The clock

    async def _speak(
        self,
        *,
        keep: Callable[[Any], bool] = lambda job: False,
        refuse: Callable[[Any], str] | None = None,
    ) -> Sequence[Any]:
        """Says what is due, gives up what is refused, and returns what it keeps, begun."""
        kept, by, refused = [], self._house.now, refuse or _closed
        while jobs := await self._house.claim(self._workspace, by):
            self._house.now += timedelta(milliseconds=200)
            for job in (job.model_copy(update={"at": by}) for job in jobs):
                if keep(job):
                    kept.append(job)
                elif why := refused(job):
                    await self._house.dead(job, why)
                else:
                    await self._say(job)
        return kept

    async def _hand_back(self, kept: Sequence[Any]) -> None:
        for job in kept:
            await self._house.back(job, 0.0, STOPPED, unsure=False, hold=False)

    async def _say(self, job: Any) -> None:
        message, said, root = await self._house.words(job)
        if message is None or (job.once and said is not None):
            await self._house.done(job, None)
            return
        digest = hashlib.sha256(message.model_dump_json().encode()).hexdigest()
        if said is not None:
            told = Told(said.channel_id, said.message, said.link, digest)
        elif self._workspace == "web" and not note.is_channel(job.channel_id):
            told = (await self._house.post(job, message, root))._replace(digest=digest)
        else:
            self._messages += 1
            id = f"{int(job.at.timestamp())}.{self._messages:06}"
            place = (
                f"D{job.channel_id[1:]}" if job.direct and job.channel_id[0] == "U" else job.channel_id
            )
            told = Told(place, id, f"https://chat.example.com/{id}", digest)
        self._roots[job.key] = told.message
        if job.name == "retro.answered" and job.asked_by:
            self._answered[job.thread] = job.about
        await self._house.done(job, told)

    # The week

    async def _begin(self) -> None:
        """Friday: cases fail, and all that the scenes need is said."""
        self._house.now = BEGINS
        for scene in (*ALONE, *(SHARED if self._apart else ("main",))):
            await self._fail(scene, bulk=scene in IMPORTED)
        told_of = int(self._case("noted")[2:])
        await self._house.told_of(self._workspace, self._cast("noted").place, told_of)
        await self._speak()
        for scene in ("close", "reopen", "forgotten"):
            await self._answer(scene)
        await self._step("close", "recovery.hear", words="Nobody called me back.")
        settled = {"outcome": "an apology was enough", "why": "Maria Santos was called."}
        for scene in ("reopen", "forgotten"):
            await self._step(scene, "retro.close", **settled)
        for scene in ("reminded", "week"):
            cast = self._cast(scene)
            wanted = {"due": "2026-03-05", "measure": "No calls"}
            late = await self._add(scene, cast.lead, cast.owner, **wanted)
            await self._move(cast.owner, "accept", late, scene)
        for scene in COME_BACK:
            cast = self._cast(scene)
            fix = await self._add(scene, cast.lead, cast.owner, gap="tools")
            await self._move(cast.owner, "accept", fix, scene)
            await self._move(cast.owner, "done", fix, scene, changed="The scanners are charged.")
            await self._move(cast.lead, "verify", fix, scene, saw="All of them were full this evening.")
        await self._step("reminded", "recovery.apologise", how="A call", words="We are sorry.")
        promise = {"words": "It comes on Friday.", "due": "2026-03-06", "how": "A call"}
        await self._step("reminded", "recovery.promise", **promise)
        mine = {"starts": "08:00", "ends": "18:00", "days": "0,1,2,3,4", "quiet_until": ""}
        lead = self._cast("reminded").lead
        await self._ask(lead, "team.own_settings", "", "reminded", values=mine | {"digest": "yes"})
        await self._ask(lead, "sign_in.open", "board", "reminded")
        await self._speak()

    async def _live(self) -> None:
        """Recoveries and items in every state, a discussion, and a team with settings of its own."""
        cast = self._cast("main")
        settings = {"lead": cast.lead.id, "zone": "Europe/Stockholm", "days": "0,1,2,3,4", "coach": ""}
        settings |= {"starts": "08:30", "ends": "17:30", "days_to_answer": "4", "days_to_apologise": "2"}
        await self._ask(cast.owner, "team.settings", "", "main", values=settings)
        for scene in ("recovered", "anew", "silent", "enough", "finished", "denver"):
            await self._fail(scene)
        await self._speak()
        west = self._cast("denver")
        late = await self._add("denver", west.lead, west.lead, due="2026-03-06")
        await self._move(west.lead, "change_date", late, "denver", due="2026-03-05", why="Sooner.")
        reply = {"text": "We could ask the depot.", "id": "1772463600.000900"}
        root = self._roots[f"retro:{self._cases['silent'][2:]}"]
        await self._ask(cast.owner, "retro.discuss", root, "main", values=reply)
        for scene in ("recovered", "anew", "silent", "enough"):
            await self._step(scene, "recovery.hear", words="I waited for two days.")
            await self._step(scene, "recovery.apologise", how="A call", words="We are sorry.")
        for scene in ("recovered", "anew", "silent"):
            await self._step(scene, "recovery.ask_wish", words="A day that holds.")
            promise = {"words": "It comes.", "due": "2026-03-06", "how": "A letter"}
            await self._step(scene, "recovery.promise", **promise, keeper=cast.owner.id)
            await self._step(scene, "recovery.keep", words="It came.")
            await self._step(scene, "recovery.check_back", words="All is well.")
        await self._step("recovered", "recovery.verdict", verdict="recovered", words="Thank you.")
        await self._step("anew", "recovery.verdict", verdict="not recovered", words="It was late again.")
        await self._step("silent", "recovery.not_needed", step="tell_changed", why="They know.")
        accept = (cast.owner, "accept", dict[str, str]())
        done = (cast.owner, "done", {"changed": "CardContext."})
        states: Sequence[Sequence[tuple[Person, str, dict[str, str]]]] = (
            (),
            ((cast.owner, "decline", {"why": "Not mine."}),),
            (accept,),
            (accept, (cast.owner, "remind_later", {"when": "next_week"})),
            (accept, (cast.owner, "change_date", {"due": "2026-03-20"})),
            ((cast.lead, "drop", {"why": "Too dear."}),),
            (accept, done),
            (accept, done, (cast.lead, "verify", {"saw": "Ten orders have them."})),
        )
        for scene, moved in (*(("silent", moved) for moved in states), ("finished", states[-1])):
            item = await self._add(scene, cast.lead, cast.owner, gap="training")
            for who, step, values in moved:
                await self._move(who, step, item, scene, **values)
        await self._add("silent", cast.owner, None)
        await self._step("finished", "retro.close", outcome="fixes agreed", why="")
        await self._step("finished", "recovery.tell_changed", words="The notes are shown.", view="Good.")
        settled = {"outcome": "an apology was enough", "why": "Maria Santos was called."}
        await self._step("enough", "retro.close", **settled)
        await self._speak()

    async def _week(self) -> None:
        """Wednesday: one item is done, and here and there the clock looks."""
        self._house.now = WEDNESDAY
        cast = self._cast("instead")
        item = await self._add("instead", cast.deaf, cast.owner)
        await self._move(cast.owner, "accept", item, "instead")
        await self._move(cast.owner, "done", item, "instead", changed="The notes are shown.")
        if self._ending in ("said", "dead"):
            await self._look()
        await self._speak()

    async def _trouble(self) -> None:
        """The last day: somebody cannot be reached, and a message is not taken."""
        self._house.now = LAST_DAY
        await self._house.prune(LAST_DAY - timedelta(days=7))
        cast = self._cast("unreached")
        await self._add("unreached", cast.lead, cast.deaf)
        deaf = self._cast("handed over").deaf.id
        await self._step("handed over", "recovery.hand_over", step="verdict", owner=deaf, why="")
        await self._answer("answer")
        kept = await self._speak(
            keep=lambda job: job.name in INSTEAD,
            refuse=lambda job: REFUSED if job.name == "retro.answered" else _closed(job),
        )
        await self._hand_back(kept)

    async def _owe(self) -> None:
        """Everybody does something, and nothing of it is said yet."""
        await self._fail("prompts")
        new = f"retro:{self._cases['prompts'][2:]}"
        await self._hand_back(await self._speak(keep=lambda job: job.key != new))
        await self._fail("fail")
        await self._answer("answer")
        await self._answer("unnamed", unnamed=True)
        heard = {"outcome": "nothing we could have changed", "why": "The road was closed."}
        await self._step("close", "retro.close", **heard)
        await self._step("reopen", "retro.reopen", why="It happened again.")
        cast = self._cast("unmended")
        await self._add("unmended", cast.lead, cast.owner)
        again = {"verdict": "not recovered", "words": "It was late again."}
        await self._step("unmended", "recovery.verdict", **again)
        mistaken = self._cast("cancel").owner
        await self._ask(
            mistaken, "case.cancel", self._case("cancel"), "cancel", values={"why": "A test."}
        )
        cast = self._cast("asked for")
        item = await self._add("asked for", cast.lead, None)
        await self._move(cast.owner, "take", item, "asked for")
        await self._move(cast.owner, "done", item, "asked for", changed="The notes are shown.")
        cast = self._cast("changed")
        item = await self._add("changed", cast.lead, None)
        await self._move(cast.owner, "take", item, "changed")
        await self._move(cast.lead, "edit", item, "changed", what="Print the courier's note")
        await self._ask(self._cast("shared").lead, "board.share", "", "shared")
        await self._fail("returned")
        for scene in COME_BACK:
            await self._add(scene, self._cast(scene).lead, None, gap="tools")
        await self._step("double", "case.same_as", other=self._case("kept"))
        cast = self._cast("item")
        await self._add("item", cast.lead, cast.owner, due="2026-03-13")
        settings = {
            "lead": cast.lead.id,
            "zone": "Europe/Stockholm",
            "days": "0,1,2,3,4",
            "coach": "yes",
        }
        settings |= {"starts": "09:00", "ends": "17:00", "days_to_answer": "3", "days_to_apologise": "1"}
        await self._ask(cast.owner, "team.settings", "", "item", values=settings)
        cast = self._cast("asks")
        await self._ask(cast.lead, "prompt.move_down", f"prompts::training:{cast.place.id}", "asks")
        promise = {"words": "The fee back.", "due": "2026-03-20", "how": "A call"}
        await self._step("noted", "recovery.promise", **promise)
        for number, scene in enumerate(("proposed", "gathered", "broken")):
            await self._propose(scene, 1 + number * 12)
        await self._house.told_without_words(self._workspace, self._cast("noted").place)
        await self._ask(self._cast("card").lead, "recovery.begin", self._case("card"), "card")
        for scene in ("hello", *(("heard", "unheard") if self._workspace == "web" else ())):
            await self._ask(self._cast(scene).lead, "team.joined", "", scene)
        await self._fail("backlog", bulk=True, quiet=True)
        await self._house.forget(self._workspace, int(self._case("forgotten")[2:]), self._house.now)
        cast = self._cast("left")
        gro = Person(id=cast.owner.id.replace("BEN", "GRO"), name="Gro", zone="Europe/Stockholm")
        item = await self._add("left", gro, gro)
        await self._house.forget_person(self._workspace, gro, self._house.now)
        await self._move(cast.lead, "take", item, "left")

    async def _propose(self, scene: str, before: int) -> None:
        """A helpdesk tells of more than its team wants to hear of, and most of it is waved off.

        So many proposals were made `before`.
        """
        cast = self._cast(scene)
        connection = await self._house.connect(self._workspace, cast.place, cast.lead)
        if scene == "broken":
            broken = {"connection_id": connection, "why": "reference is missing."}
            await self._ask(signal_commands.HELPDESK, "signal.refuse", "", scene, values=broken)
            return
        for number in range(13):
            signal = {"ticket": str(number), "reference": f"HD-{number}", "at": self._house.now}
            signal |= {"words": f"Nobody came ({number}).", "rating": 1 + number % 2}
            told = Signal.model_validate(signal)
            delivery = SignalDelivery(
                connection_id=connection, key=str(number), arrived_at=self._house.now, signal=told
            )
            sent = signal_commands.values(connection, (delivery,))
            await self._ask(signal_commands.HELPDESK, "signal.take_in", "", scene, values=sent)
        for number in range(2, 12):
            await self._ask(cast.owner, "proposal.wave_off", f"P-{before + number}", scene)

    async def _look_again(self) -> None:
        """The clock looks, and whoever cannot be reached is not told what it found."""
        self._house.now = LAST_DAY + timedelta(minutes=10)
        await self._look()
        kept = await self._speak(keep=lambda job: not job.channel_id.endswith("DORA"))
        await self._hand_back(kept)

    # How it ends

    async def _say_and_change(self) -> None:
        self._house.now += timedelta(minutes=1)
        await self._speak()
        cast = self._cast("main")
        self._house.now += timedelta(minutes=1)
        changed = {"text": "A rehearsal, and a checklist."}
        answer = self._answered[f"retro:{self._case('main')[2:]}"]
        await self._ask(cast.owner, "retro.edit_answer", answer, "main", values=changed)
        await self._step("main", "recovery.keep", words="It came on Friday.")
        await self._move(cast.owner, "done", "AI-1", "main", changed="The notes are shown.")
        await self._move(cast.lead, "hand_over", "AI-6", "main", owner=cast.lead.id, why="")
        await self._step("main", "retro.close", outcome="fixes agreed", why="")
        await self._house.forget(self._workspace, int(self._case("enough")[2:]), self._house.now)

    async def _bury(self) -> None:
        self._house.now += timedelta(minutes=1)
        await self._speak(refuse=lambda job: LEFT if job.direct else ARCHIVED)

    async def _put_off(self) -> None:
        """The platform is busy, or silent, message by message; one place rests altogether."""
        self._house.now += timedelta(minutes=1)
        by, count = self._house.now, 0
        while jobs := await self._house.claim(self._workspace, by):
            self._house.now += timedelta(milliseconds=200)
            for job in jobs:
                count += 1
                unsure, rests = count % 2 == 0, job.name == "team.hello"
                why = SILENT if unsure else BUSY
                await self._house.back(job, LATER, why, unsure=unsure, hold=rests)

    async def _break_off(self) -> None:
        """The process is killed in the middle of one message in each place."""
        self._house.now += timedelta(minutes=1)
        await self._speak(keep=lambda job: job.name in HALF_SAID.get(self._scene_of(job), ()))

    async def _break_off_on_the_web(self) -> None:
        """The same in few places, where a message is in our own memory: one that had begun is there."""
        self._house.now += timedelta(minutes=1)
        for job in await self._speak(keep=lambda job: True):
            scene = self._scene_of(job)
            if job.name == "case.unsaid" or scene == "heard":
                message, _, root = await self._house.words(job)
                await self._house.post(job, message, root)
            elif scene != "unheard":
                await self._hand_back([job])


def _closed(job: Any) -> str:
    return CLOSED if job.channel_id.endswith("DORA") else ""
