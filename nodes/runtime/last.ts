import type { Node } from "node-red";
import { systemClock } from "../../src/clock.js";
import type { OutcomeRecord } from "../../src/work/outcomes.js";
import type { Summary } from "../../src/work/summary.js";

/** What the last message of a node did. */
export interface Last {
  /** When it ended, ISO 8601. */
  at: string;
  text: string;
  counts: NonNullable<Summary["counts"]>;
  /** The first of them, as they were sent, but with short texts and without permissions. */
  records: OutcomeRecord[];
  total: number;
  /** The name of the connection, if the message has named it. */
  connection?: string;
}

/** Records that are kept of a message. */
const MOST_RECORDS = 100;

/** Characters of each of its texts; the longest sentences of errors are as long. */
const LONGEST_TEXT = 2000;

/** In memory, and gone with the node. What people read is made when they ask, for messages are many. */
const lasts = new WeakMap<Node, () => Last>();

/** What the message that ended last did, if there was one. */
export function lastOf(node: Node): Last | undefined {
  return lasts.get(node)?.();
}

/** Follows one message, to tell people later what it did. */
export function followLast(node: Node) {
  const records: OutcomeRecord[] = [];
  return {
    /** To be called before the record is sent, for a flow can write to what it gets. */
    record: (record: OutcomeRecord, index: number): void => {
      if (index < MOST_RECORDS) records[index] = shortened(record);
    },
    /** @param failure the message of the error, if it ended with one. */
    end: (
      failure: string | undefined,
      { text, counts = {}, total, connection }: Summary = NOTHING_DONE,
    ): void => {
      const at = systemClock.now();
      // A flow can write to the summary, too.
      const ownCounts = { ...counts };
      const name = connection?.name;
      lasts.set(node, () => ({
        at: new Date(at).toISOString(),
        text: [text, failure].filter(Boolean).join(" "),
        counts: ownCounts,
        records: records.filter(Boolean),
        total,
        ...(name !== undefined && { connection: name }),
      }));
    },
  };
}

/** A copy that is short: an answer can have long texts, and thousands of permissions. It has what JSON can hold. */
function shortened<T>(value: T): T {
  if (typeof value === "string") return value.slice(0, LONGEST_TEXT) as T;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(shortened) as T;
  const copy: Record<string, unknown> = {};
  for (const name in value) {
    const field = value[name];
    if (name !== "permissions" && field !== undefined) copy[name] = shortened(field);
  }
  return copy as T;
}

const NOTHING_DONE: Summary = { text: "", total: 0 };
