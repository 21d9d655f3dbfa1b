/** Bytes of one block. */
const LONGEST_BLOCK = 1024 * 1024;

/**
 * The body of an answer as it arrives, in blocks. A server can send it byte by byte, and each chunk would take a
 * hundred times its byte in memory; a single block would have to be made in one go.
 */
export class CollectedBytes {
  /** Bytes. */
  length = 0;
  readonly #full: Buffer[] = [];
  #last: Buffer = Buffer.alloc(0);
  #used = 0;

  add(chunk: Buffer): void {
    for (let from = 0; from < chunk.length;) {
      if (this.#used === this.#last.length) this.#next(chunk.length - from);
      const copied = chunk.copy(this.#last, this.#used, from);
      this.#used += copied;
      from += copied;
    }
    this.length += chunk.length;
  }

  /** No longer than 1 MB each. */
  blocks(): Buffer[] {
    return [...this.#full, this.#last.subarray(0, this.#used)];
  }

  /** Doubles the total each time, so that there are few blocks, and a short body takes no more than it needs. */
  #next(wanted: number): void {
    if (this.#used > 0) this.#full.push(this.#last);
    this.#last = Buffer.allocUnsafeSlow(Math.min(Math.max(wanted, this.length), LONGEST_BLOCK));
    this.#used = 0;
  }
}
