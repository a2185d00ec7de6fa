"""The signals that end the process, from before its event loop until after it."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from okta_rotator.signals import SIGNALS, End, EndedError, end_at_once


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Those of the test process come back."""
    before = {each: signal.getsignal(each) for each in SIGNALS}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


@pytest.mark.parametrize("which", SIGNALS)
async def test_a_signal_asks_for_the_end_once(
    which: signal.Signals, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    asked = []
    end = End()
    end.then = lambda: asked.append(True)
    end.heed_signals()
    for _ in range(3):
        os.kill(os.getpid(), which)
        await asyncio.wait_for(end.asked.wait(), 2)
        await asyncio.sleep(0.05)
    assert asked == [True]
    assert end.is_by_signal
    assert [one.getMessage() for one in caplog.records] == [
        f"{which.name}: ending, once what runs has come to its end",
        *[f"{which.name}: the process is ending already"] * 2,
    ]


def test_a_signal_before_the_event_loop_is_remembered() -> None:
    end = End()
    end.note_signals()
    os.kill(os.getpid(), signal.SIGTERM)

    async def heed() -> bool:
        end.heed_signals()
        return end.asked.is_set()

    assert asyncio.run(heed())


async def test_another_handler_is_replaced() -> None:
    """As kopf's, which fails at a second signal."""
    loop, end = asyncio.get_running_loop(), End()
    others: list[bool] = []
    end.heed_signals()
    loop.add_signal_handler(signal.SIGTERM, others.append, True)
    end.heed_signals()
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(end.asked.wait(), 2)
    assert others == []


def test_a_signal_at_the_very_end_changes_no_exit_code() -> None:
    code = (
        "import os, signal; from okta_rotator.signals import End; End().ignore_signals(); "
        "[os.kill(os.getpid(), each) for each in (signal.SIGTERM, signal.SIGINT)]"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", code], env=environment).returncode == 0


async def test_work_is_given_up_when_the_end_is_asked_for() -> None:
    end, was_cancelled = End(), []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            was_cancelled.append(True)
            raise

    asyncio.get_running_loop().call_later(0.05, end.asked.set)
    with pytest.raises(EndedError):
        await asyncio.wait_for(end.or_result(work()), 2)
    assert was_cancelled == [True]


async def test_work_that_is_done_or_fails_is_as_without() -> None:
    async def fails() -> None:
        raise LookupError

    before = asyncio.all_tasks()
    assert await End().or_result(asyncio.sleep(0, "done")) == "done"
    with pytest.raises(LookupError):
        await End().or_result(fails())
    assert asyncio.all_tasks() == before


def test_who_loses_the_lease_ends_at_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ends: list[int] = []
    monkeypatch.setattr(os, "_exit", ends.append)
    end_at_once("the lease a/b is lost: c holds it now")
    assert ends == [1]
    assert "c holds it now" in caplog.text
