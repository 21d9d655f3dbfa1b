/*
 * Variables of the environment in what is typed into a dialog. The build puts this file into the browser, so it
 * uses what both have.
 */

/** Whether Node-RED puts something in the place of a value: `${NAME}`, or `$(NAME)` as it was written long ago. */
export function isVariable(value: unknown): value is string {
  return typeof value === "string" && /^\$(\{[^\s{}]+\}|\([^\s()]+\))$/.test(value);
}

/** Whether there is a variable somewhere in a text. Node-RED leaves it as it is unless it is all of the text. */
export function holdsVariable(text: string): boolean {
  return /\$(\{[^{}]*\}|\([^()]*\))/.test(text);
}
