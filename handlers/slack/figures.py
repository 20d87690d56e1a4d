"""Tables and charts as Slack's own blocks, which came in 2026: not every workspace takes them."""

from typing import Any

from bot.messages.parts import Cell, Chart, Table, one_line, shown_cell

Block = dict[str, Any]

CAPTION, PAGE = 150, 20


def table(table: Table, limit: int) -> Block:
    """A table of Slack's own, a page of which shows all its rows where they are few."""
    header = [_cell(column, limit) for column in table.columns]
    rows = [[_cell(cell, limit) for cell in row] for row in table.rows]
    return {
        "type": "data_table",
        "caption": one_line(table.caption, CAPTION),
        "page_size": min(len(rows), PAGE),
        "rows": [header, *rows],
    }


def _cell(cell: Cell, limit: int) -> Block:
    text = one_line(shown_cell(cell), limit)
    if isinstance(cell, str):
        return {"type": "raw_text", "text": text}
    return {"type": "raw_number", "value": cell, "text": text}


def chart(chart: Chart) -> Block:
    """A chart of Slack's own; its title, labels and names are as short as Slack wants them."""
    series = [
        {
            "name": series.name,
            "data": [
                {"label": label, "value": value}
                for label, value in zip(chart.labels, series.values, strict=True)
            ],
        }
        for series in chart.series
    ]
    axes = {"categories": list(chart.labels), "x_label": chart.axis, "y_label": chart.unit}
    shape = (
        {"segments": series[0]["data"]}
        if chart.look == "pie"
        else {"series": series, "axis_config": axes}
    )
    return {
        "type": "data_visualization",
        "title": chart.title,
        "chart": {"type": chart.look, **shape},
    }
