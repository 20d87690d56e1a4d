"""What a retro asks where its team has said nothing else: to ask something more, add an entry here.

Form, thread and export follow. Retros that are open already keep the prompts that they opened with.
Questions ask how and what, never why or who.
"""

from collections.abc import Iterable, Sequence

from bot.domain.prompt import Prompt, Prompts, asked, gaps_of, kind_called, kind_of
from bot.domain.retro import Retro
from bot.domain.team import Team

PROMPTS = (
    Prompt(
        key="training",
        label="Training",
        question="What would we have needed to know or practise to handle this well?",
        gap="training",
    ),
    Prompt(
        key="communication",
        label="Communication",
        question="What did people need to hear, from whom and when, that did not reach them?",
        gap="communication",
    ),
    Prompt(
        key="after_hours",
        label="After-hours support",
        question=("What help was needed outside working hours, and how easy was it to reach someone?"),
        gap="after-hours support",
    ),
    Prompt(key="else", label="Anything else"),
)


def of_team(team: Team, kind: str = "") -> Prompts:
    """What is asked in a team, retired ones too: of the kind of case with this key, or of any other."""
    return kind_of(team.kinds, kind).prompts if kind else team.prompts or PROMPTS


def with_prompts(team: Team, kind: str, prompts: Prompts) -> Team:
    """The team that asks these, of that kind of case or of any other."""
    if not kind:
        return team.model_copy(update={"prompts": prompts})
    kinds = tuple(
        each.model_copy(update={"prompts": prompts}) if each.key == kind else each for each in team.kinds
    )
    return team.model_copy(update={"kinds": kinds})


def at_opening(team: Team, kind_name: str | None) -> Prompts:
    """What a retro asks that opens now, of a case of this kind; what it is called may have changed."""
    kind = kind_called(team.kinds, kind_name or "")
    return asked(of_team(team, kind.key if kind else ""))


def gaps_in(retro: Retro, team: Team) -> tuple[str, ...]:
    """The gaps that an item of the retro can be filed under: what it asks, or its team does now."""
    return gaps_of(retro.prompts, *_asked_in(team))


def gaps_in_teams(teams: Iterable[Team]) -> tuple[str, ...]:
    """The gaps that these teams ask about, or did until a prompt of theirs was retired."""
    return gaps_of(
        *(
            prompts
            for team in teams
            for prompts in (of_team(team), *(kind.prompts for kind in team.kinds))
        )
    )


def _asked_in(team: Team) -> Sequence[Prompts]:
    """What its retros ask that open now, one of each kind of case."""
    kinds = (kind.prompts for kind in team.kinds if not kind.retired)
    return [asked(of_team(team)), *map(asked, kinds)]
