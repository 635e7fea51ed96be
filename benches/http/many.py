"""Start and token requests of a server with many resources or clients, next to one with few.

    cargo build --release -p scopegate-server
    python3 benches/http/many.py target/release/scopegate

The rounds alternate between both servers. The figures are medians: the time from start to the line that the server listens,
the time and CPU of a token request over one connection, and the memory after the rounds.

| measure | limit |
|---|---|
| start with 1,000 resources, each with 10 operations | 1.5 s |
| token request with 1,000 resources, next to one resource | 1.1 times |
| start and token request with 10,000 clients, next to 10 | 1.1 times |
"""

import base64
import http.client
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

OPERATIONS = 10
STARTS = 15
ROUNDS = 31
REQUESTS = 100


def document(number):
    names = [f"r{number}:s{operation}" for operation in range(OPERATIONS)]
    flow = {"tokenUrl": "token", "scopes": {name: f"Use {name}." for name in names}}
    scheme = {"type": "oauth2", "flows": {"clientCredentials": flow}}
    paths = {f"/r{number}/o{place}": {"get": {"security": [{"oauth": [name]}]}} for place, name in enumerate(names)}
    return {
        "openapi": "3.1.0",
        "info": {"title": f"R{number}", "version": "1"},
        "components": {"securitySchemes": {"oauth": scheme}},
        "paths": paths,
    }


def copy_client(database, count):
    """Copies the client and its secret until there are so many."""
    with sqlite3.connect(database) as connection:
        for table, key in (("clients", "id"), ("client_secrets", "client_id")):
            columns = [name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")]
            [row] = connection.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall()
            copies = [[f"x{number}" if name == key else value for name, value in zip(columns, row)] for number in range(1, count)]
            connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})", copies)
    connection.close()


class Site:
    def __init__(self, program, folder, resources, clients):
        self.program = program
        self.config = os.path.join(folder, f"{resources}-{clients}.toml")
        database = os.path.join(folder, f"{resources}-{clients}.db")
        tables = [f'database = "sqlite:{database}"']
        for number in range(resources):
            with open(os.path.join(folder, f"{number}.json"), "w") as file:
                json.dump(document(number), file)
            tables.append(f'[[resources]]\naudience = "https://api.example/r{number}"\ndocument = "{number}.json"')
        with open(self.config, "w") as file:
            file.write("\n".join(tables))
        client = ["client", "add", "x", "--id", "x", "--confidential", "--grant", "client_credentials"]
        client += ["--scope", "r0:s0 r0:s1", "--resource", "https://api.example/r0", "--format", "json"]
        added = subprocess.run([program, *client, "--config", self.config], capture_output=True, text=True, check=True)
        secret = json.loads(added.stdout)["client_secret"]
        self.basic = "Basic " + base64.b64encode(f"x:{secret}".encode()).decode()
        self.starts, self.times, self.cpu = [], [], []
        copy_client(database, clients)

    def start(self):
        line = [self.program, "serve", "--listen", "127.0.0.1:0", "--config", self.config]
        begin = time.perf_counter()
        self.process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        listens = self.process.stdout.readline()
        self.starts.append(time.perf_counter() - begin)
        self.connection = http.client.HTTPConnection("127.0.0.1", int(listens.strip().rsplit(":", 1)[1]))

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def request(self):
        headers = {"Authorization": self.basic, "Content-Type": "application/x-www-form-urlencoded"}
        self.connection.request("POST", "/token", "grant_type=client_credentials&scope=r0:s0", headers)
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            sys.exit(f"{answer.status}: {body}")

    def ticks(self):
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def memory(self):
        with open(f"/proc/{self.process.pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))

    def round(self):
        begin, ticks = time.perf_counter(), self.ticks()
        for _ in range(REQUESTS):
            self.request()
        self.times.append((time.perf_counter() - begin) / REQUESTS)
        self.cpu.append((self.ticks() - ticks) / os.sysconf("SC_CLK_TCK") / REQUESTS)


def compare(program, folder, unit, sizes):
    """Starts a server of each size again and again, and loads the last ones in turn."""
    sites = [Site(program, folder, *size) for size in sizes]
    for attempt in range(STARTS):
        for site in sites:
            site.start()
            if attempt + 1 < STARTS:
                site.stop()
    for _ in range(ROUNDS):
        for site in sites:
            site.round()
    for size, site in zip(sizes, sites):
        start, wall = statistics.median(site.starts), statistics.median(site.times)
        cpu, memory = statistics.mean(site.cpu), site.memory()
        site.stop()
        print(f"{max(size)} {unit}: start {start * 1e3:.1f} ms, token request {wall * 1e6:.0f} us, CPU {cpu * 1e6:.0f} us, {memory / 1024:.1f} MiB")
    few, many = sites
    for what, lane in (("start", "starts"), ("token request", "times")):
        ratio = statistics.median(after / before for before, after in zip(getattr(few, lane), getattr(many, lane)))
        print(f"{what}: {ratio:.2f} times")


def main():
    program = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        compare(program, folder, "resources", [(1, 1), (1000, 1)])
    with tempfile.TemporaryDirectory() as folder:
        compare(program, folder, "clients", [(1, 10), (1, 10_000)])
    print(f"load of the machine: {os.getloadavg()[0]:.1f}")


main()
