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
}

/** Records that are kept of a message. */
const MOST_RECORDS = 100;

/** Characters of each of its texts; the longest sentences of errors are as long. */
const LONGEST_TEXT = 2000;

/** In memory, and gone with the node. */
const lasts = new WeakMap<Node, Last>();

/** What the message that ended last did, if there was one. */
export function lastOf(node: Node): Last | undefined {
  return lasts.get(node);
}

/** Follows one message, to tell people later what it did. */
export function followLast(node: Node) {
  const records: OutcomeRecord[] = [];
  return {
    /** To be called before the record is sent, for a flow can write to what it gets. */
    record: (record: OutcomeRecord, index: number): void => {
      if (index < MOST_RECORDS)
        records[index] = JSON.parse(JSON.stringify(record, shortened)) as OutcomeRecord;
    },
    /** @param failure the message of the error, if it ended with one. */
    end: (failure: string | undefined, { text, counts = {}, total }: Summary = NOTHING_DONE): void => {
      const at = new Date(systemClock.now()).toISOString();
      lasts.set(node, {
        at,
        text: [text, failure].filter(Boolean).join(" "),
        counts,
        records: records.filter(Boolean),
        total,
      });
    },
  };
}

/** Keeps a record short: an answer can have long texts, and thousands of permissions. */
function shortened(name: string, value: unknown): unknown {
  if (name === "permissions") return undefined;
  return typeof value === "string" ? value.slice(0, LONGEST_TEXT) : value;
}

const NOTHING_DONE: Summary = { text: "", total: 0 };
