"""What Slack refuses in blocks and views: a strict reading of its Block Kit reference."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

Node = Mapping[str, Any]

# https://docs.slack.dev/reference/block-kit, and the limits file that the tests compare this with.
TEXT = 3_000
LIMITS = {
    ("action_id", "max_length"): 255,
    ("block_id", "max_length"): 255,
    ("button.text", "max_length"): 75,
    ("button.value", "max_length"): 2_000,
    ("option.text", "max_length"): 75,
    ("option.value", "max_length"): 150,
    ("overflow.options", "max_items"): 5,
    ("select.placeholder", "max_length"): 150,
    ("option_group.label", "max_length"): 75,
    ("option_group.options", "max_items"): 100,
    ("select.options", "max_items"): 100,
    ("select.option_groups", "max_items"): 100,
    ("checkboxes.options", "max_items"): 10,
    ("plain_text_input.max_length", "max"): TEXT,
    ("actions.elements", "max_items"): 25,
    ("context.elements", "max_items"): 10,
    ("header.text", "max_length"): 150,
    ("input.label", "max_length"): 2_000,
    ("input.hint", "max_length"): 2_000,
    ("section.text", "max_length"): TEXT,
    ("section.fields", "max_items"): 10,
    ("section.fields", "item_max_length"): 2_000,
    ("view.blocks", "max_items"): 100,
    ("view.private_metadata", "max_length"): TEXT,
    ("view.callback_id", "max_length"): 255,
    ("view.title", "max_length"): 24,
    ("view.close", "max_length"): 24,
    ("view.submit", "max_length"): 24,
    ("data_table.rows", "min_items"): 2,
    ("data_table.columns", "max_items"): 20,
    ("data_table.page_size", "max"): 100,
    ("data_visualization.title", "max_length"): 50,
    ("data_visualization.segment.label", "max_length"): 20,
    ("data_visualization.series_name", "max_length"): 20,
    ("data_visualization.data", "max_items"): 20,
    ("data_visualization.point_label", "max_length"): 20,
    ("data_visualization.category_label", "max_length"): 20,
    ("data_visualization.axis_label", "max_length"): 50,
}
TABLE_ROWS, TABLES_CHARACTERS, CHART_SERIES = 101, 10_000, 6
"""What Slack took when these blocks came; since then its pages say 201, 20,000 and 12, some of them."""
MESSAGE_CHARTS = 2
"""Not documented; a third one was refused with invalid_blocks."""
NEW_BLOCKS = ("data_table", "data_visualization")
MESSAGE_BLOCKS = 50
MESSAGE_CHARACTERS = 13_200
"""Not documented; where messages were seen to fail with msg_blocks_too_long."""
VIEW_BYTES = 250_000


def limit(name: str, kind: str = "max_length") -> int:
    """One limit by the names of the limits file."""
    return LIMITS[name, kind]


def message_problems(blocks: object) -> list[str]:
    """Everything wrong with a message's blocks; an empty list is what Slack takes."""
    return _sorted_out(lambda: _blocks(blocks, MESSAGE_BLOCKS, inputs=False))


def is_new(blocks: object) -> bool:
    """Whether some of these blocks are so new that not every workspace takes them."""
    return isinstance(blocks, list) and any(block.get("type") in NEW_BLOCKS for block in blocks)


def view_problems(view: object) -> list[str]:
    """Everything wrong with a modal or a home view."""
    return _sorted_out(lambda: _view(view))


def characters(node: object) -> int:
    """The characters of every text, value and address in blocks."""
    if isinstance(node, Mapping):
        own = sum(len(node[key]) for key in ("text", "value", "url") if isinstance(node.get(key), str))
        return own + sum(characters(value) for value in node.values())
    return sum(map(characters, node)) if isinstance(node, list) else 0


def _sorted_out(check: Callable[[], Iterable[str]]) -> list[str]:
    try:
        return list(check())
    except (KeyError, TypeError, AttributeError) as error:
        return [f"not the shape of a block at all: {error!r}"]


