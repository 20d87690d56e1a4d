"""Adds people and channels to the web workspace, which has no platform to take them from."""

import os
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path

from bot.domain.channel import Channel
from bot.domain.person import Person, is_former
from bot.domain.working_hours import known_zones
from bot.messages.parts import Form, FormField
from bot.messages.team import zones, zones_with
from bot.ports import ReadOnlyWork, UnitOfWork
from handlers.web.incoming import PERSON_PREFIX, HTTPProblem, new_key

MAX_NAME_LENGTH = 80

Faults = Mapping[str, str]


def begin(work: UnitOfWork) -> bool:
    """Gives an empty workspace its first channel; False when it is not empty."""
    if work.people.everybody() or work.channels.all() or work.channels.gone():
        return False
    work.channels.remember(Channel(id="support", name="support"))
    return True


def who_form(name: str = "", zone: str = "") -> Form:
    """What a newcomer is asked; the page puts the browser's time zone in the machine's stead."""
    return Form(
        command_name="who", title="Who are you?", fields=_person_fields(name, zone), submit="Go on"
    )


def _person_fields(name: str, zone: str) -> tuple[FormField, ...]:
    zone = zone or machine_zone()
    return (
        FormField(name="name", label="Name", needed=True, max_length=MAX_NAME_LENGTH, value=name),
        FormField(
            name="zone",
            label="Time zone",
            kind="choice",
            needed=True,
            value=zone,
            options=zones_with(zone),
        ),
    )


def form_for(what: str, viewer: Person) -> Form:
    """The dialog that adds a channel or a person, or changes your own name and zone."""
    if what == "channel":
        hint = "Where a team talks, for example support-night."
        fields: tuple[FormField, ...] = (
            FormField(name="name", label="Name", needed=True, max_length=MAX_NAME_LENGTH, hint=hint),
        )
    elif what in ("person", "you"):
        fields = _person_fields(viewer.name if what == "you" else "", viewer.zone or "UTC")
    else:
        raise HTTPProblem("There is no such page here.", 404)
    if what == "you":
        return Form(command_name=what, title="Your name and time zone", fields=fields, submit="Save")
    return Form(command_name=what, title=f"Add a {what}", fields=fields, submit="Add")


def add(
    work: UnitOfWork, form: Form, viewer: Person, values: Mapping[str, str]
) -> tuple[Channel | Person | None, Faults]:
    """What the form makes of these values, or what is wrong with them."""
    if form.command_name == "channel":
        return add_channel(work, values["name"])
    return add_person(work, **values, known_as=viewer.id if form.command_name == "you" else "")


def add_channel(work: UnitOfWork, name: str) -> tuple[Channel | None, Faults]:
    """The new channel, or the one of this name that was removed; or what is wrong with its name."""
    name = channel_name(name)
    fault = name_fault(name) or channel_is_here(work, name)
    if fault:
        return None, {"name": fault}
    removed = next((each for each in work.channels.gone() if _same(each.name, name)), None)
    if removed is not None:
        back = removed.model_copy(update={"gone": False})
        work.channels.remember(back)
        return back, {}
    slug, number = _slug(name), 1
    while work.channels.get(_numbered(slug, number)) is not None:
        number += 1
    channel = Channel(id=_numbered(slug, number), name=name)
    work.channels.remember(channel)
    return channel, {}


def add_person(
    work: UnitOfWork, name: str, zone: str, known_as: str = ""
) -> tuple[Person | None, Faults]:
    """The new person, `known_as` with another name, or who of this name was removed; or the faults."""
    name = name.strip()
    fault = name_fault(name) or person_is_here(work, name, but=known_as)
    faults = {"name": fault} if fault else {}
    if zone not in known_zones():
        faults["zone"] = "Choose a time zone from the list."
    if faults:
        return None, faults
    # Whoever was forgotten is nobody, whatever a newcomer is called.
    known = (each for each in work.people.everybody() if each.gone and not is_former(each.id))
    removed = (each.id for each in known if _same(each.name, name))
    person_id = known_as or next(removed, PERSON_PREFIX + new_key())
    person = Person(id=person_id, name=name, zone=zone)
    work.people.remember(person)
    return person, {}


def machine_zone() -> str:
    """The time zone this machine is set to, as an IANA name; UTC when it does not say."""
    configured = os.environ.get("TZ", "").lstrip(":")
    linked = str(Path("/etc/localtime").resolve()).partition("zoneinfo/")[2]
    names = {option.value for option in zones()}  # without old spellings, such as Etc/UTC
    return next((name for name in (configured, linked) if name in names), "UTC")


def channel_name(name: str) -> str:
    """A channel's name as it is kept: without what stands before it."""
    return name.strip().lstrip("#").strip()


def channel_is_here(work: ReadOnlyWork, name: str, but: str = "") -> str:
    """What is wrong with a name that a channel other than `but` has; empty when none has it."""
    other = work.channels.named(name)
    there = other is not None and other.id != but
    return f"There is a channel called {name} already." if there else ""


def person_is_here(work: ReadOnlyWork, name: str, but: str = "") -> str:
    """What is wrong with a name that somebody other than `but` has; empty when nobody has it."""
    others = (each for each in work.people.everybody() if not each.gone and each.id != but)
    there = any(_same(each.name, name) for each in others)
    return f"{name} is here already; add something that tells them apart." if there else ""


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def name_fault(name: str) -> str:
    """What is wrong with a name by itself; empty when nothing is."""
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
    return slug or "channel"
