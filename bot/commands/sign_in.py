"""The way from chat to the pages in a browser: a link for one person, used once, and its session."""

from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote

from bot.command import Command, Reply
from bot.domain import sign_in
from bot.domain.errors import Refused
from bot.domain.person import Person
from bot.domain.sign_in import SignIn, digest_of, idle_end, new_secret
from bot.messages import sign_in as messages
from bot.ports import ReadOnlyWork, UnitOfWork

NO_ADDRESS = (
    "I don't know the address at which a browser reaches me: ask whoever runs me to set AMENDS_URL. "
    "In the web workspace, Board and Cases stand in the left column."
)


class Open(Command, frozen=True):
    """Makes a link that lets whoever asks in to the pages, once."""

    name = "sign_in.open"
    access = "own"
    shown_at = "board"
    shows_link = True


class Session(NamedTuple):
    """Who a browser is just now, and until when it is so if nothing else is asked."""

    person: Person
    digest: str
    ends: datetime


def open_page(command: Open, work: UnitOfWork) -> Reply:
    """A new link for whoever asks; the button that they pressed says which page it leads to."""
    if not command.pages_at:
        raise Refused(NO_ADDRESS)
    secret = new_secret()
    work.sign_ins.add(sign_in.link(secret, command.person.id, command.at), command.at)
    to = f"?to={quote(command.request.about, safe='')}" if command.request.about else ""
    url = f"{command.pages_at}/open/{quote(work.workspace, safe='')}/{secret}{to}"
    return Reply(message=messages.way_in(url))


def whose_link(secret: str, at: datetime, work: ReadOnlyWork) -> Person | None:
    """Whom a link lets in that is neither used nor over; looking at it does not use it."""
    found = work.sign_ins.get(digest_of(secret))
    return _somebody(found, work) if found and found.holds("link", at) else None


def use_link(secret: str, at: datetime, work: UnitOfWork) -> str | None:
    """The secret of a new session, in exchange for a link; None when that lets nobody in any more."""
    person = whose_link(secret, at, work)
    if not work.sign_ins.take(digest_of(secret)) or person is None:
        return None
    begun = new_secret()
    work.sign_ins.add(sign_in.session(begun, person.id, at), at)
    return begun


def session_of(secret: str, at: datetime, work: ReadOnlyWork) -> Session | None:
    """Whose session it is; None when it ended, was signed out, or they left."""
    found = work.sign_ins.get(digest_of(secret))
    person = _somebody(found, work) if found and found.holds("session", at) else None
    return Session(person, found.digest, found.expires_at) if found and person else None


def prolong(session: Session, at: datetime, work: UnitOfWork) -> None:
    """The session goes on from this moment."""
    work.sign_ins.prolong(session.digest, idle_end(at))


def sign_out(secret: str, work: UnitOfWork) -> None:
    """Ends a session, wherever its secret may be."""
    work.sign_ins.take(digest_of(secret))


def _somebody(found: SignIn, work: ReadOnlyWork) -> Person | None:
    person = work.people.get(found.person_id)
    return None if person is None or person.gone or person.bot else person
