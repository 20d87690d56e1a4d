"""Calls to a helpdesk, made so that a token goes to that helpdesk and a call to nowhere else.

The addresses are typed by people, so a call could be aimed at what only this machine can reach (SSRF).
The host has to be the product's own, by https, and has to lead to a public address; that very address is
then connected to, so a name that leads elsewhere a moment later (DNS rebinding) gains nothing. No
redirect is followed, no proxy of the environment is asked, and no cookie is kept.
"""

import re
import socket
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from bot.ports import DeliveryError
from handlers.helpdesks.product import Call, Product

CALL_SECONDS = 12.0
"""A call, answer and all, must end long before its job's lease (18 s)."""
CONNECT_SECONDS = 5.0
MAX_ANSWER = 1024 * 1024
"""Bytes of an answer that are read; a ticket with a long story is far below."""
MAX_WAIT = 3600.0
"""Nobody's rate limit holds a connection for longer; a larger number is a slip somewhere."""
USUAL_WAIT = 30.0
"""Seconds to wait where Retry-After is missing or cannot be read."""
HTTPS = 443

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
"""Names as the DNS has them: 63 letters between dots at most, none that only look alike, no last dot."""
VISIBLE = re.compile(r"[\x20-\x7e]*")
"""What a header may hold."""
NAT64 = IPv6Network("64:ff9b::/96")
"""Where an IPv6 network reaches IPv4 addresses, which stand in the last 32 bits (RFC 6052)."""

Address = IPv4Address | IPv6Address


class ForbiddenAddress(Exception):
    """The host leads to an address that only this machine or its network can reach."""


class Failure(NamedTuple):
    """What an answer means: if a person must act first, the sentence, and if it was done all the same.

    An `outage` ends by itself, so it is worth trying for days. `{title}` is the product.
    """

    permanent: bool
    reason: str
    maybe_delivered: bool = False
    outage: bool = False

    def error(self, title: str, code: str, retry_after: float | None = None) -> DeliveryError:
        """The same as the worker reads it."""
        return DeliveryError(
            self.reason.format(title=title),
            permanent=self.permanent,
            maybe_delivered=self.maybe_delivered,
            outage=self.outage,
            retry_after=retry_after,
            code=code,
        )


NOT_ITS_HOST = Failure(True, "That is no address of {title}, so nothing is sent there.")
PRIVATE = Failure(True, "The address of {title} leads into a private network, so nothing is sent there.")
BAD_TOKEN = Failure(True, "The token for {title} has a character that no token has: paste it again.")
NOT_LET_IN = Failure(
    True, "{title} does not accept the token, or it may not write notes: Give a token takes a new one."
)
NO_TICKET = Failure(True, "{title} does not know that ticket any more, or hides it from the token.")
NOT_TAKEN = Failure(True, "{title} takes no note on that ticket: it may be closed for good.")
ELSEWHERE = Failure(True, "{title} has moved to another address: a lead corrects it.")
TOO_LONG = Failure(True, "{title} answered with more than I read.")
CLASH = Failure(False, "Somebody was changing the same ticket in {title} just then.")
WAIT = Failure(False, "{title} asked to wait.", outage=True)
BROKEN = Failure(False, "{title} had trouble of its own.", maybe_delivered=True, outage=True)
UNREACHED = Failure(False, "{title} cannot be reached just now.", outage=True)
BROKE_OFF = Failure(False, "The connection to {title} broke off.", maybe_delivered=True, outage=True)
NOT_TRUSTED = Failure(False, "Nobody vouches for who answers as {title} just now.", outage=True)

FAILURES: Mapping[int, Failure] = {
    401: NOT_LET_IN,
    402: NOT_LET_IN,
    403: NOT_LET_IN,
    404: NO_TICKET,
    408: BROKEN,
    409: CLASH,
    410: NO_TICKET,
    423: CLASH,
    425: WAIT,
    429: WAIT,
}
"""What an answer other than 2xx, 3xx and 5xx means; what is not here is NOT_TAKEN."""
FORBIDDEN = "403"
"""The code of a call that the token may not make, although it may make others."""
MAY_SAY_WHEN = (409, 423, 425, 429, 503)
"""Answers that say by Retry-After when to come again."""


def target(address: str, hosts: Sequence[str], stand_ins: Collection[str]) -> URL | None:
    """Where a call goes; None when that is not one of the hosts, by https, nor a stand-in.

    `hosts` are `api.example.com`, or `*.example.com` for what is below that. `stand_ins` are the hosts,
    or `host:port`, for which the operator vouches: those may use http.
    """
    try:
        url = URL(address)
        host, port = url.raw_host or "", url.port
    except ValueError:
        return None
    if url.scheme not in ("http", "https") or url.raw_user is not None or url.raw_password is not None:
        return None
    # The very words that the operator wrote; a port of its own has to be among them.
    if url.host_port_subcomponent in stand_ins:
        return url
    ours = url.scheme == "https" and port == HTTPS and HOST.fullmatch(host) is not None
    return url if ours and any(_is_at(host, pattern) for pattern in hosts) else None


def _is_at(host: str, pattern: str) -> bool:
    below = pattern.removeprefix("*")
    return host == pattern if below == pattern else host.endswith(below) and host != below


def is_public(address: Address) -> bool:
    """Whether anybody can reach the address, by whichever way it is written in IPv6."""
    inner = _inside(address)
    if inner is not None:
        return is_public(inner)
    old = isinstance(address, IPv6Address) and address.is_site_local
    return address.is_global and not (address.is_multicast or address.is_reserved or old)


