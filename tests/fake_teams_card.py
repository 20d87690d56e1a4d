"""Adaptive Cards as the fake Teams reads them: what is refused, what is shown, what is filled in."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from datetime import time as clock
from functools import cache
from typing import Any

import jsonschema

from tests.shared import SCHEMAS

Node = Mapping[str, Any]
SCHEMA = SCHEMAS / "adaptive-card-schema.1.5.0.json"
CARD = "application/vnd.microsoft.card.adaptive"
MAX_CARD_BYTES = 25 * 1024
"""The house's own limit, below every published one (message extension results end at 28 KB)."""
VERSION = "1.5"

TEAMS_OWN = ("msteams",)
"""Keys that Teams adds to the schema of Adaptive Cards."""
PICKERS = ("graph.microsoft.com/users", "graph.microsoft.com/users?scope=currentContext")
ACTIONS = (
    "Action.Execute",
    "Action.Submit",
    "Action.OpenUrl",
    "Action.ShowCard",
    "Action.ToggleVisibility",
)
IN_DIALOGS = ("Action.Submit", "Action.OpenUrl", "Action.ShowCard", "Action.ToggleVisibility")
TEXTS: Mapping[str, tuple[str, ...]] = {
    "TextBlock": ("text",),
    "TextRun": ("text",),
    "Fact": ("title", "value"),
}
"""Where each kind of element keeps what people read."""

AXES = {"xAxisTitle", "yAxisTitle", "showBarValues"}
CHARTS: Mapping[str, tuple[set[str], set[str]]] = {
    "Chart.Pie": (set(), {"legend", "value"}),
    "Chart.VerticalBar": (AXES, {"x", "y"}),
    "Chart.VerticalBar.Grouped": (AXES, {"legend", "values"}),
}
"""Charts, which Teams adds to the schema: the keys each has beside the common ones, and its data's.

https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/charts-in-adaptive-cards
"""

AT = re.compile(r"<at>(.*?)</at>", re.DOTALL)


class NotFilledIn(Exception):
    """Teams itself would not let this be submitted."""


def elements(node: Any) -> Iterator[Node]:
    """Every object of a card that has a type (facts too), parents first, in the order of reading."""
    if isinstance(node, list):
        for child in node:
            yield from elements(child)
    elif isinstance(node, Mapping):
        yield node
        for key, child in node.items():
            # What comes back to the bot, and what older clients see instead, is not read by anybody.
            if key not in ("data", "fallback", "msteams", "refresh", "choices"):
                yield from elements(child)


def problems(card: Any, *, dialog: bool = False) -> list[str]:
    """Why Teams would refuse this card, or why the house would; empty when it is fine."""
    if not isinstance(card, Mapping):
        return ["a card is an object"]
    found = [f"it says {card.get('type')} {card.get('version')}"] if not _versioned(card) else []
    if (size := len(json.dumps(card, ensure_ascii=False).encode())) > MAX_CARD_BYTES:
        found.append(f"it is {size} bytes, more than {MAX_CARD_BYTES}")
    found += _structure(card, dialog)
    found += _mentions(json.dumps(card.get("body", []), ensure_ascii=False), _entities(card))
    return found + _against_the_schema(card)


def _versioned(card: Node) -> bool:
    return card.get("type") == "AdaptiveCard" and card.get("version") == VERSION


def _entities(card: Node) -> list[Any]:
    return list((card.get("msteams") or {}).get("entities") or [])


def _structure(card: Node, dialog: bool) -> Iterator[str]:
    seen: set[str] = set()
    for element in elements(card):
        kind = str(element.get("type", ""))
        for key in TEXTS.get(kind, ()):
            if not isinstance(element.get(key), str):
                yield f"a {kind} without {key}"
        if kind.startswith("Input."):
            yield from _input(element, seen)
        if kind.startswith("Action."):
            yield from _action(element, IN_DIALOGS if dialog else ACTIONS)
        if kind.startswith("Chart."):
            yield from _chart(element)


