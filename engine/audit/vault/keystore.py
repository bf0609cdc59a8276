from __future__ import annotations


def admit(session, sealed):
    return set()