def _view(view: Any) -> Iterator[str]:
    kind = view["type"]
    if kind not in ("modal", "home"):
        yield f"a view of type {kind}"
    known = {"type", "blocks", "private_metadata", "callback_id", "external_id", "hash"}
    modal = {"title", "submit", "close", "clear_on_close"}
    yield from _keys(view, known | (modal if kind == "modal" else set()))
    yield from _blocks(view["blocks"], limit("view.blocks", "max_items"), inputs=True)
    if kind == "modal":
        yield from _plain(view["title"], "view.title")
    for key in ("submit", "close"):
        if key in view:
            yield from _plain(view[key], f"view.{key}")
    for key in ("private_metadata", "callback_id"):
        if len(view.get(key, "")) > limit(f"view.{key}"):
            yield f"{key} is too long"
    if kind == "modal" and "submit" not in view and any(b["type"] == "input" for b in view["blocks"]):
        yield "inputs without a submit"
    if len(json.dumps(view, ensure_ascii=False).encode()) > VIEW_BYTES:
        yield "view_too_large"


def _blocks(blocks: Any, most: int, *, inputs: bool) -> Iterator[str]:
    if not isinstance(blocks, list) or not blocks:
        yield "no blocks"
        return
    if len(blocks) > most:
        yield f"{len(blocks)} blocks"
    yield from _twice("block_id", (block["block_id"] for block in blocks if "block_id" in block))
    yield from _figures(blocks)
    for block in blocks:
        if len(block.get("block_id", "")) > limit("block_id"):
            yield "block_id is too long"
        check = BLOCKS.get(block["type"])
        # Whether a view takes tables and charts was seen by nobody.
        if check is None or block["type"] in (NEW_BLOCKS if inputs else ("input",)):
            yield f"a block of type {block['type']}"
        else:
            yield from check(block)


def _twice(what: str, values: Iterable[str]) -> Iterator[str]:
    for value, times in Counter(values).items():
        if times > 1:
            yield f"{what} {value} {times} times"


def _keys(node: Node, known: set[str]) -> Iterator[str]:
    for key in set(node) - known:
        yield f"{node.get('type')} has no {key}"


def _plain(node: Node, name: str) -> Iterator[str]:
    yield from _keys(node, {"type", "text", "emoji"})
    if node["type"] != "plain_text":
        yield f"{name} is not plain_text"
    yield from _length(node["text"], limit(name), name)


def _length(text: Any, limit: int, name: str) -> Iterator[str]:
    if not isinstance(text, str) or not 1 <= len(text) <= limit:
        yield f"{name} has {len(text)} characters"


def _text(node: Node, limit: int, name: str) -> Iterator[str]:
    yield from _keys(
        node, {"type", "text", "emoji"} if node["type"] == "plain_text" else {"type", "text", "verbatim"}
    )
    if node["type"] not in ("plain_text", "mrkdwn"):
        yield f"{name} of type {node['type']}"
    yield from _length(node["text"], limit, name)
    if not node["text"].strip():
        yield f"{name} is blank"


def _section(block: Node) -> Iterator[str]:
    yield from _keys(block, {"type", "block_id", "text", "fields", "expand", "accessory"})
    if "accessory" in block:
        yield from _pressable(block["accessory"])
    if "text" not in block and not block.get("fields"):
        yield "an empty section"
    if "text" in block:
        yield from _text(block["text"], limit("section.text"), "section.text")
    fields = block.get("fields", [])
    if len(fields) > limit("section.fields", "max_items"):
        yield f"{len(fields)} fields"
    for field in fields:
        yield from _text(field, limit("section.fields", "item_max_length"), "section.fields")


def _header(block: Node) -> Iterator[str]:
    yield from _keys(block, {"type", "block_id", "text"})
    yield from _plain(block["text"], "header.text")


def _context(block: Node) -> Iterator[str]:
    yield from _keys(block, {"type", "block_id", "elements"})
    if not 1 <= len(block["elements"]) <= limit("context.elements", "max_items"):
        yield f"{len(block['elements'])} context elements"
    for element in block["elements"]:
        yield from _text(element, TEXT, "context")


def _rich_text(block: Node) -> Iterator[str]:
    yield from _keys(block, {"type", "block_id", "elements"})
    if not block["elements"]:
        yield "an empty rich_text"
    for element in block["elements"]:
        if element["type"] not in ("rich_text_quote", "rich_text_section", "rich_text_preformatted"):
            yield f"rich text of type {element['type']}"
        yield from _keys(element, {"type", "elements"})
        for piece in element["elements"]:
            yield from _keys(piece, {"type", "text", "style"})
            yield from _length(piece["text"], TEXT, "rich text")


