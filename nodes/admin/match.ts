import { breather } from "../../src/work/breather.js";

/**
 * Whether one of some texts holds what was typed, whatever its case; anything does if nothing was typed.
 *
 * @param options.atStart whether it must be at the start.
 */
export function searchFor(
  typed: string,
  { atStart = false }: { atStart?: boolean } = {},
): (...texts: (string | undefined)[]) => boolean {
  const wanted = typed.trim();
  if (wanted === "") return () => true;
  // An expression, because a copy of each text in lower case would take longer.
  const escaped = wanted.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
  const pattern = new RegExp(`${atStart ? "^" : ""}${escaped}`, "iu");
  return (...texts) => texts.some((text) => text !== undefined && pattern.test(text));
}

/** Those of a long list that match, with rests for others. */
export async function matching<T>(
  all: readonly T[],
  matches: (each: T) => boolean,
  signal: AbortSignal,
): Promise<T[]> {
  const breathe = breather();
  const found: T[] = [];
  for (const [index, each] of all.entries()) {
    if (matches(each)) found.push(each);
    if (index % STEP === 0) await breathe();
    signal.throwIfAborted();
  }
  return found;
}

/** What is looked at before the clock is. */
const STEP = 1000;

/**
 * A long list in order, with rests for others: merged from short ones. What has no key comes last, either way.
 *
 * @param keyOf must be cheap; a text or a number.
 */
export async function sorted<T>(
  all: readonly T[],
  keyOf: (each: T) => string | number | undefined,
  descending: boolean,
): Promise<T[]> {
  const breathe = breather();
  const sign = descending ? -1 : 1;
  type Keyed = [key: string | number | undefined, each: T];
  const compare = ([a]: Keyed, [b]: Keyed) => {
    if (a === b) return 0;
    if (a === undefined) return 1;
    if (b === undefined) return -1;
    return a < b ? -sign : sign;
  };
  let runs: Keyed[][] = [];
  for (let at = 0; at < all.length; at += STEP) {
    runs.push(
      all
        .slice(at, at + STEP)
        .map((each): Keyed => [keyOf(each), each])
        .sort(compare),
    );
    await breathe();
  }
  while (runs.length > 1) {
    const merged: Keyed[][] = [];
    for (let at = 0; at < runs.length; at += 2) {
      merged.push(await merge(runs[at] ?? [], runs[at + 1] ?? [], compare, breathe));
    }
    runs = merged;
  }
  return (runs[0] ?? []).map(([, each]) => each);
}

async function merge<T>(
  left: T[],
  right: T[],
  compare: (a: T, b: T) => number,
  breathe: () => Promise<void>,
): Promise<T[]> {
  const both: T[] = [];
  let [l, r] = [0, 0];
  while (l < left.length || r < right.length) {
    const takesLeft = r >= right.length || (l < left.length && compare(left[l] as T, right[r] as T) <= 0);
    both.push((takesLeft ? left[l++] : right[r++]) as T);
    if (both.length % STEP === 0) await breathe();
  }
  return both;
}