def _inside(address: Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for; None when it stands for itself."""
    if isinstance(address, IPv4Address):
        return None
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def is_near(address: Address) -> bool:
    """Whether a stand-in may be there: on this machine, or in a private network.

    Never what is link-local, where clouds serve a machine's own credentials.
    """
    inner = _inside(address) or address
    return inner.is_private and not (inner.is_link_local or inner.is_unspecified)


class CheckedResolver(AbstractResolver):
    """Looks hosts up, and raises ForbiddenAddress when one of the addresses found may not be called."""

    def __init__(self, stand_ins: Collection[str], resolver: AbstractResolver) -> None:
        self._names = {URL(f"//{stand_in}").raw_host for stand_in in stand_ins}
        self._resolver = resolver

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses, of which one is connected to without another look."""
        found = await self._resolver.resolve(host, port, family)
        for one in found:
            check_address(one["host"], named=host in self._names)
        return found

    async def close(self) -> None:
        """Closes what it asks."""
        await self._resolver.close()


def check_address(written: str, *, named: bool) -> None:
    """Raises ForbiddenAddress; `named`: the operator vouches for the host."""
    address = ip_address(written)
    if not (is_public(address) or (named and is_near(address))):
        raise ForbiddenAddress


class Outgoing:
    """Makes calls, each over a connection of its own.

    `stand_ins` are for whom the operator vouches. `resolver`: instead of the system's.
    """

    def __init__(
        self, stand_ins: Collection[str] = (), resolver: AbstractResolver | None = None
    ) -> None:
        self._stand_ins = frozenset(stand_ins)
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Closes its connections."""
        if self._session is not None:
            await self._session.close()

    async def leave(self, call: Call, product: Product) -> None:
        """Makes a call whose answer says nothing but whether it was done; raises DeliveryError."""
        await self._make(call, product, reads=False)

    async def read(self, call: Call, product: Product) -> bytes:
        """Makes a call and returns the answer; raises DeliveryError."""
        return await self._make(call, product, reads=True)

    async def _make(self, call: Call, product: Product, *, reads: bool) -> bytes:
        # Whatever goes wrong is told by kind or status alone: the call itself holds the token.
        title = product.TITLE
        url = target(call.url, product.HOSTS, self._stand_ins)
        if url is None:
            raise NOT_ITS_HOST.error(title, "host")
        if not all(VISIBLE.fullmatch(value) for value in call.headers.values()):
            raise BAD_TOKEN.error(title, "header")
        try:
            if _is_literal(url):
                # aiohttp asks no resolver about those.
                check_address(url.raw_host or "", named=True)
            async with self._opened().request(
                call.method,
                url,
                headers={"Accept-Encoding": "identity", "User-Agent": "Amends", **call.headers},
                json=call.json or None,
                allow_redirects=False,
            ) as answer:
                if not 200 <= answer.status < 300:
                    raise _refusal(answer, title)
                return await _whole(answer, title) if reads else b""
        except ForbiddenAddress:
            raise PRIVATE.error(title, ForbiddenAddress.__name__) from None
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _failure(error).error(title, type(error).__name__) from None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                resolver=CheckedResolver(self._stand_ins, self._resolver or aiohttp.ThreadedResolver()),
                # What was looked up is connected to, and not remembered.
                use_dns_cache=False,
                # Over a connection that is used again, aiohttp repeats a PUT by itself.
                force_close=True,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=CALL_SECONDS, sock_connect=CONNECT_SECONDS),
                # Nothing is unpacked: a few bytes can unfold to all of the memory.
                auto_decompress=False,
            )
        return self._session


def _is_literal(url: URL) -> bool:
    try:
        ip_address(url.raw_host or "")
    except ValueError:
        return False
    return True


async def _whole(answer: aiohttp.ClientResponse, title: str) -> bytes:
    body = bytearray()
    async for piece in answer.content.iter_any():
        body += piece
        if len(body) > MAX_ANSWER:
            raise TOO_LONG.error(title, "length")
    return bytes(body)


def _refusal(answer: aiohttp.ClientResponse, title: str) -> DeliveryError:
    status = answer.status
    by_kind = {3: ELSEWHERE, 5: BROKEN}.get(status // 100, NOT_TAKEN)
    failure = FAILURES.get(status, by_kind)
    waits = status in MAY_SAY_WHEN
    asked = seconds(answer.headers.get("Retry-After"), datetime.now(UTC)) if waits else None
    return failure.error(title, str(status), USUAL_WAIT if asked is None and status == 429 else asked)


def _failure(error: Exception) -> Failure:
    if isinstance(error, aiohttp.ClientSSLError):
        return NOT_TRUSTED
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return UNREACHED
    if isinstance(error, aiohttp.InvalidURL):
        return NOT_ITS_HOST
    return BROKE_OFF


def seconds(header: str | None, now: datetime) -> float | None:
    """Retry-After, seconds or a date, in seconds from now, an hour at most; None: it cannot be read."""
    written = (header or "").strip()
    if written.isascii() and written.isdigit():
        return min(float(written), MAX_WAIT)
    try:
        until = parsedate_to_datetime(written)
    except (ValueError, OverflowError):
        return None
    # A date without a zone is UTC, as all dates of HTTP are.
    left = (until if until.tzinfo else until.replace(tzinfo=UTC)) - now
    return min(max(left.total_seconds(), 0.0), MAX_WAIT)
