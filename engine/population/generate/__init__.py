"""Accounts made up from a seed: the same seed, day and distributions give the same accounts, whatever their number."""

from engine.population.generate.distributions import Distributions, DistributionsError, distributions
from engine.population.generate.generate import GENERATED, GENERATOR, generate, origin

__all__ = ["GENERATED", "GENERATOR", "Distributions", "DistributionsError", "distributions", "generate", "origin"]
