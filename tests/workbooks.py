"""Small workbooks for tests, written by hand as the formats say: what reads them writes none.

`CASES_XLS` was made once with xlwt 1.3.0, which writes what Excel 97 did, and is committed as it came:
the sheet Tickets with the rows of `CASES`, and the hidden sheet Old with the column Story and one row,
Hidden.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

CASES_XLS = Path(__file__).parent / "handlers" / "workbooks" / "cases.xls"

Cell = str | int | float | bool | date | datetime | None
Rows = Sequence[Sequence[Cell]]
CASES: Rows = (
    ("Id", "Story", "When", "Late"),
    (4711, "Lost", datetime(2026, 3, 4, 10, 15, 20), True),  # noqa: DTZ001 - workbooks know no zones
    (1234567890123456, "Late", date(2026, 3, 5), False),
)
ERROR = "#N/A"
"""A cell of this text is an error in a workbook made here."""

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_ODF = "urn:oasis:names:tc:opendocument:xmlns"


def xlsx(
    path: Path,
    sheets: Mapping[str, Rows],
    hidden: Sequence[str] = (),
    merged: str = "",
    start: tuple[int, int] = (1, 1),
) -> Path:
    """A workbook of Excel; the rows begin at `start`, and in the first sheet `merged` is one cell."""
    with ZipFile(path, "w", ZIP_DEFLATED) as file:
        numbers = range(1, len(sheets) + 1)
        parts = "".join(
            f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="application/'
            'vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
            for number in numbers
        )
        file.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{_TYPES}"><Default Extension="xml" ContentType="application/xml"/>'
            '<Default Extension="rels" ContentType="application/'
            'vnd.openxmlformats-package.relationships+xml"/>'
            '<Override PartName="/xl/workbook.xml" ContentType="application/'
            f'vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>{parts}</Types>',
        )
        file.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{_RELATIONS}"><Relationship Id="r1" Type="{_OFFICE}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
        )
        state = dict.fromkeys(hidden, ' state="hidden"')
        entries = "".join(
            f'<sheet name="{escape(name)}" sheetId="{number}" r:id="r{number}"{state.get(name, "")}/>'
            for number, name in enumerate(sheets, 1)
        )
        file.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{entries}</sheets></workbook>',
        )
        targets = "".join(
            f'<Relationship Id="r{number}" Type="{_OFFICE}/worksheet" '
            f'Target="worksheets/sheet{number}.xml"/>'
            for number in numbers
        )
        file.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{_RELATIONS}">{targets}<Relationship Id="s" Type="{_OFFICE}/styles" '
            'Target="styles.xml"/></Relationships>',
        )
        # Formats 14 and 22 are Excel's own day, and day with time.
        file.writestr(
            "xl/styles.xml",
            f'<styleSheet xmlns="{_MAIN}"><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/>'
            '<xf numFmtId="22"/></cellXfs></styleSheet>',
        )
        for number, rows in enumerate(sheets.values(), 1):
            merge = (
                f'<mergeCells><mergeCell ref="{merged}"/></mergeCells>' if number == 1 and merged else ""
            )
            file.writestr(
                f"xl/worksheets/sheet{number}.xml",
                f'<worksheet xmlns="{_MAIN}"><sheetData>{_xlsx_rows(rows, start)}</sheetData>{merge}'
                "</worksheet>",
            )
    return path


def _xlsx_rows(rows: Rows, start: tuple[int, int]) -> str:
    return "".join(
        f'<row r="{number}">'
        + "".join(
            _xlsx_cell(f"{_letter(column)}{number}", cell)
            for column, cell in enumerate(row, start[1])
            if cell is not None
        )
        + "</row>"
        for number, row in enumerate(rows, start[0])
    )


def _letter(column: int) -> str:
    return chr(ord("A") + column - 1)


def _xlsx_cell(where: str, cell: Cell) -> str:
    if isinstance(cell, bool):
        return f'<c r="{where}" t="b"><v>{int(cell)}</v></c>'
    if isinstance(cell, date):
        day = datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001
        whole = (day - datetime(1899, 12, 30)).days  # noqa: DTZ001
        part = (cell - day).total_seconds() / 86400 if isinstance(cell, datetime) else 0
        return f'<c r="{where}" s="{2 if isinstance(cell, datetime) else 1}"><v>{whole + part!r}</v></c>'
    if isinstance(cell, int | float):
        return f'<c r="{where}"><v>{float(cell)!r}</v></c>'
    if cell == ERROR:
        return f'<c r="{where}" t="e"><v>{ERROR}</v></c>'
    return f'<c r="{where}" t="inlineStr"><is><t xml:space="preserve">{escape(str(cell))}</t></is></c>'


def ods(path: Path, rows: Rows, encrypted: bool = False) -> Path:
    """A workbook of LibreOffice with the sheet Tickets; `encrypted` says so, and is not."""
    mime = "application/vnd.oasis.opendocument.spreadsheet"
    secret = "<manifest:encryption-data/>" if encrypted else ""
    with ZipFile(path, "w") as file:
        file.writestr("mimetype", mime)
        file.writestr(
            "META-INF/manifest.xml",
            f'<manifest:manifest xmlns:manifest="{_ODF}:manifest:1.0">'
            f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{mime}"/>'
            '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml">'
            f"{secret}</manifest:file-entry></manifest:manifest>",
        )
        lines = "".join(
            f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in rows
        )
        file.writestr(
            "content.xml",
            f'<office:document-content xmlns:office="{_ODF}:office:1.0" xmlns:table="{_ODF}:table:1.0" '
            f'xmlns:text="{_ODF}:text:1.0"><office:body><office:spreadsheet>'
            f'<table:table table:name="Tickets">{lines}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return path


def _ods_cell(cell: Cell) -> str:
    if cell is None:
        return "<table:table-cell/>"
    kind, value = "string", ""
    if isinstance(cell, bool):
        kind, value = "boolean", f'office:boolean-value="{str(cell).lower()}"'
    elif isinstance(cell, int | float):
        kind, value = "float", f'office:value="{cell!r}"'
    elif isinstance(cell, date):
        kind, value = "date", f'office:date-value="{cell.isoformat()}"'
    words = f"<text:p>{escape(str(cell))}</text:p>"
    return f'<table:table-cell office:value-type="{kind}" {value}>{words}</table:table-cell>'
