"""What benchmarks are filled with and send is what the program takes: they are run rarely."""

import pytest

from storage.database import Database
from tests.benchmarks import clicks
from tests.benchmarks.filled import WORKSPACE, channel_of_case, put_retros
from tests.session import open_work


def test_a_benchmark_fills_its_file_so_that_all_of_it_can_be_read(sqlite: Database) -> None:
    assert sqlite.file is not None
    put_retros(sqlite.file, 3, 5)
    with open_work(sqlite, WORKSPACE, writes=False) as work:
        case, team = work.cases.require(3), work.teams.require(channel_of_case(3))
        assert case.channel_id == team.channel_id
        assert work.retros.get(3) is not None
        assert len(work.action_items.of_case(3)) == 2


@pytest.mark.parametrize("body", [clicks.failed(1), clicks.take(1), clicks.answer_form(1)])
def test_a_benchmark_names_no_address_of_its_own_for_answers_which_is_refused(body: str) -> None:
    assert "response_url" not in body
