"""The words of a case: one file, `facts.yaml`, and everything that is generated from it."""

from engine.vocabulary.model import Field, Record, Type, Vocabulary
from engine.vocabulary.read import read_vocabulary

__all__ = ["Field", "Record", "Type", "Vocabulary", "read_vocabulary"]
