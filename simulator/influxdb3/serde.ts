/**
 * Reads JSON as `serde_json` does into a Rust struct, with its messages and the places they name: a client may show
 * them, and a recording has them.
 */

export class SerdeError extends Error {
  override readonly name = "SerdeError";
}

/** Reads one value at the place where the reader is. */
export type Reads<T> = (json: JsonReader) => T;

/** Reads a whole document. */
export function read<T>(bytes: Buffer, value: Reads<T>): T {
  const json = new JsonReader(bytes);
  const result = value(json);
  json.end();
  return result;
}

export const text: Reads<string> = (json) => json.text();
export const u64: Reads<bigint> = (json) => json.u64();

export function optional<T>(value: Reads<T>): Reads<T | undefined> {
  return (json) => (json.isNull() ? undefined : value(json));
}

/** One of the names, which may also be the only key of an object, as for any unit variant of an enum. */
export function variant<T extends string>(names: readonly T[]): Reads<T> {
  return (json) => json.variant(names);
}

export function list<T>(value: Reads<T>): Reads<T[]> {
  return (json) => json.list(value);
}

export interface Field<T> {
  read: Reads<T>;
  /** The object may do without it; a list of the fields' values may not. */
  optional?: true;
}

/** A struct, from an object or from the list of its fields' values. */
export function struct<T extends object>(name: string, fields: { [K in keyof T]: Field<T[K]> }): Reads<T> {
  const byName = new Map(Object.entries<Field<unknown>>(fields));
  return (json) => json.struct(name, byName) as T;
}

/** What a query binds to its placeholders. */
export type Scalar = string | number | bigint | boolean | null;

export const parameters: Reads<Map<string, Scalar>> = (json) => json.parameters();

type Fields = ReadonlyMap<string, Field<unknown>>;

const WHITESPACE = " \t\n\r";

class JsonReader {
  private at = 0;

  constructor(private readonly bytes: Buffer) {}

  // The values that requests are made of.

  end(): void {
    if (this.peek() !== "") throw this.errorAhead("trailing characters");
  }

  isNull(): boolean {
    if (this.peek() !== "n") return false;
    this.word("null");
    return true;
  }

  text(): string {
    if (this.peek() !== '"') throw this.unexpected("a string");
    return this.string();
  }

  u64(): bigint {
    if (!/[-\d]/.test(this.peek())) throw this.unexpected("u64");
    const number = this.number();
    if (typeof number === "bigint" && number >= 0n) return number;
    const kind = typeof number === "bigint" ? "value: integer" : "type: floating point";
    throw this.error(`invalid ${kind} \`${shown(number)}\`, expected u64`);
  }

  variant<T extends string>(names: readonly T[]): T {
    const inObject = this.peek() === "{";
    if (inObject) this.at++;
    if (this.peek() !== '"') throw this.errorAhead(this.atEnd() ? EOF_VALUE : "expected value");
    const name = this.string();
    const found = names.find((each) => each === name);
    if (found === undefined) {
      const expected = names.map((each) => `\`${each}\``).join(", ");
      throw this.error(`unknown variant \`${name}\`, expected one of ${expected}`);
    }
    if (!inObject) return found;
    this.colon();
    if (!this.isNull()) throw this.unexpected("unit");
    if (this.peek() !== "}") throw this.error(this.atEnd() ? EOF_OBJECT : "expected value");
    this.at++;
    return found;
  }

  list<T>(value: Reads<T>): T[] {
    if (this.peek() !== "[") throw this.unexpected("a sequence");
    const values: T[] = [];
    this.at++;
    while (this.hasElement(values.length === 0)) values.push(value(this));
    this.at++;
    return values;
  }

  struct(name: string, fields: Fields): Record<string, unknown> {
    const next = this.peek();
    if (next !== "{" && next !== "[") throw this.unexpected(`struct ${name}`);
    this.at++;
    if (next === "[") return this.structOfList(name, fields);
    const values: Record<string, unknown> = {};
    for (let first = true; this.hasKey(first); first = false) {
      const key = this.string();
      const field = fields.get(key);
      if (field && key in values) throw this.unplaced(`duplicate field \`${key}\``, "}");
      this.colon();
      if (field) values[key] = field.read(this);
      else this.skip();
    }
    for (const [key, field] of fields)
      if (!(key in values) && !field.optional) throw this.unplaced(`missing field \`${key}\``, "}");
    this.at++;
    return values;
  }

