"""Pages as files: nothing of what is shown is lost, whatever a team calls its gaps."""

import csv
import io
import json

import pytest

from bot.messages.page import Page, Section
from bot.messages.page_file import as_csv, as_json, as_markdown
from bot.messages.parts import Chart, Series


@pytest.mark.parametrize("gap", ["Month", "table", "section", "Month (2)"])
def test_a_gap_that_is_called_like_another_column_keeps_its_figures(gap: str) -> None:
    chart = Chart(
        look="bar",
        title="Cases per gap",
        sentence=f"Cases: most often {gap} (7).",
        axis="Month",
        unit="Cases",
        labels=("Jun", "Jul"),
        series=(Series(name=gap, values=(3, 4)),),
    )
    page = Page(title="Trends", sections=(Section(heading="Half a year", parts=(chart,)),))
    [names, first, second] = csv.reader(io.StringIO(as_csv(page)))
    assert len({*names}) == len(names)
    assert first == ["Half a year", "Cases per gap", "Jun", "3"]
    assert second == ["Half a year", "Cases per gap", "Jul", "4"]
    [section] = json.loads(as_json(page))["sections"]
    assert [[*row.values()] for row in section["rows"]] == [first[1:], second[1:]]
    assert f"| Month | {gap} |\n| --- | --- |\n| Jun | 3 |\n| Jul | 4 |" in as_markdown(page)
