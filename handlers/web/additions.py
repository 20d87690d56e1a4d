"""Adds people and channels to the web workspace, which has no platform to take them from."""

import os
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path

from bot.domain.channel import Channel
from bot.domain.person import Person
from bot.messages.parts import Form, FormField
from bot.messages.team import zones
from bot.ports import UnitOfWork
from handlers.web.incoming import PERSON_PREFIX, HTTPProblem, new_key

MAX_NAME_LENGTH = 80

Faults = Mapping[str, str]
FIRST_PERSON = f"{PERSON_PREFIX}you"
"""Who everybody is until they say otherwise."""


def begin(work: UnitOfWork) -> bool:
    """Gives an empty workspace its first channel and its first person; False when it is not empty."""
    if work.people.everybody():
        return False
    work.people.remember(Person(id=FIRST_PERSON, name="You", zone=machine_zone()))
    work.channels.remember(Channel(id="support", name="support"))
    return True


def form_for(what: str, viewer: Person) -> Form:
    """The dialog that adds a channel or a person, or changes your own name and zone."""
    name = FormField(name="name", label="Name", needed=True, max_length=MAX_NAME_LENGTH)
    if what == "place":
        hint = "Where a team talks, for example support-night."
        fields: tuple[FormField, ...] = (name.model_copy(update={"hint": hint}),)
    elif what in ("person", "you"):
        zone_names = {option.value for option in zones()}
        zone = FormField(
            name="zone",
            label="Time zone",
            kind="choice",
            needed=True,
            value=viewer.zone if viewer.zone and viewer.zone in zone_names else "UTC",
            options=zones(),
        )
        own = {"value": viewer.name} if what == "you" else {}
        fields = (name.model_copy(update=own), zone)
    else:
        raise HTTPProblem("There is no such page here.", 404)
    if what == "you":
        return Form(command_name=what, title="Who you are", fields=fields, submit="Save")
    return Form(command_name=what, title=f"Add a {what}", fields=fields, submit="Add")


def add(
    work: UnitOfWork, form: Form, viewer: Person, values: Mapping[str, str]
) -> tuple[Channel | Person | None, Faults]:
    """What the form makes of these values, or what is wrong with them."""
    if form.command_name == "place":
        return add_channel(work, values["name"])
    return add_person(work, **values, known_as=viewer.id if form.command_name == "you" else "")


def add_channel(work: UnitOfWork, name: str) -> tuple[Channel | None, Faults]:
    """The new channel, or what is wrong with its name."""
    name = name.strip().lstrip("#").strip()
    fault = _name_fault(name)
    if not fault and work.channels.named(name) is not None:
        fault = f"There is a place called {name} already."
    if fault:
        return None, {"name": fault}
    slug, number = _slug(name), 1
    while work.channels.get(_numbered(slug, number)) is not None:
        number += 1
    channel = Channel(id=_numbered(slug, number), name=name)
    work.channels.remember(channel)
    return channel, {}


def add_person(
    work: UnitOfWork, name: str, zone: str, known_as: str = ""
) -> tuple[Person | None, Faults]:
    """The new person, or `known_as` with another name; or what is wrong with their name or zone."""
    name = name.strip()
    fault = _name_fault(name)
    if not fault and any(
        person.name.casefold() == name.casefold() and person.id != known_as
        for person in work.people.everybody()
    ):
        fault = f"{name} is here already; add something that tells them apart."
    faults = {"name": fault} if fault else {}
    if zone not in {option.value for option in zones()}:
        faults["zone"] = "Choose a time zone from the list."
    if faults:
        return None, faults
    person = Person(id=known_as or PERSON_PREFIX + new_key(), name=name, zone=zone)
    work.people.remember(person)
    return person, {}


def machine_zone() -> str:
    """The time zone this machine is set to, as an IANA name; UTC when it does not say."""
    configured = os.environ.get("TZ", "").lstrip(":")
    linked = str(Path("/etc/localtime").resolve()).partition("zoneinfo/")[2]
    names = {option.value for option in zones()}  # without old spellings, such as Etc/UTC
    return next((name for name in (configured, linked) if name in names), "UTC")


def _name_fault(name: str) -> str:
    if not name:
        return "Give it a name."
    if len(name) > MAX_NAME_LENGTH:
        return f"A name has at most {MAX_NAME_LENGTH} characters."
    return "" if name.isprintable() else "A name is one line of letters."


def _numbered(slug: str, number: int) -> str:
    return slug if number == 1 else f"{slug}-{number}"


def _slug(name: str) -> str:
    """A channel's id for its address: "Support (night)" becomes support-night."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-")
    return slug or "place"
