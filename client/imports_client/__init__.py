"""The async helper for callers of the Imports service."""
