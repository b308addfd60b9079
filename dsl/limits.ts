/** What a device allows. The one place where a launch is checked against a device. */
import type { AnyKernel, Launch } from "./kernel.ts";

export interface DeviceLimits {
  /** Compute capability, as 90 for 9.0. */
  readonly arch: number;
  readonly maxThreadsPerBlock: number;
  /** Dynamic shared memory a block may ask for (the opt-in limit). */
  readonly maxSharedBytes: number;
  /** Blocks a cluster; 1 before Hopper. */
  readonly maxCluster: number;
  /** PTX ISA version that the compiler gives, as "8.7"; absent where there is no compiler. */
  readonly ptx?: string | undefined;
}

export const MAX_GRID = 2 ** 31 - 1;

/** 32-bit registers of a multiprocessor, on every architecture that topkit knows. */
export const REGISTERS_PER_SM = 65536;

const ptxNumber = (version: string): number => {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major * 100 + minor;
};

/** Why a device cannot run this launch of this kernel, in words, or undefined. */
export function beyondLimits(kernel: AnyKernel, launch: Launch, limits: DeviceLimits): string | undefined {
  if (limits.arch < kernel.minArch) return `needs compute capability ${kernel.minArch / 10}, the device has ${limits.arch / 10}`;
  if (limits.ptx !== undefined && ptxNumber(limits.ptx) < ptxNumber(kernel.minPtx)) return `needs PTX ${kernel.minPtx}, NVRTC gives ${limits.ptx}`;
  if (launch.block > limits.maxThreadsPerBlock) return `needs ${launch.block} threads a block, the device allows ${limits.maxThreadsPerBlock}`;
  if (launch.sharedBytes > limits.maxSharedBytes)
    return `needs ${launch.sharedBytes} bytes of shared memory a block, the device allows ${limits.maxSharedBytes}`;
  if (launch.cluster > limits.maxCluster) return `needs clusters of ${launch.cluster} blocks, the device allows ${limits.maxCluster}`;
  if (launch.grid > MAX_GRID) return `needs ${launch.grid} blocks, a grid has at most ${MAX_GRID}`;
  return undefined;
}
