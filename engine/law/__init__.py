"""The text of the law, paragraph by paragraph, and what answers each. Nothing here decides anything."""

from engine.law.coverage import Coverage, Exercise, Row, cover
from engine.law.paragraphs import Law, Paragraph, Switch

__all__ = ["Coverage", "Exercise", "Law", "Paragraph", "Row", "Switch", "cover"]
