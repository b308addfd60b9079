/** Progress on stderr: a line now and then, since a log is read by people and by files. */
import { log } from "./status.ts";

/** Calls come often; a line is made and written at the first, and then once in so many milliseconds. */
export function nowAndThen(line: () => string, milliseconds = 5000): () => void {
  let last = 0;
  return () => {
    const now = performance.now();
    if (last !== 0 && now - last < milliseconds) return;
    last = now;
    log(`  ${line()}`);
  };
}
