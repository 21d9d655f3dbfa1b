/** Carries out queries as DataFusion does, as far as the tables about tokens need it. */
import { debug, shown, type Scalar } from "./serde.js";
import { parse, type Describe, type Expression, type Select } from "./sql.js";
import { INTERNAL, Refusal, timeOf } from "./world.js";

export type Cell = Scalar | Date;

/** Of Arrow. */
type Type =
  | "UInt64"
  | "Int64"
  | "Float64"
  | "Boolean"
  | "Utf8"
  | "Utf8View"
  | "Timestamp(ms)"
  | "Timestamp(ns)"
  | "Interval"
  | "Null";

export interface Column {
  name: string;
  type: Type;
}

export interface TableColumn extends Column {
  nullable: boolean;
}

export interface Table {
  columns: TableColumn[];
  rows: Cell[][];
}

export interface Result {
  columns: Column[];
  rows: Cell[][];
}

/** What a query runs in. */
export interface Context {
  database: string;
  tokens: Table;
  parameters: ReadonlyMap<string, Scalar>;
  /** Of the refusal of more than one statement. */
  severalStatements: 400 | 405;
}

/** An expression that is ready to run: what it is called, what type it has, and its value for a row. */
interface Compiled {
  name: string;
  type: Type;
  value: (row: Cell[]) => Cell;
  /** Over all rows; `value` is then for none. */
  aggregate?: (rows: Cell[][]) => Cell;
}

interface Field extends Column {
  /** What may stand before the name. */
  qualifier: string;
}

export function run(sql: string, context: Context): Result {
  const statements = parse(sql);
  const [statement] = statements;
  if (!statement) throw planning("No SQL statements were provided in the query string");
  if (statements.length > 1) {
    throw new Refusal(
      context.severalStatements,
      "This feature is not implemented: The context currently only supports a single SQL statement",
    );
  }
  if ("refusedAs" in statement) {
    if (statement.table) tableNamed(statement.table, context);
    throw planning(statement.refusedAs);
  }
  if ("described" in statement) return description(statement, context);
  return new Plan(context, statement).run();
}

/** What `information_schema.columns` says of a table, in another order. */
function description({ described, inFull }: Describe, context: Context): Result {
  const { columns, rows } = schemaOf(tableNamed(described, context));
  const where = inFull ? ["table_catalog", "table_schema", "table_name"] : [];
  const indexes = [...where, "column_name", "data_type", "is_nullable"].map((name) =>
    columns.findIndex((column) => column.name === name),
  );
  const pick = <T>(row: T[]) => indexes.flatMap((index) => row.slice(index, index + 1));
  return { columns: pick(columns), rows: rows.map(pick) };
}

function tableNamed(path: string[], { tokens, database }: Context): Table {
  if (path.length > 3) {
    const name = path.join(".");
    throw planning(`Unsupported compound identifier '${name}'. Expected 1, 2 or 3 parts, got ${path.length}`);
  }
  const full = [...["public", "iox"].slice(0, 3 - path.length), ...path].join(".");
  if (full === "public.system.tokens" && database === INTERNAL) return tokens;
  if (full === "public.information_schema.columns")
    return schemaOf(database === INTERNAL ? tokens : undefined);
  throw planning(`table '${full}' not found`);
}

function planning(message: string): Refusal {
  return new Refusal(400, `Error during planning: ${message}`);
}

class Plan {
  private readonly fields: Field[];
  private readonly rows: Cell[][];
  private readonly now = new Date();

  constructor(
    private readonly context: Context,
    private readonly select: Select,
  ) {
    const table = select.from && tableNamed(select.from.path, context);
    const qualifier = select.from?.alias ?? select.from?.path.slice(-2).join(".") ?? "";
    this.fields = (table?.columns ?? []).map(({ name, type }) => ({ name, type, qualifier }));
    this.rows = table?.rows ?? [[]];
  }

