"""A person: somebody in the workspace."""

from pydantic import BaseModel, field_validator

from bot.domain.working_hours import known_zones

FORMER = "former-"
"""How the id begins under which a colleague who was forgotten is kept."""


def is_former(person_id: str | None) -> bool:
    """Whether it is a colleague who was forgotten: nobody whom a platform could show or tell."""
    return person_id is not None and person_id.startswith(FORMER)


class Person(BaseModel, frozen=True):
    """Somebody in the workspace; `id` is the platform's.

    `zone` is an IANA name that this machine knows, or None: a platform may know newer ones.
    """

    id: str
    name: str
    zone: str | None = None
    bot: bool = False
    gone: bool = False

    @field_validator("zone")
    @classmethod
    def _known_here(cls, zone: str | None) -> str | None:
        return zone if zone in known_zones() else None
