"""Text out of documents, as it may go to a terminal. Loads nothing, so that it costs nothing."""


def printable(text: str, *, keep: str = "") -> str:
    """The text with everything replaced that a terminal takes for a command, but for the characters to
    keep."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else "\ufffd" for c in text)
