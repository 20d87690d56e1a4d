"""What people read about a team's policy."""

from bot.domain.channel import channel_label
from bot.domain.person import Person
from bot.domain.policy import OTHER
from bot.domain.policy import Policy as TeamPolicy
from bot.domain.prompt import GAPS
from bot.domain.team import Team
from bot.messages.parts import Context, Fields, Form, Message, Paragraph, Part, Words, working_days
from bot.messages.team import leaderless

VERIFIES = ("anybody else", "the lead")
"""Who verifies, by whether only the lead does."""
DUE_HINT = (
    "Working days after which an item is due that is added without a date from now on. "
    "Leave empty for no date."
)
WHAT = "How your team goes about its fixes."


def above(team: Team, lead: Person | None) -> tuple[Part, ...]:
    """What it is, and who can change it; `lead` may have left."""
    who = leaderless(team, lead) or "Only its lead can change this."
    return (Context(words=(f"{WHAT} {who}",)),)


def due_label(gap: str) -> str:
    """`Training: days until due`."""
    return f"{_called(gap)}: days until due"


def _called(gap: str) -> str:
    return (gap or "any other gap").capitalize()


def due_hint(policy: TeamPolicy) -> str:
    """Under the date of a new item: by when it is due without one; "" where no policy says so."""
    told = _due(policy)
    return f"Leave empty for your team's policy, in working days from today: {told}." if told else ""


def _due(policy: TeamPolicy) -> str:
    """`training 10, process 20, any other gap 15`, or "" without any."""
    named = (*GAPS, *sorted(policy.due_by_gap.keys() - {*GAPS, OTHER}), OTHER)
    known = [(gap, policy.due_by_gap[gap]) for gap in named if gap in policy.due_by_gap]
    return ", ".join(f"{gap or 'any other gap'} {days}" for gap, days in known)


def settled(team: Team) -> Message:
    """To the lead who saved the policy: what it is now."""
    first = f"Saved. This is the policy of {channel_label(team.name)} now."
    return Message(summary=first, parts=(Paragraph(words=(first,)), Fields(rows=rows(team.policy))))


def to_read(team: Team, lead: str) -> Form:
    """The policy, for whoever may not change it, and who may."""
    return Form(
        command_name="team.policy",
        title="Policy",
        channel_id=team.channel_id,
        parts=(
            Fields(rows=rows(team.policy)),
            Context(words=(f"{lead} leads {channel_label(team.name)} and can change this.",)),
        ),
    )


def rows(policy: TeamPolicy) -> tuple[tuple[str, Words], ...]:
    """What a policy says, each with what it is about."""
    due = _due(policy)
    small = "may go without a retro" if policy.small_failures else "have a retro, as all others"
    return (
        ("Due without a date", (f"after working days: {due}" if due else "never",)),
        ("Reminded to verify", (f"after {working_days(policy.days_to_verify)}",)),
        ("Who verifies", (VERIFIES[policy.lead_verifies],)),
        ("Small failures", (small,)),
    )
