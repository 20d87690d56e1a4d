"""What leads read about connected helpdesks: the list, what to paste where, and what arrived."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from bot.domain.channel import channel_label
from bot.domain.connection import Action, Connection, RuleName, Rules, refuses
from bot.domain.person import Person
from bot.domain.prompt import used_kinds
from bot.domain.reference import ConnectionRef, ConnectionsRef
from bot.domain.signal import KEPT, Became, SignalDelivery
from bot.domain.team import Team
from bot.helpdesks import Instruction, Then
from bot.messages.parts import (
    SHOW_MORE,
    Bold,
    Button,
    Buttons,
    Context,
    Inline,
    Line,
    Message,
    Option,
    Paragraph,
    Part,
    Pasted,
    Status,
    Timestamp,
    Words,
    joined,
    linked,
    one_line,
    row,
    sentence,
)
from bot.messages.proposal import rated, said
from bot.messages.team import leaderless
from bot.repositories import NoteTrouble

SHOW = Button(label="Helpdesks", command_name="connections.show", about="", opens=True)
ADD = Button(
    label="Connect a helpdesk", command_name="connection.add", about="", look="main", opens=True
)
RULES = Button(label="Rules", command_name="connection.edit", about="", opens=True)
DELIVERIES = Button(
    label="Show last deliveries", command_name="connection.show_deliveries", about="", opens=True
)
TEST = Button(label="Send me a test", command_name="connection.test", about="")
STEPS = Button(label="Steps and secret", command_name="connection.show_steps", about="", opens=True)
NEW_SECRET = Button(label="New secret", command_name="connection.renew_secret", about="", opens=True)
PASTE_SECRET = Button(
    label="Paste the secret", command_name="connection.paste_secret", about="", opens=True
)
TOKEN = Button(label="Give a token", command_name="connection.give_token", about="", opens=True)
AT_STEP: Mapping[Then, Button] = {"test": TEST, "paste_secret": PASTE_SECRET, "give_token": TOKEN}
"""What is pressed at a step, by the name that the step has for it."""
REMOVE = Button(label="Remove", command_name="connection.remove", about="", opens=True)
OF_ONE = (RULES, DELIVERIES, TEST, STEPS, TOKEN, REMOVE)
"""What can be done with a connection. One is its button, and Slack's menu holds five: a new secret is
one click further, beside the steps it is a part of."""
WHAT_FOR = (
    "A bad rating, a breached SLA or a reopened ticket in your helpdesk is proposed here as a failed "
    "case, and your ticket hears how it ended."
)
ACTIONS = (
    Option(value="propose", label="Propose the case in the channel"),
    Option(value="open", label="Open the retro at once"),
)
NO_SUCH_CHANNEL = "Choose the channel of a team that you lead, where both of us can write."
DOES: Mapping[Action, str] = {"propose": "proposes cases", "open": "opens retros at once"}
BECAME: Mapping[Became, str] = {
    "": "its ticket met none of the rules",
    "proposed": "was proposed",
    "gathered": "was gathered with the rest of that day",
    "opened": "opened a retro",
    "known": "was about a ticket that I knew",
    "test": "was a test, only shown",
}
"""What was made of a delivery, in words."""
WHAT_IS_KEPT = (
    f"Deliveries are kept for {KEPT.days} days at most. Of what is refused only the last is kept: when "
    "and why, no more."
)
NOTHING_YET, NOTHING_TAKEN = "nothing has arrived yet", "nothing was taken yet"
"""Of a connection by which no delivery came; the second where some were refused."""
LEFT_TO_DO = "This is left to do in the other program:"
ALL_STEPS = "These are all the steps in the other program:"
ONCE = (
    "Copy the secret before you close this: I show it this once. If it gets lost, Steps and secret "
    "leads to a new one."
)
UNSHOWN = "THE_SECRET"
"""What stands in the steps where the secret stood when it was shown."""
NOT_AGAIN = (
    f"I showed the secret once, so {UNSHOWN} stands for it. If it got lost, New secret makes another."
)
HIDDEN = "It is stored encrypted, and nobody is ever shown it again."
_BOLD = re.compile(r"\*\*(.+?)\*\*")


WAITS = Status(sign="waiting", text="waits for its secret")


class Shown(NamedTuple):
    """A connection as its line shows it: what its product is like, and how it is doing."""

    connection: Connection
    title: str
    own_secret: bool = False
    takes_notes: bool = False
    last_at: datetime | None = None
    trouble: NoteTrouble | None = None

    @property
    def waits_for_secret(self) -> bool:
        """Whether nobody has pasted yet what its product signs with."""
        return self.own_secret and not self.connection.secret

    @property
    def refuses(self) -> bool:
        """Whether what arrived last was refused, though it could have been taken."""
        return not self.waits_for_secret and refuses(self.connection, self.last_at)


def listing(
    team: Team, shown: Sequence[Shown], lead: Person | None, *, missing: str = "", before: str = ""
) -> Message:
    """The team's connections, to its lead; `missing`: what the operator has to set first.

    `before`: what was just done.
    """
    title = f"Helpdesks of {channel_label(team.name)}"
    parts: list[Part] = [_line(one, team.zone) for one in shown]
    nobody = leaderless(team, lead)
    quiet = (nobody, "" if shown else WHAT_FOR, missing)
    parts += [Context(words=(words,)) for words in quiet if words]
    if not missing:
        add = _about(ADD, ConnectionsRef(channel_id=team.channel_id))
        parts.append(Buttons(buttons=(add,)))
    if not before:
        return Message(summary=title, title=title, parts=tuple(parts))
    head = (Paragraph(words=(before,)), Paragraph(words=(Bold(text=title),)))
    return Message(summary=before, parts=(*head, *parts))


def _line(one: Shown, zone: str) -> Line:
    connection = one.connection
    state: Words = (NOTHING_TAKEN if one.refuses else NOTHING_YET,)
    if one.last_at is not None:
        state = ("last delivery ", Timestamp(at=one.last_at, zone=zone))
    if one.waits_for_secret:
        state = (WAITS,)
    title = f"{one.title[:1].upper()}{one.title[1:]}"
    words: list[Inline] = [*joined((Bold(text=title),), state), "\n"]
    kind = (f"kind {connection.kind}",) if connection.kind else ()
    does = (f"{DOES[connection.action]}, {connection.a_day} a day at most",)
    notes = ("leaves notes on its tickets",) if connection.token and one.trouble is None else ()
    words += joined((heard(connection.rules),), does, kind, notes)
    if one.refuses:
        words += [
            "\n",
            *_refused(connection, zone, Status(sign="late", text="the last one was refused")),
        ]
    if one.trouble is not None:
        words += ["\n", _trouble(one.trouble)]
    first = _first(one)
    too_early = (TEST,) if one.waits_for_secret else ()
    left_out = (first, *too_early, *(() if one.takes_notes else (TOKEN,)))
    rest = [button for button in OF_ONE if button not in left_out]
    return Line(
        words=tuple(words),
        button=_about(first, connection.ref),
        menu=tuple(_about(button, connection.ref) for button in rest),
    )


def in_short(shown: Sequence[Shown]) -> Words:
    """Which of a team's connections need somebody, and why; nothing where all is well."""
    told = ((f"{one.title} ", needs) for one in shown if (needs := _needs(one)) is not None)
    return joined(*told)


