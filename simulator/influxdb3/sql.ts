/** The part of SQL that asks for tokens, with the messages of sqlparser: texts become trees. */
import { Refusal } from "./world.js";
import { debug } from "./serde.js";

export type Expression =
  | { kind: "column"; path: string[] }
  | { kind: "literal"; type: "Utf8" | "Int64" | "Float64" | "Boolean" | "Null"; value: Literal }
  | { kind: "placeholder"; name: string }
  | { kind: "interval"; text: string }
  | { kind: "unary"; operator: "NOT" | "-"; of: Expression }
  | { kind: "binary"; operator: string; left: Expression; right: Expression }
  | { kind: "isNull"; of: Expression; not: boolean }
  | { kind: "cast"; of: Expression }
  | { kind: "in"; of: Expression; list: Expression[]; not: boolean }
  | { kind: "between"; of: Expression; low: Expression; high: Expression; not: boolean }
  | { kind: "call"; name: string; args: (Expression | "*")[]; distinct?: boolean }
  | { kind: "case"; branches: { when: Expression; then: Expression }[]; otherwise: Expression | undefined };

type Literal = string | number | boolean | null;

/** Unless they are quoted, names are in lower case. */
export interface Select {
  distinct: boolean;
  items: ({ expression: Expression; alias: string | undefined } | { all: string | undefined })[];
  from: { path: string[]; alias: string | undefined } | undefined;
  where: Expression | undefined;
  order: { by: Expression; descending: boolean; nullsFirst: boolean }[];
  limit: Expression | undefined;
  offset: Expression | undefined;
}

/** A statement that changes something, by what DataFusion calls it. */
interface Change {
  refusedAs: string;
  /** If it must exist. */
  table: string[] | undefined;
}

/** Asks for the columns of a table. */
export interface Describe {
  described: string[];
  /** Whether the answer says where the table is. */
  inFull: boolean;
}

export type Statement = Select | Change | Describe;

export function parse(sql: string): Statement[] {
  const parser = new Parser(tokenize(sql));
  return parser.statements();
}

/** @throws a text that is no SQL. */
function syntaxError(kind: "ParserError" | "TokenizerError", message: string): Refusal {
  return new Refusal(400, `SQL error: ${kind}(${debug(message)})`);
}

interface Token {
  kind: "word" | "quoted" | "string" | "number" | "placeholder" | "symbol" | "end";
  /** What it says: without quotes. */
  text: string;
  /** As it was written. */
  written: string;
  place: string;
}

const TOKEN = new RegExp(
  [
    String.raw`(?<space>\s+|--[^\n]*|/\*[\s\S]*?\*/)`,
    String.raw`(?<string>'(?:[^']|'')*')`,
    String.raw`(?<quoted>"(?:[^"]|"")*")`,
    String.raw`(?<number>\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+)`,
    String.raw`(?<placeholder>\$\w+|\?)`,
    String.raw`(?<word>[\p{L}_][\p{L}\p{N}_$]*)`,
    String.raw`(?<symbol><>|!=|<=|>=|==|\|\||::|[-+*/%<>=(),.;~@])`,
    String.raw`(?<open>['"])`,
    String.raw`(?<other>[\s\S])`,
  ].join("|"),
  "gu",
);

function tokenize(sql: string): Token[] {
  const tokens: Token[] = [];
  for (const { 0: written, index, groups = {} } of sql.matchAll(TOKEN)) {
    const kind = Object.keys(groups).find((each) => groups[each] !== undefined) ?? "";
    const before = sql.slice(0, index).split("\n");
    const place = ` at Line: ${before.length}, Column: ${Array.from(before.at(-1) ?? "").length + 1}`;
    if (kind === "space") continue;
    if (kind === "open") {
      const message =
        written === "'" ? "Unterminated string literal" : `Expected close delimiter '"' before EOF.`;
      throw syntaxError("TokenizerError", message + place);
    }
    const quote = kind === "string" || kind === "quoted" ? written[0] : undefined;
    const text = quote === undefined ? written : written.slice(1, -1).replaceAll(quote + quote, quote);
    tokens.push({ kind: kind === "other" ? "symbol" : (kind as Token["kind"]), text, written, place });
  }
  return tokens;
}

const END: Token = { kind: "end", text: "", written: "EOF", place: "" };

/** Words that end what comes before them, so that they name nothing there. */
const RESERVED = new Set(
  "AND AS ASC BETWEEN BY CASE CROSS DESC ELSE END EXCEPT FETCH FROM FULL GROUP HAVING ILIKE IN INNER INTERSECT IS JOIN LEFT LIKE LIMIT NATURAL NOT NULLS OFFSET ON OR ORDER OUTER RIGHT SELECT THEN UNION USING WHEN WHERE WINDOW WITH".split(
    " ",
  ),
);

