"""The vocabulary of pages in a browser: what one shows, as data. How it is drawn, the adapter says.

A page is made of the parts of messages, without buttons, and of grids: tables whose cells lead to other
pages. Its files (`bot/messages/page_file.py`) are made from the same.
"""

from typing import Annotated, Literal
from urllib.parse import urlencode

from pydantic import BaseModel, Field

from bot.messages.parts import FormField, Part, Status, Words

TEXTS = 20_000
"""Characters of people's words on one page, so that it stays below 200 KB whatever they wrote."""


MAX_OF_ONE = 100
"""Things of a kind on the page of one thing; all of them are in the thread, and in an export."""


class Cell(BaseModel, frozen=True):
    """One cell: its words, and the address of the page that it leads to, without its first slash."""

    words: Words = ()
    to: str = ""


class Column(BaseModel, frozen=True):
    """What stands in a column; `sort` is the name of the order by it, where there is one."""

    label: str
    sort: str = ""


class Grid(BaseModel, frozen=True):
    """A table of things, one a row; its first cell says what the thing is."""

    kind: Literal["grid"] = "grid"
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


class Section(BaseModel, frozen=True):
    """A part of a page under its heading; `note` is the quiet line below that.

    `whole`: the label of the way to all of it, and what `show` says in this page's address there. `ways`
    lead to pages about it, by their labels.
    """

    heading: str
    note: Words = ()
    whole: tuple[str, str] | None = None
    ways: tuple[tuple[str, str], ...] = ()
    parts: tuple[Annotated[Part | Grid, Field(discriminator="kind")], ...] = ()


class Listing(BaseModel, frozen=True):
    """How a long list is shown: by what it can be narrowed, its order, and where its next part begins.

    `sort` names the order, with a minus in front where the highest is on top. `later` and `first` say
    whether the list goes on, and whether this is its beginning.
    """

    filters: tuple[FormField, ...] = ()
    sort: str = ""
    later: str = ""
    first: bool = True


class Page(BaseModel, frozen=True):
    """A page: its title names the thing; `where` is the quiet line under it.

    `here` is the entry of the navigation that it belongs to. `thread` leads to the thread in chat, and
    `ways` to pages about the same, by their labels. `leads_to` is the address of the page that was
    meant, where that is another one: a browser goes on to it.
    """

    title: str
    here: str = ""
    status: Status | None = None
    where: Words = ()
    sections: tuple[Section, ...] = ()
    listing: Listing | None = None
    thread: str = ""
    ways: tuple[tuple[str, str], ...] = ()
    leads_to: str = ""


SETTINGS = "settings"
"""The address of the page of settings; what is set there has an address below it."""


TAB = "tab"
"""The address of the page that Teams shows as a personal tab."""


def form_at(command_name: str, channel_id: str = "", about: str = "") -> str:
    """The address of a setting's form, or of what leads to such forms: for a channel, about what."""
    query = {name: value for name, value in {"place": channel_id, "about": about}.items() if value}
    return f"{SETTINGS}/{command_name}" + (f"?{urlencode(query)}" if query else "")


def case_at(number: int) -> str:
    """The address of the page of a case and its retro."""
    return f"cases/C-{number}"


def customer_at(number: int) -> str:
    """The address of the page of what a case's customer is owed."""
    return f"cases/C-{number}/customer"


def item_at(number: int) -> str:
    """The address of the page of an action item."""
    return f"items/AI-{number}"