def _needs(one: Shown) -> Status | None:
    """Why somebody has to look after a connection."""
    if one.waits_for_secret:
        return WAITS
    if one.refuses:
        return Status(sign="late", text="refuses what arrives")
    return None if one.trouble is None else _trouble(one.trouble)


def _first(one: Shown) -> Button:
    """What is most likely wanted of a connection next."""
    if one.waits_for_secret:
        return PASTE_SECRET
    if one.refuses:
        return STEPS
    return TOKEN if one.trouble is not None and one.trouble.given_up else RULES


def _refused(connection: Connection, zone: str, what: Inline) -> Words:
    """When something was refused last, and why; nothing where that never happened."""
    if connection.refused_at is None:
        return ()
    return (what, " ", Timestamp(at=connection.refused_at, zone=zone), f": {connection.refused_why}")


def _trouble(trouble: NoteTrouble) -> Status:
    """How many notes are given up, or else wait for another try, and why."""
    count, sign = trouble.given_up or trouble.waiting, "late" if trouble.given_up else "waiting"
    notes = "1 note" if count == 1 else f"{count} notes"
    state = "could not be left" if trouble.given_up else f"wait{'s' if count == 1 else ''} to be left"
    return Status(sign=sign, text=f"{notes} {state}: {trouble.why}")


def heard(rules: Rules) -> str:
    """`rating 2 or lower, tagged vip or late`: what a connection is heard for."""
    return ", ".join(filter(None, (words(rules) for words in HEARD.values())))


def _rating(rules: Rules) -> str:
    return f"rating {rules.rating}{' or lower' if rules.rating > 1 else ''}" if rules.rating else ""


def _either(words: Sequence[str]) -> str:
    return one_line(" or ".join(words), 90)


