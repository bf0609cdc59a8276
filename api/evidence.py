"""One decision's evidence as a zip that may leave the house: that it was given is on record before it is."""

from __future__ import annotations

from api.asker import Asker
from api.service import DecisionService
from api.web.evidence_page import render_page
from engine.audit import StoredEntry
from engine.audit.evidence import PAGE, gather_evidence, pack


def give_evidence(service: DecisionService, entry: StoredEntry, asker: Asker) -> bytes:
    """The zip for a decision's entry, under a checkpoint that covers the entry about this export as well.

    Raises:
        LogUnavailable: the export cannot be recorded or signed, or the log is not what was signed.
    """
    about = {"start": entry.index, "end": entry.index + 1, "form": "evidence"}
    service.log.append(service.recorder.entry("exported", about, caller=asker.caller, request_id=asker.request_id))
    note = service.checkpointer.sign()
    evidence = gather_evidence(service.log, entry, note, service.checkpointer.verifiers())
    return pack({PAGE: render_page(evidence), **evidence.files()})
