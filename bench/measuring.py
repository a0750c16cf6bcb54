"""What the reports share: running programs, and saying where."""

import datetime
import json
import pathlib
import platform
import re
import statistics
import subprocess


def run(command):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout


def first_line(command):
    try:
        return run(command).splitlines()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "unknown"


def cpu_name():
    text = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
    name = re.search(r"model name\s*:\s*(.*)", text)
    family = re.search(r"cpu family\s*:\s*(.*)", text)
    model = re.search(r"^model\s*:\s*(.*)", text, re.M)
    numbers = f" (family {family[1]}, model {model[1]})" if family and model else ""
    return (name[1] if name else platform.machine()) + numbers


def heading(title, command, rounds):
    return [
        f"# {title}", "",
        f"- {cpu_name()}, {platform.system()} {platform.machine()}, {first_line(['g++', '--version'])}",
        f"- date {datetime.date.today()}, commit {first_line(['git', 'rev-parse', '--short', 'HEAD'])}",
        f"- made by `{command}`, {rounds} rounds in turn", ""]


def compiled(source, work, *options):
    """A program from one source file, in the folder `work`."""
    program = pathlib.Path(work) / pathlib.Path(source).stem
    run(["g++", "-O3", "-ffp-contract=off", "-march=cascadelake", "-mprefer-vector-width=512", "-fopenmp", *options,
         source, "-o", program])
    return program


class Bench:
    """`samebits bench` of one build. Results of one problem must agree in every bit, whoever computes them."""

    def __init__(self, build):
        self.build = pathlib.Path(build)
        self.command = self.build / "bin" / "samebits"
        self.digests = {}

    def em(self, rows, cols, components, iterations, **options):
        # The first fits of a process wait for the second core to wake up; the shortest time counts.
        options = {"schedule": "rows", "threads": 2, "repeat": 3, **options}
        arguments = [self.command, "bench", "em", "--json", "--backend", "cpu"]
        sizes = {"rows": rows, "cols": cols, "components": components, "iterations": iterations}
        for name, value in {**sizes, **options}.items():
            arguments += [f"--{name}"] if value is True else [f"--{name}", value]
        result = json.loads(run(arguments))
        problem = (rows, cols, components, iterations, options.get("dtype"), options.get("covariance"))
        digest = self.digests.setdefault(problem, result["digest"])
        if digest != result["digest"]:
            raise SystemExit(f"digests differ: {digest} and {result['digest']}")
        return result

    def program(self, name, *arguments):
        """The JSON answer of another program of the build, or None where it was not built."""
        program = self.build / "bin" / name
        return json.loads(run([program, *arguments])) if program.exists() else None


class Times:
    """Seconds of some variants, measured in turn."""

    def __init__(self):
        self.seconds = {}

    def add(self, name, seconds):
        self.seconds.setdefault(name, []).append(seconds)

    def best(self, name):
        return min(self.seconds[name])

    def median(self, name):
        return statistics.median(self.seconds[name])

    def ratio(self, a, b):
        """How many times longer a takes than b: by minima and by medians."""
        return f"{self.best(a) / self.best(b):.2f} by minima, {self.median(a) / self.median(b):.2f} by medians"
