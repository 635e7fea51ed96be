"""What good clients notice of thousands of connections that are held and not used.

    python3 benches/http/connections.py [KIND ..] [--held 10000] [--seconds 8] [--skip-build]

Starts the release server and holds so many connections to it, each opened anew when the server closes it (1,000 a second at most),
once with the usual cap of connections and once with one above their number. Beside them one good client keeps its connection and another
opens a new one for each request; both ask for `/status/` with a token, 20 times a second each. Printed are the times to an answer
in milliseconds, how many answers were not 200, and the server's resident memory and open files before and at the most.

    silent     connections that say nothing
    idle       one request, answered, and nothing more
    heads      half the head of a request
    bodies     a request whose body does not come
    vanished   a request whose answer is not read: as far as the server can tell, its peer is there no more

It exits with 1 where a good client was not answered with 200. The clients share the machine with the server. Linux and the standard
library only; the hard limit of open files has to be above the number of connections.
"""

import argparse
import asyncio
import multiprocessing
import os
import resource
import select
import socket
import sys
import tempfile
import time

import logins

KINDS = {
    "silent": b"",
    "idle": b"GET /status/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "heads": b"GET /status/ HTTP/1.1\r\nHost: a\r\nX-Half: ",
    "bodies": b"POST /token HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 60\r\n\r\ngrant",
    "vanished": b"GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n",
}
# Connections from one source address: there are 28,000 ports for each on most systems.
PER_SOURCE = 5_000
REOPENED_PER_SECOND = 1_000
RATE = 20
PATIENCE = 30


def raise_limit():
    """As many files as the system lets us open."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


class Holder:
    """Holds connections, and opens anew what the server closed."""

    def __init__(self, address, said, reads):
        self.address, self.said, self.reads = address, said, reads
        self.open, self.reopened, self.number = {}, 0, 0
        self.poll = select.epoll()

    def add(self):
        """One connection more; it speaks when it is there."""
        stream = socket.socket()
        stream.setblocking(False)
        stream.bind((f"127.0.0.{2 + self.number % 100_000 // PER_SOURCE}", 0))
        self.number += 1
        stream.connect_ex(self.address)
        self.open[stream.fileno()] = stream
        self.poll.register(stream, select.EPOLLOUT)

    def serve(self, seconds, wanted):
        """What happens to them in this time."""
        end, reopening = time.perf_counter() + seconds, 0.0
        while (now := time.perf_counter()) < end:
            for number, event in self.poll.poll(min(0.02, end - now), 1_000):
                self.step(number, event)
            reopening = min(reopening + (time.perf_counter() - now) * REOPENED_PER_SECOND, 100.0)
            while reopening >= 1 and len(self.open) < wanted:
                reopening -= 1
                self.reopened += 1
                self.add()

    def step(self, number, event):
        """A connection is there, or speaks, or is closed."""
        stream = self.open[number]
        try:
            if event & select.EPOLLOUT and self.said:
                stream.send(self.said)
            # Who vanished would not even notice an end.
            waited_for = select.EPOLLIN if self.reads else select.EPOLLRDHUP
            self.poll.modify(stream, waited_for)
            if event & (select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR):
                raise ConnectionError
            if event & select.EPOLLIN and not stream.recv(65_536):
                raise ConnectionError
        except (ConnectionError, BlockingIOError):
            self.poll.unregister(stream)
            del self.open[number]
            stream.close()


def hold(address, kind, held, seconds, ready, results):
    """The process that holds them."""
    holder = Holder(address, KINDS[kind], kind != "vanished")
    for _ in range(held // 100):
        for _ in range(100):
            holder.add()
        holder.serve(0.01, 0)
    ready.set()
    holder.serve(seconds, held)
    results.put((len(holder.open), holder.reopened))


async def ask(address, request, keeps, seconds):
    """A good client: the times to an answer, and what was no answer."""
    times, faults, line = [], [], logins.Line(address)
    begin = time.perf_counter()
    for number in range(int(seconds * RATE)):
        due = begin + number / RATE
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        asked = time.perf_counter()
        try:
            status, _ = await asyncio.wait_for(line.ask(request), PATIENCE)
        except (OSError, EOFError, asyncio.TimeoutError) as fault:
            status, line.streams = repr(fault), None
        times.append((time.perf_counter() - asked) * 1e3)
        if status != 200:
            faults.append(status)
        if not keeps and line.streams:
            line.streams[1].close()
            line.streams = None
    return times, faults


def state(process):
    """Resident memory in MiB, and open files."""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        kibibytes = next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))
    return kibibytes / 1024, len(os.listdir(f"/proc/{process.pid}/fd"))


async def good_clients(address, bearer, seconds, server):
    """Both, and the most that the server took meanwhile."""
    head = f"GET /status/ HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {bearer}\r\n\r\n".encode()
    most = (0, 0)
    asking = asyncio.gather(ask(address, head, True, seconds), ask(address, head, False, seconds))
    while not asking.done():
        most = tuple(map(max, most, state(server)))
        await asyncio.sleep(0.1)
    return *asking.result(), most


def run(kind, cap, held, seconds):
    """One kind of connections with one cap; whether all good clients were answered."""
    more = [] if cap is None else ["--max-connections", str(cap)]
    with tempfile.TemporaryDirectory() as folder:
        server, address = logins.start(logins.program(), folder, more)
        try:
            bearer, before = logins.token(address), state(server)
            ready, results = multiprocessing.Event(), multiprocessing.Queue()
            holding = multiprocessing.Process(target=hold, args=(address, kind, held, seconds + 1, ready, results))
            holding.start()
            ready.wait()
            kept, new, most = asyncio.run(good_clients(address, bearer, seconds, server))
            left, reopened = results.get()
            holding.join()
        finally:
            server.terminate()
            server.wait()
    print(f"{kind}, cap {cap or 4096}: {left} held at the end, {reopened} opened anew")
    print(f"  memory {before[0]:.1f} MiB, {most[0]:.1f} at the most; files {before[1]}, {most[1]} at the most")
    for name, (times, faults) in (("kept connection", kept), ("new connections", new)):
        logins.describe(f"  {name}", times)
        if faults:
            print(f"  NOT 200: {len(faults)}, such as {faults[0]}")
    return not kept[1] and not new[1]


def main():
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", choices=[*KINDS, []], default=[])
    parser.add_argument("--held", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--skip-build", action="store_true")
    arguments = parser.parse_args()
    allowed = raise_limit()
    if allowed < arguments.held + 100:
        sys.exit(f"only {allowed} files may be open: give a smaller --held")
    if not arguments.skip_build:
        logins.build()
    good = True
    for kind in arguments.kinds or KINDS:
        for cap in (None, arguments.held + 100):
            good &= run(kind, cap, arguments.held, arguments.seconds)
    print(f"load average {os.getloadavg()}; good clients", "all answered" if good else "HARMED")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
