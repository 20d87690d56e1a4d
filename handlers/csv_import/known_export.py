"""The export files of helpdesks, known by their columns: nobody has to say what is in which one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.domain.working_hours import known_zones
from handlers.csv_import.spreadsheet import Only

FIELD_WORDS = {
    "what_happened": "what happened",
    "reference": "its reference",
    "customer": "the customer",
    "happened_at": "when it happened",
    "public_post": "the public post",
}


@dataclass(frozen=True)
class KnownExport:
    """How the export of one product looks.

    A column may have the zone of its times behind it, in brackets. The file is known by having all of
    `columns` and one of `ratings` (the first that is there counts). Of `mapping`, whichever columns are
    there count, the first one that is not empty winning. Rows whose rating is one of `failed` are failed
    cases; the others went well, or nobody was asked.
    """

    name: str
    columns: tuple[str, ...]
    ratings: tuple[str, ...]
    failed: tuple[str, ...]
    mapping: Mapping[str, tuple[str, ...]]


KNOWN_EXPORTS = (
    # Admin Center, Account, Tools, Reports, Export, "CSV export" of tickets:
    # https://support.zendesk.com/hc/en-us/articles/4408886165402. Its header is "Summation column","Id",
    # "Requester",…,"Subject",…,"Created at",…,"Satisfaction Score",…,"Reopens",…; the score is one of
    # Not Offered, Offered, Good and Bad, or 1 to 5 where the account asks for that. No comment is in it.
    KnownExport(
        name="a ticket export of Zendesk",
        columns=("Id", "Subject", "Requester", "Created at"),
        ratings=("Satisfaction Score",),
        failed=("Bad", "1", "2"),
        mapping={
            "what_happened": ("Subject",),
            "reference": ("Id",),
            "customer": ("Requester",),
            "happened_at": ("Created at",),
        },
    ),
    # Reports, a chart's table of conversations or of ratings, "Export CSV"; the attributes are those of
    # https://www.intercom.com/help/en/articles/7022438-reporting-metrics-attributes, and which ones the
    # file has is chosen there: "Conversation ID","Conversation started at (Europe/Berlin)",
    # "Last teammate rating","Last teammate rating remark","User name",…; or "Conversation ID",
    # "Updated at (Europe/Berlin)","Conversation rating","Conversation rating remark","User name",….
    KnownExport(
        name="a conversation export of Intercom",
        columns=("Conversation ID",),
        ratings=("Conversation rating", "Last teammate rating", "Last rating"),
        failed=("1", "2"),
        mapping={
            "what_happened": (
                "Conversation rating remark",
                "Last teammate rating remark",
                "Last rating remark",
                "AI Issue summary",
                "Title",
            ),
            "reference": ("Conversation ID",),
            "customer": ("User name", "Company name"),
            "happened_at": ("Conversation started at", "Conversation created at", "Updated at"),
        },
    ),
)


@dataclass(frozen=True)
class Recognised:
    """An export in the columns of one file; `zone` is that of its times, "" where it does not say it."""

    name: str
    mapping: Mapping[str, tuple[str, ...]]
    only: Only
    zone: str

    def sentence(self, where: Sequence[str]) -> str:
        """What is taken from it, for whoever wants something else; `where`: the rows they asked for."""
        columns = ", ".join(
            f"{FIELD_WORDS[field]} from {' or '.join(map(repr, names or (self.only.column,)))}"
            for field, names in self.mapping.items()
        )
        values = f"{', '.join(self.only.values[:-1])} or {self.only.values[-1]}"
        rows = (
            "The rows are those of --where."
            if where
            else f"A row is a failed case when its {self.only.column!r} is {values} (others: --where)."
        )
        return f"This is {self.name}: {columns}. {rows} With --map you name the columns yourself."


def recognise(header: Sequence[str]) -> Recognised | None:
    """What this header is known to be; None: nothing known."""
    there: dict[str, str] = {}
    for column in header:
        there.setdefault(_without_zone(column).casefold(), column)

    def present(names: Sequence[str]) -> tuple[str, ...]:
        return tuple(there[name.casefold()] for name in names if name.casefold() in there)

    for export in KNOWN_EXPORTS:
        ratings = present(export.ratings)
        mapping = {field: present(names) for field, names in export.mapping.items()}
        if not ratings or len(present(export.columns)) < len(export.columns):
            continue
        rated = Only(ratings[0], export.failed, "The customer rated it {value}.")
        zones = {_zone(column) for column in mapping["happened_at"]}
        filled = {field: names for field, names in mapping.items() if names}
        return Recognised(
            export.name,
            # Without any words in it, the rating itself is what happened.
            {"what_happened": (), **filled},
            rated,
            zones.pop() if len(zones) == 1 else "",
        )
    return None


def _without_zone(column: str) -> str:
    name, _, rest = column.partition(" (")
    return name if rest.endswith(")") else column


def _zone(column: str) -> str:
    zone = column.rpartition(" (")[2].removesuffix(")")
    return zone if zone in known_zones() else ""
