#!/usr/bin/env bash
# What a preloaded library costs a program at its start: `true`, natively, with a library that does nothing, with ours,
# through ptunnel-run, and with proxychains4 if it is there; interleaved. Prints a table (markdown).
#   RUNS=200
set -eu
cd "$(dirname "$0")/../.."
B=$(cd "${B:-build}" && pwd)
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
: | ${CC:-cc} -shared -fPIC -x c - -o "$work/empty.so"
printf '[ProxyList]\nhttp 127.0.0.1 1\n' > "$work/proxychains"
python=$(python3 -c 'import sys; print(sys.executable)')

"$python" - "${RUNS:-200}" "$B" "$work" << 'END'
import os
import shutil
import statistics
import sys
import time

runs, build, work = int(sys.argv[1]), sys.argv[2], sys.argv[3]
program = shutil.which("true")


def environment(**more):
    return {**{k: v for k, v in os.environ.items() if k != "LD_PRELOAD"}, **more}


library, proxy = build + "/libptunnel.so", "127.0.0.1:1"
variants = [
    ("native", [program], environment()),
    ("empty preload", [program], environment(LD_PRELOAD=work + "/empty.so")),
    ("libptunnel.so", [program], environment(LD_PRELOAD=library, PTUNNEL_PROXY=proxy)),
    ("ptunnel-run", [build + "/ptunnel-run", "-p", proxy, program], environment()),
]
proxychains = shutil.which("proxychains4")
if proxychains:
    variants.append(("proxychains4", [proxychains, "-q", "-f", work + "/proxychains", program], environment()))

times = {name: [] for name, _, _ in variants}
for run in range(runs):
    for name, command, environ in variants:
        start = time.perf_counter()
        pid = os.posix_spawn(command[0], command, environ)
        _, status = os.waitpid(pid, 0)
        times[name].append(time.perf_counter() - start)
        if status:
            sys.exit(f"{name}: status {status}")

native = statistics.median(times["native"])
print(f"| `true`, {runs} runs each | median ms | least ms | over native ms |\n|---|--:|--:|--:|")
for name, each in times.items():
    median = statistics.median(each)
    print(f"| {name} | {median * 1e3:.2f} | {min(each) * 1e3:.2f} | {(median - native) * 1e3:+.2f} |")
END
