import { inspect } from "node:util";

const SHOWN = "[secret]";

/**
 * A value that nobody may be told: a token, a password. Whatever prints, logs, copies or stores it gets nothing of it,
 * not even its length; only {@link Secret.reveal} gives it, where it is sent.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself, to be sent or compared, never to be kept or told. */
  reveal(): string {
    return this.#value;
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
