import type { NodeAPI } from "node-red";
import * as z from "zod";
import { kindOf, TokenError } from "../../src/errors.js";
import { createRateLimit, WINDOWS, type CounterStore, type RateLimit } from "../../src/work/rate-limit.js";
import { readTargets, type TokenKind, type Targets } from "../../src/work/targets.js";
import { holdsVariable, isVariable, PART_OF_TEXT } from "./variables.js";
import { wholeNumberOf } from "./whole-numbers.js";

/** Where a TypedInput takes its value from at run time; the names are Node-RED's. */
const SOURCES = ["str", "msg", "flow", "global", "env", "jsonata"] as const;
export type Source = (typeof SOURCES)[number];

/**
 * Evaluates a TypedInput against the message in hand; what is not there comes out as undefined. The value is in an
 * object of its own, for a promise in a message is a wrong value and not one to wait for.
 *
 * @throws {TokenError} `invalid-config` where the expression itself is wrong.
 */
export type Evaluate = (value: string, source: Source, name: string) => Promise<{ value: unknown }>;

/** What the dialog shows for a field. The renderer of the editor knows these kinds and no other. */
export type Control =
  | { kind: "choice"; options: readonly string[]; preset: string }
  | { kind: "flag" }
  | { kind: "limit"; preset: number; per: readonly string[] }
  | {
      kind: "typed";
      preset: { type: string; value: string };
      /** Types without a value box, each of which stands for one fixed value. */
      constants: readonly string[];
      /** Words to choose from, instead of free text. */
      words: readonly string[];
      /** A pattern for text that is typed in. */
      pattern: string | undefined;
      sources: readonly Source[];
      /** What the property was called once, where flows may still hold it so. */
      formerly: string | undefined;
    };