  private structOfList(name: string, fields: Fields): Record<string, unknown> {
    const values: [string, unknown][] = [];
    for (const [key, field] of fields) {
      if (!this.hasElement(values.length === 0)) {
        const wanted = `struct ${name} with ${fields.size} elements`;
        throw this.unplaced(`invalid length ${values.length}, expected ${wanted}`, "]");
      }
      values.push([key, field.read(this)]);
    }
    const next = this.peek();
    if (next === "") throw this.errorAhead(EOF_LIST);
    if (next === ",") {
      this.at++;
      throw this.errorAhead(this.peek() === "]" ? "trailing comma" : "trailing characters");
    }
    if (next !== "]") throw this.errorAhead("trailing characters");
    this.at++;
    return Object.fromEntries(values);
  }

  parameters(): Map<string, Scalar> {
    if (this.peek() !== "{") throw this.unexpected("a map");
    this.at++;
    const values = new Map<string, Scalar>();
    for (let first = true; this.hasKey(first); first = false) {
      const key = this.string();
      this.colon();
      const value = this.value();
      if (typeof value === "object" && value !== null) {
        // The dot is only in one of the two.
        const [kind, dot] = Array.isArray(value) ? ["arrays", "."] : ["objects", ""];
        const expected = `Expected null, boolean, number, or string${dot}`;
        throw this.unplaced(`JSON ${kind} are not supported as query parameters. ${expected}`, "}");
      }
      values.set(key, value);
    }
    this.at++;
    return values;
  }

  /** Any value; of a container only its kind. */
  private value(): Scalar | unknown[] | object {
    const next = this.peek();
    if (next === '"') return this.string();
    if (next === "n") return this.word("null");
    if (next === "t" || next === "f") return this.boolean();
    if (/[-\d]/.test(next)) return this.number();
    if (next === "[") return this.list((json) => json.value());
    if (next !== "{") throw this.errorAhead(this.atEnd() ? EOF_VALUE : "expected value");
    this.at++;
    for (let first = true; this.hasKey(first); first = false) {
      this.string();
      this.colon();
      this.value();
    }
    this.at++;
    return {};
  }

  // What lies between values.

  private hasKey(first: boolean): boolean {
    let next = this.peek();
    if (next === "}") return false;
    if (!first && next !== "") {
      if (next !== ",") throw this.errorAhead("expected `,` or `}`");
      this.at++;
      next = this.peek();
      if (next === "}") throw this.errorAhead("trailing comma");
      if (next === "") throw this.errorAhead(EOF_VALUE);
    }
    if (next === "") throw this.errorAhead(EOF_OBJECT);
    if (next !== '"') throw this.errorAhead("key must be a string");
    return true;
  }

  private hasElement(first: boolean): boolean {
    const next = this.peek();
    if (next === "") throw this.errorAhead(EOF_LIST);
    if (next === "]") return false;
    if (first) return true;
    if (next !== ",") throw this.errorAhead("expected `,` or `]`");
    this.at++;
    if (this.peek() === "]") throw this.errorAhead("trailing comma");
    if (this.atEnd()) throw this.errorAhead(EOF_VALUE);
    return true;
  }

  private colon(): void {
    if (this.peek() !== ":") throw this.errorAhead(this.atEnd() ? EOF_OBJECT : "expected `:`");
    this.at++;
  }

  // Tokens.

  /** The next character that is not white space, which is not taken; empty at the end. */
  private peek(): string {
    while (this.at < this.bytes.length && WHITESPACE.includes(this.character())) this.at++;
    return this.character();
  }

  private character(): string {
    return this.atEnd() ? "" : String.fromCharCode(this.bytes[this.at] ?? 0);
  }

