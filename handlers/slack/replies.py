"""Replies to the one person who asked, after the acknowledgement: dialogs, notes, the App Home."""

import logging
from collections.abc import Mapping
from functools import partial

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.command import Request
from bot.messages.parts import Form, Message, sentence
from handlers.background_tasks import BackgroundTasks
from handlers.slack import render
from handlers.slack.incoming import Origin
from handlers.slack.outgoing import NO_ANSWER, code_of
from handlers.slack.refused_blocks import REFUSALS, BlocksRefused, Figures

log = logging.getLogger(__name__)

TOO_LATE = sentence("Slack did not open the form in time. Please press or type that once more.")


class Replies(BackgroundTasks):
    """Replies by the Web API. Each only shows what is stored, so a lost one loses nothing."""

    def __init__(self, slack: AsyncWebClient, session: aiohttp.ClientSession, figures: Figures) -> None:
        super().__init__()
        self._slack = slack
        self._session = session
        self._figures = figures

    async def open(self, form: Form, request: Request | None, origin: Origin) -> None:
        """Opens a form; when Slack does not (a trigger lives three seconds), says to ask again."""
        view = render.form(form, channel_name(form, request), origin.back, over=origin.over)
        if not await self._show(view, origin):
            await self.tell(TOO_LATE, origin._replace(view=""))

    async def _show(self, view: render.Block, origin: Origin) -> bool:
        """Opens a dialog, on top of the one that was clicked in; False when Slack did not."""
        method = "views.push" if origin.view == "modal" else "views.open"
        try:
            await self._slack.api_call(method, json={"trigger_id": origin.trigger, "view": view})
        except NO_ANSWER as error:
            log.warning("%s failed: %s", method, code_of(error))
            return False
        return True

    async def tell(self, message: Message, origin: Origin, *, replaces: bool = False) -> None:
        """Shows it to the person alone: where they asked, or else in their direct messages.

        `replaces`: in the place of the message that they clicked in, if only they see that.
        """
        if origin.view and await self._show(render.reading(message), origin):
            return
        instead = (self._replace,) if replaces else ()
        for way in (*instead, self._send_ephemeral, self._respond, self._write):
            try:
                if await self._figures.sent(message, partial(way, origin)):
                    return
            except NO_ANSWER as error:
                log.info("a reply could not be shown this way: %s", code_of(error))
        log.warning("a reply could not be shown in any way")

    async def _send_ephemeral(self, origin: Origin, drawn: render.Block) -> bool:
        if not origin.channel_id:
            return False
        body = {
            **drawn,
            "channel": origin.channel_id,
            "user": origin.person_id,
            "thread_ts": origin.thread,
        }
        await self._slack.api_call("chat.postEphemeral", json=_present(body))
        return True

    async def _replace(self, origin: Origin, drawn: render.Block) -> bool:
        return await self._post(origin.own, {**drawn, "replace_original": True})

    async def _respond(self, origin: Origin, drawn: render.Block) -> bool:
        return await self._post(origin.response_url, {**drawn, "replace_original": False})

    async def _post(self, url: str, drawn: Mapping[str, object]) -> bool:
        if not url:
            return False
        body = {**drawn, "response_type": "ephemeral"}
        async with self._session.post(url, json=body, proxy=self._slack.proxy) as answer:
            code = (await answer.text())[:100] if answer.status != 200 else ""
            if any(refusal in code for refusal in REFUSALS):
                raise BlocksRefused("response_url", answer)
            return answer.status == 200

    async def _write(self, origin: Origin, drawn: render.Block) -> bool:
        await self._slack.api_call("chat.postMessage", json={**drawn, "channel": origin.person_id})
        return True

    async def say(self, message: Message, origin: Origin) -> None:
        """Answers in the direct messages somebody wrote in."""

        async def send(drawn: render.Block) -> None:
            body = {**drawn, "channel": origin.channel_id, "thread_ts": origin.thread}
            await self._slack.api_call("chat.postMessage", json=_present(body))

        try:
            await self._figures.sent(message, send)
        except NO_ANSWER as error:
            log.warning("a direct answer could not be said: %s", code_of(error))

    async def publish(self, home: render.Block, person_id: str) -> None:
        """Shows a view as a person's App Home."""
        try:
            await self._slack.api_call("views.publish", json={"user_id": person_id, "view": home})
        except NO_ANSWER as error:
            log.warning("the App Home could not be shown: %s", code_of(error))


def _present(body: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in body.items() if value is not None}


def channel_name(form: Form, request: Request | None) -> str:
    """The name of the form's channel, when it is the one somebody asked in."""
    channel = request.channel if request else None
    return channel.name if channel and channel.id == form.channel_id else ""
