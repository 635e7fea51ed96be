"""Start and token requests of a server with 1,000 resources, next to one with a single resource.

    cargo build --release -p scopegate-server
    python3 benches/http/resources.py target/release/scopegate

The rounds alternate between both servers. The figures are medians: the time from start to the line that the server listens,
and the time and CPU of a token request over one connection. The limits: 1.5 s, and 1.1 times the single resource.
"""

import base64
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

RESOURCES = (1, 1000)
OPERATIONS = 10
STARTS = 5
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


class Site:
    def __init__(self, program, folder, resources):
        self.program = program
        self.config = os.path.join(folder, f"{resources}.toml")
        tables = [f'database = "sqlite:{os.path.join(folder, str(resources))}.db"']
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

    def round(self):
        begin, ticks = time.perf_counter(), self.ticks()
        for _ in range(REQUESTS):
            self.request()
        self.times.append((time.perf_counter() - begin) / REQUESTS)
        self.cpu.append((self.ticks() - ticks) / os.sysconf("SC_CLK_TCK") / REQUESTS)


def main():
    program = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        sites = [Site(program, folder, resources) for resources in RESOURCES]
        for attempt in range(STARTS):
            for site in sites:
                site.start()
                if attempt + 1 < STARTS:
                    site.stop()
        for _ in range(ROUNDS):
            for site in sites:
                site.round()
        for site in sites:
            site.stop()
    for resources, site in zip(RESOURCES, sites):
        start, wall = statistics.median(site.starts), statistics.median(site.times)
        cpu = statistics.mean(site.cpu)
        print(f"{resources} resources: start {start * 1e3:.0f} ms, token request {wall * 1e6:.0f} us, CPU {cpu * 1e6:.0f} us")
    one, many = sites
    ratio = statistics.median(many / one for one, many in zip(one.times, many.times))
    print(f"token request: {ratio:.2f} times that with one resource")
    print(f"load of the machine: {os.getloadavg()[0]:.1f}")


main()
