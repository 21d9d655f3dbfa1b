import { systemClock } from "../../src/clock.js";
import { breather } from "../../src/work/breather.js";
import { TokenError } from "../../src/errors.js";
import type { ResourceName } from "../../src/products.js";
import { oldest, readFilter, type Filter } from "../../src/work/filters.js";
import { counted, grouped } from "../../src/text/counts.js";
import { RESOURCES } from "../../src/tokens/resources.js";
import type { Summary } from "../../src/work/summary.js";
import { LOOKUPS } from "../admin/answers.js";
import { SECRET_SOURCES } from "../fields/controls.js";
import {
  choice,
  flag,
  typed,
  type Field,
  type Fields,
  type TypedOptions,
  type Values,
} from "../fields/fields.js";
import { node, type Ending, type NodeModule, type Operation, type Task } from "./node.js";

type FilterLook = Pick<TypedOptions<unknown>, "filter" | "formerly" | "lookup">;

/**
 * A filter is "any" unless the dialog says otherwise; then its value must not come out empty. One by a property that
 * can be looked up has its name.
 */
export function filterField<T>(filter: Filter<T>, name: string, look: FilterLook = {}): Field<T | undefined> {
  const { words, form, time, secret } = filter;
  const lookup = LOOKUPS.find((each) => each === name);
  return typed<T | undefined>({
    preset: { type: "any", value: "" },
    constants: { any: undefined },
    read: (value) => readFilter(filter, name, value, systemClock.now()),
    ...(words && { words }),
    ...(form && { form }),
    ...(lookup && { lookup }),
    ...(time && { time }),
    ...(secret && { sources: SECRET_SOURCES }),
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

/** A node that sends what it finds. */
export function listNode<F extends Listing, R extends ResourceName>(
  operation: Omit<Operation<F, R>, "run"> & Required<Pick<Operation<F, R>, "find">>,
): NodeModule {
  return node({
    ...operation,
    run: (task) => sendFound(task, operation.find(task.values, task.tokens)),
  });
}

/** Sends what is found in the form that the node says, or an empty array to the second output. */
async function sendFound<T extends { createdAt?: string | undefined }>(
  {
    values: { result },
    resource,
    signal,
    send,
  }: Pick<Task<Listing>, "values" | "resource" | "signal" | "send">,
  batches: AsyncIterable<T[]>,
): Promise<Ending> {
  const found: T[] = [];
  for await (const batch of batches) {
    // Not push(...batch): so many arguments may not fit on the stack.
    for (const token of batch) found.push(token);
  }
  const total = found.length;
  const { noun } = RESOURCES[resource];
  const matches =
    total === 0 ? `No ${noun}s match` : `${counted(total, noun)} ${total === 1 ? "matches" : "match"}`;
  const isOneOfMany = result === "first" && total > 1;
  const summary: Summary = { text: `${matches}${isOneOfMany ? "; this is the oldest" : ""}.`, total };
  if (total === 0) {
    send([], summary, { output: 1 });
  } else if (result === "first") {
    send(oldest(found), summary);
    return { summary, text: isOneOfMany ? `1 of ${grouped(total)} found` : "1 found" };
  } else if (result === "each") {
    const breathe = breather();
    for (const [index, token] of found.entries()) {
      if (signal.aborted) {
        throw new TokenError(
          "cancelled",
          `the flow was stopped or deployed anew. ${index} of ${total} were sent on.`,
        );
      }
      // A copy, because a flow can change what it gets.
      send(token, { ...summary }, { part: { index, count: total } });
      await breathe();
    }
  } else {
    send(found, summary);
  }
  return { summary, text: `${grouped(total)} found` };
}
