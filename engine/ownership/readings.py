"""The readings of Q01 that change the computation: the engine computes these and no others."""

SWITCH = "Q01"
LOOK_THROUGH = "look_through"
"""Shares multiply along chains, and control of an intermediate counts as its full share."""
DIRECT_ONLY = "direct_only"
"""Only shares held in the customer itself count."""
AGGREGATE_RELATED = "aggregate_related"
"""As `look_through`, and people who are related (`related_to`) count together."""
READINGS = (LOOK_THROUGH, DIRECT_ONLY, AGGREGATE_RELATED)