  run(): Result {
    const { where, order, limit, offset } = this.select;
    const filter = where && this.compile(where);
    if (filter && filter.type !== "Boolean" && filter.type !== "Null") {
      throw planning(
        `Cannot create filter with non-boolean predicate '${filter.name}' returning ${filter.type}`,
      );
    }
    const columns = this.columns();
    const sorting = order.map((each) => ({ ...each, by: this.sortKey(each.by, columns) }));
    const first = this.count(offset, "OFFSET") ?? 0;
    const count = this.count(limit, "LIMIT");
    const found = filter ? this.rows.filter((row) => filter.value(row) === true) : this.rows;
    const sorted = found.toSorted((a, b) => {
      for (const { by, descending, nullsFirst } of sorting) {
        const result = ordered(by.value(a), by.value(b), descending, nullsFirst);
        if (result !== 0) return result;
      }
      return 0;
    });
    const rows = columns.some(({ aggregate }) => aggregate)
      ? [columns.map(({ aggregate }) => aggregate?.(sorted) ?? null)]
      : sorted.map((row) => columns.map(({ value }) => value(row)));
    const kept = this.select.distinct ? withoutRepeats(rows) : rows;
    return { columns, rows: kept.slice(first, count === undefined ? undefined : first + count) };
  }

  private columns(): Compiled[] {
    const columns = this.select.items.flatMap((item) => {
      if ("expression" in item) {
        const compiled = this.compile(item.expression);
        const name =
          item.alias ?? (item.expression.kind === "column" ? item.expression.path.at(-1) : undefined);
        return [
          { unique: item.alias ?? compiled.name, compiled: { ...compiled, name: name ?? compiled.name } },
        ];
      }
      if (!this.select.from) throw planning("SELECT * with no tables specified is not valid");
      return this.fields.map((field) => ({
        unique: `${field.qualifier}.${field.name}`,
        compiled: { ...this.column([field.name]), name: field.name },
      }));
    });
    for (const [at, { unique }] of columns.entries()) {
      const before = columns.findIndex((other) => other.unique === unique);
      if (before < at) {
        throw planning(
          `Projections require unique expression names but the expression ${JSON.stringify(unique)} at position ${before} and ${JSON.stringify(unique)} at position ${at} have the same name. Consider aliasing ("AS") one of them.`,
        );
      }
    }
    const compiled = columns.map((each) => each.compiled);
    const single = columns.find((each) => !each.compiled.aggregate);
    const aggregate = columns.find((each) => each.compiled.aggregate);
    if (single && aggregate) {
      throw planning(
        `Column in SELECT must be in GROUP BY or an aggregate function: While expanding wildcard, column "${single.unique}" must appear in the GROUP BY clause or must be part of an aggregate function, currently only "${aggregate.unique.replace("count(*)", "count(Int64(1))")}" appears in the SELECT clause satisfies this requirement`,
      );
    }
    return compiled;
  }

  /** A column of the answer by its place or name, or any expression. */
  private sortKey(by: Expression, columns: Compiled[]): Compiled {
    if (by.kind === "literal" && typeof by.value === "number") {
      const column = columns[by.value - 1];
      if (column) return column;
      if (by.value === 0) throw planning("Order by index starts at 1 for column indexes");
      throw planning(`Order by column out of bounds, specified: ${by.value}, max: ${columns.length}`);
    }
    const name = by.kind === "column" && by.path.length === 1 ? by.path[0] : undefined;
    const shown = columns.find((column) => column.name === name);
    if (shown) return shown;
    const columnsShown = columns.map((column) => this.fields.find((field) => field.name === column.name));
    return this.compile(
      by,
      columnsShown.filter((field) => field !== undefined),
    );
  }

  private count(expression: Expression | undefined, clause: "LIMIT" | "OFFSET"): number | undefined {
    if (!expression) return undefined;
    const { value, type } = this.compile(expression);
    const count = value([]);
    if (count === null) return undefined;
    if (typeof count === "bigint" || (typeof count === "number" && type !== "Float64")) {
      if (count >= 0) return Number(count);
      throw new Refusal(
        400,
        `Optimizer rule 'eliminate_limit' failed\ncaused by\nError during planning: ${clause} must be >= 0, '${count}' was provided`,
      );
    }
    throw coercion(`Expected ${clause} to be an integer or null, but got ${type}`);
  }

