import { kindOf, TokenError } from "../../src/errors.js";
import type { IdForm } from "../../src/ids.js";
import { then, type PromiseOrValue } from "../../src/promise-or-value.js";
import {
  createRateLimit,
  WINDOWS,
  type Window,
  type CounterStore,
  type RateLimit,
} from "../../src/work/rate-limit.js";
import type { TimeForm } from "../../src/work/times.js";
import { readTargets, type TokenKind, type Targets } from "../../src/work/targets.js";
import type { Lookup } from "../admin/answers.js";
import {
  SOURCES,
  type FieldData,
  type Flag,
  type Limit,
  type Properties,
  type Source,
  type Typed,
  type WholeNumber,
} from "./controls.js";
import { judgePart, partsOf, typedParts, typeIn, type Part } from "./judge.js";
import { refuseVariable } from "./refuse-variables.js";
import { limitOf } from "./whole-numbers.js";
import { WRONG, type Wrong } from "./wrong.js";

/**
 * Evaluates a TypedInput against the current message; what is missing comes out as undefined. The value is wrapped in
 * an object, because a promise in a message is a wrong value and must not be awaited.
 *
 * @throws {TokenError} `invalid-config` if the expression itself is wrong.
 */
export type Evaluate = (value: string, source: Source, name: string) => PromiseOrValue<{ value: unknown }>;

