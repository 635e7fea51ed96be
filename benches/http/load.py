"""What our servers cost beside bare hyper: the same client, the same answers, in turn.

    python3 benches/http/load.py [CASE ..] [--connections 1 8 64] [--rounds 7] [--seconds 0.5] [--skip-build]

Builds the release programs and runs, for each case and each number of connections, our server and a bare hyper server that gives
the bytes of our answer. Both are loaded by the same client in turn, round after round. Printed are medians over the rounds:
requests per second, microseconds of the server's CPU per request (all its threads, from /proc), the median and the 99th percentile
of the time to an answer, and the ratio of the CPU, taken within each round. The client shares the machine with the server.

    items    GET /users/me/items/ of `scopegate serve --demo`, settings as they come; the user is read from a SQLite file at each request
    counted  the same with `--admin-listen`: requests, decisions and the store's time are counted
    scoped   an operation whose guard asks for a scope and no user (benches/http/scoped.rs)
    silent   the same without a log: as `--log-level warn`
    public   an operation without a guard, in the same application
    warp     `scoped` behind `warp::serve` in place of our accept loop

Linux and the standard library only. A shorter run: `--rounds 3 --seconds 0.2`, or one case.
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
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
KEY = "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7"
# Each case with its server, its path, and the most that it may cost in times of bare hyper.
CASES = {
    "items": (["scopegate"], "/users/me/items/", 7.0),
    "counted": (["scopegate", "--admin-listen", "127.0.0.1:0"], "/users/me/items/", 7.0),
    "scoped": (["scoped"], "/items/", 2.0),
    "silent": (["scoped", "--silent"], "/items/", 2.0),
    "public": (["scoped"], "/public/", None),
    "warp": (["scoped", "--warp"], "/items/", None),
}
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

    def __init__(self, arguments, given=b""):
        environment = os.environ | {"SCOPEGATE_SECRET_KEY": KEY}
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, env=environment)
        self.process.stdin.write(given)
        self.process.stdin.close()
        # The last word of the first line is the address, with `http://` or without.
        self.address = self.process.stdout.readline().decode().split()[-1].removeprefix("http://")

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

    def __init__(self, program, server, connections, request):
        arguments = [program, server.address, str(connections), "200", request]
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


def token(address):
    """A token of the demo's for both scopes."""
    form = {"grant_type": "password", "username": "johndoe", "password": "secret", "scope": "me items"}
    with urllib.request.urlopen(f"http://{address}/token", urllib.parse.urlencode(form).encode()) as answer:
        return json.load(answer)["access_token"]


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


def compare(programs, ours, case, options, request):
    """One case at all numbers of connections."""
    _, path, limit = CASES[case]
    answer = answer_of(ours.address, request)
    with Server([programs["bare"]], answer) as bare:
        if without_date(answer_of(bare.address, request)) != without_date(answer):
            raise SystemExit("the bare server gives other bytes")
        for connections in options.connections:
            with Client(programs["client"], ours, connections, request) as our_client, \
                    Client(programs["client"], bare, connections, request) as bare_client:
                for client in (our_client, bare_client):
                    client.load(options.seconds / 2)
                rounds = [(our_client.load(options.seconds), bare_client.load(options.seconds))
                          for _ in range(options.rounds)]
            show(case, path, connections, rounds, limit)


def show(case, path, connections, rounds, limit):
    """Two lines."""
    ratios = sorted(ours[1] / bare[1] for ours, bare in rounds)
    ratio = statistics.median(ratios)
    verdict = "" if limit is None else f", limit {limit}: {'within' if ratio <= limit else 'OVER'}"
    for name, number, behind in (
        (f"{case} {path}", 0, f"   {ratio:.2f} times the CPU ({ratios[0]:.2f} to {ratios[-1]:.2f}){verdict}"),
        ("bare hyper", 1, ""),
    ):
        rate, cpu, median, late = (statistics.median(entry[number][column] for entry in rounds) for column in range(4))
        print(f"{name:26}{connections:4} {rate:8.0f}/s {cpu:7.2f} us CPU  p50 {median:7.0f} us  p99 {late:7.0f} us{behind}",
              flush=True)


def main():
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("cases", nargs="*", metavar="CASE", help="all where none is named")
    arguments.add_argument("--connections", type=int, nargs="+", default=[1, 8, 64])
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("--seconds", type=float, default=0.5, help="of one load")
    arguments.add_argument("--skip-build", action="store_true", help="take the programs that are there")
    options = arguments.parse_args()
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"
    programs = programs_in(target, not options.skip_build)
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        demo = ["serve", "--demo", "--profile", "tutorial", "--listen", "127.0.0.1:0",
                "--database", f"sqlite:{folder}/users.db"]
        with Server([programs["scopegate"], *demo]) as program:
            bearer = token(program.address)
        for case in options.cases or CASES:
            (name, *flags), path, _ = CASES[case]
            ours = stack.enter_context(Server([programs[name], *(demo if name == "scopegate" else []), *flags]))
            request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {bearer}\r\n\r\n"
            compare(programs, ours, case, options, request)


if __name__ == "__main__":
    main()
