"""Where the Bot Connector is served from: nothing of ours is sent to any other host."""

import re
from urllib.parse import urlsplit

from bot.settings import Settings
from handlers.teams.authentication import LOOPBACK

MICROSOFT = re.compile(
    r"smba\.trafficmanager\.net"
    r"|([a-z0-9-]+\.)+(botframework\.(com|us|azure\.us|azure\.cn)|teams\.microsoft\.(com|us))"
)
"""The public cloud, the United States' government clouds, and China's.
https://learn.microsoft.com/azure/bot-service/how-to-deploy-gov-cloud-high"""


class Hosts:
    """Microsoft's own hosts, by https, and what the operator named beside them.

    This machine counts where nobody else can reach us: that is where emulators and stand-ins are.
    """

    def __init__(self, settings: Settings) -> None:
        self._loopback = settings.loopback
        self._named = settings.service_hosts

    def include(self, service_url: str) -> bool:
        """Whether the service is at one of them."""
        try:
            address = urlsplit(service_url)
            host = (address.hostname or "").lower()
        except ValueError:
            return False
        if address.scheme not in ("http", "https") or address.username is not None:
            return False
        if host in self._named or (self._loopback and LOOPBACK.fullmatch(host)):
            return True
        return address.scheme == "https" and MICROSOFT.fullmatch(host) is not None