def _chart(chart: Node) -> Iterator[str]:
    if chart["type"] not in CHARTS:
        yield f"{chart['type']} is no chart"
        return
    own, keys = CHARTS[chart["type"]]
    for key in set(chart) - own - {"type", "title", "colorSet", "data", "fallback"}:
        yield f"{chart['type']} has no {key}"
    if "fallback" not in chart:
        yield "a chart has no fallback for clients that draw none"
    if not chart["data"]:
        yield "a chart of nothing"
    for point in chart["data"]:
        values = point.get("values", [])
        if set(point) != keys or any(set(value) != {"x", "y"} for value in values):
            yield f"{point} is no point of {chart['type']}"


def _input(element: Node, seen: set[str]) -> Iterator[str]:
    name = element.get("id")
    if not name or name in seen:
        yield f"the id {name!r} of an input is missing or there twice"
    seen.add(str(name))
    if not element.get("label") and not element.get("title"):
        yield f"the input {name} has no label"
    if element.get("isRequired") and not element.get("errorMessage"):
        yield f"the needed input {name} says nothing when it is empty"
    if element["type"] == "Input.ChoiceSet" and "choices.data" in element:
        if element["choices.data"].get("dataset") not in PICKERS:
            yield f"the input {name} picks from an unknown dataset"
    elif element["type"] == "Input.ChoiceSet" and not element.get("choices"):
        yield f"the input {name} has no choices"


def _action(action: Node, allowed: tuple[str, ...]) -> Iterator[str]:
    kind = action["type"]
    if kind not in allowed:
        yield f"{kind} does nothing here"
    if not action.get("title"):
        yield f"an {kind} without a title"
    if kind == "Action.Execute" and (action.get("fallback") or {}).get("type") != "Action.Submit":
        yield f"the button {action.get('title')} has no fallback for older clients"


def _mentions(text: str, entities: list[Any]) -> Iterator[str]:
    # Teams refuses a message in which mentions and entities do not fit (BadSyntax).
    entitled = {json.dumps(entity.get("text", ""), ensure_ascii=False)[1:-1] for entity in entities}
    for entity in entities:
        if entity.get("type") != "mention" or not (entity.get("mentioned") or {}).get("id"):
            yield "an entity that is no mention of anybody"
    for said in set(AT.findall(text)):
        if f"<at>{said}</at>" not in entitled:
            yield "a mention of somebody whom no entity names"
    for at in entitled:
        if at not in text:
            yield "an entity for a mention that nobody can read"


def message_problems(activity: Node) -> list[str]:
    """Why Teams would refuse the text and mentions of a message, or its cards."""
    entities = [e for e in activity.get("entities") or [] if e.get("type") == "mention"]
    text = json.dumps(activity.get("text") or "", ensure_ascii=False)
    found = list(_mentions(text, entities))
    attachments = activity.get("attachments") or []
    if not activity.get("text") and not attachments:
        found.append("it says nothing")
    for attachment in attachments:
        if attachment.get("contentType") != CARD:
            found.append(f"an attachment of the kind {attachment.get('contentType')}")
        else:
            found += problems(attachment.get("content"))
    return found


@cache
def _schema() -> jsonschema.Draft6Validator | None:
    if not SCHEMA.exists():
        return None
    schema = json.loads(SCHEMA.read_text(encoding="utf-8-sig"))
    return jsonschema.Draft6Validator(
        schema["definitions"]["AdaptiveCard"] | {"definitions": schema["definitions"]}
    )


def _against_the_schema(card: Node) -> list[str]:
    validator = _schema()
    if validator is None:
        return []
    return [_deepest(error) for error in validator.iter_errors(_without_teams_own(card))]


def _deepest(error: jsonschema.ValidationError) -> str:
    """The fault itself: the schema wraps it in "none of these kinds of element", level by level."""
    kinds: dict[object, list[jsonschema.ValidationError]] = {}
    for inner in error.context or ():
        kinds.setdefault(inner.relative_schema_path[0], []).append(inner)
    for inners in kinds.values():
        # The kind that was meant is the one whose only faults are not about its type.
        if not any(inner.absolute_path and inner.absolute_path[-1] == "type" for inner in inners):
            return _deepest(inners[0])
    return f"{'.'.join(map(str, error.absolute_path))}: {error.message[-200:]}"


def _without_teams_own(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_teams_own(child) for child in node if not _is_chart(child)]
    if not isinstance(node, Mapping):
        return node
    dropped = (*TEAMS_OWN, "choices.data")
    return {
        key: child if key == "data" else _without_teams_own(child)
        for key, child in node.items()
        if key not in dropped
    }


