import { HEX_ID, ID_FORMS, UUID } from "../../src/ids.js";
import { isProduct, productOf } from "../../src/products.js";
import { wrongTokenValue } from "../../src/text/token-values.js";
import type { Properties, Text } from "./controls.js";
import type { Wrong } from "./wrong.js";

/*
 * The rules for texts that are typed into a dialog. The build puts this file into the browser, so it uses only what
 * Node.js and browsers have in common.
 */

interface Rule {
  /** All that it can find wrong. */
  ways: readonly Wrong[];
  /** @param text trimmed; undefined if the value is not a text. */
  wrong(text: string | undefined, node: Properties, control: Text): Wrong | undefined;
}

export const TEXT_RULES = {
  url: {
    ways: ["url", "urlMissing", "urlCredentials", "urlPath", "urlQuery"],
    wrong: (text, { product }) => wrongUrl(text, product),
  },
  /** A URL, or nothing. */
  otherUrl: {
    ways: ["url", "urlCredentials", "urlPath", "urlQuery"],
    wrong: (text) => wrongUrl(text, undefined),
  },
  /** Of no use where it is in a file. */
  token: {
    ways: ["tokenMissing", "tokenName", "tokenQuotes", "tokenCharacters"],
    wrong: (text, { tokenFile }) => (textOf(tokenFile) === "" ? wrongToken(text) : undefined),
  },
  /** Any number of IDs of tokens of the product. */
  ids: {
    ways: ["ids"],
    wrong: (text, { product }) =>
      text !== undefined && idsOf(text, product).every((id) => isIdOf(product, id)) ? undefined : "ids",
  },
  /** The ID of a token of the product, or nothing. */
  id: {
    ways: ["uuid", "hexId", "nameOfToken"],
    wrong(text, { product }) {
      if (text === "" || (text !== undefined && isIdOf(product, text))) return undefined;
      return isProduct(product) ? productOf(product).ids.name : "hexId";
    },
  },
  /** A UUID, or nothing if its twin is empty as well and the product can do without both. */
  uuid: {
    ways: ["uuid"],
    wrong(text, node, { twin }) {
      const { product } = node;
      const canBeEmpty = isProduct(product) && twin && productOf(product).allOrNone?.includes(twin);
      if (text === "" && canBeEmpty && textOf(node[twin]) === "") return undefined;
      return text !== undefined && UUID.pattern.test(text) ? undefined : "uuid";
    },
  },
  /** A command, or nothing. */
  command: { ways: ["command"], wrong: (text) => (text === undefined ? "command" : undefined) },
  /** An absolute path of any system, or nothing. */
  path: {
    ways: ["path"],
    wrong: (text) =>
      text !== undefined && /^(|\/.*|\\\\.*|[A-Za-z]:[\\/].*)$/.test(text) ? undefined : "path",
  },
} satisfies Record<string, Rule>;
export type TextRule = keyof typeof TEXT_RULES;

/** A trimmed text, empty if there is no value; undefined if the value is something else. */
export function textOf(value: unknown): string | undefined {
  if (value === undefined) return "";
  return typeof value === "string" ? value.trim() : undefined;
}

/** The single IDs of a text, as they are written there; a product that is not known yet has none with space in them. */
export function idsOf(text: string, product: unknown): string[] {
  return (isProduct(product) ? productOf(product).ids : HEX_ID).split(text);
}

/** Whether it is a token's ID; in any form if the product is not known yet. */
function isIdOf(product: unknown, text: string): boolean {
  const forms = isProduct(product) ? [productOf(product).ids] : Object.values(ID_FORMS);
  return forms.some(({ pattern }) => pattern.test(text));
}

function wrongToken(text: string | undefined): Wrong | undefined {
  return text === undefined || text === "" ? "tokenMissing" : wrongTokenValue(text);
}

export const WRONG_PLACES = ["place", "placeShown", "placeOwn"] as const satisfies Wrong[];

/** Names with dots between them, in a context perhaps with that of its store before them. */
const PLACE = /^(#:\([^()\s]+\)::)?[a-z$][\w$-]*(\.[a-z$][\w$-]*)*$/i;
/** Names of what all objects share: what is put there would be everywhere. */
const SHARED = /(^|\.|:)(constructor|prototype)(\.|$)/;
/** Properties of a message that Debug nodes show, and people log. */
const SHOWN = ["payload", "topic"];
/** Properties of a message that this package or a node of Node-RED sets, or goes by. */
const OWN = [
  ...["summary", "statusCode", "step", "handedOver", "dryRun"],
  ...["parts", "complete", "reset", "error", "status", "req", "res"],
];

/** What is wrong with a property, of a message or a context, as the place of a secret. */
export function wrongPlace(type: unknown, text: string): (typeof WRONG_PLACES)[number] | undefined {
  if (!PLACE.test(text) || SHARED.test(text)) return "place";
  if (type !== "msg") return undefined;
  const [first = ""] = text.split(".");
  // The type says "msg." already, and names of a context's store mean nothing here.
  if (first === "msg" || first.startsWith("#")) return "place";
  if (SHOWN.includes(first)) return "placeShown";
  return OWN.includes(first) ? "placeOwn" : undefined;
}

/**
 * Paths that are copied with the address and are not the prefix of a reverse proxy: those of the APIs, whole or cut off
 * after their version, and those of the user interface. Any other path can be such a prefix.
 */
const PATH_WITHIN = new RegExp(
  "/(" +
    [
      "api/v[023]",
      "api/v0/accounts/.*",
      "api/v2/(authorizations|buckets|delete|me|orgs|query|setup|signin|signout|users|write)(/.*)?",
      "api/v3/(configure/.*|query_.*|write_lp)",
      "health|login|logout|onboarding(/.*)?|ping|query|ready|signin|signout|write",
      "orgs/[0-9a-f]{16}(/.*)?",
    ].join("|") +
    ")/*$",
  "i",
);

/** A URL without what was copied with it: a path within InfluxDB, and what follows the path; undefined if it is none. */
export function bareUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  url.search = url.hash = "";
  url.pathname = url.pathname.replace(PATH_WITHIN, "");
  return url.href.replace(/\/$/, "");
}

function wrongUrl(text: string | undefined, product: unknown): Wrong | undefined {
  if (text === undefined) return "url";
  if (text === "") return isProduct(product) && productOf(product).url === "" ? "urlMissing" : undefined;
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return "url";
  }
  if (!/^https?:$/.test(url.protocol)) return "url";
  // A host can have none of these signs, and every kind of placeholder has one.
  if (/[${}]/.test(url.hostname)) return "variable";
  if (url.username !== "" || url.password !== "") return "urlCredentials";
  if (PATH_WITHIN.test(url.pathname)) return "urlPath";
  if (url.search !== "" || url.hash !== "") return "urlQuery";
  return undefined;
}