/** How tightly an operator binds what stands before it. */
const BINDING: Record<string, number> = {
  ...{ OR: 5, AND: 10, IS: 17, LIKE: 19, ILIKE: 19, IN: 20, BETWEEN: 20, NOT: 20 },
  ...{ "=": 20, "==": 20, "<>": 20, "!=": 20, "<": 20, "<=": 20, ">": 20, ">=": 20 },
  ...{ "||": 30, "+": 30, "-": 30, "*": 40, "/": 40, "%": 40, "::": 50 },
};
const NEGATION = 15;

/** What DataFusion calls a statement that it does not carry out. */
const CHANGES: Record<string, string> = {
  ...{ DELETE: "DML not supported: Delete", UPDATE: "DML not supported: Update" },
  ...{ INSERT: "DML not supported: Insert Into", DROP: "DDL not supported: DropTable" },
  CREATE: "DDL not supported: CreateMemoryTable",
};

class Parser {
  private at = 0;

  constructor(private readonly tokens: Token[]) {}

  statements(): Statement[] {
    const found: Statement[] = [];
    for (;;) {
      while (this.take(";"));
      if (this.next === END) return found;
      found.push(this.statement());
      if (this.next !== END && this.next.text !== ";") throw this.expected("end of statement");
    }
  }

  private statement(): Statement {
    const change = this.next.kind === "word" ? CHANGES[this.next.text.toUpperCase()] : undefined;
    if (change !== undefined) {
      const deletes = this.take("DELETE", "FROM");
      const table = deletes ? this.path() : undefined;
      while (this.next !== END && this.next.text !== ";") this.at++;
      return { refusedAs: change, table };
    }
    if (this.take("DESCRIBE")) return { described: this.path(), inFull: false };
    if (this.take("SHOW", "COLUMNS", "FROM")) return { described: this.path(), inFull: true };
    if (!this.take("SELECT")) throw this.expected("an SQL statement");
    const distinct = this.take("DISTINCT");
    const items = this.items();
    const from = this.take("FROM") ? this.table() : undefined;
    const where = this.take("WHERE") ? this.expression() : undefined;
    const order = this.take("ORDER", "BY") ? this.separated(() => this.orderItem()) : [];
    const rest: Pick<Select, "limit" | "offset"> = { limit: undefined, offset: undefined };
    for (;;) {
      if (rest.limit === undefined && this.take("LIMIT")) rest.limit = this.expression();
      else if (rest.offset === undefined && this.take("OFFSET")) {
        rest.offset = this.expression();
        if (!this.take("ROWS")) this.take("ROW");
      } else break;
    }
    return { distinct, items, from, where, order, ...rest };
  }

  /** A comma may follow the last one. */
  private items(): Select["items"] {
    const items = [this.item()];
    while (this.take(",") && wordOf(this.next) !== "FROM") items.push(this.item());
    return items;
  }

  private item(): Select["items"][number] {
    if (this.take("*")) return { all: undefined };
    const [name, dot, star] = this.tokens.slice(this.at, this.at + 3);
    if (name && isName(name) && dot?.text === "." && star?.written === "*") {
      this.at += 3;
      return { all: identifier(name) };
    }
    return { expression: this.expression(), alias: this.alias() };
  }

  private table(): Select["from"] {
    return { path: this.path(), alias: this.alias() };
  }

  private path(): string[] {
    const path = [this.identifier()];
    while (this.take(".")) path.push(this.identifier());
    return path;
  }

  private alias(): string | undefined {
    if (this.take("AS")) return this.identifier("an identifier after AS");
    return isName(this.next) && !this.isReserved() ? this.identifier() : undefined;
  }

  private orderItem(): Select["order"][number] {
    const by = this.expression();
    const descending = this.take("DESC") || (this.take("ASC") && false);
    if (this.take("NULLS", "FIRST")) return { by, descending, nullsFirst: true };
    if (this.take("NULLS", "LAST")) return { by, descending, nullsFirst: false };
    return { by, descending, nullsFirst: descending };
  }

  /** An expression whose operators bind tighter than that. */
  private expression(binding = 0): Expression {
    let left = this.operand();
    for (;;) {
      const operator = wordOf(this.next);
      const own = operator === "NOT" && !this.isNegated() ? 0 : (BINDING[operator] ?? 0);
      if (own <= binding) return left;
      this.at++;
      if (operator === "::") {
        this.identifier();
        left = { kind: "cast", of: left };
        continue;
      }
      left = this.operation(operator, left, own);
    }
  }

  /** Whether what comes next is `NOT` before an operator that can be negated. */
  private isNegated(): boolean {
    return ["IN", "LIKE", "ILIKE", "BETWEEN"].includes(wordOf(this.tokens[this.at + 1] ?? END));
  }