def _actions(block: Node) -> Iterator[str]:
    yield from _keys(block, {"type", "block_id", "elements"})
    if not 1 <= len(block["elements"]) <= limit("actions.elements", "max_items"):
        yield f"{len(block['elements'])} elements in a row"
    yield from _twice("action_id", (element["action_id"] for element in block["elements"]))
    for element in block["elements"]:
        yield from _pressable(element)


def _pressable(node: Node) -> Iterator[str]:
    """A button, or a menu in a message: a `value` in an option of either has at most 150 characters."""
    if node["type"] == "overflow":
        yield from _keys(node, {"type", "action_id", "options"})
        yield from _options(node, limit("overflow.options", "max_items"), "")
    elif node["type"] == "static_select":
        yield from _plain(node["placeholder"], "select.placeholder")
        without = {key: value for key, value in node.items() if key != "placeholder"}
        yield from _options(without, limit("select.options", "max_items"), "initial_option")
    else:
        yield from _button(node)


def _button(node: Node) -> Iterator[str]:
    yield from _keys(node, {"type", "action_id", "text", "value", "style", "url"})
    if node["type"] != "button":
        yield f"an action of type {node['type']}"
    yield from _plain(node["text"], "button.text")
    yield from _length(node["action_id"], limit("action_id"), "action_id")
    if "value" in node:
        yield from _length(node["value"], limit("button.value"), "button.value")
    if node.get("style", "primary") not in ("primary", "danger"):
        yield f"a button in style {node['style']}"


def _input(block: Node) -> Iterator[str]:
    yield from _keys(block, {"type", "block_id", "label", "hint", "optional", "element"})
    yield from _plain(block["label"], "input.label")
    if "hint" in block:
        yield from _plain(block["hint"], "input.hint")
    element = block["element"]
    yield from _length(element["action_id"], limit("action_id"), "action_id")
    check = ELEMENTS.get(element["type"])
    if check is None:
        yield f"an input of type {element['type']}"
    else:
        yield from check(element)


def _typed(node: Node) -> Iterator[str]:
    yield from _keys(
        node, {"type", "action_id", "multiline", "max_length", "min_length", "initial_value"}
    )
    most = node.get("max_length", TEXT)
    if not 1 <= most <= limit("plain_text_input.max_length", "max"):
        yield f"max_length {most}"
    if len(node.get("initial_value", "")) > most:
        yield "initial_value is longer than max_length"


def _picker(*keys: str) -> Callable[[Node], Iterator[str]]:
    return lambda node: _keys(node, {"type", "action_id", *keys})


def _options(node: Node, most: int, initial: str) -> Iterator[str]:
    yield from _keys(node, {"type", "action_id", "options", "option_groups", initial})
    if ("options" in node) == ("option_groups" in node):
        yield "options or option_groups, one of them"
    groups = node.get("option_groups", [])
    if len(groups) > limit("select.option_groups", "max_items"):
        yield f"{len(groups)} option groups"
    for group in groups:
        yield from _plain(group["label"], "option_group.label")
        if not 1 <= len(group["options"]) <= limit("option_group.options", "max_items"):
            yield f"{len(group['options'])} options in a group"
    options = node.get("options") or [option for group in groups for option in group["options"]]
    if not options or ("options" in node and len(options) > most):
        yield f"{len(options)} options"
    yield from _twice("option", (option["value"] for option in options))
    for option in options:
        yield from _plain(option["text"], "option.text")
        yield from _length(option["value"], limit("option.value"), "option.value")
    chosen = node.get(initial, [])
    if initial in node and not chosen:
        yield f"an empty {initial}"
    for option in chosen if isinstance(chosen, list) else [chosen]:
        if option not in options:
            yield f"{initial} is none of the options"


def _figures(blocks: list[Any]) -> Iterator[str]:
    """What all the tables and charts of a message have to keep together."""
    tables = [block["rows"] for block in blocks if block["type"] == "data_table"]
    if (written := characters(tables)) > TABLES_CHARACTERS:
        yield f"{written} characters in tables"
    if sum(block["type"] == "data_visualization" for block in blocks) > MESSAGE_CHARTS:
        yield f"more than {MESSAGE_CHARTS} charts"


