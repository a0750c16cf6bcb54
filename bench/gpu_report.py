#!/usr/bin/env python3
"""Writes what scripts/gpu-check found: RESULT_DIR/gpu-check.json and gpu-check.md. Exits with 1 when a step failed.

usage: bench/gpu_report.py WORK_DIR TARGETS.json RESULT_DIR SECONDS

WORK_DIR has a file NUMBER.step for each step (name, kind, exit code, seconds, separated by tabs), its output in NAME.out
and NAME.err, and what is known of the machine in *.txt and *.csv. Needs nothing but Python.
"""

import csv
import datetime
import json
import pathlib
import re
import sys

OUT_OF_TIME = ("124", "137")
GIVE_ROWS = ("digests", "digests-by-fma", "gpu_bench", "gpu_bench-by-fma")


# ---- what the steps left ----------------------------------------------------------------------------------------------

def text_of(file):
    return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""


def first_line(file):
    return (text_of(file).splitlines() or ["unknown"])[0]


def verdict(kind, status):
    if kind == "skipped":
        return f"skipped: {status}"
    if status == "0":
        return "passed"
    if status in OUT_OF_TIME:
        return "out of time" if kind == "optional" else "FAILED: out of time"
    return "FAILED: stopped" if status == "stopped" else f"FAILED: exit code {status}"


def failed_tests(lines):
    """GoogleTest names each of them twice, and says how many they are in a line that looks the same."""
    found = (re.match(r"\[  FAILED  \] ([\w/]+\.[\w/]+)", line) for line in lines)
    names = list(dict.fromkeys(name[1] for name in found if name))
    return "failed: " + ", ".join(names) if names else ""


def sanitizer_message(lines):
    """The first one of compute-sanitizer, after its banner."""
    said = (line[9:].strip() for line in lines if line.startswith("========="))
    none = re.compile(r"$|COMPUTE-SANITIZER|Target application returned an error|.*SUMMARY")
    return next((message for message in said if not none.match(message)), "")


def last_error(lines):
    telling = [line for line in lines if re.search(r"FAILED|rror|ERROR SUMMARY|^samebits:|^gpu_bench:", line)]
    return telling[-1].strip() if telling else ""


def reason(work, name):
    """What says most in a failed step's output, or nothing."""
    lines = (text_of(work / f"{name}.out") + "\n" + text_of(work / f"{name}.err")).splitlines()
    return (sanitizer_message(lines) or failed_tests(lines) or last_error(lines))[:300]


def tests_of(work, name):
    """What GoogleTest says at its end, such as "303 tests from 61 test suites ran. (9123 ms total)"."""
    said = re.findall(r"^\[=+\] (.* ran\..*)$", text_of(work / f"{name}.out"), re.M)
    return said[-1] if said else ""


def has_checked_the_gpu(check):
    """Without a device `samebits check` is content with the CPU."""
    return isinstance(check, dict) and any(result.get("backend") == "cuda" for result in check.get("results", []))


def read_step(work, file):
    name, kind, status, seconds = file.read_text(encoding="utf-8").rstrip("\n").split("\t")
    step = {"name": name, "result": verdict(kind, status), "seconds": int(seconds)}
    tests = tests_of(work, name)
    if tests.startswith("0 tests"):
        step["result"] = "FAILED: no test ran"
    if step["result"] == "passed" and name in GIVE_ROWS and not rows_of(work, name):
        step["result"] = "FAILED: no row came"
    if step["result"] == "passed" and name == "check" and not has_checked_the_gpu(json_of(work, name)):
        step["result"] = "FAILED: the GPU took no part"
    if step["result"].startswith("FAILED"):
        step["said"] = reason(work, name)
    elif tests:
        step["said"] = tests
    return step


def read_steps(work):
    return [read_step(work, file) for file in sorted(work.glob("*.step"))]


def json_of(work, name):
    try:
        return json.loads(text_of(work / f"{name}.out"))
    except ValueError:
        return None


def json_lines(work, name):
    """What could be read: a program that was stopped leaves half a line."""
    lines = []
    for line in text_of(work / f"{name}.out").splitlines():
        try:
            lines.append(json.loads(line))
        except ValueError:
            pass
    return [line for line in lines if isinstance(line, dict)]


def rows_of(work, name):
    return [line for line in json_lines(work, name) if "row" in line]


def read_gpu(work):
    """One line of nvidia-smi's table, by its heading."""
    table = list(csv.reader(text_of(work / "gpu.csv").splitlines(), skipinitialspace=True))
    return dict(zip(table[0], table[1])) if len(table) > 1 else {}