def _is_chart(node: Any) -> bool:
    return isinstance(node, Mapping) and str(node.get("type", "")).startswith("Chart.")


# What people read and press


def read(markdown: str) -> str:
    """What a TextBlock shows: Markdown's marks and escapes undone, mentions as @Name."""
    text = AT.sub(r"@\1", markdown)
    text = re.sub(r"(?<!\\)\[((?:\\.|[^\]\\])*)\]\((?:\\.|[^)\\])*\)", r"\1", text)
    text = re.sub(r"(?<!\\)\*\*(.+?)(?<!\\)\*\*", r"\1", text)
    text = re.sub(r"(?<!\\)(?<!\w)_(.+?)(?<!\\)_(?!\w)", r"\1", text)
    text = re.sub(r"\\([^\w\s]|_)", r"\1", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&")


def words(node: Any) -> str:
    """Everything that is written in a card, a line for each text."""
    lines = []
    for element in elements(node):
        kind = str(element.get("type", "Fact" if {"title", "value"} <= set(element) else ""))
        if kind == "RichTextBlock":
            lines.append(
                "".join(run if isinstance(run, str) else run["text"] for run in element["inlines"])
            )
        elif kind != "TextRun":
            shown = [element[key] for key in TEXTS.get(kind, ()) if element.get(key)]
            lines += [": ".join(map(read, shown))] if shown else []
    return "\n".join(lines)


def actions(node: Any) -> dict[str, Node]:
    """The buttons of a card by label, wherever they stand in it."""
    return {
        str(element["title"]): element
        for element in elements(node)
        if str(element.get("type", "")).startswith("Action.")
    }


def inputs(node: Any) -> list[Node]:
    """The inputs of a card, in order."""
    return [element for element in elements(node) if str(element.get("type", "")).startswith("Input.")]


def label_of(element: Node) -> str:
    """What stands over an input, or beside its tick."""
    return str(element.get("label") or element["title"])


# What is filled in


def filled(card: Node, fields: Mapping[str, Any]) -> dict[str, str]:
    """What the client sends for the inputs: texts, and nothing at all for what stays empty."""
    left, values = dict(fields), {}
    for element in inputs(card):
        label = label_of(element)
        value = _text(element, left.pop(label), label) if label in left else _standing(element)
        if element.get("isRequired") and not value:
            raise NotFilledIn(label)
        if value:
            values[str(element["id"])] = value
    if left:
        raise LookupError(f"no fields {list(left)}, only {[label_of(e) for e in inputs(card)]}")
    return values


def _standing(element: Node) -> str:
    if element["type"] == "Input.Toggle":
        return str(element.get("value", element.get("valueOff", "false")))
    return str(element.get("value", ""))


def _text(element: Node, value: Any, label: str) -> str:
    return WRITTEN[element["type"]](element, value, label)


def _typed(element: Node, value: Any, label: str) -> str:
    if len(str(value)) > element.get("maxLength", len(str(value))):
        raise NotFilledIn(f"{label} takes {element['maxLength']} characters")
    return str(value)


def _ticked(element: Node, value: Any, _: str) -> str:
    return str(element.get("valueOn", "true") if value else element.get("valueOff", "false"))


def _day(_: Node, value: Any, __: str) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _clock(_: Node, value: Any, __: str) -> str:
    return f"{value:%H:%M}" if isinstance(value, clock) else str(value)


def _chosen(element: Node, value: Any, label: str) -> str:
    if hasattr(value, "aad"):
        assert "choices.data" in element, f"{label} is no people picker"
        return str(value.aad)
    if value in (None, ""):
        return ""
    wanted = [getattr(one, "id", one) for one in (value if isinstance(value, list) else [value])]
    if element.get("isMultiSelect") is not True:
        assert len(wanted) == 1, f"{label} takes one choice"
    known = [c["value"] for c in element["choices"] if {c["title"], c["value"]} & set(wanted)]
    assert len(known) == len(wanted), f"{wanted} are not all among the choices of {label}"
    return ",".join(known)


WRITTEN: Mapping[str, Callable[[Node, Any, str], str]] = {
    "Input.Text": _typed,
    "Input.Number": _typed,
    "Input.Toggle": _ticked,
    "Input.Date": _day,
    "Input.Time": _clock,
    "Input.ChoiceSet": _chosen,
}
