/** The backends there are, and which of them "auto" means. */
import type { NativeAddon } from "../native/types.ts";
import type { BackendDevice } from "./backend.ts";
import { checkInteger, checkOneOf, checkOptions } from "./check.ts";
import { cpuProblem, openCpu } from "./cpu-device.ts";
import { cudaProblem, openCuda } from "./cuda-device.ts";
import { DeviceHandle } from "./device.ts";
import { emulateProblem, openEmulator } from "./emulate-device.ts";
import { defaultBackend } from "./environment.ts";
import { TopkitError } from "./errors.ts";
import { BACKENDS } from "./host-input.ts";
import { native } from "./native-access.ts";
import type { Availability, Backend, ConcreteBackend, Device, OpenOptions } from "./types.ts";

interface Entry {
  /** Why it cannot be used, as the error that open() throws. */
  readonly problem: () => TopkitError | undefined;
  readonly open: (ordinal: number) => BackendDevice;
}

const entries: Readonly<Record<ConcreteBackend, Entry>> = {
  cuda: { problem: cudaProblem, open: openCuda },
  cpu: { problem: cpuProblem, open: openCpu },
  emulate: { problem: emulateProblem, open: openEmulator },
};

const CONCRETE = BACKENDS.filter((backend) => backend !== "auto");

/** Whether a backend can be used here, and why not. Errors: TK101 for an unknown name. */
export function isAvailable(backend: ConcreteBackend): Availability {
  checkOneOf("TK101", "backend", backend, CONCRETE);
  const problem = entries[backend].problem();
  return problem === undefined ? { ok: true } : { ok: false, reason: problem.message };
}

/** Opens a device. Errors: TK101, TK201 to TK205, TK302. */
export async function open(options: OpenOptions = {}): Promise<Device> {
  checkOptions(options, ["device", "backend"], "open()");
  const { device = 0, backend = "cuda" } = options;
  checkOneOf("TK101", "backend", backend, CONCRETE);
  checkInteger("TK101", "device", device, 0, 2 ** 31 - 1, "a CUDA device's number, from 0");
  return new DeviceHandle(entries[backend].open(device));
}

/** What a backend's name stands for, in the order of preference. Errors: TK114. */
export function candidates(backend: Backend | undefined): readonly ConcreteBackend[] {
  const wanted = backend === undefined || backend === "auto" ? defaultBackend() : backend;
  if (wanted !== "auto") return [wanted];
  return gpuUsable() ? ["cuda", "cpu"] : ["cpu"];
}

/** Looked up once a process: a driver does not come or go, and looking costs a search of the disk. */
const usable = new WeakMap<NativeAddon, boolean>();

function gpuUsable(): boolean {
  const addon = native();
  let known = usable.get(addon);
  if (known === undefined) {
    known = cudaProblem() === undefined;
    usable.set(addon, known);
  }
  return known;
}

const shared = new WeakMap<NativeAddon, Map<ConcreteBackend, BackendDevice>>();

/** The device that topk() computes on, opened once a process. */
export function sharedDevice(backend: ConcreteBackend): BackendDevice {
  const addon = native();
  const devices = shared.get(addon) ?? new Map<ConcreteBackend, BackendDevice>();
  shared.set(addon, devices);
  const device = devices.get(backend) ?? entries[backend].open(0);
  devices.set(backend, device);
  return device;
}

/**
 * Computes on the backend's shared device, and says which it was. "auto" goes on to the next backend where no plan answers the shape; every other failure
 * is the caller's to know.
 */
export async function onFirst(backend: Backend | undefined, compute: (device: BackendDevice) => Promise<void>): Promise<ConcreteBackend> {
  const backends = candidates(backend);
  for (const [place, chosen] of backends.entries()) {
    try {
      await compute(sharedDevice(chosen));
      return chosen;
    } catch (error) {
      const last = place === backends.length - 1;
      if (last || !(error instanceof TopkitError && error.code === "TK112")) throw error;
    }
  }
  throw new Error("candidates() names at least one backend");
}
