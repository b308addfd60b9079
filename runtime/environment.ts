/** The environment variables that turn what runs. Read when used, so that a test or a program may set them. */
import type { Surroundings } from "../dsl/index.ts";
import { TopkitError } from "./errors.ts";
import { BACKENDS } from "./host-input.ts";
import type { Backend } from "./types.ts";

/** An empty variable is an unset one. */
const read = (name: string): string | undefined => process.env[name] || undefined;

/** Errors: TK114 where TOPKIT_CANDIDATE_TARGET is no positive integer. */
export function surroundings(): Surroundings {
  const text = read("TOPKIT_CANDIDATE_TARGET");
  if (text === undefined) return {};
  const candidateTarget = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(candidateTarget) || candidateTarget < 1) {
    throw new TopkitError(
      "TK114",
      `TOPKIT_CANDIDATE_TARGET is ${JSON.stringify(text)}; it is a positive integer, the stage-2 candidates of a row: correct or unset it`,
    );
  }
  return { candidateTarget };
}

/** What backend "auto" means here. Errors: TK114 where TOPKIT_BACKEND names none. */
export function defaultBackend(): Backend {
  const text = read("TOPKIT_BACKEND") ?? "auto";
  const found = BACKENDS.find((backend) => backend === text);
  if (found === undefined)
    throw new TopkitError("TK114", `TOPKIT_BACKEND is ${JSON.stringify(text)}; it is one of ${BACKENDS.join(", ")}: correct or unset it`);
  return found;
}
