"""What other requests notice of a flood of logins.

    python3 benches/http/logins.py [--seconds 60] [--clients 64] [--skip-build]

Starts the release server with the demo's users, whose hashes are bcrypt of cost 12, in a SQLite file, with two hashing slots, a queue
of 16 and re-hashing off. Clients then log in as one of them with the right password, each again as soon as it has its answer and without heed of
`Retry-After`, while one more asks for `/status/` (the user is read at each request) 50 times a second. A late question counts from
the moment when it was due. Printed are the times to an answer of `/status/`, of the logins that were taken and of those that were
refused, in milliseconds, and how many answers had which status; it exits with 1 where a limit is not kept.

Linux and the standard library only. The clients share the machine with the server.
"""

import argparse
import asyncio
import collections
import json
import multiprocessing
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIMIT_MS = 50.0
HASHING = ["--hashing-slots", "2", "--hashing-queue", "16", "--rehash", "false"]


def build():
    """The release program."""
    subprocess.run(["cargo", "build", "--release", "--quiet", "-p", "scopegate-server"], cwd=ROOT, check=True)


def program():
    """Where cargo puts it, as in `CARGO_TARGET_DIR`."""
    return pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "scopegate"


def start(scopegate, folder, more):
    """The server of the demo with more arguments, and its host and port."""
    place = ["--listen", "127.0.0.1:0", "--database", f"sqlite:{folder}/scopegate.db"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SCOPEGATE_")}
    command = [scopegate, "serve", "--demo", "--log-level", "error", *place, *more]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    host, port = server.stdout.readline().split("http://")[1].strip().rsplit(":", 1)
    return server, (host, int(port))


FORM = "grant_type=password&username=johndoe&password=secret&scope=me+items"


def login_request():
    """The bytes of a login."""
    head = f"POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: {len(FORM)}\r\n"
    return f"{head}Content-Type: application/x-www-form-urlencoded\r\n\r\n{FORM}".encode()


def token(address):
    """A token of the user's."""
    with urllib.request.urlopen(f"http://{address[0]}:{address[1]}/token", FORM.encode()) as answer:
        return json.load(answer)["access_token"]


class Line:
    """A kept connection."""

    def __init__(self, address):
        self.address = address
        self.streams = None

    async def ask(self, request):
        """The status of the answer, and its head."""
        if self.streams is None:
            self.streams = await asyncio.open_connection(*self.address)
        reader, writer = self.streams
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if line)
        await reader.readexactly(int(fields[b"content-length"]))
        if fields.get(b"connection") == b"close":
            writer.close()
            self.streams = None
        return int(head[9:12]), fields


async def log_in_again_and_again(address, end, answers):
    """One client of the flood."""
    line, request = Line(address), login_request()
    while (begin := time.perf_counter()) < end:
        status, fields = await line.ask(request)
        if status == 503 and b"retry-after" not in fields:
            status = "503 without Retry-After"
        answers[status].append((time.perf_counter() - begin) * 1e3)


async def flood(address, clients, seconds):
    """All clients; the times by status."""
    answers = collections.defaultdict(list)
    end = time.perf_counter() + seconds
    await asyncio.gather(*(log_in_again_and_again(address, end, answers) for _ in range(clients)))
    return dict(answers)


def run_flood(address, clients, seconds, results):
    """The flood, in a process of its own."""
    results.put(asyncio.run(flood(address, clients, seconds)))


async def probe(address, bearer, seconds, rate=50):
    """Asks for `/status/` at a steady rate, each on the connection that is free first; the times by status."""
    request = f"GET /status/ HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {bearer}\r\n\r\n".encode()
    answers, idle, asking = collections.defaultdict(list), [], set()

    async def ask(due):
        line = idle.pop() if idle else Line(address)
        status, _ = await line.ask(request)
        answers[status].append((time.perf_counter() - due) * 1e3)
        idle.append(line)

    begin = time.perf_counter()
    for number in range(int(seconds * rate)):
        due = begin + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        task = asyncio.create_task(ask(due))
        asking.add(task)
        task.add_done_callback(asking.discard)
    await asyncio.gather(*asking)
    return dict(answers)


def describe(name, times):
    """One line of figures; the 99th percentile."""
    times = sorted(times) or [0.0]
    at = lambda part: times[min(len(times) - 1, int(len(times) * part))]
    print(f"{name:28} {len(times):7} p50 {at(0.5):8.2f} p99 {at(0.99):8.2f} max {times[-1]:8.2f}", flush=True)
    return at(0.99)


def measure(address, clients, seconds):
    """Quiet first, then under the flood; whether the limits are kept."""
    bearer = token(address)
    describe("/status/ alone", asyncio.run(probe(address, bearer, 5)).get(200, []))
    results = multiprocessing.Queue()
    flooding = multiprocessing.Process(target=run_flood, args=(address, clients, seconds + 2, results))
    flooding.start()
    time.sleep(1)
    statuses = asyncio.run(probe(address, bearer, seconds))
    logins = results.get()
    flooding.join()
    late = describe("/status/ under the flood", statuses.get(200, []))
    describe("logins taken", logins.get(200, []))
    refused = describe("logins refused", logins.get(503, []))
    counts = {str(status): len(times) for status, times in logins.items()}
    print("statuses of /status/", {status: len(times) for status, times in statuses.items()}, "of logins", counts)
    answered = set(statuses) == {200} and set(logins) <= {200, 503} and logins.get(200)
    return bool(answered) and late < LIMIT_MS and refused < LIMIT_MS


def main():
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--skip-build", action="store_true")
    arguments = parser.parse_args()
    if not arguments.skip_build:
        build()
    with tempfile.TemporaryDirectory() as folder:
        server, address = start(program(), folder, HASHING)
        try:
            kept = measure(address, arguments.clients, arguments.seconds)
        finally:
            server.terminate()
            server.wait()
    print(f"load average {os.getloadavg()}; limits of {LIMIT_MS} ms at the 99th percentile", "kept" if kept else "NOT KEPT")
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