  private compile(expression: Expression, shownFields: Field[] = []): Compiled {
    const compile = (inner: Expression) => this.compile(inner, shownFields);
    switch (expression.kind) {
      case "column":
        return this.column(expression.path, shownFields);
      case "literal":
        return constant(literalName(expression.type, expression.value), expression.type, expression.value);
      case "placeholder":
        return this.placeholder(expression.name);
      case "interval":
        return constant(`IntervalMonthDayNano("${expression.text}")`, "Interval", interval(expression.text));
      case "unary": {
        const of = compile(expression.of);
        return expression.operator === "NOT"
          ? { name: `NOT ${of.name}`, type: "Boolean", value: (row) => not(of.value(row)) }
          : { name: `(- ${of.name})`, type: of.type, value: (row) => arithmetic("-", 0, of.value(row)) };
      }
      case "isNull": {
        const of = compile(expression.of);
        const name = `${of.name} IS ${expression.not ? "NOT " : ""}NULL`;
        return { name, type: "Boolean", value: (row) => (of.value(row) === null) !== expression.not };
      }
      case "binary":
        return binary(expression.operator, compile(expression.left), compile(expression.right));
      case "in": {
        const [of, list] = [compile(expression.of), expression.list.map(compile)];
        const name = `${of.name} ${expression.not ? "NOT " : ""}IN ${list.map((each) => each.name).join(", ")}`;
        const equal = list.map((each) => binary("=", of, each));
        const value = (row: Cell[]) => equal.map((each) => each.value(row)).reduce(either, false);
        return { name, type: "Boolean", value: expression.not ? (row) => not(value(row)) : value };
      }
      case "between": {
        const [of, low, high] = [compile(expression.of), compile(expression.low), compile(expression.high)];
        const [from, to] = [binary(">=", of, low), binary("<=", of, high)];
        const name = `${of.name} ${expression.not ? "NOT " : ""}BETWEEN ${low.name} AND ${high.name}`;
        const value = (row: Cell[]) => both(from.value(row), to.value(row));
        return { name, type: "Boolean", value: expression.not ? (row) => not(value(row)) : value };
      }
      case "case": {
        const branches = expression.branches.map(({ when, then }) => [compile(when), compile(then)] as const);
        const otherwise = expression.otherwise && compile(expression.otherwise);
        const names = branches.map(([when, then]) => ` WHEN ${when.name} THEN ${then.name}`).join("");
        return {
          name: `CASE${names}${otherwise ? ` ELSE ${otherwise.name}` : ""} END`,
          type: branches[0]?.[1].type ?? "Null",
          value: (row) =>
            (branches.find(([when]) => when.value(row) === true)?.[1] ?? otherwise)?.value(row) ?? null,
        };
      }
      case "call":
        return this.call(expression, compile);
      case "cast": {
        const of = compile(expression.of);
        const value = (row: Cell[]) => {
          const cell = of.value(row);
          return cell === null ? null : written(cell);
        };
        return { name: of.name, type: "Utf8", value };
      }
    }
  }

  private column(path: string[], shownFields: Field[] = []): Compiled {
    const name = path.at(-1) ?? "";
    const qualifier = path.slice(0, -1).join(".");
    const index = this.fields.findIndex(
      (field) => field.name === name && (qualifier === "" || `.${field.qualifier}`.endsWith(`.${qualifier}`)),
    );
    const field = this.fields[index];
    if (!field) throw unknownField(path, [...shownFields, ...this.fields]);
    return {
      name: `${field.qualifier}.${field.name}`,
      type: field.type,
      value: (row) => row[index] ?? null,
    };
  }

  private placeholder(name: string): Compiled {
    const value = this.context.parameters.get(name.slice(1));
    if (value === undefined) throw planning(`No value found for placeholder with name ${name}`);
    return constant(name, typeOf(value), value);
  }