def _data_table(block: Node) -> Iterator[str]:
    yield from _keys(
        block, {"type", "block_id", "caption", "page_size", "row_header_column_index", "rows"}
    )
    if not block["caption"].strip():
        yield "a table without a caption"
    rows = block["rows"]
    if not limit("data_table.rows", "min_items") <= len(rows) <= TABLE_ROWS:
        yield f"{len(rows)} rows"
    if not 1 <= len(rows[0]) <= limit("data_table.columns", "max_items"):
        yield f"{len(rows[0])} columns"
    if len({len(row) for row in rows}) > 1:
        yield "rows of different lengths"
    if not 1 <= block.get("page_size", 5) <= limit("data_table.page_size", "max"):
        yield f"page_size {block['page_size']}"
    for cell in (cell for row in rows for cell in row):
        yield from _keys(cell, {"type", "text"} | ({"value"} if cell["type"] == "raw_number" else set()))
        yield from _length(cell["text"], TABLES_CHARACTERS, "a cell")
        if cell["type"] not in ("raw_text", "raw_number"):
            yield f"a cell of type {cell['type']}"
        if cell["type"] == "raw_number" and not isinstance(cell["value"], int | float):
            yield f"a number that is {cell['value']!r}"


def _data_visualization(block: Node) -> Iterator[str]:
    yield from _keys(block, {"type", "block_id", "title", "chart"})
    yield from _length(block["title"], limit("data_visualization.title"), "a chart's title")
    chart = block["chart"]
    if chart["type"] == "pie":
        yield from _keys(chart, {"type", "segments"})
        yield from _points(chart["segments"], CHART_SERIES, "data_visualization.segment.label")
        if any(segment["value"] <= 0 for segment in chart["segments"]):
            yield "a slice of nothing"
    elif chart["type"] in ("line", "bar", "area"):
        yield from _keys(chart, {"type", "series", "axis_config"})
        yield from _axes(chart["series"], chart["axis_config"])
    else:
        yield f"a chart of type {chart['type']}"


def _points(points: list[Node], most: int, name: str) -> Iterator[str]:
    if not 1 <= len(points) <= most:
        yield f"{len(points)} points"
    for point in points:
        yield from _keys(point, {"label", "value"})
        yield from _length(point["label"], limit(name), name)


def _axes(series: list[Node], axes: Node) -> Iterator[str]:
    yield from _keys(axes, {"categories", "x_label", "y_label"})
    for key in ("x_label", "y_label"):
        yield from _length(axes.get(key, "–"), limit("data_visualization.axis_label"), key)
    for category in axes["categories"]:
        yield from _length(category, limit("data_visualization.category_label"), "a category")
    if not 1 <= len(series) <= CHART_SERIES:
        yield f"{len(series)} series"
    yield from _twice("series", (one["name"] for one in series))
    for one in series:
        yield from _keys(one, {"name", "data"})
        yield from _length(one["name"], limit("data_visualization.series_name"), "a series")
        most = limit("data_visualization.data", "max_items")
        yield from _points(one["data"], most, "data_visualization.point_label")
        if [point["label"] for point in one["data"]] != axes["categories"]:
            yield f"the points of {one['name']} are not the categories"


BLOCKS: Mapping[str, Callable[[Node], Iterator[str]]] = {
    "section": _section,
    "header": _header,
    "context": _context,
    "rich_text": _rich_text,
    "actions": _actions,
    "input": _input,
    "divider": lambda node: _keys(node, {"type", "block_id"}),
    "data_table": _data_table,
    "data_visualization": _data_visualization,
}
ELEMENTS: Mapping[str, Callable[[Node], Iterator[str]]] = {
    "plain_text_input": _typed,
    "number_input": _picker("is_decimal_allowed", "initial_value", "min_value", "max_value"),
    "datepicker": _picker("initial_date"),
    "timepicker": _picker("initial_time"),
    "users_select": _picker("initial_user"),
    "conversations_select": _picker("initial_conversation", "filter"),
    "static_select": lambda node: _options(node, limit("select.options", "max_items"), "initial_option"),
    "multi_static_select": lambda node: _options(
        node, limit("select.options", "max_items"), "initial_options"
    ),
    "checkboxes": lambda node: _options(
        node, limit("checkboxes.options", "max_items"), "initial_options"
    ),
}
