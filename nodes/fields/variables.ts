/*
 * Variables of the environment in what is typed into a dialog. The build puts this file into the browser, so it uses
 * only what Node.js and browsers have in common.
 */

/** Whether Node-RED replaces a value: `${NAME}`, or the old form `$(NAME)`. */
export function isVariable(value: unknown): value is string {
  return typeof value === "string" && /^\$(\{[^\s{}]+\}|\([^\s()]+\))$/.test(value);
}

/** Whether there is a variable somewhere in a text. Node-RED replaces it only if it is all of the text. */
export function holdsVariable(text: string): boolean {
  return /\$(\{[^{}]*\}|\([^()]*\))/.test(text);
}
