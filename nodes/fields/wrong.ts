import { HEX_ID, TOKEN_NAME, UUID } from "../../src/ids.js";
import { PRODUCTS } from "../../src/products.js";
import { WRONG_TOKEN_VALUES } from "../../src/text/token-values.js";
import { AGE_EXPECTED, EXPIRY_EXPECTED, MOMENT_EXPECTED, NO_M } from "../../src/work/times.js";

/** What is wrong with a value that has a variable in it; it follows another text. */
const PART_OF_TEXT =
  "with a variable in it, but Node-RED replaces ${NAME} only where it is the whole value, without even a space beside it";

/**
 * What can be wrong with a field: keys of what the dialog says (`wrong.…` in the locale), and what the runtime says
 * after "the field … holds …". Names between underscores are among the `params` of a `Part`.
 */
export const WRONG = {
  variable: `${PART_OF_TEXT}. Put the whole value into one variable`,
  envVariable: `${PART_OF_TEXT}. Choose the type "env variable" for it, which also takes a variable within a text`,

  word: "expected one of __words__",
  flag: "expected true or false",
  limit: "expected a whole number from 1, or nothing for no limit",
  type: "expected one of __types__",
  formerly: "expected what is chosen again, because an older version saved it under another name",
  empty: "expected a text",
  config: "expected the ID of a configuration node",
  noConnections: "expected at least one connection that a message may name",
  number: "expected a whole number from __min__ to __max__",
  seconds: "expected seconds from __min__ to __max__",

  json: "expected valid JSON",

  // Of places.
  place: "expected a name such as tokenValue, or names with dots between them such as secrets.influx",
  placeShown:
    "which people log, and Debug nodes show; put the value into another property, such as tokenValue",
  placeOwn:
    "which has a meaning of its own to nodes; put the value into another property, such as tokenValue",

  // Of tables of permissions.
  noRows: "expected at least one row: what the token may do",
  rows: "expected rows, each with what it is about and whether that can be read and written",
  rowBucket: `with a row without a bucket: expected its ID (${HEX_ID.expected}), or * for all`,
  rowDatabase: "with a row without a database: expected its name, of 1 to 64 characters, or * for all",
  rowAccess: "with a row that allows neither to read nor to write",

  // Of times.
  moment: `expected ${MOMENT_EXPECTED}`,
  duration: `expected ${AGE_EXPECTED}`,
  minutesOrMonths: `which is not clear. ${NO_M}`,
  expiry: `expected ${EXPIRY_EXPECTED}`,
  outOfRange: "which lies before 2000-01-01, or more than a year ahead",

  // Of texts.
  hexId: `expected ${HEX_ID.expected}`,
  uuid: `expected ${UUID.expected}`,
  nameOfToken: `expected ${TOKEN_NAME.expected}`,
  ids: `expected IDs (each ${HEX_ID.expected}, or ${UUID.expected} for Cloud Dedicated and Clustered), separated by spaces, commas or new lines; of InfluxDB 3, names of tokens, one a line`,
  product: `expected one of ${Object.keys(PRODUCTS).join(", ")}`,
  url: "expected a URL that starts with http:// or https://",
  urlMissing: "expected the address of the cluster",
  urlCredentials: "which contains a user name or password; the token has its own field",
  urlPath:
    "which leads into InfluxDB's API or its pages; give the address of the server only, without /api/v2, /signin, /orgs/… and the like",
  urlQuery: "which contains a query or fragment; give the address of the server only",
  command: "expected the path of influxctl",
  path: "expected an absolute path, such as /data/file or C:\\data\\file",
  tokenMissing:
    "expected an API token, a management token or an admin token (tokens are not part of an exported flow)",
  ...WRONG_TOKEN_VALUES,
} as const;
export type Wrong = keyof typeof WRONG;

/** What can be wrong with fields together. The runtime looks at it for each message, which can ask for a dry run. */
export type WrongTogether = "notConfirmed" | "nothingToChange" | "noFilter";
