"""One process of `npm run bench:runtime`: torch.topk in the terms of bench/runtime-cost-target.ts. SHAPE; prints its samples as a line of JSON."""
import json
import os
import sys
import time

CALLS = 100
GOES = 30
# as runtime-cost-target.ts
WARM_UP = 100

rows, cols, k, dtype = sys.argv[1].split(",")
rows, cols, k = int(rows), int(cols), int(k)
started = float(os.environ["TOPKIT_STARTED"])
samples = {}

import torch  # noqa: E402  what a program does that has nothing but the package

imported = time.time() * 1000
element = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}[dtype]
x = torch.zeros(rows, cols, dtype=element).cuda()
torch.topk(x, k)
torch.cuda.synchronize()
samples["start of the process to the first result ms"] = [time.time() * 1000 - started]
samples["start of the process to torch imported ms"] = [imported - started]


def enqueue(name, call):
    """Host microseconds a call, of each go; the device is idle when a go begins."""
    found = []
    for go in range(WARM_UP + GOES):
        torch.cuda.synchronize()
        before = time.perf_counter()
        for _ in range(CALLS):
            call()
        if go >= WARM_UP:
            found.append(1e6 * (time.perf_counter() - before) / CALLS)
    torch.cuda.synchronize()
    samples[name] = found


out = (torch.empty(rows, k, dtype=element, device="cuda"), torch.empty(rows, k, dtype=torch.int64, device="cuda"))
enqueue("call enqueued us", lambda: torch.topk(x, k))
enqueue("call enqueued into given outputs us", lambda: torch.topk(x, k, out=out))

versions = f"python={sys.version.split()[0]};torch={torch.__version__}"
print(json.dumps({"device": torch.cuda.get_device_name(), "versions": versions, "samples": samples}))
