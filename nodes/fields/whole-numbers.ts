/** A whole number, also as text: the dialog and environment variables give texts. Undefined for anything else. */
export function wholeNumberOf(value: unknown, min: number, max: number): number | undefined {
  const number = typeof value === "string" && /^\s*\d+\s*$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isInteger(number) && number >= min && number <= max
    ? number
    : undefined;
}

/** How many tokens a limit allows: a whole number from 1, or nothing for no limit. Undefined for anything else. */
export function limitOf(value: unknown): number | undefined {
  return value === "" ? Infinity : wholeNumberOf(value, 1, Number.MAX_SAFE_INTEGER);
}
