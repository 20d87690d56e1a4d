"""Answers go to Microsoft's hosts, and to those that the operator named, and nowhere else."""

import logging
from typing import Any

import pytest

from bot.settings import Settings
from handlers.teams.connector import Connector, ConnectorError
from handlers.teams.hosts import Hosts
from storage.database import Database
from tests.fake_teams import FakeTeams
from tests.handlers.slack_adapter import Script
from tests.handlers.test_teams_auth import serving


def hosts(**more: Any) -> Hosts:
    """Where a server may answer that other machines reach."""
    return Hosts(Settings(_env_file=None, **{"amends_host": "0.0.0.0", **more}))


@pytest.mark.parametrize(
    "service_url",
    [
        "https://smba.trafficmanager.net/emea/",
        "https://SMBA.trafficmanager.net/teams",
        "https://smba.infra.gcc.teams.microsoft.com/teams/",
        "https://smba.infra.gov.teams.microsoft.us/",
        "https://europe.directline.botframework.com/",
        "https://api.botframework.azure.us/",
    ],
)
def test_microsofts_own_hosts_are_answered(service_url: str) -> None:
    assert hosts().include(service_url)


@pytest.mark.parametrize(
    "service_url",
    [
        "https://evil.example/emea/",
        "http://smba.trafficmanager.net/emea/",
        "https://smba.trafficmanager.net.evil.example/",
        "https://evil.trafficmanager.net/",
        "https://evilbotframework.com/",
        "https://smba.trafficmanager.net@evil.example/",
        "https://user@smba.trafficmanager.net/",
        "https://evil.example#smba.trafficmanager.net",
        "https://[::1",
        "ftp://smba.trafficmanager.net/",
        "http://127.0.0.1:9/emea/",
        "http://localhost/emea/",
        "",
    ],
)
def test_no_other_host_is_answered(service_url: str) -> None:
    assert not hosts().include(service_url)


def test_a_stand_in_is_answered_where_the_operator_named_it_or_nobody_else_reaches_us() -> None:
    assert hosts(teams_service_hosts="teams.test, 10.0.0.7").include("http://teams.test:8080/emea/")
    assert hosts(amends_host="127.0.0.1").include("http://localhost:3979/")
    assert not hosts(amends_host="127.0.0.1").include("http://10.0.0.7/")


async def test_an_activity_from_another_host_is_refused_and_nothing_is_sent(
    sqlite: Database, caplog: pytest.LogCaptureFixture
) -> None:
    bot = Script()
    async with FakeTeams() as teams:
        ana = teams.person("Ana")
        support = teams.channel("support", [ana])
        async with serving(teams, sqlite, bot, amends_host="0.0.0.0"):
            caplog.clear()
            caplog.set_level(logging.INFO)
            heard = await teams.send(ana.activity("message", support, None, text="help"))
        assert heard.status == 403
        assert teams.posted() == []
    assert bot.asked == []
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [
        "an activity whose answers would leave Microsoft's hosts was refused"
    ]


async def test_a_stored_address_of_another_host_is_never_called() -> None:
    connector = Connector(None, hosts().include)
    with pytest.raises(ConnectorError) as refused:
        await connector.send({"service_url": "http://127.0.0.1:9/"}, "19:x", {"type": "message"})
    assert refused.value.status == 403
