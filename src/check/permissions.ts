import { isDeepStrictEqual } from "node:util";
import * as z from "zod";
import { plain } from "../text/plain-text.js";
import { LONGEST_NAME } from "./report.js";

/** The permissions that each node for authorizations needs, by the name of the node. */
const NEEDS = {
  "list authorizations": ["read:authorizations", "read:users"],
  "update authorization": ["read:authorizations", "write:authorizations", "read:users", "write:users"],
  "delete authorization": ["write:authorizations", "write:users"],
} as const;

const Text = z.string().nullish().catch(undefined);
const Permissions = z.array(
  z.looseObject({
    action: z.string(),
    resource: z.looseObject({ type: z.string(), id: Text, name: Text, orgID: Text, org: Text }),
  }),
);
type Permission = z.infer<typeof Permissions>[number];

/** Whether a token with these permissions can have read a list of tokens that holds any. */
export function mayRead(shown: unknown): boolean {
  const permissions = Permissions.safeParse(shown).data;
  return NEEDS["list authorizations"].every(
    (need) => permissions === undefined || reachOf(permissions, need, undefined).how !== "nowhere",
  );
}

/** How far a permission reaches: everywhere, within limits, nowhere; or it differs between tokens that may be meant. */
type Reach = { how: "everywhere" | "nowhere" | "unknown" } | { how: "limited"; to: string };

/**
 * What a token may do.
 *
 * @param candidates the permissions of each token that may be the one, as the server shows them.
 * @param userID of its user, whose own permissions are often limited to himself.
 * @returns a sentence for each node, and whether all is well with it.
 */
export function nodesAllowed(
  candidates: readonly unknown[],
  userID: string | undefined,
): { isAllowed: boolean; text: string }[] {
  const each = candidates.map((shown) => Permissions.safeParse(shown).data);
  return Object.entries(NEEDS).map(([node, needs]) => {
    const reaches = needs.map((need) => ({ need, reach: commonReach(each, need, userID) }));
    const that = (how: Reach["how"]) =>
      reaches.filter(({ reach }) => reach.how === how).map(({ need }) => need);
    const missing = that("nowhere");
    if (missing.length > 0)
      return { isAllowed: false, text: `${node}: not allowed. It lacks ${listOf(missing)}.` };
    const unknown = that("unknown");
    if (unknown.length > 0) {
      const differ = `The tokens that may be this one differ in ${listOf(unknown)}`;
      return { isAllowed: false, text: `${node}: not known. ${differ}.` };
    }
    const limits = reaches.flatMap(({ need, reach }) =>
      reach.how === "limited" ? [`${need} only ${reach.to}`] : [],
    );
    if (limits.length === 0) return { isAllowed: true, text: `${node}: allowed.` };
    return { isAllowed: false, text: `${node}: allowed within limits. It has ${listOf(limits)}.` };
  });
}

/** How far a permission reaches, if it is so for all candidates. */
function commonReach(
  candidates: readonly (readonly Permission[] | undefined)[],
  need: string,
  userID: string | undefined,
): Reach {
  const reaches = candidates.map((permissions) => permissions && reachOf(permissions, need, userID));
  const [first] = reaches;
  if (first === undefined || reaches.some((reach) => !isDeepStrictEqual(reach, first)))
    return { how: "unknown" };
  return first;
}

function reachOf(permissions: readonly Permission[], need: string, userID: string | undefined): Reach {
  const found = permissions.filter(({ action, resource }) => `${action}:${resource.type}` === need);
  if (found.length === 0) return { how: "nowhere" };
  const limits = found.map(({ resource }) => limitOf(resource, userID));
  const places = [...new Set(limits)].filter((limit) => limit !== undefined);
  if (places.length === 0 || limits.includes(undefined)) return { how: "everywhere" };
  const shown = places.slice(0, MOST_PLACES).join(" and ");
  return { how: "limited", to: places.length > MOST_PLACES ? `${shown} and others` : shown };
}

const MOST_PLACES = 3;

/** What a permission is limited to; undefined if to nothing. */
function limitOf(
  { type, id, name, orgID, org }: Permission["resource"],
  userID: string | undefined,
): string | undefined {
  if (id) return id === userID ? "for its own user" : `for ${type} ${plain(name || id, LONGEST_NAME)}`;
  return orgID ? `within the organization ${plain(org || orgID, LONGEST_NAME)}` : undefined;
}

function listOf(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1) ?? ""}`;
}
