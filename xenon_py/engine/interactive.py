"""The streams of an interactive job, with back-pressure both ways.

Input travels in one thread, each output in another. What was read and not yet taken is bounded, so
that a slow consumer slows the process down instead of filling the memory; a process that does not
read blocks the iteration of the input.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from xenon_py.engine.publishing import contiguous
from xenon_py.exceptions import IllegalArgumentException, XenonException
from xenon_py.model.jobs import Job, SubmitInteractiveJobResponse
from xenon_py.plugin.process import InputPipe, OutputPipe, Process

if TYPE_CHECKING:
    from typing_extensions import Self

_PIECE = 64 * 1024
_MOST_PIECES = 16


def pieces_of(stdin_stream: object) -> Iterator[object]:
    """Return the input of an interactive job as an iterator; ``bytes`` are one piece.

    Raises:
        IllegalArgumentException: it cannot be iterated over, or is text.
    """
    if isinstance(stdin_stream, (bytes, bytearray, memoryview)):
        return iter([bytes(stdin_stream)])
    if stdin_stream is None:
        raise IllegalArgumentException.because(
            "stdin_stream is missing; it must be an iterable of bytes, [] gives the job no input"
        )
    if isinstance(stdin_stream, str) or not isinstance(stdin_stream, Iterable):
        raise IllegalArgumentException.because(
            f"stdin_stream must be an iterable of bytes, not {type(stdin_stream).__name__}"
        )
    return iter(stdin_stream)


class _Channel:
    """Pieces on their way from the reading threads to the consumer."""

    def __init__(self, producers: int) -> None:
        self._condition = threading.Condition()
        self._pieces: deque[SubmitInteractiveJobResponse] = deque()
        self._producers = producers
        self._closed = False

    def put(self, piece: SubmitInteractiveJobResponse) -> bool:
        """Hand a piece over, when there is room; ``False`` when nobody takes any more."""
        with self._condition:
            self._condition.wait_for(lambda: len(self._pieces) < _MOST_PIECES or self._closed)
            if not self._closed:
                self._pieces.append(piece)
                self._condition.notify_all()
            return not self._closed

    def leave(self) -> bool:
        """Say that a producer has come to its end; tell whether it was the last one."""
        with self._condition:
            self._producers -= 1
            self._condition.notify_all()
            return self._producers == 0

    def take(self) -> SubmitInteractiveJobResponse | None:
        """Return the next piece; ``None`` when there will be no more."""
        with self._condition:
            self._condition.wait_for(lambda: self._pieces or not self._producers or self._closed)
            if self._closed or not self._pieces:
                return None
            piece = self._pieces.popleft()
            self._condition.notify_all()
            return piece

    def close(self) -> None:
        """Take no more."""
        with self._condition:
            self._closed = True
            self._pieces.clear()
            self._condition.notify_all()


class OutputStream(Iterator[SubmitInteractiveJobResponse]):
    """What an interactive job writes, piece by piece, as soon as it comes.

    It ends when the job has closed both outputs; the exit code is then told by
    ``wait_until_done``. Output that nobody takes holds the job up. Leaving a ``with`` block before
    the end cancels the job.
    """

    def __init__(
        self, job: Job, process: Process, pieces: Iterator[object], end: Callable[[], object]
    ) -> None:
        """``end`` ends the job, if it has not ended."""
        self._job = job
        self._end = end
        self._process = process
        self._error: BaseException | None = None
        self._cancelled = False
        self._exhausted = False
        outputs = [
            (process.stdout, lambda data: SubmitInteractiveJobResponse(job, stdout=data)),
            (process.stderr, lambda data: SubmitInteractiveJobResponse(job, stderr=data)),
        ]
        self._channel = _Channel(len(outputs))
        for pipe, wrap in outputs:
            self._run(self._drain, pipe, wrap)
        self._run(self._feed, process.stdin, pieces)

    @staticmethod
    def _run(target: Callable[..., object], *args: object) -> None:
        threading.Thread(target=target, args=args, name="xenon-stream", daemon=True).start()

    def __next__(self) -> SubmitInteractiveJobResponse:
        """Return the next piece of output; waits for it.

        Raises:
            StopIteration: both outputs came to their end, or the stream was cancelled.
            Exception: whatever the iteration of the input raised; the job is cancelled then.
        """
        piece = None if self._exhausted else self._channel.take()
        if piece is not None:
            return piece
        self._exhausted = True
        error, self._error = self._error, None
        if error is not None:
            raise error
        raise StopIteration

    next = __next__

    def cancel(self) -> None:
        """Cancel the job, if it runs, and end the stream. May be called again."""
        if not self._cancelled:
            self._cancelled = self._exhausted = True
            self._channel.close()
            self._end()
            for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
                if pipe is not None:
                    pipe.close()

    close = cancel

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        if not self._exhausted:
            self.cancel()

    def _drain(
        self, pipe: OutputPipe, wrap: Callable[[bytes], SubmitInteractiveJobResponse]
    ) -> None:
        """Read one output to its end."""
        try:
            while data := pipe.read(_PIECE):
                if not self._channel.put(wrap(data)):
                    break
        except (OSError, XenonException) as error:  # the connection to the job broke
            self._error = error
        finally:
            pipe.close()
            if self._channel.leave() and self._process.stdin is not None:
                self._process.stdin.close()

    def _feed(self, pipe: InputPipe, pieces: Iterator[object]) -> None:
        """Write the input, piece by piece."""
        try:
            for piece in pieces:
                if not isinstance(piece, (bytes, bytearray, memoryview)):
                    raise IllegalArgumentException.because(
                        f"stdin_stream must yield bytes, not {type(piece).__name__}"
                    )
                if piece:
                    pipe.write(contiguous(piece))
        except BrokenPipeError:
            pass  # the job reads no more, as `head` does: its right
        except BaseException as error:  # noqa: BLE001 - the consumer gets it
            self._error = error
            self._end()
        finally:
            pipe.close()
            if hasattr(pieces, "close"):
                pieces.close()
