"""What people send from Slack, signed: commands, clicks and filled-in forms, 50 in flight."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlencode

import aiohttp

from tests.benchmarks.filled import PLACES, case_of_item, channel_of_case, person, place
from tests.benchmarks.process import SECRET
from tests.benchmarks.quick_slack import TEAM

IN_FLIGHT = 50
RETROS = 100
"""Stored, and open, wherever people press and answer."""

Body = Callable[[int], str]


class Round(NamedTuple):
    """One burst: those acknowledged a second, how long each took in seconds, and how many were not."""

    rate: float
    seconds: Sequence[float]
    refused: int = 0


def command(text: str, number: int, channels: int = PLACES, where: str = "") -> str:
    """A typed `/amends …`, in one of so many channels, or in the one that is named."""
    return urlencode(
        {
            "command": "/amends",
            "text": text,
            "team_id": TEAM,
            "channel_id": where or place(number % channels),
            "channel_name": f"team-{number % channels}",
            "user_id": person(number % IN_FLIGHT),
            "user_name": "somebody",
            "trigger_id": f"{time.time_ns()}.{number}",
        }
    )


def failed(number: int) -> str:
    """`/amends failed …`: a case, each with its own reference."""
    return command(f"failed ZD-{number} Parcel promised twice, missed twice", number)


def take(number: int) -> str:
    """Take it: a click on the message of an item; each number has its own."""
    return click("action_item.take", f"AI-{number}", number, case_of_item(number, RETROS))


def answer_form(number: int) -> str:
    """Answer: a click on the message of a retro, which opens a form."""
    case_number = 1 + number % RETROS
    return click("retro.answer", f"C-{case_number}", number, case_number)


def click(command_name: str, about: str, number: int, case_number: int) -> str:
    """A pressed button in the channel of a case."""
    where = channel_of_case(case_number)
    payload = {
        "type": "block_actions",
        "trigger_id": f"{time.time_ns()}.{number}",
        "actions": [
            {
                "type": "button",
                "action_id": command_name,
                "block_id": "buttons",
                "value": about,
                "action_ts": f"{time.time():.6f}",
            }
        ],
        **_pressed_by(number),
        "container": {"type": "message", "message_ts": f"1600000000.{number:07d}"},
        "channel": {"id": where, "name": f"team-{where}"},
        "message": {"ts": f"1600000000.{number:07d}", "text": "A retro"},
    }
    return urlencode({"payload": json.dumps(payload)})


def answer(number: int) -> str:
    """An answer to a retro, with its author's name: the form is sent in."""
    case_number = 1 + number % RETROS
    words = f"We would have needed to know when the courier comes, as {number} times before."
    values: dict[str, Mapping[str, object]] = {
        "training": {"type": "plain_text_input", "value": words},
        "unnamed": {"type": "checkboxes", "selected_options": []},
    }
    return submission("retro.answer", f"C-{case_number}", number, channel_of_case(case_number), values)


def submission(
    command_name: str, about: str, number: int, where: str, values: Mapping[str, Mapping[str, object]]
) -> str:
    """A form of ours that was filled in: the element of each field by the field's name."""
    view = {
        "type": "modal",
        "id": f"V{time.time_ns()}.{number}",
        "callback_id": command_name,
        "private_metadata": json.dumps({"about": about, "place": where, "name": f"team-{where}"}),
        "state": {"values": {name: {name: element} for name, element in values.items()}},
        "blocks": [{"type": "input", "block_id": name} for name in values],
    }
    payload = {"type": "view_submission", **_pressed_by(number), "view": view}
    return urlencode({"payload": json.dumps(payload)})


def _pressed_by(number: int) -> dict[str, object]:
    user = {"id": person(number % IN_FLIGHT), "team_id": TEAM, "name": "somebody"}
    return {"team": {"id": TEAM}, "user": user}


async def ask(http: aiohttp.ClientSession, address: str, bodies: Sequence[str]) -> Round:
    """Sends them all, IN_FLIGHT at once; raises RuntimeError when one is not acknowledged."""
    asked = await send(http, address, bodies)
    if asked.refused:
        raise RuntimeError(f"{address} did not acknowledge {asked.refused} of {bodies[0]}")
    return asked


async def send(http: aiohttp.ClientSession, address: str, bodies: Sequence[str]) -> Round:
    """Sends them all, IN_FLIGHT at once; what is answered with anything but 200 counts as refused."""
    url, waiting = f"{address}/slack/events", iter(bodies)
    seconds: list[float] = []
    taken = 0

    async def one_after_another() -> None:
        nonlocal taken
        for body in waiting:
            headers = _signed(body)
            began = time.perf_counter()
            async with http.post(url, data=body, headers=headers) as reply:
                await reply.read()
            seconds.append(time.perf_counter() - began)
            taken += reply.status == 200

    began = time.perf_counter()
    await asyncio.gather(*(one_after_another() for _ in range(IN_FLIGHT)))
    return Round(taken / (time.perf_counter() - began), seconds, len(bodies) - taken)


def _signed(body: str) -> dict[str, str]:
    stamp = str(int(time.time()))
    mac = hmac.new(SECRET.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256)
    return {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={mac.hexdigest()}",
    }
