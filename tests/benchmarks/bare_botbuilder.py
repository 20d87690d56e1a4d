"""The floor: botbuilder's CloudAdapter on aiohttp that echoes cards and remembers nothing.

With the least that makes it answer card actions at all: `process_activity` instead of `process`,
which serialises every invoke's answer twice and ends in a 500.
"""

import asyncio
import os
from types import SimpleNamespace

from aiohttp import web
from botbuilder.core import TurnContext
from botbuilder.core.teams import TeamsActivityHandler
from botbuilder.integration.aiohttp import CloudAdapter, ConfigurationBotFrameworkAuthentication
from botbuilder.schema import (
    Activity,
    AdaptiveCardInvokeResponse,
    AdaptiveCardInvokeValue,
    Attachment,
)
from botbuilder.schema.teams import (
    TaskModuleContinueResponse,
    TaskModuleRequest,
    TaskModuleResponse,
    TaskModuleTaskInfo,
)
from botframework.connector.auth import PasswordServiceClientCredentialFactory

from tests.benchmarks.heartbeat import beating
from tests.benchmarks.quick_teams import APP, PASSWORD, TENANT
from tests.benchmarks.teams_bot import STAND_IN
from tests.fake_teams_login import redirected

CARD = "application/vnd.microsoft.card.adaptive"


class Echo(TeamsActivityHandler):  # type: ignore[misc]  # the library has no types
    """Says back what it was told, and the verb of every pressed button."""

    async def on_message_activity(self, turn_context: TurnContext) -> None:
        """A message."""
        said = TurnContext.remove_recipient_mention(turn_context.activity) or ""
        await turn_context.send_activity(f"You said: {said.strip()}")

    async def on_adaptive_card_invoke(
        self, turn_context: TurnContext, invoke_value: AdaptiveCardInvokeValue
    ) -> AdaptiveCardInvokeResponse:
        """A pressed button."""
        # The SDK leaves the action as it came, whatever its type says; and it cannot serialise an
        # answer of plain words.
        words = f"You pressed {invoke_value.action['verb']}."
        return AdaptiveCardInvokeResponse(status_code=200, type=CARD, value=_card(words))

    async def on_teams_task_module_fetch(
        self, turn_context: TurnContext, task_module_request: TaskModuleRequest
    ) -> TaskModuleResponse:
        """A button that opens a dialog."""
        card = Attachment(content_type=CARD, content=_card("A dialog."))
        info = TaskModuleTaskInfo(title="A dialog", height="medium", width="medium", card=card)
        return TaskModuleResponse(task=TaskModuleContinueResponse(value=info))


def _card(words: str) -> dict[str, object]:
    body = [{"type": "TextBlock", "text": words}]
    return {"type": "AdaptiveCard", "version": "1.5", "body": body}


class Keeping(PasswordServiceClientCredentialFactory):  # type: ignore[misc]  # the same
    """Keeps the credentials, and so their tokens, instead of making new ones for every turn."""

    async def create_credentials(self, *wanted: object, **named: object) -> object:
        """The same credentials every time."""
        if not hasattr(self, "_kept"):
            self._kept = await super().create_credentials(*wanted, **named)
        return self._kept


def bare_botbuilder(app_id: str = "", password: str = "", tenant: str = "") -> web.Application:
    """The application; without an app id it checks nobody."""
    settings = SimpleNamespace(
        APP_ID=app_id, APP_PASSWORD=password, APP_TENANTID=tenant, APP_TYPE="SingleTenant"
    )
    adapter = CloudAdapter(
        ConfigurationBotFrameworkAuthentication(
            settings, credentials_factory=Keeping(app_id or None, password, tenant)
        )
    )
    echo = Echo()

    async def messages(request: web.Request) -> web.Response:
        activity = Activity().deserialize(await request.json())
        header = request.headers.get("Authorization", "")
        answer = await adapter.process_activity(header, activity, echo.on_turn)
        return (
            web.json_response(answer.body, status=answer.status) if answer else web.Response(status=201)
        )

    app = web.Application()
    app.router.add_post("/api/messages", messages)
    return app


async def main() -> None:
    """Serves on a free port of loopback until it is stopped."""
    async with beating():
        runner = web.AppRunner(bare_botbuilder(APP, PASSWORD, TENANT), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    with redirected(os.environ[STAND_IN]):
        asyncio.run(main())