  private call(
    { name, args, distinct = false }: Expression & { kind: "call" },
    compile: (expression: Expression) => Compiled,
  ): Compiled {
    const given = args.map((each) => (each === "*" ? constant("*", "Int64", 1) : compile(each)));
    const full = `${name}(${distinct ? "DISTINCT " : ""}${given.map((each) => each.name).join(",")})`;
    const [first] = given;
    const of = (row: Cell[]) => first?.value(row) ?? null;
    const values = (rows: Cell[][]) => {
      const found = rows.map((row) => (first ? [of(row)] : [1])).filter(([value]) => value !== null);
      return distinct ? withoutRepeats(found) : found;
    };
    if (name === "count") {
      const aggregate = (rows: Cell[][]) => values(rows).length;
      return { name: full, type: "Int64", value: () => null, aggregate };
    }
    if (name === "min" || name === "max") {
      const aggregate = (rows: Cell[][]) =>
        values(rows)
          .flat()
          .toSorted((a, b) => ordered(a, b, name === "max", false))[0] ?? null;
      return { name: full, type: first?.type ?? "Null", value: () => null, aggregate };
    }
    const text = (change: (text: string, row: Cell[]) => Cell) => (row: Cell[]) => {
      const value = of(row);
      return value === null ? null : change(written(value), row);
    };
    const functions: Record<string, Pick<Compiled, "type" | "value">> = {
      now: { type: "Timestamp(ns)", value: () => this.now },
      current_timestamp: { type: "Timestamp(ns)", value: () => this.now },
      arrow_typeof: { type: "Utf8", value: () => first?.type ?? null },
      lower: { type: "Utf8", value: text((value) => value.toLowerCase()) },
      upper: { type: "Utf8", value: text((value) => value.toUpperCase()) },
      length: { type: "Int64", value: text((value) => Array.from(value).length) },
      starts_with: {
        type: "Boolean",
        value: text((value, row) => value.startsWith(String(given[1]?.value(row)))),
      },
      coalesce: {
        type: first?.type ?? "Null",
        value: (row) => given.map((each) => each.value(row)).find((each) => each !== null) ?? null,
      },
      to_char: {
        type: "Utf8",
        value: (row) => {
          const date = of(row);
          return date instanceof Date ? formatted(date, String(given[1]?.value(row))) : null;
        },
      },
    };
    const found = functions[name];
    if (!found) throw planning(`Invalid function '${name}'.`);
    return { name: name === "current_timestamp" ? "current_timestamp()" : full, ...found };
  }
}

/** `information_schema.columns`, of the one table that is known. */
function schemaOf(tokens: Table | undefined): Table {
  const names = ["table_catalog", "table_schema", "table_name", "column_name"];
  const columns: TableColumn[] = [
    ...names.map((name) => ({ name, type: "Utf8" as const, nullable: false })),
    { name: "ordinal_position", type: "UInt64", nullable: false },
    { name: "column_default", type: "Utf8", nullable: true },
    { name: "is_nullable", type: "Utf8", nullable: false },
    { name: "data_type", type: "Utf8", nullable: false },
  ];
  const rows = (tokens?.columns ?? []).map(({ name, type, nullable }, index): Cell[] => [
    ...["public", "system", "tokens", name, index, null],
    ...[nullable ? "YES" : "NO", type],
  ]);
  return { columns, rows };
}

function withoutRepeats(rows: Cell[][]): Cell[][] {
  return [
    ...new Map(rows.map((row) => [row.map((value) => value && written(value)).join("\0"), row])).values(),
  ];
}

function constant(name: string, type: Type, value: Cell): Compiled {
  return { name, type, value: () => value };
}

function literalName(type: Type, value: Cell): string {
  if (type === "Null") return "NULL";
  return `${type}(${typeof value === "string" ? debug(value) : String(value)})`;
}

function typeOf(value: Scalar): Type {
  if (value === null) return "Null";
  if (typeof value === "string") return "Utf8";
  if (typeof value === "boolean") return "Boolean";
  if (typeof value === "number") return "Float64";
  return value < 0n ? "Int64" : "UInt64";
}

function coercion(message: string): Refusal {
  return new Refusal(400, `type_coercion\ncaused by\nError during planning: ${message}`);
}

