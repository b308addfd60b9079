/** Tests that compile CUDA need NVRTC. In CI its absence is a failure; elsewhere such tests are shown as skipped, with the way to get it. */
import { describe } from "vitest";
import { addon } from "../../native/index.ts";

export const HOW_TO_GET_NVRTC = "pip install nvidia-cuda-nvrtc==13.0.88, or name a libnvrtc in TOPKIT_NVRTC";

/** As `describe`; skipped, visibly, where there is no NVRTC and this is not CI. */
export function describeWithNvrtc(title: string, body: () => void): void {
  const found = addon().nvrtcInfo();
  if (found.ok || process.env.CI) describe(title, body);
  else describe.skip(`${title} (no NVRTC: ${HOW_TO_GET_NVRTC})`, body);
}
