"""Work on large texts beside the event loop, so that others are answered meanwhile."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from orderdock import limits

P = ParamSpec("P")
R = TypeVar("R")


async def offload(size: int, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run work on so many bytes of text: at once, or in a thread when others would wait too long for it."""
    if size > limits.bytes_at_once_max:
        return await asyncio.to_thread(work, *args, **kwargs)
    return work(*args, **kwargs)
