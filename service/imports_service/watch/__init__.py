"""An import's events and progress as a stream."""
