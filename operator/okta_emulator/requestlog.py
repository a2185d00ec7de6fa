"""What was asked of the emulator: methods, paths and outcomes, never a header or a body."""

import re
from collections import deque
from dataclasses import dataclass
from datetime import datetime

from .rate import bucket_of

_APP = re.compile(r"/api/v1/apps/([^/]+)")
_KEPT = 100_000


@dataclass(slots=True)
class Record:
    """`status` stays None for a request that was never answered."""

    time: datetime
    method: str
    path: str
    app_id: str | None
    fault: str | None
    bucket: str
    status: int | None = None

    def as_json(self) -> dict[str, object]:
        return {
            "time": self.time.isoformat(),
            "method": self.method,
            "path": self.path,
            "appId": self.app_id,
            "fault": self.fault,
            "bucket": self.bucket,
            "status": self.status,
        }


class RequestLog:
    def __init__(self) -> None:
        self._records: deque[Record] = deque(maxlen=_KEPT)

    def begin(self, time: datetime, method: str, path: str, fault: str | None) -> Record:
        app = _APP.match(path)
        record = Record(time, method, path, app[1] if app else None, fault, bucket_of(path))
        self._records.append(record)
        return record

    def clear(self) -> None:
        self._records.clear()

    def as_json(self) -> list[dict[str, object]]:
        return [record.as_json() for record in self._records]
