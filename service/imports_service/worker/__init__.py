"""The engine: claims units of work and runs them."""
