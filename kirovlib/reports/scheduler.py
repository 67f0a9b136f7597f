"""The same pages made on a Dask cluster: each of its workers has a crew of its own, warm where it can be.

Workers see the project's and the program's folders under the same paths as we do (a shared disk); pages are written
there, only parameters and the judgement go over the wire.
"""

from __future__ import annotations

import threading
import time
import uuid
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self

from kirovlib.errors import ParameterError
from kirovlib.reports.jobs import PageJob
from kirovlib.reports.kernels import Crew, Remembered, can_be_warm

_CONNECT_SECONDS = 10
_FORGOTTEN_SECONDS = 3600  # a report that asked for nothing so long has lost its asker
_crews: dict[str, Crew] = {}  # of this process, where it is a worker of a cluster: by report
_asked_at: dict[str, float] = {}
_lock = threading.Lock()


class Cluster:
    """Makes pages on a cluster; see `kernels.pool.Makers`.

    Args:
        address: Of its scheduler, `tcp://host:port`.
        warm: Whether its workers take warm kernels where they can.

    Raises:
        ParameterError: Dask is not installed, or nobody answers at the address.
    """

    def __init__(self, address: str, *, warm: bool) -> None:
        try:
            import distributed  # noqa: PLC0415 - an extra
        except ImportError:
            msg = (
                "Для --scheduler нужен Dask, а он не установлен. Установите его: "
                'pip install -c constraints.txt -e ".[dask]"'
            )
            raise ParameterError(msg) from None
        try:
            self._client = distributed.Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
            count = len(self._client.scheduler_info()["workers"])
        except (OSError, ValueError) as error:  # a wrong form of address is a ValueError
            msg = (
                f"Планировщик Dask по адресу «{address}» не отвечает ({type(error).__name__}). Проверьте адрес, "
                "например tcp://10.0.0.5:8786, и что dask scheduler запущен."
            )
            raise ParameterError(msg) from None
        if not count:
            self._client.close()
            msg = f"У планировщика Dask «{address}» нет ни одного исполнителя. Запустите их: dask worker {address}"
            raise ParameterError(msg)
        self._executor = self._client.get_executor(pure=False)
        self._report, self._warm = uuid.uuid4().hex, warm
        self._judged: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._executor.shutdown(wait=False)
        self._client.run(_dismiss, self._report)
        self._client.close()

    def remember(self, judged: Remembered) -> None:
        """Send the judgement to all workers."""
        self._judged = self._client.scatter(judged, broadcast=True, hash=False)

    def submit(self, job: PageJob) -> Future[float]:
        """Have a page made by a worker of the cluster."""
        made: Future[float] = self._executor.submit(_make, job, self._judged, self._report, warm=self._warm)
        return made


def _make(job: PageJob, judged: Remembered | None, report: str, *, warm: bool) -> float:
    """What a worker of the cluster does."""
    with _lock:
        if report not in _crews:
            # Several reports may be made at once; only those whose asker died are in the way.
            for earlier in [each for each in _crews if time.monotonic() - _asked_at[each] > _FORGOTTEN_SECONDS]:
                _crews.pop(earlier).close()
            crew = Crew(warm=warm and can_be_warm())
            if judged is not None:
                crew.remember(judged)
            _crews[report] = crew
        _asked_at[report] = time.monotonic()
    return _crews[report].make(job)


def _dismiss(report: str) -> None:
    with _lock:
        if report in _crews:
            _crews.pop(report).close()
