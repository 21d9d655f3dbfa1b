/**
 * Decoding of request bodies with the behaviour, and the error messages, of Go's encoding/json: the first value of the
 * body counts and what follows it is ignored; field names match in any case; if a field is named twice the last wins; a
 * syntax error anywhere in the value beats wrong types, and only the first of those is reported.
 */
import { parseID } from "./ids.js";

export class GoJsonError extends Error {
  override readonly name = "GoJsonError";
}

/** What a body is decoded into: the Go type it is named after in messages, and whether null leaves it unset. */
export type Shape =
  | { kind: "string"; type: string; nullable?: boolean }
  | { kind: "id"; type: string; nullable?: boolean }
  | { kind: "time" }
  | { kind: "list"; type: string; of: Shape }
  | { kind: "struct"; type: string; fields: Record<string, Shape> };

type Value =
  | { kind: "object"; entries: [string, Value][] }
  | { kind: "array"; items: Value[] }
  | { kind: "string"; text: string }
  | { kind: "number" | "bool" | "null" };

/** Decodes a body. Fields that are absent, or null if that unsets them, are missing from the result. */
export function decode(body: string, shape: Shape): unknown {
  const value = new Parser(Buffer.from(body)).first();
  const errors: GoJsonError[] = [];
  const result = assign(value, shape, undefined, { struct: "", path: [] }, errors);
  if (errors[0]) throw errors[0];
  return result;
}

/** Where in the target a value goes, as messages tell it: the innermost struct, and the path from the outermost. */
interface Place {
  struct: string;
  path: string[];
}

function assign(value: Value, shape: Shape, before: unknown, place: Place, errors: GoJsonError[]): unknown {
  if (value.kind === "null") return "nullable" in shape || shape.kind === "list" ? undefined : before;
  if (shape.kind === "time") {
    if (value.kind !== "string") throw new GoJsonError("Time.UnmarshalJSON: input is not a JSON string");
    return value.text;
  }
  // An ID that cannot be read ends the decoding at once, unlike a wrong type.
  if (shape.kind === "id" && value.kind === "string") return parseID(value.text);
  if (shape.kind === "string" && value.kind === "string") return value.text;
  if (shape.kind === "list" && value.kind === "array") {
    return value.items.map((item) => assign(item, shape.of, zero(shape.of), place, errors) ?? zero(shape.of));
  }
  if (shape.kind === "struct" && value.kind === "object") {
    return assignFields(value.entries, shape, before, place, errors);
  }
  const type = shape.kind === "id" && shape.nullable ? `*${shape.type}` : shape.type;
  const where = place.path.length ? `struct field ${place.struct}.${place.path.join(".")} of` : "value of";
  errors.push(new GoJsonError(`json: cannot unmarshal ${value.kind} into Go ${where} type ${type}`));
  return before;
}

function assignFields(
  entries: [string, Value][],
  shape: Extract<Shape, { kind: "struct" }>,
  before: unknown,
  place: Place,
  errors: GoJsonError[],
): Record<string, unknown> {
  const result: Record<string, unknown> = { ...(before as Record<string, unknown> | undefined) };
  const struct = shape.type.slice(shape.type.indexOf(".") + 1);
  const names = Object.keys(shape.fields);
  for (const [key, value] of entries) {
    const name = names.find((name) => name === key) ?? names.find((name) => fold(name) === fold(key));
    const field = name === undefined ? undefined : shape.fields[name];
    if (name === undefined || !field) continue;
    const assigned = assign(value, field, result[name], { struct, path: [...place.path, name] }, errors);
    if (assigned === undefined) Reflect.deleteProperty(result, name);
    else result[name] = assigned;
  }
  return result;
}

function zero(shape: Shape): unknown {
  return shape.kind === "struct" ? {} : undefined;
}

/** Go also takes the Kelvin sign for a k and the long s for an s. */
function fold(name: string): string {
  return name.replaceAll("K", "k").replaceAll("ſ", "s").toLowerCase();
}

const ESCAPES: Partial<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

/** Parses bytes, not characters: Go names the byte that it stumbles over. */
class Parser {
  private at = 0;

  constructor(private readonly bytes: Buffer) {}

  first(): Value {
    this.space();
    if (this.at >= this.bytes.length) throw new GoJsonError("EOF");
    return this.value();
  }