def read_clocks(work):
    """The range of what was seen while gpu_bench ran."""
    rows = [row for row in csv.reader(text_of(work / "clocks.csv").splitlines(), skipinitialspace=True) if len(row) == 4]
    names = ("sm_mhz", "memory_mhz", "watts", "celsius")
    seen = {}
    for name, column in zip(names, zip(*rows)):
        numbers = [float(value) for value in column if re.fullmatch(r"[0-9.]+", value)]
        if numbers:
            seen[name] = {"min": min(numbers), "max": max(numbers)}
    return seen


# ---- figures and targets ----------------------------------------------------------------------------------------------

def add_python_peers(rows, peers):
    """Peers in Python know the rows by name; they become peers like the others."""
    for peer in peers:
        row = rows.get(peer.get("row"))
        if row is None or "seconds" not in row:
            continue
        entry = {"name": peer["program"]}
        if "seconds" in peer:
            entry.update(seconds={"min": peer["seconds"]}, ratio=peer["seconds"] / row["seconds"]["min"])
        else:
            entry["note"] = peer.get("note", "")
        row.setdefault("peers", []).append(entry)


def value_of(row, target):
    """The figure that a target is about, or None where it was not measured. Of several peers the best one counts."""
    if target["figure"] == "seconds":
        return row.get("seconds", {}).get("min")
    if target["figure"] == "share":
        return row.get("shares", {}).get(target["roof"]) if "roof" in target else row.get("share")
    ratios = [peer["ratio"] for peer in row.get("peers", []) if peer["name"].startswith(target["peer"]) and "ratio" in peer]
    return min(ratios, default=None)


def judged(target, rows):
    value = value_of(rows.get(target["row"], {}), target)
    if value is None:
        return {**target, "value": None, "reached": None}
    good = value <= target["at_most"] if "at_most" in target else value >= target["at_least"]
    return {**target, "value": value, "reached": good}


def compare_digests(rows, digests):
    """Those of full sizes, which a CPU takes minutes for, are known: bench/gpu_digests.jsonl."""
    for row in rows:
        known = digests.get(row["row"], {})
        if "digest" in row and known.get("shape") == row.get("shape"):
            row.update(cpu_digest=known["digest"], identical=row["digest"] == known["digest"])


def by_fma(rows):
    """What ran with tensor cores switched off."""
    return [{**row, "row": row["row"] + ", without tensor cores"} for row in rows]


def measured_rows(work, digests):
    rows, without_tensor_cores = rows_of(work, "gpu_bench"), rows_of(work, "gpu_bench-by-fma")
    compare_digests(rows + without_tensor_cores, digests)
    return {row["row"]: row for row in rows + by_fma(without_tensor_cores)}


def has_passed(steps, rows):
    return (bool(steps) and not any(step["result"].startswith("FAILED") for step in steps)
            and all(row.get("identical", True) for row in rows.values()))


def collect(work, targets, digests, seconds):
    steps = read_steps(work)
    measured = json_lines(work, "gpu_bench")
    rows = measured_rows(work, digests)
    peers = json_lines(work, "peers")
    add_python_peers(rows, peers)
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "commit": first_line(work / "commit.txt"),
        "version": first_line(work / "version.txt"),
        "gpu": read_gpu(work),
        "clocks_while_measuring": read_clocks(work),
        "cpu": first_line(work / "cpu.txt"),
        "cpus": first_line(work / "cpus.txt"),
        "passed": has_passed(steps, rows),
        "seconds": seconds,
        "steps": steps,
        "facts": next((line["facts"] for line in measured if "facts" in line), {}),
        "roofs": [line for line in measured if "roof" in line and "rate" in line],
        "rows": list(rows.values()),
        "targets": [judged(target, rows) for target in targets],
        "digests": rows_of(work, "digests") + by_fma(rows_of(work, "digests-by-fma")),
        "peers": peers,
        "info": json_of(work, "info"),
        "check": json_of(work, "check"),
        "bench": {name: json_of(work, f"bench-{name}") for name in ("em", "fits", "sum", "pairwise", "random")},
        "nvidia_smi": text_of(work / "gpu.txt"),
    }


# ---- Markdown ---------------------------------------------------------------------------------------------------------

def table(heading, rows):
    if not rows:
        return []
    lines = ["", "| " + " | ".join(heading) + " |", "|" + " --- |" * len(heading)]
    return lines + ["| " + " | ".join(str(cell).replace("|", "/") for cell in row) + " |" for row in rows]


def short(number):
    return "-" if number is None else f"{number:.3g}"


