/** One piece of work where several ask for the same at once. A failure is not kept, nor is a result: that is the caller's business. */
export class Once<T> {
  readonly #underWay = new Map<string, Promise<T>>();

  run(key: string, work: () => Promise<T>): Promise<T> {
    let result = this.#underWay.get(key);
    if (result === undefined) {
      result = work().finally(() => this.#underWay.delete(key));
      this.#underWay.set(key, result);
    }
    return result;
  }
}
