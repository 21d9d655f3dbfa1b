const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;

/** The part of a long text of bytes that is looked at: more is added to its end, and what was read leaves its beginning. */
export class ByteWindow {
  /** One byte before what it holds, and one after it, are free. */
  #store: Buffer;
  #start = 1;
  #end = 1;

  /** @param size bytes that it most often holds. */
  constructor(size: number) {
    this.#store = Buffer.allocUnsafe(size + 2);
  }

  get length(): number {
    return this.#end - this.#start;
  }

  /** What it holds, until it is changed. */
  get bytes(): Buffer {
    return this.#store.subarray(this.#start, this.#end);
  }

  add(more: Buffer): void {
    const wanted = this.length + more.length + 2;
    const to =
      wanted > this.#store.length
        ? Buffer.allocUnsafe(Math.max(wanted, 2 * this.#store.length))
        : this.#store;
    this.#store.copy(to, 1, this.#start, this.#end);
    this.#end = 1 + this.length;
    this.#start = 1;
    this.#store = to;
    this.#end += more.copy(to, this.#end);
  }

  /** Its first bytes as a text between the brackets of a list: to write them around the text would copy it once more. */
  inBrackets(length: number): string {
    const before = this.#start - 1;
    const after = this.#start + length;
    const [first = 0, last = 0] = [this.#store[before], this.#store[after]];
    this.#store[before] = OPEN_LIST;
    this.#store[after] = CLOSE_LIST;
    const text = this.#store.toString("utf8", before, after + 1);
    this.#store[before] = first;
    this.#store[after] = last;
    return text;
  }

  /** Its first bytes leave it. */
  drop(length: number): void {
    this.#start += length;
  }
}
