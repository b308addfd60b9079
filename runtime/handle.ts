/** What devices, tensors, streams and plans have in common: an owner, a life that ends once, and a place in the order of work. */
import { shown, TopkitError } from "./errors.ts";
import { Timeline } from "./timeline.ts";

type ClassOf<T> = abstract new (...args: never[]) => T;

export abstract class Handle extends Timeline implements Disposable {
  abstract readonly kind: string;
  /** The class that made it: a prototype may be given to anything, and a proxy of a handle is none. */
  readonly #made: ClassOf<Handle>;
  #disposed = false;

  constructor() {
    super();
    this.#made = new.target;
  }

  static isMade<T extends Handle>(given: unknown, type: ClassOf<T>): given is T {
    return typeof given === "object" && given !== null && #made in given && given.#made === type;
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /** Frees what the handle owns; called once. Native handles that are collected without it close themselves. */
  protected abstract release(): void;

  /** Idempotent. What the handle owns is freed once pending work on it is done. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (this.tail === undefined) this.release();
    else void this.tail.then(() => this.release());
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Errors: TK401 after dispose(). */
  checkAlive(): void {
    if (this.#disposed) throw new TopkitError("TK401", `this ${this.kind} was disposed; make a new one, or dispose it later`, { kind: this.kind });
  }
}

/** A handle of one device. */
export abstract class OwnedHandle extends Handle {
  readonly owner: Handle;

  constructor(owner: Handle) {
    super();
    this.owner = owner;
  }

  override checkAlive(): void {
    super.checkAlive();
    if (this.owner.disposed)
      throw new TopkitError("TK401", `the device of this ${this.kind} was disposed; open a device and make a new ${this.kind}`, { kind: this.kind });
  }
}

/** Errors: TK403 where it is no such handle, TK401 after dispose(), TK402 where it is another device's. */
export function checkHandle<T extends OwnedHandle>(given: unknown, type: ClassOf<T>, owner: Handle, role: string): asserts given is T {
  if (!Handle.isMade(given, type)) {
    throw new TopkitError("TK403", `${role} is ${shown(given)}; give the object that the device's own methods return`, { role });
  }
  given.checkAlive();
  if (given.owner !== owner) throw new TopkitError("TK402", `${role} belongs to another device; make it on the device that the plan is of`, { role });
}