/** One field of a node: what it is, and how the runtime reads it. */
export interface Field<T> extends FieldData {
  /**
   * Reads the node's properties once, at deploy, and returns what reads the field's value for each message.
   *
   * @param counts keeps what the node counts over messages.
   * @throws {TokenError} `invalid-config`.
   */
  parse(
    name: string,
    properties: Properties,
    counts: CounterStore,
  ): (evaluate: Evaluate) => PromiseOrValue<T>;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- any field; only its values are typed
export type Fields = Record<string, Field<any>>;
export type Values<F extends Fields> = { [K in keyof F]: F[K] extends Field<infer T> ? T : never };

/** One of a few words, fixed in the dialog. */
export function choice<const O extends readonly string[]>(
  options: O,
  preset: O[number],
  notes: readonly O[number][] = [],
): Field<O[number]> {
  return fixed(
    { control: { kind: "choice", options, preset, notes } },
    (value = preset) => value as O[number],
  );
}

/**
 * A box to tick.
 *
 * @param missing what it is taken for in a node that was saved without it.
 */
export function flag(wrongWhen?: FieldData["wrongWhen"], missing = false): Field<boolean> {
  const control: Flag = { kind: "flag", missing };
  return fixed({ control, ...(wrongWhen && { wrongWhen }) }, (value = missing) => value === true);
}

/**
 * "At most N tokens per message, minute, hour or day". An empty number is no limit.
 *
 * @param first the window that is preset.
 */
export function limitField(preset: number, first: Window = WINDOWS[0]): Field<RateLimit> {
  const per = [first, ...WINDOWS.filter((each) => each !== first)] as const;
  const control: Limit = { kind: "limit", preset, per };
  return fixed({ control, protects: true }, (value = preset, per = control.per[0], counts) =>
    // Anything but a number was refused; 0, which allows nothing, is the safe side.
    createRateLimit(limitOf(value) ?? 0, per as (typeof WINDOWS)[number], counts),
  );
}

/** A whole number of seconds, from 1 on; empty means the preset. */
export function secondsField(preset: number, max: number): Field<number> {
  const control: WholeNumber = { kind: "number", preset, min: 1, max, seconds: true };
  return fixed({ control }, (value) => Number(value ?? "") || preset);
}

/** A field whose value is known at deploy, from its property and the one that goes with it, if any. */
export function fixed<T>(
  data: FieldData,
  read: (value: unknown, other: unknown, counts: CounterStore, name: string) => T,
): Field<T> {
  return {
    ...data,
    parse(name, properties, counts) {
      const parts = partsOf(name, data);
      for (const part of parts) refuseWrong(data, part, properties);
      const [value, other] = parts.map(({ property }) => properties[property]);
      const result = read(value, other, counts, name);
      return () => result;
    },
  };
}

export interface TypedOptions<T> {
  /** Turns the evaluated value into the field's, or throws a TokenError that says what was expected. */
  read: (value: unknown, name: string) => T;
  preset: { type: string; value: string };
  /** Types without a value box, and the value of each, such as `any: undefined`. */
  constants?: Record<string, T>;
  words?: readonly string[];
  /** Where it can come from, if not from everywhere: a secret must not be typed into a flow. */
  sources?: readonly Source[];
  /** How an ID that is typed in is written. */
  form?: IdForm;
  lookup?: Lookup;
  /** What it is, if it is a time. */
  time?: TimeForm;
  filter?: string;
  wrongWhen?: NonNullable<FieldData["wrongWhen"]>;
  /** A former name of the property. A flow that still uses it is refused, because its meaning is not known any more. */
  formerly?: string;
}

/**
 * A TypedInput: its value comes from where the dialog says, and from nowhere else.
 *
 * @example
 * const status = typed({
 *   preset: { type: "any", value: "" },
 *   constants: { any: undefined },
 *   read: (value, name) => readFilter(authorizations.filters.status, name, value, Date.now()),
 * });
 */
export function typed<T>(options: TypedOptions<T>): Field<T> {
  const {
    read,
    constants = {},
    words = [],
    sources = SOURCES,
    preset,
    form,
    time,
    formerly,
    ...look
  } = options;
  const control: Typed = {
    kind: "typed",
    preset,
    constants: Object.keys(constants),
    words,
    ...(form && { form: form.name }),
    ...(time && { time }),
    sources,
    ...(formerly !== undefined && { formerly }),
  };
  const data: FieldData = { control, ...look };
  return {
    ...data,
    parse(name, properties) {
      const [valuePart, typePart, formerPart] = typedParts(name, control);
      if (formerly !== undefined && (properties[formerly] !== undefined || formerPart?.wrong(properties))) {
        throw formerProperty(name, formerly);
      }
      refuseWrong(data, typePart, properties);
      const { [name]: value = preset.value } = properties;
      const type = typeIn(properties, name, control) as string;
      const wrong = valuePart.wrong(properties);
      if (typeof value !== "string") throw wrongProperty(valuePart, value, "empty");
      if (wrong === "json") throw wrongProperty(valuePart, value, wrong);
      if (type in constants) return () => constants[type] as T;
      if (type === "str" && (wrong === "envVariable" || isRefused(() => read(value, name)))) {
        refuseVariable(name, value, "envVariable");
      }
      return (evaluate) =>
        then(evaluate(value, type as Source, name), (found) => {
          const result = read(found.value, name);
          // `read` comes first because its error says more; what the dialog finds wrong is refused all the same. It can
          // depend on the time whether it does.
          const wrongNow = valuePart.wrong(properties);
          if (wrongNow !== undefined) throw wrongProperty(valuePart, value, wrongNow);
          return result;
        });
    },
  };
}

/** The error of a node that was saved when the property had another name. */
function formerProperty(name: string, formerly: string): TokenError {
  return new TokenError(
    "invalid-config",
    `the field "${name}" was saved under its former name "${formerly}". Open the node and choose it again.`,
  );
}

/** The tokens to act upon, from `msg.payload` or another property of the message unless the dialog says otherwise. */
export function targetsField(kind: TokenKind, value = "payload"): Field<Targets> {
  return typed({
    preset: { type: "msg", value },
    form: kind.reference,
    lookup: "id",
    read: (value) => readTargets(value, kind),
  });
}

/** @throws {TokenError} `invalid-config`. */
function refuseWrong(field: FieldData, part: Part, properties: Properties): void {
  const wrong = judgePart(field, part, properties);
  if (wrong !== undefined) throw wrongProperty(part, properties[part.property], wrong);
}

/** @throws {TokenError} another error if the value is a variable, or has one in it. */
function wrongProperty(part: Part, value: unknown, wrong: Wrong): TokenError {
  refuseVariable(part.property, value);
  return new TokenError(
    "invalid-config",
    `the field "${part.property}" holds ${kindOf(value)}, ${wordsFor(wrong, part)}. Open the node and set it.`,
  );
}

/** What the runtime says about a wrong value, after what the property holds. */
export function wordsFor(wrong: Wrong, { params = {} }: Part): string {
  return WRONG[wrong].replace(/__(\w+)__/g, (_, name: string) => String(params[name]));
}

function isRefused(read: () => unknown): boolean {
  try {
    read();
    return false;
  } catch {
    return true;
  }
}
