"""Asks for nodes at a steady rate, by the script of placed runs, and prints how long a grant took."""

import asyncio
import os
import resource
import sys
import time

RATE, SECONDS = float(sys.argv[1]), float(sys.argv[2])
SLOT = open("/tmp/slot.sh", encoding="utf-8").read()
REQUEST = {
    "verb": "place", "partition": "e2e", "slot": SLOT, "grace": "1", "cpus": "1", "memory": "1000",
    "minutes": "10", "exclude": "", "stays": "", "again": "",
}
took, failed = [], []


async def place(number):
    asked = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        "sh", "/tmp/slurm.sh",
        env=dict(os.environ, **REQUEST, run=f"run{number}", name=f"e2e-scale{number % 50}-{number}"),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )
    said = b""
    while line := await process.stdout.readline():
        said = line
        if line.startswith((b"placed", b"refused", b"ended")):
            break
    if said.startswith(b"placed"):
        took.append(time.monotonic() - asked)
    else:
        failed.append(said.decode() or (await process.stderr.read()).decode())
    process.stdin.write(b"taken\n")
    process.stdin.close()
    await process.wait()


async def main():
    began = time.monotonic()
    count = int(RATE * SECONDS)
    requests = []
    for number in range(count):
        await asyncio.sleep(max(0, began + number / RATE - time.monotonic()))
        requests.append(asyncio.create_task(place(number)))
        if number and number % int(60 * RATE) == 0:
            recent = sorted(took[-int(60 * RATE):])
            print(f"after {number / RATE:.0f} s: {number} asked, {len(took)} granted, of late p50 "
                  f"{recent[len(recent) // 2] * 1000:.0f} ms, most {recent[-1] * 1000:.0f} ms", flush=True)
    await asyncio.gather(*requests)
    wall = time.monotonic() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = (used.ru_utime + used.ru_stime) / count
    took.sort()
    at = [took[int((len(took) - 1) * percent / 100)] * 1000 for percent in (50, 99, 100)]
    print(f"{count} requests, {count / wall:.1f} a second: {len(took)} granted, {len(failed)} not {failed[:1]}")
    print(f"a grant: p50 {at[0]:.0f} ms, p99 {at[1]:.0f} ms, most {at[2]:.0f} ms")
    print(f"CPU of a request on the login host: {cpu * 1000:.0f} ms")


asyncio.run(main())
