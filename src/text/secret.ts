import { hash, timingSafeEqual } from "node:crypto";
import { inspect } from "node:util";

const SHOWN = "[secret]";

/**
 * A token or a password. Whatever prints, logs, copies or stores it gets nothing of it, not even its length; only
 * {@link Secret.reveal} gives the value, to the code that sends it.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself, to be sent or compared, never to be kept or shown. */
  reveal(): string {
    return this.#value;
  }

  /** Whether it is this text. How long that takes tells nothing of either. */
  equals(text: string): boolean {
    return timingSafeEqual(digestOf(this.#value), digestOf(text));
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  [inspect.custom](): string {
    return SHOWN;
  }
}

/** All digests have one length, as the comparison needs it. */
function digestOf(text: string): Buffer {
  return hash("sha256", text, "buffer");
}
