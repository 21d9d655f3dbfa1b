/*
 * What the editor runs of this package as it opens: the html of each node loads this file, and calls what it exports.
 * What only an open dialog needs is in `dialogs.ts`.
 */

export { watchTokens } from "./connection-tokens.js";
export { prepare, save } from "./first-dialog.js";
export { prepareInPalette } from "./palette.js";
export { watchUsers } from "./users.js";
export { validate, validateConnection } from "./validators.js";