HEARD: Mapping[RuleName, Callable[[Rules], str]] = {
    "rating": _rating,
    "tag": lambda rules: f"tagged {_either(rules.tags)}" if rules.tags else "",
    "priority": lambda rules: f"priority {_either(rules.priorities)}" if rules.priorities else "",
    "sla_breached": lambda rules: "SLA breached" if rules.sla_breached else "",
    "reopened": lambda rules: "reopened" if rules.reopened else "",
}
"""Each rule in words; "" where a connection does not go by it."""


def _about(button: Button, ref: ConnectionRef | ConnectionsRef) -> Button:
    return button.model_copy(update={"about": str(ref)})


def choice(teams: Sequence[Team]) -> Message:
    """To a lead who asked in no channel: which of their teams is meant."""
    words = "Helpdesks belong to a team. Which one?"
    lines = (
        Line(
            words=(Bold(text=channel_label(team.name)),),
            button=_about(SHOW, ConnectionsRef(channel_id=team.channel_id)),
        )
        for team in teams
    )
    return Message(summary=words, parts=(Paragraph(words=(words,)), *lines))


def above_rules(channel_name: str, title: str = "") -> tuple[Part, ...]:
    """Where the cases will be proposed; `channel_name` is "" where the form asks for the channel.

    `title` is of what is connected, once it is.
    """
    place = channel_label(channel_name) if channel_name else "the channel that you choose"
    where = f"What meets one of the rules goes to {place}."
    if title:
        where = f"What {title} tells of goes to {place} when it meets one of the rules."
    later = "" if title else ", and you can change all of this later"
    return (Context(words=(where, f" The rest is left alone{later}.")),)


def moved(channel_name: str, lost_kind: str | None) -> str:
    """That a connection leads to another channel, and which kind of case it lost there."""
    label = channel_label(channel_name)
    saved = (
        f"Saved: what meets the rules goes to {label} from the next delivery on. What was proposed "
        "before stays where it is."
    )
    if lost_kind is None:
        return saved
    return f"{saved} {label} has no kind {lost_kind}: the kind is now what the ticket says."


def no_such_kind(team: Team) -> str:
    """Which kinds of case a team has instead."""
    label, names = channel_label(team.name), [kind.name for kind in used_kinds(team.kinds)]
    if not names:
        return f"{label} has no kinds of case: leave this empty."
    return f"{label} has no such kind: choose {_either(names)}, or leave this empty."


def made(one: Shown, steps: Sequence[Instruction], *, shows_secret: bool) -> Message:
    """How a new connection is finished in the other program: each click, and what to paste there."""
    head = (f"Connected on this side: {one.title}.", LEFT_TO_DO)
    return _instructed(head, one, steps, ONCE if shows_secret else "")


def all_steps(one: Shown, steps: Sequence[Instruction]) -> Message:
    """The same once more, without the secret that was shown."""
    head = (f"Connecting: {one.title}", ALL_STEPS)
    if not one.own_secret:
        return _instructed(head, one, steps, NOT_AGAIN, (NEW_SECRET,))
    return _instructed(head, one, steps, "", (PASTE_SECRET,) if one.connection.secret else ())


def renewed(one: Shown, steps: Sequence[Instruction]) -> Message:
    """The new secret, and where it goes."""
    head = (f"The old secret of {one.title} counts no more, and this is the new one.", LEFT_TO_DO)
    return _instructed(head, one, steps, ONCE)


def _instructed(
    head: tuple[str, str],
    one: Shown,
    steps: Sequence[Instruction],
    about_secret: str,
    another: tuple[Button, ...] = (),
) -> Message:
    """Each step with its button beside it; what can be pressed and belongs to no step stands below."""
    summary, before = head
    first = (PASTE_SECRET if one.waits_for_secret else TEST).model_copy(update={"look": "main"})
    token = (TOKEN,) if one.takes_notes else ()
    offered = {each.command_name: _about(each, one.connection.ref) for each in (first, *another, *token)}
    above = (Bold(text=summary), about_secret, before)
    parts: list[Part] = [Paragraph(words=(words,)) for words in above if words]
    for number, step in enumerate(steps, 1):
        words = (f"{number}. ", *_worded(step.text))
        button = offered.pop(AT_STEP[step.then].command_name, None) if step.then else None
        parts.append(Line(words=words, button=button) if button else Paragraph(words=words))
        if step.paste:
            parts.append(Pasted(text=step.paste))
    if offered:
        parts.append(row([*offered.values()]))
    return Message(summary=summary, parts=tuple(parts))


