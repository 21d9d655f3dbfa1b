import { factsOf, type TokenErrorCode } from "../error-codes.js";
import { counted, grouped } from "../text/counts.js";
import { factsOfOutcome, OUTCOMES, type OutcomeName, type OutcomeRecord } from "./outcomes.js";

/** What became of the tokens of a message, for a person and for a flow: `msg.summary`. */
export interface Summary {
  /** One sentence, such as "38 of 40 authorizations deleted, 2 failed." */
  text: string;
  /** How many tokens it is about. */
  total: number;
  /** How many there are of each outcome; in a dry run, of what would be the outcome. Of the wanted one even if none. */
  counts?: Counts;
  dryRun?: true;
  /** Of a message that has named its connection: which that is. */
  connection?: { readonly id: string; readonly name: string };
}

type Counts = Partial<Record<OutcomeName | TokenErrorCode, number>>;
export type OutcomeCounts = Partial<Record<OutcomeName, number>>;

/**
 * Sums up a report.
 *
 * @param wanted the outcome of success.
 * @param noun one token of the kind, such as "authorization".
 */
export function summaryOf(
  records: readonly OutcomeRecord[],
  { wanted, noun, dryRun }: { wanted: OutcomeName; noun: string; dryRun: boolean },
): Summary {
  const counts: Counts = { [wanted]: 0 };
  for (const { outcome, would = outcome } of records) counts[would] = (counts[would] ?? 0) + 1;
  const done = counts[wanted] ?? 0;
  const total = records.length;
  const all = counted(total, noun);
  const what =
    total === 0
      ? `No ${noun}s, nothing ${dryRun ? "would be" : "was"} done`
      : `${done === total ? all : `${grouped(done)} of ${all}`} ${dryRun ? "would be " : ""}${wanted}`;
  const text = `${[what, ...inWords(counts, wanted)].join(", ")}.`;
  return { text: dryRun ? `Dry run: ${text}` : text, total, counts, ...(dryRun && { dryRun }) };
}

/** How many records there are of each outcome. */
export function outcomesIn(records: readonly OutcomeRecord[]): OutcomeCounts {
  const counts: OutcomeCounts = {};
  for (const { outcome } of records) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

/** Each count in words: `38 deleted`, `2 changed meanwhile`; all but that of the wanted outcome, if one is named. */
export function inWords(counts: Counts, wanted?: OutcomeName): string[] {
  const names = Object.keys(counts) as (keyof Counts)[];
  return names
    .filter((name) => name !== wanted)
    .map((name) => `${grouped(counts[name] ?? 0)} ${wordsOf(name)}`);
}

function wordsOf(name: keyof Counts): string {
  return isOutcome(name) ? (factsOfOutcome(name).words ?? name) : factsOf(name).words;
}

function isOutcome(name: keyof Counts): name is OutcomeName {
  return name in OUTCOMES;
}