  private value(): Value {
    this.space();
    const char = this.peek();
    if (char === "{") return this.object();
    if (char === "[") return this.array();
    if (char === '"') return { kind: "string", text: this.string() };
    if (char === "t") return this.literal("true", "bool");
    if (char === "f") return this.literal("false", "bool");
    if (char === "n") return this.literal("null", "null");
    if (char === "-" || isDigit(char)) return this.number();
    return this.fail("looking for beginning of value");
  }

  private object(): Value {
    const entries: [string, Value][] = [];
    this.at++;
    this.space();
    if (this.take("}")) return { kind: "object", entries };
    for (;;) {
      this.space();
      if (this.peek() !== '"') this.fail("looking for beginning of object key string");
      const key = this.string();
      this.space();
      if (!this.take(":")) this.fail("after object key");
      entries.push([key, this.value()]);
      this.space();
      if (this.take("}")) return { kind: "object", entries };
      if (!this.take(",")) this.fail("after object key:value pair");
    }
  }

  private array(): Value {
    const items: Value[] = [];
    this.at++;
    this.space();
    if (this.take("]")) return { kind: "array", items };
    for (;;) {
      items.push(this.value());
      this.space();
      if (this.take("]")) return { kind: "array", items };
      if (!this.take(",")) this.fail("after array element");
    }
  }

  private string(): string {
    let text = "";
    let start = ++this.at;
    const flush = () => {
      text += this.bytes.toString("utf8", start, this.at);
    };
    for (;;) {
      const char = this.peek();
      if (char === '"') {
        flush();
        this.at++;
        // Go has no lone surrogates.
        return Buffer.from(text).toString();
      }
      if (char < " ") this.fail("in string literal");
      if (char !== "\\") {
        this.at++;
        continue;
      }
      flush();
      this.at++;
      text += this.escape();
      start = this.at;
    }
  }

  private escape(): string {
    const char = this.peek();
    if (char !== "u") {
      const escaped = ESCAPES[char] ?? this.fail("in string escape code");
      this.at++;
      return escaped;
    }
    let hex = "";
    for (this.at++; hex.length < 4; this.at++) {
      if (!/[0-9a-f]/i.test(this.peek())) this.fail("in \\u hexadecimal character escape");
      hex += this.peek();
    }
    return String.fromCharCode(parseInt(hex, 16));
  }

  private literal(word: string, kind: "bool" | "null"): Value {
    for (const letter of word) {
      if (!this.take(letter)) this.fail(`in literal ${word} (expecting '${letter}')`);
    }
    return { kind };
  }

  private number(): Value {
    if (this.take("-") && !isDigit(this.peek())) this.fail("in numeric literal");
    if (!this.take("0")) this.digits();
    if (this.takeIfThere(".")) {
      if (!isDigit(this.peek())) this.fail("after decimal point in numeric literal");
      this.digits();
    }
    if (this.takeIfThere("e") || this.takeIfThere("E")) {
      if (this.take("+") || this.take("-")) void 0;
      if (!isDigit(this.peek())) this.fail("in exponent of numeric literal");
      this.digits();
    }
    return { kind: "number" };
  }

  private digits(): void {
    while (this.at < this.bytes.length && isDigit(this.peek())) this.at++;
  }

  private space(): void {
    while ([0x20, 0x09, 0x0a, 0x0d].includes(this.bytes[this.at] ?? 0)) this.at++;
  }

  private peek(): string {
    const byte = this.bytes[this.at];
    if (byte === undefined) throw new GoJsonError("unexpected EOF");
    return String.fromCharCode(byte);
  }

  private take(char: string): boolean {
    if (this.peek() !== char) return false;
    this.at++;
    return true;
  }

  /** A number may be the last thing in the body. */
  private takeIfThere(char: string): boolean {
    return this.at < this.bytes.length && this.take(char);
  }

  private fail(context: string): never {
    throw new GoJsonError(`invalid character ${quote(this.peek())} ${context}`);
  }
}

function isDigit(char: string): boolean {
  return char >= "0" && char <= "9";
}

const NAMED_CONTROLS: Partial<Record<string, string>> = {
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "'": "\\'",
  "\\": "\\\\",
};

/** A byte as Go's messages quote it. */
function quote(char: string): string {
  const code = char.charCodeAt(0);
  const hex = code.toString(16);
  const controls = code < 0x20 || code === 0x7f ? `\\x${hex.padStart(2, "0")}` : `\\u${hex.padStart(4, "0")}`;
  const printable = (code >= 0x20 && code < 0x7f) || (code > 0xa0 && code !== 0xad);
  return `'${NAMED_CONTROLS[char] ?? (printable ? char : controls)}'`;
}
