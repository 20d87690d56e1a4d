"""What a browser keeps for us: who reads, what they have seen, which note of the demo they are at.

Cookies belong to a host, whatever its port: of two workspaces on one machine each would take the other's
for its own. So the port that the browser asked is in the name.
"""

from aiohttp import web

A_YEAR = 365 * 24 * 60 * 60
"""In seconds."""


def name_at(host: str, name: str) -> str:
    """The cookie's name at a host, as the browser calls it: `you-3000` at `127.0.0.1:3000`."""
    port = host.rpartition(":")[2]
    return f"{name}-{port}" if ":" in host and port.isascii() and port.isdigit() else name


def kept(request: web.BaseRequest, name: str, default: str = "") -> str:
    """What the browser keeps by this name."""
    return request.cookies.get(name_at(request.host, name), default)


def keep(request: web.BaseRequest, response: web.Response, name: str, value: str) -> None:
    """Lets the browser keep it for a year."""
    response.set_cookie(
        name_at(request.host, name), value, max_age=A_YEAR, httponly=True, samesite="Strict"
    )


def keep_session(
    request: web.BaseRequest, response: web.Response, name: str, value: str, *, secure: bool
) -> None:
    """Lets the browser keep it until it closes; a link in chat brings it along, a foreign form not."""
    response.set_cookie(name_at(request.host, name), value, httponly=True, samesite="Lax", secure=secure)
