"""Who owns a customer: the listed owners and the ownership graph, resolved into derived facts (Q01)."""

from engine.ownership.readings import AGGREGATE_RELATED, DIRECT_ONLY, LOOK_THROUGH, READINGS, SWITCH
from engine.ownership.resolve import Resolution, resolve

__all__ = ["AGGREGATE_RELATED", "DIRECT_ONLY", "LOOK_THROUGH", "READINGS", "SWITCH", "Resolution", "resolve"]
