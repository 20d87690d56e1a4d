"""What happens with a team's policy: its lead changes it, and the others in the channel read it."""

from collections.abc import Mapping
from typing import Annotated

from bot.command import Opening, Reply
from bot.commands import team as team_commands
from bot.commands.stamped import Stamped, check_seen
from bot.domain.errors import check_all
from bot.domain.person import Person
from bot.domain.policy import (
    MAX_DAYS_TO_VERIFY,
    OTHER,
    Policy,
    check_days_due,
    check_days_to_verify,
)
from bot.domain.prompt import GAPS
from bot.domain.team import Team
from bot.fields import Choice, FieldSpec, Kind, Tick, field, read_all
from bot.messages import policy as messages
from bot.messages.page import SETTINGS
from bot.messages.parts import Form
from bot.messages.stale_form import stamped
from bot.ports import ReadOnlyWork, UnitOfWork


def _gap_field(gap: str) -> str:
    return f"due_{gap.replace('-', '_').replace(' ', '_') or 'other'}"


DUE_FIELDS = {_gap_field(gap): gap for gap in (*GAPS, OTHER)}
"""The fields of the policy that say when an item is due, by its gap."""


class Save(Stamped, frozen=True):
    """Saves a team's policy; `due` holds a number of working days by the names of DUE_FIELDS."""

    name = "team.policy"
    access = "channel"
    set_at = SETTINGS
    title = "Policy"
    submit = "Save"

    due: Mapping[str, int | None]
    days_to_verify: Annotated[int, Kind("number")] = field(
        "Days to verify",
        needed="Say after how many working days somebody is reminded to verify.",
        hint="Working days after which I remind of an item that is done and not verified, "
        f"1 to {MAX_DAYS_TO_VERIFY}.",
        check=check_days_to_verify,
    )
    verifies: Choice = field(
        "Who verifies",
        needed="Choose who verifies.",
        hint="Never whoever did it. What the lead did themself, anybody else verifies.",
        options=messages.VERIFIES,
    )
    small_failures: Tick = field(
        "Small failures without a retro",
        needed="Whether small failures go without a retro got lost on the way: tick it once more.",
        hint="Adds a tick to Mark a case failed: no retro, only make it right.",
    )

    @classmethod
    def fields(cls) -> tuple[FieldSpec, ...]:
        return (*_DUE_SPECS.values(), *super().fields())

    @classmethod
    def read(cls, values: Mapping[str, str]) -> dict[str, object]:
        due, more = check_all(
            lambda: read_all(_DUE_SPECS, values), lambda: super(Save, cls).read(values)
        )
        return {**more, "due": due}


_DUE_SPECS = {
    name: FieldSpec(
        name=name,
        kind="number",
        label=messages.due_label(gap),
        hint=messages.DUE_HINT if gap == GAPS[0] else "",
        check=check_days_due,
    )
    for name, gap in DUE_FIELDS.items()
}


def open_form(opening: Opening, work: ReadOnlyWork) -> Reply:
    """Opens the team's policy: to change for its lead, and to read for everybody else in the channel."""
    channel = team_commands.shared_channel(opening)
    team = work.teams.get(channel.id) or team_commands.new(channel, opening)
    other = team_commands.lead_to_ask(team, opening, work)
    if other is not None:
        return Reply(form=messages.to_read(team, other.name))
    return Reply(form=policy_form(team, team_commands.lead_of(team, work)))


def policy_form(team: Team, lead: Person | None) -> Form:
    """Policy, as it is now, for whoever may change it; `lead` may have left."""
    policy = team.policy
    due = {name: policy.due_by_gap.get(gap) for name, gap in DUE_FIELDS.items()}
    values = {
        **{name: str(days or "") for name, days in due.items()},
        "days_to_verify": str(policy.days_to_verify),
        "verifies": messages.VERIFIES[policy.lead_verifies],
        "small_failures": "yes" if policy.small_failures else "",
    }
    return stamped(
        Save.form(channel_id=team.channel_id, parts=messages.above(team, lead), values=values)
    )


def save(command: Save, work: UnitOfWork) -> Reply:
    """Saves the team's policy, and makes what is open due by it."""
    team = team_commands.of(team_commands.shared_channel(command), command, work)
    team_commands.check_is_leads(team, command, work, "its policy")
    check_seen(policy_form(team, team_commands.lead_of(team, work)), command, work)
    # Gaps that this form does not ask for keep their numbers.
    kept = {gap: days for gap, days in team.policy.due_by_gap.items() if gap not in DUE_FIELDS.values()}
    chosen = {gap: command.due[name] for name, gap in DUE_FIELDS.items()}
    policy = Policy(
        due_by_gap=kept | {gap: days for gap, days in chosen.items() if days is not None},
        days_to_verify=command.days_to_verify,
        lead_verifies=command.verifies == messages.VERIFIES[True],
        small_failures=command.small_failures,
    )
    changed = team.model_copy(update={"policy": policy})
    work.teams.save(changed)
    work.scheduler.run_now(channel_id=team.channel_id)
    return Reply(message=messages.settled(changed), done=True)