/** One field of a node: how the dialog shows it, and how the runtime reads it. */
export interface Field<T> {
  control: Control;
  /** A heading above the field in the dialog, by its key in the locale. */
  section?: string;
  /** When the dialog marks the field as wrong, beyond its own value: an expression over `get(property)`, by the key of its text. */
  wrongWhen?: Readonly<Record<string, string>>;
  /**
   * Reads the node's properties once, at deploy, and gives what reads the field's value for each message.
   *
   * @param counts where the node keeps what it counts over messages.
   * @throws {TokenError} `invalid-config`.
   */
  parse(
    name: string,
    properties: Record<string, unknown>,
    counts: CounterStore,
  ): (evaluate: Evaluate) => T | Promise<T>;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- any field; only its values are typed
export type Fields = Record<string, Field<any>>;
export type Values<F extends Fields> = { [K in keyof F]: F[K] extends Field<infer T> ? T : never };

/** One of a few words, fixed in the dialog. */
export function choice<const O extends readonly string[]>(options: O, preset: O[number]): Field<O[number]> {
  return {
    control: { kind: "choice", options, preset },
    parse(name, properties) {
      const value = property(
        name,
        properties,
        z.enum(options as unknown as [string]).default(preset),
        oneOf(options),
      );
      return () => value;
    },
  };
}

/** A box to tick. */
export function flag(wrongWhen?: Record<string, string>): Field<boolean> {
  return {
    control: { kind: "flag" },
    ...(wrongWhen && { wrongWhen }),
    parse(name, properties) {
      const value = property(name, properties, z.boolean().default(false), "true or false");
      return () => value;
    },
  };
}

export interface TypedOptions<T> {
  /** Turns what comes out at run time into the field's value, or throws a TokenError that says what was expected. */
  read(value: unknown, name: string): T;
  preset: { type: string; value: string };
  /** Types without a value box, and the value that each stands for, such as `any: undefined`. */
  constants?: Record<string, T>;
  words?: readonly string[];
  pattern?: RegExp;
  section?: string;
  wrongWhen?: Readonly<Record<string, string>>;
  /** What the property was called once. A flow that holds it so is refused, for its wish is not known any more. */
  formerly?: string;
}

/** A TypedInput: its value comes from where the dialog says, and from nowhere else. */
export function typed<T>(options: TypedOptions<T>): Field<T> {
  const { constants = {}, words = [], preset, formerly } = options;
  const types = [...Object.keys(constants), ...SOURCES];
  return {
    control: {
      kind: "typed",
      preset,
      constants: Object.keys(constants),
      words,
      pattern: options.pattern?.source,
      sources: SOURCES,
      formerly,
    },
    ...(options.section !== undefined && { section: options.section }),
    ...(options.wrongWhen && { wrongWhen: options.wrongWhen }),
    parse(name, properties) {
      if (formerly !== undefined) refuseFormer(name, formerly, properties);
      const given = properties[name];
      // A value without its type is no wish to leave the field at its preset, which for a filter is "any".
      const isMeant = given !== undefined && given !== "" && given !== preset.value;
      const typeOf = z.enum(types as [string]);
      const type = property(
        `${name}Type`,
        properties,
        isMeant ? typeOf : typeOf.default(preset.type),
        oneOf(types),
      );
      const value = property(name, properties, z.string().default(preset.value), "a text");
      if (type in constants) return () => constants[type] as T;
      if (type === "str" && (isVariable(value.trim()) || isRefused(() => options.read(value, name)))) {
        refuseVariable(
          name,
          value,
          'Choose the type "env variable" for it, which also takes a variable within a text.',
        );
      }
      return async (evaluate) => options.read((await evaluate(value, type as Source, name)).value, name);
    },
  };
}

/** @throws {TokenError} `invalid-config` where the node was saved when the property had another name. */
function refuseFormer(name: string, formerly: string, properties: Record<string, unknown>): void {
  if (properties[formerly] === undefined && properties[`${formerly}Type`] === undefined) return;
  throw new TokenError(
    "invalid-config",
    `the field "${name}" was saved under its former name "${formerly}". Open the node and choose it again.`,
  );
}

/** The tokens to act upon: `msg.payload` unless the dialog says otherwise. */
export function targetsField(kind: TokenKind): Field<Targets> {
  return typed({
    preset: { type: "msg", value: "payload" },
    pattern: kind.reference.pattern,
    read: (value) => readTargets(value, kind),
  });
}

/** "At most N tokens per message, minute, hour or day". An empty number is no limit. */
export function limitField(preset: number): Field<RateLimit> {
  return {
    control: { kind: "limit", preset, per: WINDOWS },
    parse(name, properties, counts) {
      const { [name]: given = preset } = properties;
      const max = given === "" ? Infinity : wholeNumberOf(given, 1, Number.MAX_SAFE_INTEGER);
      if (max === undefined) {
        throw invalidConfig(name, given, "a whole number from 1, or nothing for no limit");
      }
      const per = property(`${name}Per`, properties, z.enum(WINDOWS).default(WINDOWS[0]), oneOf(WINDOWS));
      const rateLimit = createRateLimit(max, per, counts);
      return () => rateLimit;
    },
  };
}

function property<T>(
  name: string,
  properties: Record<string, unknown>,
  schema: z.ZodType<T>,
  expected: string,
): T {
  const parsed = schema.safeParse(properties[name]);
  if (parsed.success) return parsed.data;
  throw invalidConfig(name, properties[name], expected);
}

/** @throws {TokenError} another one where the value is a variable, or has one in it. */
function invalidConfig(name: string, value: unknown, expected: string): TokenError {
  refuseVariable(name, value);
  return new TokenError(
    "invalid-config",
    `the field "${name}" holds ${kindOf(value)}, expected ${expected}. Open the node and set it.`,
  );
}

/**
 * Refuses a value that is still a variable, which Node-RED leaves as it is where there is none of that name, and one
 * that has a variable in it.
 *
 * @param remedy what to do where it has more than the variable, as a sentence.
 * @throws {TokenError} `invalid-config`.
 */
export function refuseVariable(
  name: string,
  value: unknown,
  remedy = "Put the whole value into one variable.",
): void {
  if (typeof value !== "string") return;
  if (isVariable(value)) {
    throw new TokenError(
      "invalid-config",
      `the field "${name}" names the environment variable ${value.slice(2, -1)}, which is not set or empty. Set it, and restart Node-RED if it is a variable of the process.`,
    );
  }
  if (holdsVariable(value)) {
    throw new TokenError(
      "invalid-config",
      `the field "${name}" holds ${kindOf(value)}, ${PART_OF_TEXT}. ${remedy}`,
    );
  }
}

function isRefused(read: () => unknown): boolean {
  try {
    read();
    return false;
  } catch {
    return true;
  }
}

/** Where a node stands, in what Node-RED hands to its constructor. */
export interface Placed {
  id: string;
  /** Within a subflow, the ID that it has in the subflow's template. */
  _alias?: string;
  _flow?: { subflowDef?: Record<"nodes" | "configs", Record<string, object> | undefined> };
  [property: string]: unknown;
}

/** Fields that protect less when they are empty. */
const PROTECTIVE = ["limit", "protectedIds", "url", "auditFile"];

/**
 * A variable that is set but empty leaves a field empty, and "no limit", "nothing protected" or "the default
 * URL" is never meant by it. The properties that a node gets do not tell; the flow does.
 *
 * @throws {TokenError} `invalid-config`.
 */
export function refuseEmptyVariables(RED: NodeAPI, properties: Placed): void {
  const original = originalOf(RED, properties);
  for (const [name, value] of Object.entries(properties)) {
    if (!isEmpty(value)) continue;
    const written = original?.[name];
    refuseVariable(name, written);
    if (original === undefined && PROTECTIVE.includes(name)) {
      throw new TokenError(
        "invalid-config",
        `the field "${name}" is empty, and it cannot be told here whether an environment variable has emptied it. Fill it in.`,
      );
    }
  }
}

/** A node as the flow has it, before its variables were replaced. */
function originalOf(RED: NodeAPI, { id, _alias, _flow }: Placed): Record<string, unknown> | undefined {
  const own = _alias ?? id;
  // First, for a packaged subflow is not among the flows, or there as well and in another version.
  const template = _flow?.subflowDef;
  let found = template?.nodes?.[own] ?? template?.configs?.[own];
  if (found === undefined) RED.nodes.eachNode((node) => node.id === own && (found = node));
  return found as Record<string, unknown> | undefined;
}

/** Also what holds nothing but separators, which makes a list of no IDs. */
function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || (typeof value === "string" && /^[\s,;]*$/.test(value));
}

function oneOf(words: readonly string[]): string {
  return `one of ${words.join(", ")}`;
}
