"""Who wrote something, in words: a name, or that nobody is named, and never one for the other."""

import re
import unicodedata
from collections.abc import Mapping

UNNAMED = "someone on the team"

LOOKALIKES: Mapping[str, str] = {
    "s": "ѕꜱ",
    "o": "оοօᴏ0",
    "m": "мμᴍ",
    "e": "еεᴇ",
    "n": "пηνոɴ",
    "t": "тτᴛ",
    "h": "һнηհʜ",
    "a": "аαᴀ",
}
"""Letters of other alphabets that look like ours, small or capital."""
INVISIBLE = "\u115f\u1160\u3164\uffa0"
"""What Unicode counts as letters, and nobody sees (Hangul fillers)."""
_PASSES = re.compile(
    "".join(f"[{letter}{LOOKALIKES[letter]}]" for letter in UNNAMED if not letter.isspace())
)


def signed(name: str) -> str:
    """A person's name as it stands for an author; one that looks like no name is marked as a name."""
    if not _PASSES.search(_letters(name)):
        return name
    # Without what could turn the direction of the words that follow it.
    plain = "".join(letter for letter in name if unicodedata.category(letter)[0] != "C")
    return f'"{" ".join(plain.split())}" (a person\'s own name)'


def _letters(name: str) -> str:
    """A name's letters and digits as a reader sees them: no case, no accents, nothing between."""
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    return "".join(letter for letter in apart if letter.isalnum() and letter not in INVISIBLE)
