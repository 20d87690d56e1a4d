"""What a log may hold of an error."""

from bot.safe_traceback import redacted


def test_a_fault_is_told_by_kind_and_place_without_its_words() -> None:
    words = " ".join(("what", "Ana", "wrote"))
    try:
        try:
            raise ValueError(words)
        except ValueError as cause:
            raise LookupError(words) from cause
    except LookupError as error:
        text = redacted(error)
    assert "builtins.ValueError" in text
    assert "builtins.LookupError" in text
    assert "test_safe_traceback.py" in text
    assert words not in text


def test_what_went_wrong_while_a_fault_was_met_is_told_as_well() -> None:
    try:
        try:
            raise LookupError
        except LookupError:
            int("no number")
    except ValueError as error:
        text = redacted(error)
    assert text.index("builtins.LookupError") < text.index("which led to builtins.ValueError")
