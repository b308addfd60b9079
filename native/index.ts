/** The native addon and its types. Importing this never fails; addon() may. */
import { loadAddon, packageRoot } from "./load.ts";
import type { NativeAddon } from "./types.ts";

export type * from "./types.ts";
export { packageRoot };

let loaded: NativeAddon | undefined;

/** Loaded at the first call. Errors: code TK_NO_ADDON where no addon fits this platform. */
export function addon(): NativeAddon {
  loaded ??= loadAddon(packageRoot);
  return loaded;
}
