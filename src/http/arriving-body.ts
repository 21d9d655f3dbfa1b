/** Bytes that are worth reading: a server can send them one by one. */
const ENOUGH = 64 * 1024;
/** Bytes that may wait to be read. What comes after them waits in the socket, and then at the server. */
const MOST_WAITING = 2 * ENOUGH;
/** Bytes that a chunk takes besides its own. */
const OF_CHUNK = 200;

/** What a body does to the request that brings it. */
export interface Source {
  /** Lets no more come for now. */
  pause(): void;
  resume(): void;
  /** Ends the request; nothing is read any more. */
  abort(reason: Error): void;
}

/** The body of an answer while it arrives, to be read once. It is kept no longer than it takes to read it. */
export class ArrivingBody implements AsyncIterable<Buffer> {
  /** Settles when the request is over: with why, if it has ended before the body. */
  readonly closed: Promise<Error | undefined>;
  readonly #close: (failure: Error | undefined) => void;
  readonly #source: Source;
  #waiting: Buffer[] = [];
  /** Bytes that they take. */
  #size = 0;
  #isPaused = false;
  #end: { failure: Error | undefined } | undefined;
  #wake: () => void = () => undefined;

  constructor(source: Source) {
    this.#source = source;
    let close: (failure: Error | undefined) => void = () => undefined;
    this.closed = new Promise((resolve) => (close = resolve));
    this.#close = close;
  }

  add(chunk: Buffer): void {
    if (this.#end) return;
    this.#waiting.push(chunk);
    this.#size += chunk.length + OF_CHUNK;
    if (this.#size >= MOST_WAITING && !this.#isPaused) {
      this.#isPaused = true;
      this.#source.pause();
    }
    if (this.#size >= ENOUGH) this.#wake();
  }

  /** No more will come. @param failure why, if that is not all. */
  end(failure?: Error): void {
    if (this.#end) return;
    this.#end = { failure };
    this.#close(failure);
    this.#wake();
  }

  /** Nobody will read on. */
  giveUp(): void {
    if (this.#end) return;
    this.end();
    this.#waiting = [];
    this.#source.abort(new Error("The rest is not of interest"));
  }

  /** @throws why it has ended, if it is cut. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for (;;) {
      // Of what is lost, the beginning is of no use.
      if (this.#end?.failure) throw this.#end.failure;
      if (this.#size >= ENOUGH || (this.#end && this.#waiting.length > 0)) {
        const chunks = this.#waiting;
        this.#waiting = [];
        this.#size = 0;
        // A request that is over has no time limit to go on with.
        if (this.#isPaused && !this.#end) {
          this.#isPaused = false;
          this.#source.resume();
        }
        yield* chunks;
      } else if (this.#end) {
        return;
      } else {
        await new Promise<void>((wake) => (this.#wake = wake));
      }
    }
  }
}
