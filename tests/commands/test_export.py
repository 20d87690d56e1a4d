"""An export asks the storage the same number of questions a page, however many retros are on it."""

import pytest

from bot.commands import export
from bot.domain.errors import Refused
from bot.messages.export import FORMATS
from storage.unit_of_work import ReadOnlyWork
from tests.desk import ANA, BEN, Desk
from tests.session import open_work
from tests.test_statements import counted


async def lived(desk: Desk, number: int) -> None:
    """A case with all that an export gathers, told differently each time."""
    label = await desk.fail(ANA, f"ZD-{number} Parcel number {number} missed twice")
    assert label == f"C-{number}"
    await desk.ask(BEN, "retro.answer", label, {"training": f"Answer {number}", "unnamed": "yes"})
    await desk.ask(ANA, "retro.answer", label, {"tools": f"Named answer {number}"})
    await desk.add_item(ANA, about=label, what=f"A checklist, number {number}", owner="U2")
    await desk.ask(ANA, "recovery.hear", label, {"words": f"She waited {number} days."})


async def test_a_number_that_was_never_given_is_not_exported(desk: Desk) -> None:
    await lived(desk, 1)
    with open_work(desk.database, desk.workspace, writes=False) as work:
        for label in ("C-2", "AI-1", "1"):
            with pytest.raises(Refused):
                export.one(label, work)


def questions(desk: Desk) -> int:
    """How many statements a page costs."""
    with counted(desk.database) as ran, desk.database.transaction(writes=False) as connection:
        export.page(0, ReadOnlyWork(connection, desk.workspace))
    return len(ran)


async def test_a_page_of_many_asks_as_much_as_a_page_of_one(desk: Desk) -> None:
    await lived(desk, 1)
    alone = questions(desk)
    for number in range(2, 8):
        await lived(desk, number)
    assert questions(desk) == alone == 8


@pytest.mark.parametrize("name", sorted(FORMATS))
async def test_together_they_read_as_they_read_one_by_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for number in range(1, 6):
        await lived(desk, number)
    write = FORMATS[name].write
    with open_work(desk.database, desk.workspace, writes=False) as work:
        singly = [write(export.one(f"C-{number}", work), number == 1) for number in range(1, 6)]
        monkeypatch.setattr(export, "PAGE", 3)
        first, last = export.page(0, work)
        assert last == 3
        second, end = export.page(last, work)
        assert end is None
        together = [write(whole, whole.case.number == 1) for whole in (*first, *second)]
        assert together == singly
        assert "Answer 4" in together[3]
