"""Speaks the protocol of bench/torch_peer.py without torch. argv[1]: what it does wrong."""
import json
import sys

how = sys.argv[1] if len(sys.argv) > 1 else ""
if how == "no-torch":
    print(json.dumps({"error": "no torch here"}), flush=True)
    sys.exit(0)
if how == "silent":
    sys.exit(0)
print(json.dumps({"torch": "9.9"}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    if request["do"] == "load":
        with open(request["file"], "rb") as file:
            data = file.read()
        size = 4 if request["dtype"] == "f32" else 2
        row = request["cols"] * size
        # the first k of each row, in the row's order: the answer of rows that fall
        chunk = b"".join(data[at : at + request["k"] * size] for at in range(0, len(data), row))
        per = request["rows"] * request["k"] * size
        answer = {}
        if how == "no-memory":
            answer = {"error": "load: OutOfMemoryError"}
    elif request["do"] == "prepare":
        answer = {"calls": 3}
        results = 1 if request["mode"] == "graph-hot" else 2
    elif request["do"] == "sample":
        answer = {"us": 12.5}
    elif request["do"] == "finish_sample":
        answer = {"wrongRows": 5 if how == "wrong" else 0, "results": results}
    elif request["do"] == "finish":
        with open(request["file"], "wb") as file:
            for result in range(results):
                start = (result * per) % len(chunk)
                file.write(bytes(per) if how == "wrong" else chunk[start : start + per])
        answer = {"wrongRows": 0, "results": results}
    else:
        answer = {}
    if how == "dies" and request["do"] == "sample":
        sys.exit(1)
    print(json.dumps(answer), flush=True)
