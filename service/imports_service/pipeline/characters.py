"""Bytes in, whole characters out: checks UTF-8 as a document arrives and never cuts a character in two."""

import codecs

from imports_service.pipeline.places import Place, malformed


class CharacterCheck:
    """Passes bytes on, less the beginning of a character whose end has not come yet (at most 3 bytes).

    `place` is the end of what was passed on.
    """

    def __init__(self) -> None:
        self.place = Place()
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._cut = b""

    def feed(self, data: bytes) -> bytes:
        """The whole characters so far. Raises `InvalidArgument` DOCUMENT_MALFORMED for bytes that are none."""
        data = self._cut + data
        self._cut = b""
        if not data.isascii():
            self._decode(data, final=False)
            cut: bytes = self._decoder.getstate()[0]
            self._decoder.reset()
            self._cut = cut
            data = data.removesuffix(cut)
        self.place = self.place.after(data)
        return data

    def skip(self, length: int) -> None:
        """Leave out bytes that are no text, such as a byte order mark: they have an offset, but no column."""
        self.place = self.place._replace(offset=self.place.offset + length)

    def finish(self) -> None:
        """Raises `InvalidArgument` DOCUMENT_MALFORMED when the last character is cut."""
        self._decode(self._cut, final=True)

    def _decode(self, data: bytes, *, final: bool) -> None:
        try:
            self._decoder.decode(data, final)
        except UnicodeDecodeError as error:
            raise malformed(self.place.after(data[: error.start]), "this is not UTF-8") from None
