"""What people read about what helpdesks send."""

from collections import Counter
from collections.abc import Sequence

from bot.domain.connection import IN_A_ROW, Connection, RuleName
from bot.domain.proposal import Proposal
from bot.domain.signal import Signal
from bot.domain.team import Team
from bot.messages.connection import HEARD, RULES, heard
from bot.messages.parts import (
    Button,
    ChannelName,
    Context,
    Fields,
    Link,
    Message,
    Paragraph,
    Quote,
    Timestamp,
    Words,
    one_line,
    row,
    sentence,
    shortened,
)
from bot.messages.proposal import BECAUSE, rated

EDIT = Button(
    label="Change the rules", command_name="connection.edit", about="", look="main", opens=True
)
NOTHING_DONE = (
    "Nothing was done with it, and the very same sent once more does nothing either. What else arrives "
    "is taken as ever."
)
TEST_DROPPED = sentence("A test arrived here. What it told is not kept any longer.")
WOULD = {
    "propose": "It meets your rules, so it would have been proposed in ",
    "open": "It meets your rules, so its retro would have opened in ",
}
REPLIED = "the customer wrote on a solved ticket"
WOULD_NOT = "It meets none of your rules, so nothing would have been said in "


def test(signal: Signal, rules: Sequence[RuleName], connection: Connection, team: Team) -> Message:
    """To whoever asked for a test: what was understood, and by which rules what would have happened."""
    would = WOULD[connection.action] if rules else WOULD_NOT
    by = "" if rules else f" Your rules: {heard(connection.rules)}."
    verdict: Words = (would, ChannelName(channel_id=team.channel_id, name=team.name), f".{by}")
    # Where no rule is met they are what to look at next.
    look = "plain" if rules else "main"
    edit = RULES.model_copy(update={"about": str(connection.ref), "look": look})
    rows: list[tuple[str, Words]] = [
        (
            "Ticket",
            (Link(text=signal.reference, url=signal.link),) if signal.link else (signal.reference,),
        ),
        ("When", (Timestamp(at=signal.at, zone=team.zone),)),
        ("Customer", (one_line(signal.customer),)),
        ("Rating", rated(signal.rating)),
        ("Kind", (one_line(signal.kind),)),
        ("Tags", (one_line(", ".join(signal.tags)),)),
        ("Priority", (one_line(signal.priority),)),
        ("Besides", (", ".join(_besides(signal)),)),
    ]
    texts = dict.fromkeys(filter(None, (signal.what_happened, signal.words)))
    return Message(
        summary="A test arrived, and this is how I understood it.",
        title="A test arrived",
        parts=(
            *(Quote(text=shortened(text)) for text in texts),
            Fields(rows=tuple((label, words) for label, words in rows if any(words))),
            Paragraph(words=verdict),
            Context(words=(NOTHING_DONE,)),
            row((edit,)),
        ),
    )


def _besides(signal: Signal) -> Sequence[str]:
    """What else was told, in words; a reply meets no rule, and is shown on the customer's card."""
    told = {
        BECAUSE["sla_breached"](signal): signal.sla_breached,
        BECAUSE["reopened"](signal): signal.reopened,
        REPLIED: signal.replied,
    }
    return [words for words, is_so in told.items() if is_so]


def ask_rules(connection: Connection, team: Team, waved: Sequence[Proposal]) -> Message:
    """To a lead: the last proposals were all `waved` off; by which rules they came, how many say why."""
    summary = f"The last {IN_A_ROW} proposals of a helpdesk were waved off."
    button = EDIT.model_copy(update={"about": str(connection.ref)})
    where = ChannelName(channel_id=team.channel_id, name=team.name)
    met = Counter(rule for proposal in waved for rule in proposal.rules).most_common()
    rules = [f"{words} ({count})" for rule, count in met if (words := HEARD[rule](connection.rules))]
    whys = sum(bool(one.last and one.last.why) for one in waved)
    by = f"They came by: {', '.join(rules)}. " if rules else ""
    why = f"For {whys} of them somebody said why, in the channel. " if whys else ""
    return Message(
        summary=summary,
        parts=(
            Paragraph(
                words=(
                    f"The last {IN_A_ROW} cases that a helpdesk proposed in ",
                    where,
                    " were waved off: its rules let too much through. Change them?",
                )
            ),
            Context(words=(f"{by}{why}I ask this once.",)),
            row((button,)),
        ),
    )
