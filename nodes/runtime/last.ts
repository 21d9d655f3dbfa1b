import type { Node } from "node-red";
import { systemClock } from "../../src/clock.js";
import type { OutcomeName, OutcomeRecord } from "../../src/work/outcomes.js";

/** What the last message of a node did. */
export interface Last {
  /** When it ended, ISO 8601. */
  at: string;
  text: string;
  counts: Partial<Record<OutcomeName, number>>;
  /** The first of them, as they were sent. */
  records: OutcomeRecord[];
  total: number;
}

/** Records that are kept of a message. */
const MOST_RECORDS = 100;

/** In memory, and gone with the node. */
const lasts = new WeakMap<Node, Last>();

/** What the message that ended last did, if there was one. */
export function lastOf(node: Node): Last | undefined {
  return lasts.get(node);
}

/** Follows one message, to tell people later what it did. */
export function followLast(node: Node) {
  const records: OutcomeRecord[] = [];
  const counts: Last["counts"] = {};
  let total = 0;
  return {
    /** To be called before the record is sent, for a flow can write to what it gets. */
    record: (record: OutcomeRecord, index: number): void => {
      total++;
      counts[record.outcome] = (counts[record.outcome] ?? 0) + 1;
      if (index < MOST_RECORDS) records[index] = structuredClone(record);
    },
    /** @param text says what became of the message. */
    end: (text: string): void => {
      const at = new Date(systemClock.now()).toISOString();
      lasts.set(node, { at, text, counts, records: records.filter(Boolean), total });
    },
  };
}
