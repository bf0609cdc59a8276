"""Figures for whoever watches the service, in the text format of Prometheus. Its library is imported here alone.

And late: it decides when it is imported whether processes count together.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from platform import python_version
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from api.settings import SettingsError
from engine.language.rule_file import EFFECTS
from engine.opinion import NoneWhy, Verdict

if TYPE_CHECKING:
    from prometheus_client.core import GaugeMetricFamily

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_MODE: Final = "authoritative"
"""Of every decision that a service gives."""
_SHARED: Final = "PROMETHEUS_MULTIPROC_DIR"


@contextmanager
def counted_together(processes: int) -> Iterator[None]:
    """Let so many processes, forked while this lasts, count together: each tells the sums of all.

    Each keeps its figures in a file of a directory that is gone when this ends. Nothing may have been counted before.

    Raises:
        SettingsError: no directory can be made.
    """
    # The library reads an older spelling too.
    for name in (_SHARED, _SHARED.lower()):
        os.environ.pop(name, None)
    if processes == 1:
        yield
        return
    with _directory() as directory:
        os.environ[_SHARED] = directory
        yield


def _directory() -> TemporaryDirectory[str]:
    try:
        return TemporaryDirectory(prefix="ostiary-metrics-")
    except OSError as error:
        raise SettingsError(
            f"no temporary directory can be made, in which several processes count together ({error.strerror}); "
            "set TMPDIR to a directory in which the service may write"
        ) from error


def has_ended(process: int) -> None:
    """What a process that counted has done goes on to count, and what it was at no longer does."""
    from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415 - see above

    mark_process_dead(process)  # type: ignore[no-untyped-call]


class Metrics:
    """The figures of a service. Labels are words of the program, and never of a request."""

    def __init__(self) -> None:
        import prometheus_client  # noqa: PLC0415 - see above
        from prometheus_client import multiprocess  # noqa: PLC0415 - see above

        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
        self._library: Any = prometheus_client
        self._registry = prometheus_client.CollectorRegistry()
        # What processes count together is read from their files, and not from the objects that count.
        own = None if _SHARED in os.environ else self._registry
        if own is None:
            multiprocess.MultiProcessCollector(self._registry)  # type: ignore[no-untyped-call]

        def counter(name: str, about: str, *labels: str) -> Any:  # noqa: ANN401 - the library is imported late
            return prometheus_client.Counter(f"ostiary_{name}", about, labels, registry=own)

        def gauge(name: str, about: str, *labels: str, of_all: str) -> Any:  # noqa: ANN401 - as above
            mode: Any = of_all
            return prometheus_client.Gauge(f"ostiary_{name}", about, labels, registry=own, multiprocess_mode=mode)

        self._decisions = counter("decisions_total", "Decisions recorded and given", "outcome", "mode")
        self._missing = counter("decisions_missing_total", "Requests the deciding evaluator gave no answer to")
        self._opinions = counter("second_opinions_total", "Second opinions asked for", "evaluator", "verdict")
        self._none = counter("second_opinions_missing_total", "Second opinions not given", "evaluator", "reason")
        self._dropped = counter("second_opinions_dropped_total", "Decisions nobody was asked about: too many waited")
        self._waiting = gauge("second_opinions_waiting", "Decisions that wait to be asked about", of_all="livesum")
        self._restarts = counter(
            "evaluator_restarts_total", "Times an evaluator's process was at fault and was given up", "evaluator"
        )
        self._policy = gauge("policy_info", "The policy that decides", "digest", "legal_status", of_all="livemax")
        what = ("release", "python", "evaluator")
        self._build = gauge("build_info", "What runs, and which evaluator decides", *what, of_all="livemax")

    def serves(
        self,
        *,
        digest: str,
        legal_status: str,
        decided_by: str,
        asked: Sequence[str],
        entries: Callable[[], int | None],
    ) -> None:
        """What the service is: which evaluator decides, and which are `asked` beside it.

        `entries` is asked for the size of the log, None if that is not known. All that may come to be counted is there
        from now on: a first occurrence is an increase only where there was a 0 before.
        """
        for outcome in EFFECTS:
            self._decisions.labels(outcome, _MODE)
        for name in asked:
            for verdict in Verdict:
                self._opinions.labels(name, verdict)
            for why in NoneWhy:
                self._none.labels(name, why)
        for name in (decided_by, *asked):
            self._restarts.labels(name)
        self._policy.labels(digest, legal_status).set(1)
        self._build.labels(version("ostiary"), python_version(), decided_by).set(1)
        self._registry.register(_LogSize(entries))

    def has_decided(self, outcome: str, mode: str) -> None:
        """A decision was given."""
        self._decisions.labels(outcome, mode).inc()

    def has_not_decided(self) -> None:
        """The evaluator that decides gave no answer."""
        self._missing.inc()

    def has_opinion(self, evaluator: str, verdict: str, why: str | None) -> None:
        """An evaluator was asked; `why` it has no opinion, if it has none."""
        self._opinions.labels(evaluator, verdict).inc()
        if why is not None:
            self._none.labels(evaluator, why).inc()

    def has_dropped(self, number: int) -> None:
        """Nobody is asked about so many decisions that were chosen."""
        self._dropped.inc(number)

    def has_restarted(self, evaluator: str, times: int) -> None:
        """What an evaluator keeps running was replaced so many times since this was last told."""
        self._restarts.labels(evaluator).inc(times)

    def waiting(self, number: int) -> None:
        """So many decisions wait to be asked about."""
        self._waiting.set(number)

    def text(self) -> bytes:
        """All figures, as `MEDIA_TYPE`."""
        text: bytes = self._library.generate_latest(self._registry)
        return text


class _LogSize:
    """The size of the log, which all processes share, read when it is asked for."""

    def __init__(self, entries: Callable[[], int | None]) -> None:
        self._entries = entries

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Nothing is read when this is registered."""
        return ()

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """The figure, if it is to be had."""
        from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415 - see above

        entries = self._entries()
        if entries is not None:
            yield GaugeMetricFamily("ostiary_log_entries", "Entries in the log", value=entries)
