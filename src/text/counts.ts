// A formatter takes a microsecond, and most counts are small.
const GROUPED = new Intl.NumberFormat("en-US");

/** A count as people read it: `1,200`. */
export function grouped(count: number): string {
  return count < 1000 ? String(count) : GROUPED.format(count);
}

/** So many of something: `1 authorization`, `1,200 authorizations`. */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? "" : "s"}`;
}