def rate_text(row):
    if "flop_per_second" in row:
        return f"{row['flop_per_second'] * 1e-12:.2f} TFLOP/s"
    return f"{row['bytes_per_second'] * 1e-9:.0f} GB/s" if "bytes_per_second" in row else "-"


def limit_text(target):
    peer = f" to {target['peer']}" if "peer" in target else f" of {target['roof']}" if "roof" in target else ""
    limit = f"at most {target['at_most']}" if "at_most" in target else f"at least {target['at_least']}"
    return f"{target['figure']}{peer} {limit}"


def reached_text(target):
    return {True: "yes", False: "NO", None: "not measured"}[target["reached"]]


def machine_lines(r):
    facts = ", ".join(f"{name} {value}" for name, value in {**r["gpu"], **r["facts"]}.items()) or "unknown"
    clocks = ", ".join(f"{name} {seen['min']:g} to {seen['max']:g}" for name, seen in r["clocks_while_measuring"].items())
    return [
        f"# GPU check of {r['date']}", "",
        f"- {r['version']}, commit {r['commit']}",
        f"- GPU: {facts}",
        f"- while measuring: {clocks or 'unknown'}",
        f"- CPU: {r['cpu']}, {r['cpus']} threads",
        f"- passed: {'yes' if r['passed'] else 'NO'}, in {r['seconds']} s",
    ]


def digest_lines(r):
    same = sum(row.get("identical") is True for row in r["digests"])
    counts = f"{same} of {len(r['digests'])}" if r["digests"] else "NONE COMPARED"
    whole = [row for row in r["rows"] if "identical" in row]
    lines = [f"- digests equal to the CPU's: {counts}",
             f"- of full sizes: {sum(row['identical'] for row in whole)} of {len(whole)} that are known"]
    lines += [f"- OTHER BITS: {row['row']}: {row.get('error', row.get('digest'))}"
              for row in r["digests"] + whole if row.get("identical") is not True]
    identical = r["check"].get("identical") if isinstance(r["check"], dict) else None
    return lines + [f"- `samebits check` identical: {'not run' if identical is None else str(identical).lower()}"]


def target_line(r):
    counts = [sum(target["reached"] is state for target in r["targets"]) for state in (True, False, None)]
    return "- targets: {} reached, {} missed, {} not measured".format(*counts)


def figure_rows(r):
    for row in r["rows"]:
        if "error" in row:
            yield row["row"], row["shape"], f"FAILED: {row['error']}", "", "", "", ""
        else:
            yield (row["row"], row["shape"], f"{row['seconds']['min'] * 1e3:.4g}", f"{row['seconds']['median'] * 1e3:.4g}",
                   rate_text(row), row.get("roof", "-"), short(row.get("share")))


def peer_rows(r):
    for row in r["rows"]:
        for peer in row.get("peers", []):
            time = f"{peer['seconds']['min'] * 1e3:.4g}" if "seconds" in peer else peer.get("note", "")
            yield row["row"], peer["name"], time, short(peer.get("ratio"))


def markdown(r):
    lines = machine_lines(r) + digest_lines(r) + [target_line(r)]
    lines += table(["target", "limit", "value", "reached"],
                   [(t["row"], limit_text(t), short(t["value"]), reached_text(t)) for t in r["targets"]])
    lines += table(["figure", "shape", "best ms", "median ms", "rate", "roof", "share"], list(figure_rows(r)))
    lines += table(["figure", "peer", "ms", "times ours"], list(peer_rows(r)))
    lines += table(["roof", "rate", "unit"], [(roof["roof"], f"{roof['rate']:.4g}", roof["unit"]) for roof in r["roofs"]])
    lines += table(["step", "result", "s", "it said"],
                   [(step["name"], step["result"], step["seconds"], step.get("said", "")) for step in r["steps"]])
    return "\n".join(lines) + "\n"


def main():
    if len(sys.argv) != 5:
        raise SystemExit(__doc__)
    work, targets, result_dir = (pathlib.Path(argument) for argument in sys.argv[1:4])
    known = text_of(pathlib.Path(__file__).parent / "gpu_digests.jsonl").splitlines()
    digests = {line["row"]: line for line in map(json.loads, known) if "digest" in line}
    report = collect(work, json.loads(text_of(targets) or "[]"), digests, int(sys.argv[4]))
    (result_dir / "gpu-check.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    (result_dir / "gpu-check.md").write_text(markdown(report), encoding="utf-8")
    print(f"wrote {result_dir}/gpu-check.json and gpu-check.md: {'passed' if report['passed'] else 'FAILED'}")
    sys.exit(0 if report["passed"] else 1)


if __name__ == "__main__":
    main()
