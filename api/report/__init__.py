"""The report of a simulation: one HTML file that needs no network, for people to read and to print."""

from api.report.page import render
from api.report.printing import print_pdf

__all__ = ["print_pdf", "render"]
