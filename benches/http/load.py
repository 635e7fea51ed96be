"""What our servers cost beside bare hyper: the same client, the same answers, in turn.

    python3 benches/http/load.py [CASE ..] [--connections 1 8 64] [--rounds 31] [--seconds 0.2] [--skip-build]
                                 [--tutorial DIRECTORY] [--uvicorn PROGRAM]

Builds the release programs and runs, for each case and each number of connections, our server and a bare hyper server that gives
the bytes of our answer. Both are loaded by the same client in turn, round after round. Printed are medians over the rounds:
requests per second, microseconds of the server's CPU per request (all its threads, from /proc), the median and the 99th percentile
of the time to an answer, and the ratio of the CPU, taken within each round. The client shares the machine with the server.

    known    GET /users/me/items/ of `scopegate serve --demo --profile rfc`, settings as they come: a token of ES256 and a user that
             were seen before
    items    the same of `--profile tutorial`: a token of HS256
    counted  the same as `items` with `--admin-listen`: requests, decisions and the store's time are counted
    asked    the same as `items` with `--user-cache-age 0s`: the user is read from a SQLite file at each request
    status   GET /status/ of `--profile tutorial`
    scoped   an operation whose guard asks for a scope and no user (benches/http/scoped.rs)
    silent   the same without a log: as `--log-level warn`
    public   an operation without a guard, in the same application
    warp     `scoped` behind `warp::serve` in place of our accept loop

With `--tutorial DIRECTORY`, in which FastAPI's program lies as `tutorial.py`, the same path is asked of it too, in every round of
the demo's cases, behind one uvicorn (`--uvicorn PROGRAM`), and what it takes in times of ours and of bare hyper is printed. At one
connection all of them sleep between requests, and waking costs each the same: the ratios tell little there.

Linux and the standard library only. A shorter run: `--rounds 3`, or one case.
"""

import argparse
import contextlib
import json
import os
import pathlib
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
KEY = "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7"
TUTORIAL = ["scopegate", "--profile", "tutorial"]
OWN_ITEMS = "/users/me/items/"
# Each case with its server, its path, and the most that it may cost in times of bare hyper.
CASES = {
    "known": (["scopegate", "--profile", "rfc", "--password-grant"], OWN_ITEMS, 1.6),
    "items": (TUTORIAL, OWN_ITEMS, None),
    "counted": ([*TUTORIAL, "--admin-listen", "127.0.0.1:0"], OWN_ITEMS, None),
    "asked": ([*TUTORIAL, "--user-cache-age", "0s"], OWN_ITEMS, 7.0),
    "status": (TUTORIAL, "/status/", None),
    "scoped": (["scoped"], "/items/", 2.0),
    "silent": (["scoped", "--silent"], "/items/", 2.0),
    "public": (["scoped"], "/public/", None),
    "warp": (["scoped", "--warp"], "/items/", None),
}
# The least that FastAPI's program takes in times of ours.
LEAST_OF_TUTORIAL = 25.0
MOST_REQUESTS = 1_000_000


def programs_in(target, must_build):
    """The release programs."""
    if must_build:
        for part in (["-p", "scopegate-server"], ["-p", "scopegate-benches", "--examples"]):
            subprocess.run(["cargo", "build", "--release", "--quiet", *part], cwd=ROOT, check=True)
    names = {"scopegate": target / "scopegate"}
    return names | {name: target / "examples" / name for name in ("bare", "client", "scoped")}


