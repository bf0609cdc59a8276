"""Entries go in once, in order, and come out as the bytes they were."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from log_samples import SEALED, open_log

from engine.audit import DecisionLog, Entry, PolicyRecord, Receipt, StoredEntry


@pytest.fixture
def log(data, store_url):
    with open_log(data, url=store_url) as opened:
        yield opened


def test_an_entry_comes_back_as_the_bytes_it_was(log):
    body = '{"b": 1,\n "a":"\u00e9\\u0000"}'.encode()
    receipt = log.append(Entry(kind="decision", id="0198", body=body))
    assert receipt == Receipt(index=0, leaf=hashlib.sha256(b"\0" + body).digest(), id="0198")
    assert log.get("0198") == StoredEntry(index=0, kind="decision", id="0198", leaf=receipt.leaf, body=body)
    assert log.size() == 1


@pytest.mark.parametrize("entry_id", ["unknown", "", "a'b", "\ud800", "x" * 300, "a\0"])
def test_an_id_that_is_not_there_is_none(log, entry_id):
    assert log.get(entry_id) is None


@pytest.mark.parametrize("entry_id", ["", " ", "a b", "\u00e9", "x" * 201, "-a", "a\n"])
def test_an_id_that_could_not_be_looked_up_is_refused(entry_id):
    with pytest.raises(ValueError, match="entry id"):
        Entry(kind="decision", id=entry_id, body=b"{}")


def test_a_batch_is_one_transaction_in_its_order(log, new_entry):
    log.append(new_entry())
    before = log.commits
    batch = [new_entry(sealed=SEALED) for _ in range(1_500)]
    assert [receipt.index for receipt in log.append_all(batch)] == list(range(1, 1_501))
    assert log.commits == before + 1
    assert [entry.id for entry in log.entries(1)] == [entry.id for entry in batch]
    assert log.append_all([]) == []


def test_a_page_of_entries_is_cut_as_python_cuts(log, new_entry):
    log.append_all([new_entry() for _ in range(600)])
    assert [entry.index for entry in log.entries(250, 520)] == list(range(250, 520))
    assert [entry.index for entry in log.entries(598, 9_999)] == [598, 599]
    assert list(log.entries(700)) == []
    assert list(log.entries(5, 2)) == []


def test_the_same_entry_again_keeps_its_place(log, new_entry):
    first, second = new_entry(sealed=SEALED), new_entry()
    receipts = log.append_all([first, second])
    assert log.append(first) == receipts[0]
    assert log.append_all([second, second]) == [receipts[1], receipts[1]]
    assert log.size() == 2


def test_an_id_with_another_body_is_refused_and_its_batch_with_it(log, new_entry):
    first = new_entry()
    log.append(first)
    other = new_entry(id=first.id)
    with pytest.raises(ValueError, match=f"`{first.id}` belongs to another entry"):
        log.append_all([new_entry(), other])
    twin = new_entry()
    with pytest.raises(ValueError, match="belongs to another entry"):
        log.append_all([twin, new_entry(id=twin.id)])
    assert [entry.id for entry in log.entries()] == [first.id]


def test_facts_stand_apart_from_what_is_hashed(log, new_entry):
    first = log.append(new_entry(sealed=SEALED))
    second = log.append(new_entry())
    assert log.sealed(first.index) == (SEALED.subject, SEALED.box)
    assert log.sealed(second.index) is None


def test_indices_have_no_hole_under_sixteen_threads_and_flushes_are_shared(log, new_entry):
    entries = [new_entry(sealed=SEALED) for _ in range(1_600)]
    with ThreadPoolExecutor(16) as pool:
        receipts = list(pool.map(log.append, entries))
    assert sorted(receipt.index for receipt in receipts) == list(range(1_600))
    stored = {entry.id: entry for entry in log.entries()}
    for entry, receipt in zip(entries, receipts, strict=True):
        assert (stored[entry.id].index, stored[entry.id].body) == (receipt.index, entry.body)
    assert log.commits < 1_200


def test_reading_goes_on_beside_writing(log, new_entry):
    is_done = threading.Event()

    def read() -> list[int]:
        sizes = [0]
        while not is_done.is_set():
            sizes.append(log.size())
            assert [entry.index for entry in log.entries(0, sizes[-1])] == list(range(sizes[-1]))
        return sizes

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        for _ in range(100):
            log.append(new_entry())
        is_done.set()
        for reader in readers:
            assert reader.result() == sorted(reader.result())


def test_a_log_goes_on_where_it_was_left(data, store_url, new_entry):
    for round_ in range(3):
        with DecisionLog.open(data, store_url) as log:
            assert log.size() == round_
            assert log.append(new_entry()).index == round_
    files = ["keys.db", "log.db", "log.lock"] if store_url is None else []
    assert sorted(path.name for path in data.iterdir()) == files


def test_a_policy_is_kept_whole_and_once(log):
    document = b'{"rules":[]}'
    digest = f"sha256:{hashlib.sha256(document).hexdigest()}"
    files = {"rules/b.yaml": "name: b # \u00e9\n", "rules/a.yaml": ""}
    assert log.policy(digest) is None
    log.store_policy(digest, document, files)
    log.store_policy(digest, document, {"rules/a.yaml": "another comment"})
    assert log.policy(digest) == PolicyRecord(digest=digest, document=document, files=files)
    assert log.size() == 0


def test_a_policy_under_a_wrong_digest_or_not_in_unicode_is_refused(log):
    with pytest.raises(ValueError, match="is not that of its document"):
        log.store_policy("sha256:00", b"{}", {})
    digest = f"sha256:{hashlib.sha256(b'{}').hexdigest()}"
    with pytest.raises(ValueError, match="not Unicode"):
        log.store_policy(digest, b"{}", {"rules/\udcff.yaml": ""})
    assert log.is_ready() is None
