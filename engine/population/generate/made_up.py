"""Words of which names and addresses are made up. None is meant to be anybody's or any place's."""

from __future__ import annotations

GIVEN = (
    "Abro", "Belin", "Cadra", "Dovi", "Elsan", "Fenno", "Garil", "Hesta", "Ivrin", "Jalo", "Kerra", "Lomin", "Mavi",
    "Nelor", "Orsa", "Pellin", "Quora", "Rasto", "Selvi", "Tavo", "Ulmer", "Vesna", "Wirro", "Xandi", "Yorel", "Zimra",
)  # fmt: skip
FAMILY = (
    "Ardwell", "Brindle", "Corvane", "Dunmere", "Eskdale", "Farrowby", "Gantrix", "Holloway-Test", "Inglebert",
    "Jorvansen", "Kestrelio", "Lanthorne", "Marrowin", "Nethersby", "Orlanter", "Pemberlyn", "Quillstone", "Ravensel",
    "Sandmarsh", "Thornquist", "Underbrook", "Valcourtis", "Westerlyn", "Yarrowden", "Zellingen",
)  # fmt: skip
FIRM = ("Sample Works", "Trial Systems", "Made-Up Logistics", "Example Data", "Mock Media", "Specimen Labs")
STREETS = ("Sample Street", "Example Lane", "Trial Road", "Specimen Avenue", "Mock Square", "Placeholder Way")
CITIES = (
    "Anytown", "Somewhere", "Exampleford", "Sampleton", "Mockville", "Trialhaven", "Specimen Bay", "Nowhere Springs",
)  # fmt: skip
PLANS = ("Ask for a document again.", "Verify by a register.")
PURPOSES = ("hosting of a website", "backups", "development and tests", "analysis of data", "video and games")
HOSTS = tuple(f"{network}.{host}" for network in ("192.0.2", "198.51.100", "203.0.113") for host in range(1, 255))
"""Addresses that RFC 5737 keeps for documentation."""