  private atEnd(): boolean {
    return this.at >= this.bytes.length;
  }

  private word(word: string): null {
    this.at++;
    for (const wanted of word.slice(1)) {
      if (this.atEnd()) throw this.error(EOF_VALUE);
      const character = this.character();
      this.at++;
      if (character !== wanted) throw this.error("expected ident");
    }
    return null;
  }

  private boolean(): boolean {
    const value = this.character() === "t";
    this.word(String(value));
    return value;
  }

  /** An integer, or a floating point number, which is also what no 64 bits hold. */
  private number(ignored = false): bigint | number {
    const start = this.at;
    if (this.character() === "-") this.at++;
    if (this.atEnd()) throw this.error(EOF_VALUE);
    const isZero = this.character() === "0";
    if (!/\d/.test(this.character())) {
      this.at++;
      throw this.error("invalid number");
    }
    this.at++;
    if (isZero && /\d/.test(this.character())) throw this.errorAhead("invalid number");
    if (!isZero) this.digits();
    let whole = true;
    if (this.character() === ".") {
      whole = false;
      this.at++;
      if (!this.digits()) throw this.errorAhead(this.atEnd() ? EOF_VALUE : "invalid number");
    }
    if (/[eE]/.test(this.character())) {
      whole = false;
      this.at++;
      if (/[-+]/.test(this.character())) this.at++;
      if (this.atEnd()) throw this.error(EOF_VALUE);
      if (!this.digits()) {
        this.at++;
        throw this.error("invalid number");
      }
    }
    const digits = this.bytes.toString("latin1", start, this.at);
    const number = Number(digits);
    if (!Number.isFinite(number) && !ignored) throw this.error("number out of range");
    if (!whole || digits === "-0") return number;
    const integer = BigInt(digits);
    return integer >= -(2n ** 63n) && integer < 2n ** 64n ? integer : number;
  }

  /** @returns whether there was any. */
  private digits(): boolean {
    const start = this.at;
    while (/\d/.test(this.character())) this.at++;
    return this.at > start;
  }

