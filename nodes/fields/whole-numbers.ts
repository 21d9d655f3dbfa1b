/** A whole number, also as text: the dialog and environment variables give texts. Undefined for anything else. */
export function wholeNumberOf(value: unknown, min: number, max: number): number | undefined {
  const number = typeof value === "string" && /^\s*\d+\s*$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isInteger(number) && number >= min && number <= max
    ? number
    : undefined;
}