  private operation(operator: string, of: Expression, binding: number): Expression {
    if (operator === "IS") {
      const not = this.take("NOT");
      if (!this.take("NULL"))
        throw this.expected("[NOT] NULL | TRUE | FALSE | DISTINCT | [form] NORMALIZED FROM after IS");
      return { kind: "isNull", of, not };
    }
    const not = operator === "NOT";
    if (not) {
      operator = this.next.text.toUpperCase();
      if (!["IN", "LIKE", "ILIKE", "BETWEEN"].includes(operator))
        throw this.expected("IN or BETWEEN after NOT");
      this.at++;
    }
    if (operator === "IN") {
      this.expect("(");
      const list = this.separated(() => this.expression());
      this.expect(")");
      return { kind: "in", of, list, not };
    }
    if (operator === "BETWEEN") {
      const low = this.expression(20);
      this.expect("AND");
      return { kind: "between", of, low, high: this.expression(20), not };
    }
    const right = this.expression(binding);
    const name = { "==": "=", "<>": "!=" }[operator] ?? operator;
    return { kind: "binary", operator: not ? `NOT ${name}` : name, left: of, right };
  }

  private operand(): Expression {
    const token = this.next;
    if (this.take("(")) {
      const inner = this.expression();
      this.expect(")");
      return inner;
    }
    if (this.take("-")) return negated(this.expression(40));
    this.at++;
    if (token.kind === "string") return { kind: "literal", type: "Utf8", value: token.text };
    if (token.kind === "placeholder") return { kind: "placeholder", name: token.text };
    if (token.kind === "number") {
      const type = /^\d+$/.test(token.text) ? "Int64" : "Float64";
      return { kind: "literal", type, value: Number(token.text) };
    }
    if (token.kind === "word") {
      const keyword = this.keyword(token.text.toUpperCase());
      if (keyword) return keyword;
    }
    this.at--;
    if (!isName(token) || this.isReserved()) throw this.expected("an expression");
    return this.columnOrCall();
  }

  private keyword(word: string): Expression | undefined {
    if (word === "NOT") return { kind: "unary", operator: "NOT", of: this.expression(NEGATION) };
    if (word === "NULL") return { kind: "literal", type: "Null", value: null };
    if (word === "TRUE" || word === "FALSE")
      return { kind: "literal", type: "Boolean", value: word === "TRUE" };
    if (word === "CURRENT_TIMESTAMP") return { kind: "call", name: "current_timestamp", args: [] };
    if (word === "INTERVAL" && this.next.kind === "string") {
      const { text } = this.next;
      this.at++;
      const unit = /^\d+$/.test(text) && !this.isReserved() ? ` ${this.identifier()}` : "";
      return { kind: "interval", text: text + unit };
    }
    if (word === "CAST" && this.take("(")) {
      const of = this.expression();
      this.expect("AS");
      this.identifier();
      this.expect(")");
      return { kind: "cast", of };
    }
    if (word === "CASE") return this.branches();
    return undefined;
  }

  private branches(): Expression {
    const branches: { when: Expression; then: Expression }[] = [];
    while (this.take("WHEN")) {
      const when = this.expression();
      this.expect("THEN");
      branches.push({ when, then: this.expression() });
    }
    const otherwise = this.take("ELSE") ? this.expression() : undefined;
    this.expect("END");
    return { kind: "case", branches, otherwise };
  }

  private columnOrCall(): Expression {
    const first = this.identifier();
    if (this.take("(")) {
      const args: (Expression | "*")[] = [];
      if (this.take(")")) return { kind: "call", name: first, args };
      const distinct = this.take("DISTINCT");
      args.push(...this.separated(() => (this.take("*") ? "*" : this.expression())));
      this.expect(")");
      return { kind: "call", name: first, args, distinct };
    }
    const rest = this.take(".") ? this.path() : [];
    return { kind: "column", path: [first, ...rest] };
  }

  private separated<T>(one: () => T): T[] {
    const all = [one()];
    while (this.take(",")) all.push(one());
    return all;
  }

  private identifier(what = "identifier"): string {
    const token = this.next;
    if (!isName(token) && token.kind !== "string") throw this.expected(what);
    this.at++;
    return identifier(token);
  }

  private isReserved(): boolean {
    return this.next.kind === "word" && RESERVED.has(this.next.text.toUpperCase());
  }

  private get next(): Token {
    return this.tokens[this.at] ?? END;
  }

  /** Takes words or symbols if all of them come next. */
  private take(...wanted: string[]): boolean {
    const found = wanted.every((each, index) => {
      const token = this.tokens[this.at + index];
      return (token?.kind === "word" || token?.kind === "symbol") && token.text.toUpperCase() === each;
    });
    if (found) this.at += wanted.length;
    return found;
  }

  private expect(wanted: string): void {
    if (!this.take(wanted)) throw this.expected(wanted);
  }

  private expected(what: string): Refusal {
    return syntaxError("ParserError", `Expected: ${what}, found: ${this.next.written}${this.next.place}`);
  }
}

/** A keyword or operator; empty for any other token. */
function wordOf({ kind, text }: Token): string {
  return kind === "word" || kind === "symbol" ? text.toUpperCase() : "";
}

function isName({ kind }: Token): boolean {
  return kind === "word" || kind === "quoted";
}

function identifier({ kind, text }: Token): string {
  return kind === "word" ? text.toLowerCase() : text;
}

function negated(of: Expression): Expression {
  if (of.kind === "literal" && typeof of.value === "number") return { ...of, value: -of.value };
  return { kind: "unary", operator: "-", of };
}
