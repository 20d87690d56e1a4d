"""What a log may hold of an error."""

from bot.fault import told


def test_a_fault_is_told_by_kind_and_place_without_its_words() -> None:
    words = " ".join(("what", "Ana", "wrote"))
    try:
        try:
            raise ValueError(words)
        except ValueError as cause:
            raise LookupError(words) from cause
    except LookupError as error:
        text = told(error)
    assert "builtins.ValueError" in text
    assert "builtins.LookupError" in text
    assert "test_fault.py" in text
    assert words not in text
