"""Calls to helpdesks: where they may go, what each failure means, and that a token goes nowhere else."""

import logging
import socket
import traceback
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.ports import DeliveryError
from bot.settings import Settings
from handlers.helpdesks import outgoing
from handlers.helpdesks.outgoing import Outgoing, check_address, seconds, target
from handlers.helpdesks.product import Account, Call, Product
from tests.fake_helpdesks import FakeHelpdesk, Fault, Note
from tests.https_front import open_front

TOKEN = "t0ken"
DESK = cast(Product, SimpleNamespace(TITLE="Freshdesk", HOSTS=("*.freshdesk.com", "api.example.com")))
NOW = datetime(2026, 12, 4, 12, tzinfo=UTC)


class Directory(AbstractResolver):
    """Answers each look-up with the next of these addresses, and counts them."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """One address, whatever the host; the last one again and again."""
        self.asked.append(host)
        address = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        kind = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=0)]

    async def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
async def desk() -> AsyncIterator[FakeHelpdesk]:
    """A helpdesk."""
    async with FakeHelpdesk("freshdesk") as fake:
        yield fake


@asynccontextmanager
async def calling(*stand_ins: str, resolver: AbstractResolver | None = None) -> AsyncIterator[Outgoing]:
    """Who makes calls until the block ends."""
    made = Outgoing(stand_ins, resolver)
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture
async def calls(desk: FakeHelpdesk) -> AsyncIterator[Outgoing]:
    """Who calls it, because the operator vouches for it."""
    async with calling(desk.host) as made:
        yield made


def a_note(desk: FakeHelpdesk, text: str = "The retro is open.", **more: str) -> Call:
    """A call that leaves a note."""
    headers = {"Authorization": desk.desk.authorization, **more}
    return Call("POST", f"{desk.url}/api/v2/tickets/7/notes", headers, {"body": text, "private": True})


async def failure(calls: Outgoing, call: Call) -> DeliveryError:
    """How a call fails."""
    with pytest.raises(DeliveryError) as failed:
        await calls.leave(call, DESK)
    return failed.value


@pytest.mark.parametrize(
    "address",
    [
        "https://parcels.freshdesk.com/api/v2/tickets/7/notes",
        "https://eu.parcels.freshdesk.com/x",
        "https://PARCELS.Freshdesk.com:443/x",
        "https://api.example.com/x",
        "http://127.0.0.1:8080/x",
        "http://[::1]:8080/x",
        "http://desk.internal/x",
        "https://desk.internal/x",
    ],
)
def test_a_call_goes_to_the_products_hosts_and_to_stand_ins(address: str) -> None:
    assert target(address, DESK.HOSTS, ("127.0.0.1:8080", "[::1]:8080", "desk.internal")) is not None


@pytest.mark.parametrize(
    "address",
    [
        "http://parcels.freshdesk.com/x",
        "https://freshdesk.com/x",
        "https://.freshdesk.com/x",
        "https://evilfreshdesk.com/x",
        "https://parcels.freshdesk.com.evil.example/x",
        "https://parcels.freshdesk.com./x",
        "https://parcels.freshdesk.com:8443/x",
        "https://parcels.freshdesk.com:0/x",
        "https://sub.api.example.com/x",
        "https://evil.example/parcels.freshdesk.com",
        "https://evil.example#parcels.freshdesk.com",
        "https://evil.example?.freshdesk.com",
        "https://parcels.freshdesk.com@evil.example/",
        "https://u:p@parcels.freshdesk.com/x",
        "https://u@127.0.0.1:8080/x",
        "https://evil.example\\@parcels.freshdesk.com/",
        "https://evil.example\\.freshdesk.com/",
        "https://a b.freshdesk.com/",
        "https://[::1].freshdesk.com/",
        "https://-.freshdesk.com/",
        f"https://{'a' * 64}.freshdesk.com/",
        "https://2130706433/",
        "https://0x7f.1/",
        "http://127.1:8080/x",
        "http://127.0.0.1:8081/x",
        "http://127.0.0.1/x",
        "http://desk.internal:6379/x",
        "http://[::ffff:127.0.0.1]:8080/x",
        "ftp://parcels.freshdesk.com/x",
        "file:///etc/passwd",
        "//parcels.freshdesk.com/x",
        "https:///x",
        "https://[::1",
        "https://parcels.freshdesk.com:99999/",
        "",
    ],
)
def test_no_call_goes_anywhere_else(address: str) -> None:
    assert target(address, DESK.HOSTS, ("127.0.0.1:8080", "desk.internal")) is None


def test_the_operator_names_hosts_and_nothing_else() -> None:
    named = Settings(_env_file=None, amends_helpdesk_hosts="Desk.internal, 127.0.0.1:8080,[::1]:80,")
    assert named.helpdesk_hosts == {"desk.internal", "127.0.0.1:8080", "[::1]:80"}
    for wrong in ("http://desk.internal", "desk.internal/path", "me@desk.internal", "*.internal", "a b"):
        with pytest.raises(ValueError, match="must be hosts like"):
            Settings(_env_file=None, amends_helpdesk_hosts=wrong)


def test_a_product_that_takes_no_notes_is_never_called() -> None:
    assert target("https://parcels.freshdesk.com/x", (), ()) is None


INSIDE = (
    *("127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "192.168.1.1", "::1", "fd00::1"),
    *("::ffff:10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::127.0.0.1", "2002:7f00:1::"),
)
NOBODYS = (
    *("169.254.169.254", "fe80::1", "fe80::1%eth0", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"),
    *("0.0.0.0", "::", "224.0.0.1", "ff02::1", "100.64.0.1", "fec0::1", "::127.0.0.1"),
)


@pytest.mark.parametrize("address", [*INSIDE, *NOBODYS])
def test_no_address_is_called_that_only_our_network_reaches(address: str) -> None:
    with pytest.raises(outgoing.ForbiddenAddress):
        check_address(address, named=False)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"])
def test_an_address_that_all_can_reach_is_called(address: str) -> None:
    check_address(address, named=False)


@pytest.mark.parametrize("address", INSIDE)
def test_a_stand_in_may_be_in_our_own_network(address: str) -> None:
    check_address(address, named=True)


@pytest.mark.parametrize("address", NOBODYS)
def test_no_stand_in_is_where_a_cloud_serves_credentials_or_nobody_is(address: str) -> None:
    with pytest.raises(outgoing.ForbiddenAddress):
        check_address(address, named=True)


async def test_a_note_is_left_and_its_answer_read_only_where_wanted(
    desk: FakeHelpdesk, calls: Outgoing
) -> None:
    await calls.leave(a_note(desk), DESK)
    assert desk.notes == [Note("7", "The retro is open.")]
    assert await calls.read(a_note(desk, "Again."), DESK) == b'{"id": 2}'


async def test_a_host_of_the_product_that_leads_home_is_not_called() -> None:
    directory = Directory("127.0.0.1")
    async with calling(resolver=directory) as calls:
        failed = await failure(calls, Call("GET", "https://parcels.freshdesk.com/", {}, {}))
    assert directory.asked == ["parcels.freshdesk.com"]
    assert (failed.permanent, failed.maybe_delivered) == (True, False)
    assert "private network" in failed.reason


async def test_what_was_looked_up_is_what_is_connected_to(desk: FakeHelpdesk) -> None:
    port = desk.url.rpartition(":")[2]
    directory = Directory("127.0.0.1", "169.254.169.254")
    here = a_note(desk)._replace(url=f"http://desk.test:{port}/api/v2/tickets/7/notes")
    async with calling(f"desk.test:{port}", resolver=directory) as calls:
        await calls.leave(here, DESK)
        # Each call looks again, once, and the name leads elsewhere meanwhile.
        failed = await failure(calls, here)
    assert len(desk.notes) == 1
    assert directory.asked == ["desk.test", "desk.test"]
    assert failed.permanent


async def test_an_address_that_is_no_name_is_checked_as_well() -> None:
    async with calling("169.254.169.254") as calls:
        failed = await failure(calls, Call("GET", "http://169.254.169.254/latest/meta-data/", {}, {}))
    assert (failed.permanent, failed.code) == (True, "ForbiddenAddress")


async def test_a_redirect_is_not_followed(desk: FakeHelpdesk, calls: Outgoing) -> None:
    async with FakeHelpdesk("freshdesk") as other:
        desk.fail_next(Fault(307, {"Location": f"{other.url}/api/v2/tickets/7/notes"}))
        failed = await failure(calls, a_note(desk))
        assert other.calls == 0
    assert (failed.permanent, failed.maybe_delivered) == (True, False)


@pytest.mark.parametrize(
    ("status", "permanent", "maybe_delivered", "outage"),
    [
        (400, True, False, False),
        (401, True, False, False),
        (403, True, False, False),
        (404, True, False, False),
        (409, False, False, False),
        (422, True, False, False),
        (429, False, False, True),
        (500, False, True, True),
        (503, False, True, True),
    ],
)
async def test_an_answer_says_whether_to_try_again(
    desk: FakeHelpdesk,
    calls: Outgoing,
    status: int,
    permanent: bool,
    maybe_delivered: bool,
    outage: bool,
) -> None:
    desk.fail_next(Fault(status))
    failed = await failure(calls, a_note(desk))
    assert (failed.permanent, failed.maybe_delivered, failed.outage) == (
        permanent,
        maybe_delivered,
        outage,
    )
    assert (failed.code, failed.retry_after) == (str(status), 30.0 if status == 429 else None)


async def test_the_wait_that_is_asked_for_is_kept(desk: FakeHelpdesk, calls: Outgoing) -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(minutes=2), usegmt=True)
    desk.fail_next(Fault(429, {"Retry-After": "17"}), Fault(503, {"Retry-After": until}))
    assert (await failure(calls, a_note(desk))).retry_after == 17.0
    asked = (await failure(calls, a_note(desk))).retry_after
    assert asked is not None
    assert 110 < asked <= 120


@pytest.mark.parametrize(
    ("header", "asked"),
    [
        ("0", 0.0),
        ("90", 90.0),
        (" 90 ", 90.0),
        ("999999999999999999999", 3600.0),
        ("Fri, 04 Dec 2026 12:01:00 GMT", 60.0),
        ("Fri, 04 Dec 2026 12:01:00 -0000", 60.0),
        ("Fri, 04 Dec 2026 11:00:00 GMT", 0.0),
        ("Sat, 04 Dec 2027 12:00:00 GMT", 3600.0),
        ("-5", None),
        ("1.5", None),
        ("²", None),
        ("soon", None),
        ("Fri, 04 Dec 99999 12:01:00 GMT", None),
        (f"Fri, 04 Dec {'9' * 30} 12:01:00 GMT", None),
        (f"Fri, 04 Dec 2026 12:01:00 +{'9' * 30}", None),
        ("", None),
        (None, None),
    ],
)
def test_a_wait_is_seconds_or_a_date_and_an_hour_at_most(
    header: str | None, asked: float | None
) -> None:
    assert seconds(header, NOW) == asked


@pytest.mark.parametrize("drop", ["before", "after"])
async def test_of_a_connection_that_broke_off_nobody_knows_whether_it_was_done(
    desk: FakeHelpdesk, calls: Outgoing, drop: str
) -> None:
    desk.fail_next(Fault(drop=drop))
    failed = await failure(calls, a_note(desk))
    assert (failed.permanent, failed.maybe_delivered, failed.outage) == (False, True, True)
    assert desk.calls == 1


async def test_who_cannot_be_reached_was_told_nothing(desk: FakeHelpdesk, calls: Outgoing) -> None:
    await desk.stop()
    failed = await failure(calls, a_note(desk))
    assert (failed.permanent, failed.maybe_delivered, failed.outage) == (False, False, True)


async def test_a_name_that_leads_nowhere_is_an_outage() -> None:
    class Nowhere(Directory):
        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")

    async with calling(resolver=Nowhere()) as calls:
        failed = await failure(calls, Call("GET", "https://parcels.freshdesk.com/", {}, {}))
    assert (failed.permanent, failed.maybe_delivered, failed.outage) == (False, False, True)


async def test_who_answers_by_a_certificate_of_nobody_gets_no_token(tmp_path: Path) -> None:
    async with open_front(tmp_path) as front, FakeHelpdesk("freshdesk") as desk:
        front.target = int(desk.url.rpartition(":")[2])
        call = a_note(desk)._replace(url=f"https://127.0.0.1:{front.port}/api/v2/tickets/7/notes")
        async with calling(f"127.0.0.1:{front.port}") as calls:
            failed = await failure(calls, call)
        assert desk.calls == 0
    assert (failed.permanent, failed.maybe_delivered, failed.outage) == (False, False, True)
    assert "vouches" in failed.reason


async def test_a_slow_answer_is_given_up_in_time(
    desk: FakeHelpdesk, calls: Outgoing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "CALL_SECONDS", 0.05)
    desk.fail_next(Fault(hangs=True), Fault(hangs=True))
    # The head of the answer says that it was done, so nobody waits for the rest.
    await calls.leave(a_note(desk), DESK)
    assert len(desk.notes) == 1
    with pytest.raises(DeliveryError) as failed:
        await calls.read(a_note(desk), DESK)
    assert failed.value.maybe_delivered


async def test_an_answer_without_end_is_not_read(desk: FakeHelpdesk, calls: Outgoing) -> None:
    desk.fail_next(Fault(200, body=b" " * (outgoing.MAX_ANSWER + 1)))
    with pytest.raises(DeliveryError) as failed:
        await calls.read(a_note(desk), DESK)
    assert failed.value.permanent
    desk.fail_next(Fault(200, body=b" " * outgoing.MAX_ANSWER))
    assert len(await calls.read(a_note(desk), DESK)) == outgoing.MAX_ANSWER


@pytest.mark.parametrize("token", ["one\r\nX-Injected: two", "one\ntwo", "tökén", "nul\0"])
async def test_a_token_that_is_none_is_not_sent(desk: FakeHelpdesk, calls: Outgoing, token: str) -> None:
    failed = await failure(calls, a_note(desk, Authorization=f"Bearer {token}"))
    assert failed.permanent
    assert desk.calls == 0


async def test_a_token_is_in_no_log_error_or_repr(
    desk: FakeHelpdesk, calls: Outgoing, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    call = a_note(desk)
    secret = call.headers["Authorization"]
    faults = (
        Fault(401, body=secret.encode()),
        Fault(302, {"Location": f"http://127.0.0.1:1/?{secret}"}),
        Fault(drop="before"),
        Fault(500),
    )
    desk.fail_next(*faults)
    told = [str(call), repr(call), repr(Account(desk.url, TOKEN))]
    for _ in faults:
        failed = await failure(calls, call)
        told += [repr(failed), failed.code, *traceback.format_exception(failed)]
    await desk.stop()
    told.append(repr(await failure(calls, call)))
    told += [record.getMessage() for record in caplog.records]
    assert [words for words in told if TOKEN in words or secret in words] == []


async def test_no_cookie_is_kept_for_the_next_connection(desk: FakeHelpdesk, calls: Outgoing) -> None:
    desk.fail_next(Fault(200, {"Set-Cookie": "session=of-another-account"}))
    await calls.leave(a_note(desk), DESK)
    await calls.leave(a_note(desk), DESK)
    assert desk.cookies == [{}, {}]


async def test_no_proxy_of_the_environment_is_asked(
    desk: FakeHelpdesk, calls: Outgoing, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    await calls.leave(a_note(desk), DESK)
    assert len(desk.notes) == 1


async def test_a_public_note_is_refused_by_every_stand_in() -> None:
    public: Mapping[str, tuple[str, str, dict[str, object]]] = {
        "zendesk": ("PUT", "/api/v2/tickets/7.json", {"ticket": {"comment": {"body": "x"}}}),
        "intercom": (
            "POST",
            "/conversations/7/reply",
            {"message_type": "comment", "type": "admin", "admin_id": "1", "body": "x"},
        ),
        "freshdesk": ("POST", "/api/v2/tickets/7/notes", {"body": "x", "private": False}),
        "jira": ("POST", "/rest/servicedeskapi/request/DESK-7/comment", {"body": "x"}),
    }
    for name, (method, path, body) in public.items():
        async with FakeHelpdesk(name) as desk:
            headers = {"Authorization": desk.desk.authorization}
            async with calling(desk.host) as calls:
                failed = await failure(calls, Call(method, f"{desk.url}{path}", headers, body))
        assert failed.permanent, name
        assert desk.notes == [], name
