"""CPU time that a server spends on one authorised request.

    python3 tutorial_cpu.py PID HOST:PORT TOKEN [--path /users/me/items/] [--requests 5000] [--rounds 5]

Sends GET requests with the token over one kept connection, one after the other, and reads the user and system time of process
PID (all its threads) from /proc before and after. Prints microseconds of CPU per request: the median of the rounds and each
of them. The same script measures FastAPI's program and ours:

    uvicorn tutorial:app --no-access-log       against       scopegate serve --demo --profile tutorial

Linux and the standard library only. A warm-up of a tenth of the requests is not counted. `--connections N` uses N connections in
turn. The clock of /proc ticks 100 times a second: take enough requests that a round lasts seconds.
"""

import argparse
import os
import socket
import statistics
import sys


def cpu_seconds(pid):
    """User and system time of the process, in seconds."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def read_answer(connection, buffer):
    """Read one answer; its status and what is left of the buffer."""
    while b"\r\n\r\n" not in buffer:
        buffer += receive(connection)
    head, rest = buffer.split(b"\r\n\r\n", 1)
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(rest) < length:
        rest += receive(connection)
    return head.split(b" ", 2)[1], rest[length:]


def receive(connection):
    """Some bytes; the end of the connection is an error."""
    data = connection.recv(65536)
    if not data:
        sys.exit("the server closed the connection")
    return data


def send(connections, request, count):
    """`count` requests, each answered 200 before the next goes out."""
    for number in range(count):
        connection = connections[number % len(connections)]
        connection.sendall(request)
        status, rest = read_answer(connection, b"")
        if status != b"200" or rest:
            sys.exit(f"expected 200 and nothing behind it, got {status.decode()}")


def main():
    """Measure and print."""
    arguments = argparse.ArgumentParser(description="CPU microseconds of a server per request.")
    arguments.add_argument("pid", type=int)
    arguments.add_argument("address", help="HOST:PORT")
    arguments.add_argument("token")
    arguments.add_argument("--path", default="/users/me/items/")
    arguments.add_argument("--requests", type=int, default=5000)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--connections", type=int, default=1)
    options = arguments.parse_args()
    host, port = options.address.rsplit(":", 1)
    connections = [socket.create_connection((host, int(port))) for _ in range(options.connections)]
    for connection in connections:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    head = f"GET {options.path} HTTP/1.1\r\nHost: {options.address}\r\nAuthorization: Bearer {options.token}\r\n\r\n"
    request = head.encode()
    send(connections, request, options.requests // 10)
    costs = []
    for _ in range(options.rounds):
        before = cpu_seconds(options.pid)
        send(connections, request, options.requests)
        costs.append((cpu_seconds(options.pid) - before) / options.requests * 1e6)
    print(f"{statistics.median(costs):.1f} us of CPU per request; rounds: {', '.join(f'{cost:.1f}' for cost in costs)}")


if __name__ == "__main__":
    main()
