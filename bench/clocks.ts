/**
 * What nvidia-smi says of the device while the benchmark runs: the driver, the clock, and whether the device was slowed down. Optional: without
 * nvidia-smi nothing is known, and no sample is dropped.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** Reasons that make a sample worthless: hardware and thermal slowdowns and the power brake. Source: NVML's nvmlClocksEventReason constants. */
const SLOWED = 0x08n | 0x20n | 0x40n | 0x80n;
const EVERY_MILLISECONDS = 200;

export class Clocks implements Disposable {
  readonly driver: string | undefined;
  readonly #watch: ChildProcess | undefined;
  #slow = false;
  #clocks: number[] = [];

  constructor(ordinal = 0) {
    const query = (fields: string): string[] => [`--id=${ordinal}`, `--query-gpu=${fields}`, "--format=csv,noheader,nounits"];
    try {
      this.driver = execFileSync("nvidia-smi", query("driver_version"), { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    } catch {
      return;
    }
    const fields = query("clocks.sm,clocks_throttle_reasons.active");
    this.#watch = spawn("nvidia-smi", [...fields, `--loop-ms=${EVERY_MILLISECONDS}`], { stdio: ["ignore", "pipe", "ignore"] });
    this.#watch.on("error", () => {});
    this.#watch.unref();
    createInterface({ input: this.#watch.stdout! }).on("line", (line) => this.read(line));
    (this.#watch.stdout as unknown as { unref(): void }).unref();
  }

  /** A line such as "1980, 0x0000000000000000". */
  read(line: string): void {
    const [clock, reasons] = line.split(",").map((cell) => cell.trim());
    if (clock !== undefined && /^\d+$/.test(clock)) this.#clocks.push(Number(clock));
    if (reasons !== undefined && /^0x[0-9a-f]+$/i.test(reasons)) this.#slow ||= (BigInt(reasons) & SLOWED) !== 0n;
  }

  /** Whether it was slowed down since this was asked last. */
  throttled(): boolean {
    const slow = this.#slow;
    this.#slow = false;
    return slow;
  }

  /** The SM clock since this was asked last, as "1980" or "1755-1980" MHz. */
  range(): string | undefined {
    const clocks = this.#clocks;
    this.#clocks = [];
    if (clocks.length === 0) return undefined;
    const [least, most] = [Math.min(...clocks), Math.max(...clocks)];
    return least === most ? `${most}` : `${least}-${most}`;
  }

  [Symbol.dispose](): void {
    this.#watch?.kill();
  }
}
