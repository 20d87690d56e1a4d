"""A helpdesk that is connected to a channel, whose deliveries go to where Amends listens."""

from datetime import UTC, datetime
from typing import Any

from bot.bootstrap import App
from bot.domain.channel import Channel
from bot.domain.connection import Connection, new_id
from bot.domain.team import Team
from storage.database import Database
from tests.fake_helpdesks import FakeHelpdesk
from tests.session import open_work

KEY = "a-key-of-sixteen-and-more"
SECRET = "whsec-known-to-both"
ZONE = "Europe/Stockholm"


def connect(
    database: Database, workspace: str, channel: Channel, lead: str, product: str, **more: Any
) -> Connection:
    """A connection of a team, which is there already or is made; `token` is sealed here."""
    now = datetime.now(UTC)
    with open_work(database, workspace, writes=True) as work:
        if work.teams.get(channel.id) is None:
            work.teams.add(
                Team(channel_id=channel.id, name=channel.name, lead=lead, zone=ZONE, made_at=now)
            )
            work.channels.remember(channel)
        sealed = {
            "secret": work.vault.seal(more.pop("secret", SECRET)),
            "token": work.vault.seal(more.pop("token", "")),
        }
        made = work.connections.add(
            Connection(
                id=new_id(),
                channel_id=channel.id,
                product=product,
                made_by=lead,
                made_at=now,
                **sealed,
                **more,
            )
        )
        work.commit()
    return made


def connect_helpdesk(
    built: App, workspace: str, channel: Channel, lead: str, helpdesk: FakeHelpdesk, **more: Any
) -> Connection:
    """The same for a stand-in, which takes the notes."""
    account = {"origin": helpdesk.url, "token": helpdesk.desk.token, **more}
    return connect(built.database, workspace, channel, lead, helpdesk.name, **account)