// Operators, with the third truth value.

function not(value: Cell): Cell {
  return value === null ? null : value !== true;
}

function both(a: Cell, b: Cell): Cell {
  if (a === false || b === false) return false;
  return a === null || b === null ? null : true;
}

function either(a: Cell, b: Cell): Cell {
  return not(both(not(a), not(b)));
}

function binary(operator: string, left: Compiled, right: Compiled): Compiled {
  const name = `${left.name} ${operator} ${right.name}`;
  const [bare, negated] = operator.startsWith("NOT ") ? [operator.slice(4), true] : [operator, false];
  const apply = operationOf(bare, left, right);
  return {
    name,
    type: resultType(bare, left.type),
    value: (row) => {
      const result = apply(left.value(row), right.value(row));
      return negated ? not(result) : result;
    },
  };
}

function kindOf(type: Type): "text" | "boolean" | "time" | "none" | "number" {
  if (type.startsWith("Utf8")) return "text";
  if (type.startsWith("Timestamp")) return "time";
  if (type === "Boolean") return "boolean";
  return type === "Null" ? "none" : "number";
}

function resultType(operator: string, left: Type): Type {
  if (operator === "||") return "Utf8";
  return /^[-+*/%]$/.test(operator) ? left : "Boolean";
}

function operationOf(operator: string, left: Compiled, right: Compiled): (a: Cell, b: Cell) => Cell {
  if (operator === "AND") return both;
  if (operator === "OR") return either;
  const strict = (apply: (a: NonNullable<Cell>, b: NonNullable<Cell>) => Cell) => (a: Cell, b: Cell) =>
    a === null || b === null ? null : apply(a, b);
  const kinds = [kindOf(left.type), kindOf(right.type)];
  if (operator === "LIKE" || operator === "ILIKE") {
    if (!kinds.every((kind) => kind === "text" || kind === "none")) {
      const types = `${left.type} and ${right.type}`;
      throw coercion(`There isn't a common type to coerce ${types} in ${operator} expression`);
    }
    return strict((a, b) => like(written(b), operator === "ILIKE").test(written(a)));
  }
  if (operator === "||") return strict((a, b) => written(a) + written(b));
  if (/^[-+*/%]$/.test(operator)) return strict((a, b) => arithmetic(operator, a, b));
  // A text is compared with a number or a time as one; nothing else is compared with what it is not.
  const known = new Set(kinds.filter((kind) => kind !== "none"));
  if (known.size > 1 && (!known.has("text") || known.has("boolean"))) {
    throw coercion(
      `Cannot infer common argument type for comparison operation ${left.type} ${operator} ${right.type}`,
    );
  }
  const wanted: Record<string, (sign: number) => boolean> = {
    "=": (sign) => sign === 0,
    "!=": (sign) => sign !== 0,
    "<": (sign) => sign < 0,
    "<=": (sign) => sign <= 0,
    ">": (sign) => sign > 0,
    ">=": (sign) => sign >= 0,
  };
  return strict((a, b) => wanted[operator]?.(compared(a, b)) ?? null);
}

/** Negative, zero or positive. A date and a text are compared as dates, a number and a text as texts. */
function compared(a: NonNullable<Cell>, b: NonNullable<Cell>): number {
  if (a instanceof Date || b instanceof Date) return timestamp(a) - timestamp(b);
  if (typeof a === "string" || typeof b === "string") {
    return Buffer.compare(Buffer.from(written(a)), Buffer.from(written(b)));
  }
  return a < b ? -1 : Number(a > b);
}

function timestamp(value: NonNullable<Cell>): number {
  if (value instanceof Date) return value.getTime();
  const text = written(value);
  const fail = (why: string) =>
    new Refusal(
      500,
      `Optimizer rule 'simplify_expressions' failed\ncaused by\nArrow error: Parser error: Error parsing timestamp from '${text}': ${why}`,
    );
  if (text.length < 10) throw fail("timestamp must contain at least 10 characters");
  if (/^.{10}[^Tt ]/.test(text)) throw fail("invalid timestamp separator");
  const [, date, time = "00:00:00", zone = "Z"] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[-+]\d\d:?\d\d)?)?$/.exec(text) ?? [];
  const result = Date.parse(`${date}T${time}${zone}`);
  if (Number.isNaN(result)) throw fail("error parsing date");
  return result;
}