def _worded(text: str) -> Words:
    """The words of a step, with those bold that stand between two asterisks."""
    pieces = _BOLD.split(text)
    words = (Bold(text=piece) if number % 2 else piece for number, piece in enumerate(pieces))
    return tuple(word for word in words if word)


def above_secret(title: str) -> tuple[Part, ...]:
    """Where the secret is found, and how it is kept."""
    return (Context(words=(f"{title} makes it and signs with it. {HIDDEN}",)),)


def above_renewal(title: str) -> tuple[Part, ...]:
    """What a new secret ends."""
    words = (
        f"The secret of {title} stops at once, and what arrives is refused until the new one is there."
    )
    return (Paragraph(words=(words,)),)


def above_token(step: Instruction, right: str) -> tuple[Part, ...]:
    """Where the token is made, which single right it needs, and how it is kept."""
    pasted = (Pasted(text=step.paste),) if step.paste else ()
    return (Paragraph(words=_worded(step.text)), *pasted, Context(words=(f"{right} {HIDDEN}",)))


DISCONNECTED = "The helpdesk was disconnected."
"""Why what it proposed is waved off."""


def above_removal(title: str, waiting: int, *, leaves_notes: bool) -> tuple[Part, ...]:
    """What ends with a connection."""
    notes = ", and I leave no more notes there" if leaves_notes else ""
    ends = f"What arrives from {title} is refused from then on{notes}."
    count = "1 case that it proposed is" if waiting == 1 else f"{waiting} cases that it proposed are"
    said = f"{count} waved off as well: that changes what stands in the channel, and sends nothing new."
    waved = (Context(words=(said,)),) if waiting else ()
    last = Context(words=("This can't be undone. Cases whose retro was opened stay as they are.",))
    return (Paragraph(words=(ends,)), *waved, last)


def secret_pasted(one: Shown, steps: Sequence[Instruction]) -> Message:
    """After the product's own secret was pasted, mostly in the middle of the steps: they go on."""
    head = (f"Saved: I take what {one.title} signs with it. {HIDDEN}", ALL_STEPS)
    return _instructed(head, one, steps, "")


def token_given(origin: str) -> str:
    """Where the token goes from now on."""
    return f"Saved: I leave notes at {origin}. The token is stored encrypted, and shown to nobody."


def awaits_test() -> Message:
    """That the next delivery is shown to whoever asked."""
    return sentence(
        "What arrives next, within the hour, I show you in your direct messages, and do nothing else "
        "with it."
    )


def broken_test(title: str, why: str, ref: ConnectionRef) -> Message:
    """To whoever waits for a test: something arrived that I could not take, and where to look."""
    words = f"Something arrived for your test ({title}), and I refused it: {why}"
    more = "I still wait for the test, and tell you of this once."
    steps = row([_about(STEPS.model_copy(update={"look": "main"}), ref)])
    return Message(summary=words, parts=(Paragraph(words=(words,)), Context(words=(more,)), steps))


def deliveries(
    one: Shown, page: Sequence[SignalDelivery], ref: ConnectionRef, zone: str, *, more: bool
) -> Message:
    """What arrived last by a connection, the newest first, and what was made of each.

    What was refused last stands above all, also where another delivery was taken since.
    """
    heading = f"Last deliveries: {one.title}"
    sign: Inline = Status(sign="late", text="Refused") if one.refuses else "Refused last"
    refused = () if ref.page else _refused(one.connection, zone, sign)
    parts: list[Part] = [Paragraph(words=refused)] if refused else []
    parts += [_delivery(each, zone) for each in page]
    if not page:
        nothing = NOTHING_TAKEN if refused else NOTHING_YET
        parts.append(Context(words=(f"{nothing.capitalize()}.",)))
    parts.append(Context(words=(WHAT_IS_KEPT,)))
    if more:
        button = DELIVERIES.model_copy(update={"label": SHOW_MORE})
        onward = ref.model_copy(update={"page": ref.page + 1})
        parts.append(Buttons(buttons=(_about(button, onward),)))
    return Message(summary=heading, title=heading, parts=tuple(parts))


def _delivery(one: SignalDelivery, zone: str) -> Line:
    signal = one.signal
    named = linked(signal.reference, signal.link) if signal.reference else "a forgotten ticket"
    words = joined(
        (Timestamp(at=one.arrived_at, zone=zone),),
        (named,),
        rated(signal.rating),
        (BECAME[one.became],),
    )
    what = one_line(said(signal), 100) if signal.reference else ""
    return Line(words=(*words, *((f"\n{what}",) if what else ())))
