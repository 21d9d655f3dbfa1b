import { systemClock } from "../../src/clock.js";
import { breather } from "../../src/work/breather.js";
import { asTokenError, TokenError } from "../../src/errors.js";
import type { ResourceName } from "../../src/products.js";
import { oldest, readFilter, type Filter } from "../../src/work/filters.js";
import { counted, grouped } from "../../src/text/counts.js";
import { all, type Listed, type Listing } from "../../src/tokens/resource.js";
import { RESOURCES } from "../../src/tokens/resources.js";
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
): FilterFields<F> & Pick<ListFields, "everyToken"> {
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

interface ListFields extends Fields {
  everyToken: Field<boolean>;
  result: typeof resultField;
}

/**
 * The filters among the values of a list node.
 *
 * @throws {TokenError} `invalid-config` if there is none, and nobody has said that every token is meant.
 */
export function filtersIn<V extends Values<ListFields>>({ everyToken, result, ...filters }: V) {
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
export function listNode<F extends ListFields, R extends ResourceName>(
  operation: Omit<Operation<F, R>, "run"> & Required<Pick<Operation<F, R>, "find">>,
): NodeModule {
  return node({
    ...operation,
    run: (task) => sendFound(task, operation.find(task.values, task.tokens)),
  });
}

type Sending = Pick<Task<ListFields>, "resource" | "signal" | "send">;

/** Sends what is found in the form that the node says, or an empty array to the second output. */
async function sendFound(
  { values: { result }, ...task }: Sending & Pick<Task<ListFields>, "values">,
  listing: Listing<Listed>,
): Promise<Ending> {
  if (result === "each") return sendEach(task, listing);
  if (result === "first") return sendFirst(task, await listing.read(oldestIn));
  const found = await listing.read(all);
  if (found.length === 0) return sendNone(task);
  const summary = { text: `${inWords(task, found.length)}.`, total: found.length };
  task.send(found, summary);
  return { summary, text: `${grouped(found.length)} found` };
}

interface Oldest {
  first: Listed | undefined;
  /** How many match; undefined if they were not counted. */
  total: number | undefined;
}

/** Stops where the server's order proves that all others are younger. */
async function oldestIn(batches: AsyncIterable<Listed[]>, isInOrder: boolean): Promise<Oldest> {
  let first: Listed | undefined;
  let total = 0;
  for await (const batch of batches) {
    const [next] = batch;
    first = oldest(first ? [first, ...batch] : batch);
    total += batch.length;
    // A server that breaks its order proves nothing.
    if (isInOrder && next !== undefined && next === first) return { first, total: undefined };
  }
  return { first, total };
}

function sendFirst(task: Sending, { first, total }: Oldest): Ending {
  if (first === undefined) return sendNone(task);
  const isOneOfMany = total !== undefined && total > 1;
  const text =
    total === undefined
      ? `The oldest ${RESOURCES[task.resource].noun} that matches; others were not counted.`
      : `${inWords(task, total)}${isOneOfMany ? "; this is the oldest" : ""}.`;
  const summary = { text, total: total ?? 1 };
  task.send(first, summary);
  return { summary, text: isOneOfMany ? `1 of ${grouped(total)} found` : "1 found" };
}

/** Each is sent once the next has come, because the last one says how many there were. */
async function sendEach(task: Sending, listing: Listing<Listed>): Promise<Ending> {
  const { send, signal } = task;
  const breathe = breather();
  let sent = 0;
  const last = await listing.read(async (batches) => {
    let held: Listed | undefined;
    try {
      for await (const batch of batches) {
        for (const token of batch) {
          if (held !== undefined) send(held, undefined, { part: { index: sent++ } });
          held = token;
          await breathe();
          if (signal.aborted) throw new TokenError("cancelled", "the flow was stopped or deployed anew.");
        }
        // What was sent has its turn before more is read.
        await new Promise(setImmediate);
      }
    } catch (error) {
      // As it is, it could be begun anew.
      if (sent === 0) throw error;
      const failure = asTokenError(error);
      throw failure.retold(`${failure.reason} ${grouped(sent)} were sent on before.`);
    }
    return held;
  });
  if (last === undefined) return sendNone(task);
  const total = sent + 1;
  const summary = { text: `${inWords(task, total)}.`, total };
  send(last, summary, { part: { index: sent, count: total } });
  return { summary, text: `${grouped(total)} found` };
}

function sendNone(task: Sending): Ending {
  const summary = { text: `${inWords(task, 0)}.`, total: 0 };
  task.send([], summary, { output: 1 });
  return { summary, text: "0 found" };
}

/** How many match. */
function inWords({ resource }: Sending, total: number): string {
  const { noun } = RESOURCES[resource];
  return total === 0 ? `No ${noun}s match` : `${counted(total, noun)} ${total === 1 ? "matches" : "match"}`;
}