class Server:
    """A server that was started, and is ended by its process."""

    def __init__(self, arguments, given=b"", address=None):
        environment = os.environ | {"SCOPEGATE_SECRET_KEY": KEY}
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, env=environment)
        self.process.stdin.write(given)
        self.process.stdin.close()
        # The last word of the first line is the address, with `http://` or without.
        self.address = address or self.process.stdout.readline().decode().split()[-1].removeprefix("http://")

    def cpu_seconds(self):
        """What all its threads have run, in seconds."""
        nanoseconds = 0
        for thread in os.listdir(f"/proc/{self.process.pid}/task"):
            with open(f"/proc/{self.process.pid}/task/{thread}/schedstat", encoding="ascii") as stat:
                nanoseconds += int(stat.read().split()[0])
        return nanoseconds / 1e9

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class Client:
    """Connections to one server."""

    def __init__(self, program, server, connections, request, status=200):
        arguments = [program, server.address, str(connections), str(status), request]
        self.server = server
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            raise SystemExit(f"{server.address} does not answer as expected")

    def load(self, seconds):
        """Requests per second, CPU microseconds per request, p50, p99."""
        before = self.server.cpu_seconds()
        self.process.stdin.write(f"{MOST_REQUESTS} {seconds}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        cpu = self.server.cpu_seconds() - before
        if not line:
            raise SystemExit("the client failed")
        count, took, median, late = map(float, line.split())
        return count / took, cpu / count * 1e6, median, late

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


def tutorial(options):
    """FastAPI's program, when it listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Server([options.uvicorn, "tutorial:app", "--app-dir", options.tutorial, "--port", str(port), "--no-access-log"],
                    address=f"127.0.0.1:{port}")
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return server
        time.sleep(0.1)
    raise SystemExit(f"{options.uvicorn} does not listen")


def token(address):
    """A token of the demo's for both scopes."""
    form = {"grant_type": "password", "username": "johndoe", "password": "secret", "scope": "me items", "client_id": "demo-app"}
    with urllib.request.urlopen(f"http://{address}/token", urllib.parse.urlencode(form).encode()) as answer:
        return json.load(answer)["access_token"]


def asking(path, bearer):
    """A request with this token."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {bearer}\r\n\r\n"


def answer_of(address, request):
    """The bytes of one answer."""
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(request.encode())
        stream = connection.makefile("rb")
        head = list(iter(stream.readline, b"\r\n"))
        length = next(int(line.split()[1]) for line in head if line.startswith(b"content-length:"))
        return b"".join(head) + b"\r\n" + stream.read(length)


def without_date(answer):
    """What of an answer does not change with the second."""
    return sorted(line for line in answer.split(b"\r\n") if not line.startswith(b"date:"))


def compare(programs, case, options, asked, slow):
    """One case at all numbers of connections: `asked` is our server and what is asked of it, `slow` FastAPI's program or none."""
    _, path, limit = CASES[case]
    answer = answer_of(asked[0].address, asked[1])
    with Server([programs["bare"]], answer) as bare:
        if without_date(answer_of(bare.address, asked[1])) != without_date(answer):
            raise SystemExit("the bare server gives other bytes")
        lanes = [asked, (bare, asked[1]), *slow]
        for connections in options.connections:
            with contextlib.ExitStack() as stack:
                clients = [stack.enter_context(Client(programs["client"], server, connections, request))
                           for server, request in lanes]
                for client in clients:
                    client.load(options.seconds / 2)
                rounds = [[client.load(options.seconds) for client in clients] for _ in range(options.rounds)]
            show(f"{case} {path}", connections, rounds, limit)


def ratio(rounds, above, below):
    """The ratio of the CPU of two lanes, and how it was spread: the median, and where a tenth of the rounds lies to each side."""
    ratios = sorted(entry[above][1] / entry[below][1] for entry in rounds)
    tenth = len(ratios) // 10
    return statistics.median(ratios), f"({ratios[tenth]:.2f} to {ratios[-1 - tenth]:.2f})"


def show(name, connections, rounds, limit):
    """A line for each lane."""
    ours, spread = ratio(rounds, 0, 1)
    verdict = "" if limit is None else f", limit {limit}: {'within' if ours <= limit else 'OVER'}"
    lanes = [(name, f"   {ours:.2f} times the CPU {spread}{verdict}"), ("bare hyper", "")]
    if len(rounds[0]) > len(lanes):
        theirs, spread = ratio(rounds, 2, 0)
        verdict = f"at least {LEAST_OF_TUTORIAL}: {'yes' if theirs >= LEAST_OF_TUTORIAL else 'NO'}; bare hyper's {ratio(rounds, 2, 1)[0]:.1f}"
        lanes.append(("FastAPI on uvicorn", f"   {theirs:.1f} times ours {spread}, {verdict}"))
    for number, (lane, behind) in enumerate(lanes):
        rate, cpu, median, late = (statistics.median(entry[number][column] for entry in rounds) for column in range(4))
        print(f"{lane:26}{connections:4} {rate:8.0f}/s {cpu:7.2f} us CPU  p50 {median:7.0f} us  p99 {late:7.0f} us{behind}",
              flush=True)


def asked_of(programs, case, folder, stack):
    """The server of a case, started, and what is asked of it."""
    (name, *flags), path, _ = CASES[case]
    demo = ["serve", "--demo", "--listen", "127.0.0.1:0", "--database"]
    if name == "scopegate":
        server = stack.enter_context(Server([programs[name], *demo, f"sqlite:{folder}/{case}.db", *flags]))
        return server, asking(path, token(server.address))
    # It gives out no tokens, but its key is that of the tutorial.
    with Server([programs["scopegate"], *demo, "sqlite::memory:", *TUTORIAL[1:]]) as issuing:
        bearer = token(issuing.address)
    return stack.enter_context(Server([programs[name], *flags])), asking(path, bearer)


def main():
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("cases", nargs="*", metavar="CASE", help="all where none is named")
    arguments.add_argument("--connections", type=int, nargs="+", default=[1, 8, 64])
    arguments.add_argument("--rounds", type=int, default=31)
    arguments.add_argument("--seconds", type=float, default=0.2, help="of one load")
    arguments.add_argument("--skip-build", action="store_true", help="take the programs that are there")
    arguments.add_argument("--tutorial", metavar="DIRECTORY", help="where FastAPI's program lies")
    arguments.add_argument("--uvicorn", metavar="PROGRAM", default="uvicorn")
    options = arguments.parse_args()
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"
    programs = programs_in(target, not options.skip_build)
    for case in options.cases or CASES:
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            asked = asked_of(programs, case, folder, stack)
            slow = []
            if options.tutorial and CASES[case][0][0] == "scopegate":
                server = stack.enter_context(tutorial(options))
                slow.append((server, asking(CASES[case][1], token(server.address))))
            compare(programs, case, options, asked, slow)


if __name__ == "__main__":
    main()
