"""The rules of imports and rows: pure, no I/O, no clock, no protobuf, no SQL."""
