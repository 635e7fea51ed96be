"""From the start of the program to its first answer, and what it holds when idle.

    python3 start.py PROGRAM [--runs 15] [--port 8210]

Starts `PROGRAM serve --demo` again and again, asks for /status/ until there is an answer, and prints the median and the longest
time of it and the resident memory of the last run. Linux and the standard library only.
"""

import argparse
import socket
import statistics
import subprocess
import time

REQUEST = b"GET /status/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def first_answer(program, port):
    """Milliseconds to the first answer, and resident kB shortly after."""
    started = time.monotonic()
    server = subprocess.Popen(
        [program, "serve", "--demo", "--listen", f"127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while time.monotonic() - started < 10:
            try:
                with socket.create_connection(("127.0.0.1", port)) as connection:
                    connection.sendall(REQUEST)
                    if connection.recv(100).startswith(b"HTTP/1.1 401"):
                        break
            except OSError:
                time.sleep(0.0005)
        else:
            raise SystemExit("no answer within 10 s")
        milliseconds = (time.monotonic() - started) * 1000
        time.sleep(0.3)
        with open(f"/proc/{server.pid}/status", encoding="utf-8") as status:
            resident = next(line.split()[1] for line in status if line.startswith("VmRSS"))
        return milliseconds, int(resident)
    finally:
        server.kill()
        server.wait()


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("program")
    arguments.add_argument("--runs", type=int, default=15)
    arguments.add_argument("--port", type=int, default=8210)
    given = arguments.parse_args()
    runs = [first_answer(given.program, given.port) for _ in range(given.runs)]
    times = [milliseconds for milliseconds, _ in runs]
    print(f"first answer after {statistics.median(times):.1f} ms (median), {max(times):.1f} ms (longest of {given.runs})")
    print(f"resident {runs[-1][1]} kB")


if __name__ == "__main__":
    main()