function ordered(a: Cell, b: Cell, descending: boolean, nullsFirst: boolean): number {
  if (a === null || b === null) return a === b ? 0 : (a === null) === nullsFirst ? -1 : 1;
  return descending ? compared(b, a) : compared(a, b);
}

/** Lengths of time are numbers of milliseconds. */
function arithmetic(operator: string, a: Cell, b: Cell): Cell {
  const [left, right] = [a, b].map((each) => (each instanceof Date ? each.getTime() : Number(each)));
  const results = (x: number, y: number): Record<string, number> => ({
    "+": x + y,
    "-": x - y,
    "*": x * y,
    "/": Math.trunc(x / y),
    "%": x % y,
  });
  const result = results(left ?? 0, right ?? 0)[operator] ?? 0;
  return a instanceof Date !== b instanceof Date ? new Date(result) : result;
}

const UNITS: Record<string, number> = {
  ...{ second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 },
  ...{ week: 604_800_000, month: 2_592_000_000, year: 31_536_000_000 },
};

function interval(text: string): number {
  return [...text.matchAll(/(-?\d+(?:\.\d+)?)\s*([a-z]+?)s?\b/gi)].reduce(
    (sum, [, count, unit = ""]) => sum + Number(count) * (UNITS[unit.toLowerCase()] ?? 0),
    0,
  );
}

function like(pattern: string, anyCase: boolean): RegExp {
  const parts = pattern.matchAll(/\\([\s\S])|[\s\S]/gu);
  const source = [...parts].map(([part, quoted]) => {
    if (part === "%") return ".*";
    if (part === "_") return ".";
    return (quoted ?? part).replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
  });
  return new RegExp(`^${source.join("")}$`, anyCase ? "isu" : "su");
}

/** A value as a text. */
export function written(value: NonNullable<Cell>, type?: Type): string {
  if (value instanceof Date) return timeOf(value);
  const isFloat = typeof value === "number" && (type === "Float64" || !Number.isInteger(value));
  return isFloat ? shown(value) : String(value);
}

/** A time in a format of strftime. */
function formatted(date: Date, format: string): string {
  const iso = date.toISOString();
  const part = (start: number, end: number) => iso.slice(start, end);
  const parts: Record<string, string> = {
    ...{ Y: part(0, 4), m: part(5, 7), d: part(8, 10), H: part(11, 13), M: part(14, 16), S: part(17, 19) },
    ...{ F: part(0, 10), T: part(11, 19), y: part(2, 4), "3f": part(20, 23), ".3f": part(19, 23) },
    ...{ s: String(Math.floor(date.getTime() / 1000)), "%": "%" },
  };
  return format.replaceAll(/%(\.?3f|.)/g, (whole, name: string) => parts[name] ?? whole);
}

function unknownField(path: string[], fields: Field[]): Refusal {
  const flat = fields.map(({ qualifier, name }) => `${qualifier}.${name}`);
  const near = flat.find((each) => likeness(each, path.at(-1) ?? "") >= 0.5);
  const hint =
    near !== undefined
      ? `. Did you mean '${near}'?`
      : flat.length > 0
        ? `. Valid fields are ${flat.join(", ")}`
        : "";
  return new Refusal(500, `Schema error: No field named ${path.map(quotedIfNeeded).join(".")}${hint}.`);
}

function quotedIfNeeded(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** How alike two names are: one minus the share of characters to change. */
function likeness(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, x] of Array.from(a).entries()) {
    const next = [i + 1];
    for (const [j, y] of Array.from(b).entries())
      next.push(Math.min((row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, (row[j] ?? 0) + Number(x !== y)));
    row = next;
  }
  return 1 - (row.at(-1) ?? 0) / Math.max(a.length, b.length, 1);
}
