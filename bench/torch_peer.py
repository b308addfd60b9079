"""torch.topk, and sampling with torch, as a peer of `topkit bench` (bench/torch-peer.ts): JSON lines in, one JSON line out for each; ends with its input.

It measures as bench/measure.ts does: the same bits at the same strides, calls in one CUDA graph behind a lead-in, time between two events.
"""
import ctypes
import json
import signal
import sys

# Ctrl-C goes to the whole group of processes; the bench decides what is finished, and closes our input.
signal.signal(signal.SIGINT, signal.SIG_IGN)

try:
    import torch
except ImportError as error:
    print(json.dumps({"error": f"{sys.executable} has no torch ({error})"}), flush=True)
    sys.exit(0)

GO_MICROSECONDS = 4000
MOST_CALLS = 4096
LEAD_IN_READS = 10
# of bench/sample-run.ts
TEMPERATURE = 0.8
TOP_P = 0.95
DTYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}


class Peer:
    def __init__(self):
        self.scratch = None
        self.unload()

    def unload(self):
        self.graph = self.go = self.x = None
        self.results = []
        torch.cuda.empty_cache()
        return {}

    def load(self, file, rows, cols, k, dtype, copies, distinct, strideBytes, scratchBytes):
        """The file holds `distinct` inputs, packed; copy c is input c % distinct, strideBytes from copy to copy."""
        element = DTYPES[dtype]
        size = torch.empty((), dtype=element).element_size()
        bytes_ = rows * cols * size
        self.k, self.copies = k, copies
        self.memory = torch.zeros(copies * strideBytes, dtype=torch.uint8, device="cuda")
        host = torch.from_file(file, shared=False, size=distinct * bytes_, dtype=torch.uint8)
        for copy in range(copies):
            start = (copy % distinct) * bytes_
            self.memory[copy * strideBytes : copy * strideBytes + bytes_].copy_(host[start : start + bytes_])
        self.x = [self.memory[copy * strideBytes : copy * strideBytes + bytes_].view(element).view(rows, cols) for copy in range(copies)]
        if self.scratch is None:
            self.scratch = torch.ones(scratchBytes // 4, dtype=torch.int32, device="cuda")
        torch.cuda.synchronize()
        return {}

    def prepare(self, mode, outgrowL2, work):
        """`work`: topk, or sample: the chain that draws a token from each row with torch's own functions."""
        self.graph = None
        self.work = {"topk": self.topk, "sample": self.sample_chain}[work]
        self.results = [None] * (1 if mode == "graph-hot" else self.copies)
        repeatable = outgrowL2 or mode == "graph-hot"
        inputs = len(self.results)
        # plan the calls of a go as bench/measure.ts does, from the time of one turn of the inputs
        least = max(inputs, 16 if repeatable else 1)
        for _ in range(2):
            self.calls(least)
        turn = self.between(lambda: self.calls(least)) * inputs / least
        turns = max(1, round(GO_MICROSECONDS / turn)) if repeatable else 1
        self.count = inputs * max(1, min(turns, MOST_CALLS // inputs))
        if mode == "eager":
            self.go, self.behind = (lambda: self.calls(self.count)), False
            return {"calls": self.count}
        torch.cuda.synchronize()
        self.results = [None] * inputs
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.calls(self.count)
        self.go, self.behind = self.graph.replay, True
        self.sample()
        return {"calls": self.count}

    def calls(self, count):
        """The first call on each input leaves its result to be checked."""
        inputs = len(self.results)
        for call in range(count):
            result = self.work(self.x[call % inputs])
            if call < inputs:
                self.results[call] = result

    def topk(self, x):
        return torch.topk(x, self.k)

    def sample_chain(self, x):
        values, indices = torch.topk(x, self.k)
        probabilities = torch.softmax(values.float() / TEMPERATURE, dim=-1)
        # top-p, which keeps the candidate that crosses it; multinomial divides by what is left
        kept = probabilities.cumsum(dim=-1) - probabilities < TOP_P
        place = torch.multinomial(probabilities * kept, 1)
        return indices.gather(1, place)

    def between(self, work, behind=False):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        if behind:
            for _ in range(LEAD_IN_READS):
                self.scratch.max()
        start.record()
        work()
        end.record()
        end.synchronize()
        return start.elapsed_time(end) * 1000

    def sample(self):
        return {"us": self.between(self.go, self.behind) / self.count}

    def finish_sample(self):
        """In how many rows the token is none of the top-k's columns."""
        for tokens in self.results:
            tokens.fill_(-1)
        self.go()
        torch.cuda.synchronize()
        wrong = sum(int((~(torch.topk(x, self.k).indices == tokens).any(dim=1)).sum()) for x, tokens in zip(self.x, self.results))
        return {"wrongRows": wrong, "results": len(self.results)}

    def finish(self, file):
        """Writes the values of every input's result, and says in how many rows an index is no column of its value, or comes twice."""
        for values, indices in self.results:
            values.zero_()
            indices.fill_(-1)
        self.go()
        torch.cuda.synchronize()
        wrong = 0
        with open(file, "wb") as out:
            for copy, (values, indices) in enumerate(self.results):
                inside = ((indices >= 0) & (indices < self.x[copy].shape[1])).all(dim=1)
                there = self.x[copy].gather(1, indices.clamp(0, self.x[copy].shape[1] - 1))
                same = ((there == values) | (there.isnan() & values.isnan())).all(dim=1)
                ordered = indices.sort(dim=1).values
                once = (ordered[:, 1:] != ordered[:, :-1]).all(dim=1)
                wrong += int((~(inside & same & once)).sum())
                host = values.contiguous().cpu()
                out.write(ctypes.string_at(host.data_ptr(), host.numel() * host.element_size()))
        return {"wrongRows": wrong, "results": len(self.results)}


def main():
    if not torch.cuda.is_available():
        print(json.dumps({"error": f"torch {torch.__version__} of {sys.executable} sees no GPU"}), flush=True)
        return
    print(json.dumps({"torch": torch.__version__, "device": torch.cuda.get_device_name()}), flush=True)
    peer = Peer()
    for line in sys.stdin:
        request = json.loads(line)
        do = request.pop("do")
        try:
            answer = getattr(peer, {name: name for name in ("load", "prepare", "sample", "finish", "finish_sample", "unload")}[do])(**request)
        except Exception as error:  # the bench reports it and goes on with other shapes
            answer = {"error": f"{do}: {type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


main()
