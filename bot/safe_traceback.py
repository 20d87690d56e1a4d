"""A fault for the log: what kind and where, never the words, which may quote a person."""

import traceback


def redacted(error: BaseException) -> str:
    """Kind and frames of an error and of what caused it, on several lines.

    Error messages repeat values: a database's the rows, a validator's the input. An unnamed
    answer must not be found in a log, so no message is written at all.
    """
    cause = error.__cause__ or error.__context__
    before = f"{redacted(cause)}\nwhich led to " if cause is not None else ""
    frames = "".join(traceback.format_tb(error.__traceback__))
    return f"{before}{type(error).__module__}.{type(error).__qualname__}\n{frames}".rstrip()
