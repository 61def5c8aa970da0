"""Fakes that break one guarantee each, or a few: the suite has to notice."""

from tests.conformance.mutants import changing, creations, organization, progress, reading, tokens, watches
from tests.conformance.mutants.mutant import MUTANTS, Mutant

__all__ = ["MUTANTS", "Mutant"]

MODULES = (changing, creations, organization, progress, reading, tokens, watches)
"""To import them is to enter their mutants."""
