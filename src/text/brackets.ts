const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Objects and lists within one another; an authorization has four. */
export const DEEPEST = 64;

/**
 * Follows the brackets and strings of a JSON text through its bytes, to find where it can be cut. `JSON.parse` judges
 * whether the parts are JSON.
 */
export class Brackets {
  /** Objects and lists that are open. */
  depth = 0;
  /** Values that have begun, or nearly so: opening brackets and commas. */
  values = 0;
  #isInString = false;

  /**
   * Goes on to the next place where the text enters the given depth, leaves it, or has a comma in it.
   *
   * @param at where to go on. It can lie behind the last byte, if that is the first half of an escape.
   * @param firstComma commas before this place do not count.
   * @returns the place, or at least the number of bytes if there is none.
   * @throws {RangeError} if the text is nested too deep.
   */
  next(bytes: Uint8Array, at: number, depth: number, firstComma: number): number {
    const { length } = bytes;
    for (; at < length; at++) {
      if (this.#isInString) {
        for (let byte = bytes[at]; at < length && byte !== QUOTE; byte = bytes[++at]) {
          if (byte === BACKSLASH) at++;
        }
        if (at >= length) return at;
        this.#isInString = false;
        continue;
      }
      switch (bytes[at]) {
        case QUOTE:
          this.#isInString = true;
          break;
        case OPEN_LIST:
        case OPEN_OBJECT:
          this.values++;
          if (++this.depth > DEEPEST) throw new RangeError("Too deep");
          if (this.depth === depth) return at;
          break;
        case CLOSE_LIST:
        case CLOSE_OBJECT:
          if (this.depth-- === depth) return at;
          break;
        case COMMA:
          this.values++;
          if (this.depth === depth && at >= firstComma) return at;
      }
    }
    return at;
  }
}
