"""Who belongs to our workspace, who to its organisation, and who to neither.

Nothing here asks Slack: where only Slack can say, `is_doubtful` is true.
"""

from collections.abc import Mapping

from pydantic import BaseModel

from handlers.payload import Payload, mapping, text_at


class WrongWorkspace(Exception):
    """The payload comes from another workspace, or from somebody of another organisation."""


class Workspace(BaseModel, frozen=True):
    """The workspace that the token belongs to: its id, its address, and the bot's own person id.

    `enterprise` is the id of its organisation (Enterprise Grid), or empty.
    """

    team: str
    url: str
    bot: str
    enterprise: str = ""

    @property
    def id(self) -> str:
        """`slack:T012AB3CD`: the key of everything stored for it."""
        return f"slack:{self.team}"

    def knows(self, team: str) -> bool | None:
        """Whether a team's id is ours; None: only Slack knows, it may be of our organisation."""
        if team and team in (self.team, self.enterprise):
            return True
        return None if self.enterprise and not team.startswith("E") else False


def check_installed(body: Payload, workspace: Workspace) -> None:
    """Raises WrongWorkspace for an event that was sent to another installation.

    Its channel may still belong to another organisation, which shares it with ours.
    """
    authorizations = body.get("authorizations")
    ids = [text_at(body, "context_team_id")]
    for authorization in authorizations if isinstance(authorizations, list) else ():
        ids.append(text_at(authorization, "team_id") if isinstance(authorization, Mapping) else "")
    teams = [team for team in ids if team] or [text_at(body, "team_id")]
    if not any(workspace.knows(team) for team in teams):
        raise WrongWorkspace


def check_ours(body: Payload, workspace: Workspace) -> None:
    """Raises WrongWorkspace when a payload itself says that somebody is of another organisation."""
    if any(workspace.knows(team) is False for team in _teams(body, workspace)):
        raise WrongWorkspace


def is_doubtful(body: Payload, workspace: Workspace) -> bool:
    """Whether only Slack can tell if somebody is of our organisation: on Enterprise Grid alone."""
    return any(workspace.knows(team) is None for team in _teams(body, workspace))


def is_shared(body: Payload) -> bool:
    """Whether an event says that its channel is shared with another organisation."""
    return body.get("is_ext_shared_channel") is True


def _teams(body: Payload, workspace: Workspace) -> list[str]:
    """The ids of the workspaces and organisations that a payload names for its person.

    `team` of a click is where we are installed, even when somebody of another organisation pressed.
    """
    if "command" in body:
        # Where somebody typed: a workspace of our organisation is known by the organisation's id.
        team, organisation = text_at(body, "team_id"), text_at(body, "enterprise_id")
        at_home = team == workspace.team or (organisation and organisation == workspace.enterprise)
        teams = [] if at_home else [team, organisation]
    elif user := mapping(body, "user"):
        teams = [text_at(mapping(body, "team"), "id"), text_at(user, "team_id")]
    else:
        # In a shared channel the sender's own workspace stands in the event itself, or in the message.
        happened = mapping(body, "event")
        parts = (happened, mapping(happened, "message"), mapping(happened, "previous_message"))
        teams = [text_at(part, key) for part in parts for key in ("team", "user_team", "source_team")]
    return [team for team in teams if team]
