"""The app package for Teams: the manifest for one app and one host, and its two icons.

The icons are the mark of the web adapter's `icon.svg`. Teams' rules: 192×192 in colour; 32×32 in white
on nothing.
"""

import json
import re
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bot.messages.page import TAB
from bot.routes import TYPED, TYPED_WORDS
from bot.settings import Misconfigured

TEMPLATE = Path(__file__).with_name("manifest.json")
ICONS = ("color.png", "outline.png")
"""Beside this file, and under the same names in the package."""
GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
DOMAIN = re.compile(r"(?=.{1,253}$)[a-zA-Z0-9-]{1,63}(\.[a-zA-Z0-9-]{1,63})*(:\d{1,5})?")
TARGETED_VERSION = "1.30"
"""Targeted messages are declared from 1.29 on; without them 1.25 is accepted most widely."""


def manifest(app_id: str, domain: str, *, targeted: bool = False, pages_at: str = "") -> dict[str, Any]:
    """The manifest of one app; raises Misconfigured for what Teams would not take.

    `pages_at` is where the leads' pages are, without a last slash: by https they have a personal tab.
    """
    if not GUID.fullmatch(app_id):
        raise Misconfigured("--app-id must be the app's id in Azure: 8-4-4-4-12 hexadecimal digits.")
    if not DOMAIN.fullmatch(domain):
        raise Misconfigured("--domain must be a host name like amends.example.com, without https://.")
    text = TEMPLATE.read_text(encoding="utf-8").replace("APP_ID", app_id).replace("DOMAIN", domain)
    made: dict[str, Any] = json.loads(text)
    bot = made["bots"][0]
    for listed in bot["commandLists"]:
        listed["commands"] = [
            {"title": words.partition(" ")[0], "description": f"{words}: {meaning}"}
            for typed, (words, meaning) in zip(TYPED_WORDS.values(), TYPED.items(), strict=True)
            if typed.suggested  # Teams takes 12
        ]
    if pages_at.startswith("https://"):
        tab = {"entityId": TAB, "name": "In your browser", "scopes": ["personal"]}
        made["staticTabs"] = [
            {**tab, "contentUrl": f"{pages_at}/{TAB}", "websiteUrl": f"{pages_at}/board"}
        ]
        host = urlsplit(pages_at).netloc
        made["validDomains"] = list(dict.fromkeys((*made["validDomains"], host)))
    if targeted:
        made["$schema"] = made["$schema"].replace(made["manifestVersion"], TARGETED_VERSION)
        made["manifestVersion"] = TARGETED_VERSION
        bot["supportsTargetedMessages"] = True
    return made


def write(path: Path, app_id: str, domain: str, *, targeted: bool = False, pages_at: str = "") -> None:
    """Writes the package to upload to Teams; raises Misconfigured, also where it cannot be written."""
    made = manifest(app_id, domain, targeted=targeted, pages_at=pages_at)
    files = {"manifest.json": json.dumps(made, indent=2, ensure_ascii=False).encode()}
    files |= {name: Path(__file__).with_name(name).read_bytes() for name in ICONS}
    try:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
            for name, content in files.items():
                package.writestr(name, content)
    except OSError as wrong:
        raise Misconfigured(f"--out {path} cannot be written: {wrong.strerror or wrong}.") from None
