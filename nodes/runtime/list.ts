import { systemClock } from "../../src/clock.js";
import { breather } from "../../src/work/breather.js";
import { TokenError } from "../../src/errors.js";
import { oldest, readFilter, type Filter } from "../../src/work/filters.js";
import { choice, flag, typed, type Field, type Fields, type Values } from "../fields/fields.js";
import type { Summary, Task } from "./node.js";
import { grouped } from "./status.js";

interface FilterLook {
  filter?: string;
  formerly?: string;
}

/** A filter is "any" unless the dialog says otherwise; then its value must not come out empty. */
export function filterField<T>(filter: Filter<T>, name: string, look: FilterLook = {}): Field<T | undefined> {
  const { words, form, time } = filter;
  return typed<T | undefined>({
    preset: { type: "any", value: "" },
    constants: { any: undefined },
    read: (value) => readFilter(filter, name, value, systemClock.now()),
    ...(words && { words }),
    ...(form && { form }),
    ...(time && { time }),
    ...look,
  });
}

type FilterFields<F> = { [K in keyof F]: F[K] extends Filter<infer T> ? Field<T | undefined> : never };

/** A field for each filter, and the box that says that none of them is meant. */
export function filterFields<F extends Record<string, Filter<unknown>>>(
  filters: F,
  looks: { [K in keyof F]?: FilterLook } = {},
): FilterFields<F> & Pick<Listing, "everyToken"> {
  const fields = Object.entries(filters).map(([name, filter]) => [
    name,
    filterField(filter, name, { ...looks[name], filter: name.replace(/(Before|After)$/, "") }),
  ]);
  const none = Object.keys(filters).map((name) => [`${name}Type`, "any"]);
  const noFilter = { everyToken: false, ...(Object.fromEntries(none) as Record<string, string>) };
  // A node that was saved before there was this box has listed every token.
  return { ...(Object.fromEntries(fields) as FilterFields<F>), everyToken: flag({ noFilter }, true) };
}

/** What a list node sends. */
export const resultField = choice(["all", "first", "each"], "all");

interface Listing extends Fields {
  everyToken: Field<boolean>;
  result: typeof resultField;
}

/**
 * The filters among the values of a list node.
 *
 * @throws {TokenError} `invalid-config` if there is none, and nobody has said that every token is meant.
 */
export function filtersIn<V extends Values<Listing>>({ everyToken, result, ...filters }: V) {
  if (!everyToken && Object.values(filters).every((value) => value === undefined)) {
    throw new TokenError(
      "invalid-config",
      'no filter is set, and the node does not say that every token is meant. Open the node, and add a filter or tick "Every token, without a filter". Nothing was sent.',
    );
  }
  return filters;
}

/** Labels of the two outputs of a list node, as keys of the locale. */
export const listOutputs = ["found", "none"] as const;

/** Sends what is found in the form that the node says, or an empty array to the second output. */
export async function sendFound<T extends { createdAt?: string | undefined }>(
  { values: { result }, signal, send }: Pick<Task<Listing>, "values" | "signal" | "send">,
  batches: AsyncIterable<T[]>,
): Promise<Summary> {
  const found: T[] = [];
  for await (const batch of batches) {
    // Not push(...batch): so many arguments may not fit on the stack.
    for (const token of batch) found.push(token);
  }
  if (found.length === 0) {
    send([], { output: 1 });
  } else if (result === "first") {
    send(oldest(found));
    return { text: found.length > 1 ? `1 of ${grouped(found.length)} found` : "1 found" };
  } else if (result === "each") {
    const breathe = breather();
    for (const [index, token] of found.entries()) {
      if (signal.aborted) {
        throw new TokenError(
          "cancelled",
          `the flow was stopped or deployed anew. ${index} of ${found.length} were sent on.`,
        );
      }
      send(token, { part: { index, count: found.length } });
      await breathe();
    }
  } else {
    send(found);
  }
  return { text: `${grouped(found.length)} found` };
}
