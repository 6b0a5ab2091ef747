"""Runs one program under bench-run, and turns many runs into medians and a table in markdown."""
import json
import os
import platform
import statistics
import subprocess


class Failed(Exception):
    """The program did not end as it should; the text tells how."""


def run(folder, command, place, core, limit_s, more=()):
    """One run of command in the folder place; more: options of bench-run. Returns (CPU seconds, resident KiB, what it printed)."""
    result, out = os.path.join(place, "cost.json"), os.path.join(place, "out")
    wrapped = [f"{folder}/bench-run", "--result", result, "--seconds", str(limit_s), *more]
    wrapped += ["--core", str(core)] if core is not None else []
    with open(out, "wb") as stream:
        subprocess.run(wrapped + command, stdout=stream, stderr=stream, stdin=subprocess.DEVNULL, cwd=place, check=True)
    with open(result, encoding="ascii") as stream:
        cost = json.load(stream)
    with open(out, encoding="utf-8", errors="replace") as stream:
        text = stream.read()
    if cost["is_late"]:
        raise Failed(f"not done within {limit_s} s")
    if cost["code"] not in (0, 1):
        raise Failed(f"exit code {cost['code']}: {text[-300:].strip()}")
    return cost["cpu_s"], cost["resident_kib"], text


def median_text(values, form="{:.0f}"):
    """Median, and in brackets the least and the greatest."""
    return f"{form.format(statistics.median(values))} ({form.format(min(values))}–{form.format(max(values))})"


def ratio(values, others):
    """Median of the ratios run by run: what disturbed both in one turn falls out."""
    return statistics.median(a / b for a, b in zip(values, others))


def table(heads, rows):
    """Markdown; the first column is text, the others are figures."""
    lines = ["| " + " | ".join(heads) + " |", "|---|" + "---:|" * (len(heads) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def short(number):
    """20000 -> 20 k, 5000000 -> 5 M."""
    for unit, sign in ((1_000_000, " M"), (1000, " k")):
        if number >= unit:
            return f"{number / unit:.3g}{sign}"
    return str(number)


def machine():
    """One line: system, kernel, processor, cores, memory."""
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as stream:
        for line in stream:
            if line.startswith("model name"):
                model = " ".join(line.split(":", 1)[1].split())
                break
    release = platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (f"{release}, kernel {platform.release()}, {model}, {os.cpu_count()} cores, {memory_gib:.0f} GiB")


def last_core():
    """The core to run on: the last of those allowed, since interrupts prefer the first. None: only one there is."""
    cores = sorted(os.sched_getaffinity(0))
    return cores[-1] if len(cores) > 1 else None
