/** What bench/ncu.ts profiles: for each shape given, the kernel that only reads, and one run of the plan, which is checked. A JSON line a shape on stdout. */
import { DTYPE_BYTES } from "../dsl/index.ts";
import { checkRequest } from "../runtime/check.ts";
import { awaiting, calling } from "../runtime/native-access.ts";
import { DeviceInputs } from "./device-inputs.ts";
import { Gpu } from "./gpu.ts";
import { PartMaker } from "./input-parts.ts";
import type { NcuRow } from "./ncu-results.ts";
import { describe } from "./run-bench.ts";
import type { Workload } from "./workloads.ts";

export type Profiled = Pick<NcuRow, "dtype" | "rows" | "cols" | "k" | "plan" | "device" | "inputBytes">;

async function run(gpu: Gpu, maker: PartMaker, workload: Workload): Promise<Profiled> {
  const { rows, cols, k, dtype } = workload;
  const inputs = await DeviceInputs.make(gpu, maker, workload, 1);
  const inputBytes = rows * cols * DTYPE_BYTES[dtype];
  const floor = gpu.floorList(inputBytes);
  using plan = await gpu.device.plan({ rows, cols, k, dtype });
  try {
    calling(() => floor.run(gpu.nativeStream, [inputs.pointers[0]!.x]));
    plan.run(inputs.x[0]!, inputs.out[0]!, { stream: gpu.stream });
    await awaiting(() => gpu.nativeStream.synchronize());
    const wrong = await inputs.wrongRows(1);
    if (wrong > 0) throw new Error(`${describe(workload)}: ${wrong} rows differ from the reference`);
    return { dtype, rows, cols, k, plan: plan.explain.plan, device: gpu.device.name, inputBytes };
  } finally {
    floor.close();
    inputs.close();
  }
}

using gpu = await Gpu.open();
const maker = new PartMaker();
for (const shape of process.argv.slice(2)) {
  const [rows, cols, k, dtype] = shape.split(",");
  const request = checkRequest({ rows: Number(rows), cols: Number(cols), k: Number(k), dtype: dtype! });
  console.log(JSON.stringify(await run(gpu, maker, { ...request, suite: "", dist: "normal" })));
}
maker.close();
