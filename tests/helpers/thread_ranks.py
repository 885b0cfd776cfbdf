"""Ranks emulated by threads of one process: the methods of `Communicator` over queues."""

import queue
import threading
from concurrent.futures import ThreadPoolExecutor


class _World:
    def __init__(self, size):
        self.size = size
        self.barrier = threading.Barrier(size, timeout=20)
        self.slots = [None] * size
        self.mail = {(a, b): queue.Queue() for a in range(size) for b in range(size)}


class ThreadRank:
    """One rank; counts the reductions it takes part in."""

    library = "threads"

    def __init__(self, world, rank):
        self._world, self.rank, self.size = world, rank, world.size
        self.collectives = []

    def all_gather(self, value):
        return self._exchange("all_gather", value)

    def largest(self, value):
        return max(self._exchange("largest", value))

    def broadcast(self, value):
        return self._exchange("broadcast", value)[0]

    def gather(self, value):
        gathered = self._exchange("gather", value)
        return gathered if self.rank == 0 else None

    def send(self, array, rank):
        self._world.mail[self.rank, rank].put(array.copy())

    def receive(self, like, rank):
        array = self._world.mail[rank, self.rank].get(timeout=20)
        assert array.shape == like.shape
        return array

    def _exchange(self, name, value):
        self.collectives.append(name)
        self._world.slots[self.rank] = value
        self._world.barrier.wait()
        values = list(self._world.slots)
        self._world.barrier.wait()
        return values


def on_ranks(size, work):
    """Run `work(comm)` on `size` ranks and return every rank's result, or the exception that it raised."""
    world = _World(size)

    def of_rank(rank):
        try:
            return work(ThreadRank(world, rank))
        except Exception as error:
            return error

    with ThreadPoolExecutor(size) as pool:
        return list(pool.map(of_rank, range(size)))