  /** @param ignored in a value that nobody reads, surrogates may stand alone, and bytes need not be UTF-8. */
  private string(ignored = false): string {
    const parts: Buffer[] = [];
    this.at++;
    for (;;) {
      const start = this.at;
      while (/[^"\\\0-\x1f]/.test(this.character())) this.at++;
      parts.push(this.bytes.subarray(start, this.at));
      if (this.atEnd()) throw this.error(EOF_STRING);
      const character = this.character();
      this.at++;
      if (character === '"') break;
      if (character !== "\\") {
        throw this.error("control character (\\u0000-\\u001F) found while parsing a string");
      }
      parts.push(Buffer.from(this.escape(ignored)));
    }
    const all = Buffer.concat(parts);
    try {
      return new TextDecoder("utf-8", { fatal: !ignored, ignoreBOM: true }).decode(all);
    } catch {
      throw this.error("invalid unicode code point");
    }
  }

  private escape(ignored: boolean): string {
    if (this.atEnd()) throw this.error(EOF_STRING);
    const character = this.character();
    this.at++;
    const simple = ESCAPES[character];
    if (simple !== undefined) return simple;
    if (character !== "u") throw this.error("invalid escape");
    const first = this.hex();
    if (ignored || first < 0xd800 || first > 0xdfff) return String.fromCharCode(first);
    if (first >= 0xdc00) throw this.error("lone leading surrogate in hex escape");
    for (const wanted of "\\u") {
      if (this.atEnd()) throw this.error(EOF_STRING);
      const next = this.character();
      this.at++;
      if (next !== wanted) throw this.error("unexpected end of hex escape");
    }
    const second = this.hex();
    if (second < 0xdc00 || second > 0xdfff) throw this.error("lone leading surrogate in hex escape");
    return String.fromCharCode(first, second);
  }

  private hex(): number {
    const digits = this.bytes.toString("latin1", this.at, this.at + 4);
    this.at = Math.min(this.at + 4, this.bytes.length);
    if (digits.length < 4) throw this.error(EOF_STRING);
    if (!/^[\da-f]{4}$/i.test(digits)) throw this.error("invalid escape");
    return Number.parseInt(digits, 16);
  }

  /** Passes over a value that nobody reads, of which serde_json complains in other words. */
  private skip(): void {
    const next = this.peek();
    if (next === '"') this.string(true);
    else if (next === "n") this.word("null");
    else if (next === "t" || next === "f") this.boolean();
    else if (/[-\d]/.test(next)) this.number(true);
    else if (next === "[" || next === "{") this.skipAll(next);
    else throw this.errorAhead(this.atEnd() ? EOF_VALUE : "expected value");
  }

  private skipAll(opening: string): void {
    const [closing, separators, ends] =
      opening === "[" ? ["]", "expected `,` or `]`", EOF_LIST] : ["}", "expected `,` or `}`", EOF_OBJECT];
    this.at++;
    for (let first = true; ; first = false) {
      const next = this.peek();
      if (next === "") throw this.errorAhead(ends);
      if (next === closing) break;
      if (!first) {
        if (next !== ",") throw this.errorAhead(separators);
        this.at++;
      }
      if (opening === "{") {
        if (this.peek() !== '"') throw this.errorAhead(this.atEnd() ? EOF_OBJECT : "key must be a string");
        this.string(true);
        this.colon();
      }
      this.skip();
    }
    this.at++;
  }

  // Errors.

  private unexpected(expected: string): SerdeError {
    const found = this.found();
    return this.error(`invalid type: ${found}, expected ${expected}`);
  }

  /** Reads what is there instead of what should be; of a container nothing more. */
  private found(): string {
    const next = this.peek();
    if (next === "[") return "sequence";
    if (next === "{") return "map";
    const value = this.value();
    if (typeof value === "string") return `string ${debug(value)}`;
    if (typeof value === "boolean") return `boolean \`${value}\``;
    if (typeof value === "bigint") return `integer \`${value}\``;
    return typeof value === "number" ? `floating point \`${shown(value)}\`` : "null";
  }

  /** Of a whole struct, which is only placed once its end has been looked for. */
  private unplaced(message: string, closing: string): SerdeError {
    if (this.peek() === closing) this.at++;
    return this.error(message);
  }

  /** At what was read last. */
  private error(message: string): SerdeError {
    return this.placed(message, this.at);
  }

  /** At what comes next. */
  private errorAhead(message: string): SerdeError {
    return this.placed(message, Math.min(this.at + 1, this.bytes.length));
  }

  private placed(message: string, index: number): SerdeError {
    const before = this.bytes.subarray(0, index);
    const lines = before.reduce((count, byte) => (byte === 0x0a ? count + 1 : count), 1);
    return new SerdeError(`${message} at line ${lines} column ${index - before.lastIndexOf(0x0a) - 1}`);
  }
}

const EOF_VALUE = "EOF while parsing a value";
const EOF_STRING = "EOF while parsing a string";
const EOF_LIST = "EOF while parsing a list";
const EOF_OBJECT = "EOF while parsing an object";

const ESCAPES: Record<string, string> = {
  ...{ '"': '"', "\\": "\\", "/": "/" },
  ...{ b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" },
};

/** A number as Rust writes it: a floating point number has a fraction or an exponent. */
export function shown(number: bigint | number): string {
  if (typeof number === "bigint") return String(number);
  if (Object.is(number, -0)) return "-0.0";
  const size = Math.abs(number);
  if (size !== 0 && (size >= 1e16 || size < 1e-5)) return number.toExponential();
  const digits = String(number);
  return /[.e]/.test(digits) ? digits : `${digits}.0`;
}

/** A text as Rust's `{:?}` writes it. */
export function debug(value: string): string {
  const escaped = value.replaceAll(/["\\\p{C}\p{Zl}\p{Zp}]/gu, (character) => {
    const simple = { '"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0" }[
      character
    ];
    return simple ?? `\\u{${character.codePointAt(0)?.toString(16)}}`;
  });
  return `"${escaped}"`;
}
