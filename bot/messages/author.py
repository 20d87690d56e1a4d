"""Who wrote something, in words: a name, or that nobody is named, and never one for the other."""

import unicodedata
from collections.abc import Mapping
from difflib import SequenceMatcher

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
LIKE = 0.75
"""From this ratio of matching letters on, a name may pass for it in a hurry ("5omeone in the tearn")."""
_ASCII = str.maketrans({other: letter for letter, others in LOOKALIKES.items() for other in others})


def signed(name: str) -> str:
    """A person's name as it stands for an author; one that looks like no name is marked as a name."""
    letters = _letters(name)
    if not any(_passes(text) for text in (letters, letters[::-1])):
        return name
    # Without what could turn the direction of the words that follow it.
    plain = "".join(letter for letter in name if unicodedata.category(letter)[0] != "C")
    return f'"{" ".join(plain.split())}" (a person\'s own name)'


def _passes(letters: str) -> bool:
    """Whether the words stand in it nearly as they are; a longer name may hold them."""
    words = _letters(UNNAMED)
    if words in letters:
        return True
    if abs(len(letters) - len(words)) > len(words) // 3:
        return False
    return SequenceMatcher(None, words, letters, autojunk=False).ratio() >= LIKE


def _letters(name: str) -> str:
    """A name's letters and digits as a reader sees them: no case, no accents, nothing between."""
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    letters = (letter for letter in apart if letter.isalnum() and letter not in INVISIBLE)
    return "".join(letters).translate(_ASCII)
