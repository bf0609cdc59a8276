"""The record as a whole: the log, the vault that opens its facts, and the key that signs it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs

from api.in_force import policy_in_force
from api.publishing import published_file, publisher
from api.recorder import Recorder, timestamp
from api.settings import Settings
from engine.audit import DecisionLog, LogUnavailable, verify
from engine.audit.checkpointer import Checkpointer
from engine.audit.destroying import Destroyer, destroy_restored
from engine.audit.layout import ANCHOR, KEY_ENCRYPTION_KEY, PUBLIC_KEYS, SIGNING_KEY
from engine.audit.signing import Signatory, open_key
from engine.audit.vault import KeyEncryptionKey, Vault, VaultError, choose_key, is_empty, open_index_key
from engine.audit.vault.change_of_kek import open_kek
from engine.audit.vault.open_facts import seal_open_facts
from engine.audit.whole import trusting, verify_store


@attrs.frozen
class Record:
    """The parts of a record that is open; whoever opened it closes the log."""

    log: DecisionLog
    kek: KeyEncryptionKey
    vault: Vault
    signatory: Signatory
    publish: Callable[[str], None] | None

    def checkpointer(self, report: Callable[[str], None]) -> Checkpointer:
        """The thread that signs what is appended from now on; `report` is told what does not work."""
        return Checkpointer(self.log, self.signatory, self.publish, report)


def open_record(settings: Settings, recorder: Recorder, *, checks_whole: bool = False) -> Record:
    """The record that the settings name, made if there is none, and checked against its last checkpoint.

    With `checks_whole` every entry is read and hashed as well.

    Raises:
        LogUnavailable: a part cannot be used, or the log is not what was signed.
    """
    log = DecisionLog.open(settings.data, settings.log_url)
    try:
        return record_over(log, settings, recorder, checks_whole=checks_whole)
    except BaseException:
        log.close()
        raise


def record_over(log: DecisionLog, settings: Settings, recorder: Recorder, *, checks_whole: bool = False) -> Record:
    """The record around a log that is open; the caller closes it. Raises as `open_record` does.

    What was cut short is finished first: a change of keys, the sealing of facts of an old version, destructions.
    """
    key = signing_key_path(settings)
    with log.store.signing_turn():
        origin = open_key(log, key, settings.log_origin).name
    signatory = Signatory(
        log=log,
        key=key,
        origin=origin,
        anchor=settings.data / ANCHOR,
        public=settings.data / PUBLIC_KEYS,
        new_entry=recorder.entry,
    )
    signatory.check(published_file(settings.checkpoint))
    kek = open_kek(log, kek_path(settings), settings.kek, recorder.entry)
    vault = _vault_of(log, kek)
    with log.store.signing_turn():
        seal_open_facts(log, vault.sealer(timestamp(recorder.now())), signatory.new_entry)
        _keep_destroyed(log, recorder)
    if checks_whole:
        _check_whole(log, signatory, recorder)
    signatory.sign()
    return Record(log, kek, vault, signatory, publisher(settings.checkpoint))


def _check_whole(log: DecisionLog, signatory: Signatory, recorder: Recorder) -> None:
    """Let the verifier read everything. Raises LogUnavailable for what is not as it was recorded."""
    anchors = [verify.read_anchor(signatory.anchor, is_beside=True)] if signatory.anchor.exists() else []
    report = verify_store(log.store, trusting(signatory.verifiers()), anchors, recorder.now())
    if "failed" in (report.integrity, report.completeness):
        worst = report.listed()[0]
        raise LogUnavailable(
            f"{log.store.name}: the log is not what was recorded, so nothing is decided: {worst.what}. To see all of "
            f"it, run `ostiary log verify`. What to do: {worst.do}"
        )


def signing_key_path(settings: Settings) -> Path:
    """The file of the key that signs."""
    return settings.log_key or settings.data / SIGNING_KEY


def kek_path(settings: Settings) -> Path:
    """The file of the key that locks customers' keys, if it does not come from the environment."""
    return settings.kek_file or settings.data / KEY_ENCRYPTION_KEY


def existing_vault(log: DecisionLog, settings: Settings) -> Vault:
    """The vault of a log for whoever only reads: nothing is written, neither to the log nor to the keys.

    Raises:
        VaultError: the key-encryption key is not to be had or not the right one, or there are no keys.
        LogUnavailable: the keys cannot be read.
    """
    with log.store.reading_keys() as keys:
        if is_empty(keys):
            raise VaultError("the vault has no keys; if facts were sealed, restore the keys from a backup")
        kek = choose_key(keys, kek_path(settings), settings.kek)
        return Vault(kek, open_index_key(keys, kek), log.store.reading_keys)


def _vault_of(log: DecisionLog, kek: KeyEncryptionKey) -> Vault:
    index_keys: list[bytes] = []
    log.change(lambda transaction: index_keys.append(open_index_key(transaction.keys, kek)))
    return Vault(kek, index_keys[-1], log.store.reading_keys)


def _keep_destroyed(log: DecisionLog, recorder: Recorder) -> None:
    """Nobody who was destroyed comes back with an old backup, and whoever's destruction has begun is destroyed."""
    in_force = policy_in_force(log)
    destroy_restored(log, recorder.entry)
    Destroyer(log, in_force.readings(), in_force.today(recorder.now), recorder.entry).finish()
