/** Keeps the best so far in the table while a shape is being tuned: whoever stops a tuner, or loses it, has what it found. */
import type { Request } from "../../dsl/index.ts";

/** Between two writings of a shape that is under way: choosing among thousands of records takes a while. */
const EVERY_MILLISECONDS = 10_000;

export interface TableKeeperOptions {
  /** Writes what the records of a request have for the table. */
  readonly write: (request: Request) => Promise<void>;
  /** Milliseconds. */
  readonly now: () => number;
}

export class TableKeeper {
  readonly #options: TableKeeperOptions;
  #request: Request | undefined;
  #written = 0;

  constructor(options: TableKeeperOptions) {
    this.#options = options;
  }

  begin(request: Request): void {
    this.#request = request;
    this.#written = this.#options.now();
  }

  /** Between batches: writes where it has not for ten seconds. */
  async soon(): Promise<void> {
    if (this.#options.now() - this.#written >= EVERY_MILLISECONDS) await this.end();
  }

  /** The last word, or the best so far. */
  async end(): Promise<void> {
    if (this.#request !== undefined) await this.#options.write(this.#request);
    this.#written = this.#options.now();
  }
}
