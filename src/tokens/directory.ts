import * as z from "zod";
import { TokenError } from "../errors.js";
import type { Watch } from "../http/call.js";
import type { Http } from "../http/client.js";
import { readJson } from "../http/responses.js";
import { HEX_ID } from "../ids.js";
import { refused } from "./authorizations-api.js";

/**
 * IDs of the organizations and users of `/api/v2`. Its methods throw {@link TokenError}: besides the codes below, those
 * of {@link Http.send}, and `unauthorized`, `forbidden` and `bad-response`.
 */
export interface Directory {
  /**
   * @param nameOrId 16 hexadecimal digits are an ID, which is not looked up; all else is a name, which is case-sensitive.
   * @throws {TokenError} `not-found` if none has the name, as far as the connection's token may see;
   *   `invalid-config` if it is empty.
   */
  org(nameOrId: string): Promise<string>;
  /** The same for a user. */
  user(nameOrId: string): Promise<string>;
  /**
   * The one organization that the connection's token may see.
   *
   * @throws {TokenError} `invalid-config` with their number if there are several, `forbidden` if there is none.
   */
  onlyOrg(): Promise<string>;
}

/** As many as one answer shows at most. */
const PAGE = 100;

const Entries = z.array(
  z.looseObject({ id: z.string().regex(HEX_ID.pattern).transform(HEX_ID.normalize), name: z.string() }),
);

/** What is looked up: the filter by name, what an answer holds, and how people name it. */
const KINDS = {
  orgs: {
    filter: "org",
    answer: z.looseObject({ orgs: Entries }).transform(({ orgs }) => orgs),
    noun: "organization",
    words: "no such org",
  },
  users: {
    filter: "name",
    answer: z.looseObject({ users: Entries }).transform(({ users }) => users),
    noun: "user",
    words: "no such user",
  },
} as const;
type Kind = keyof typeof KINDS;

export function openDirectory(http: Http, watch: Watch): Directory {
  const entries = async (kind: Kind, task: string, query: Record<string, string>) => {
    const path = ["api", "v2", kind];
    const response = await http.send({ task, method: "GET", repeat: "safe", path, query, watch });
    if (response.status !== 200) throw refused(response);
    return readJson(response, KINDS[kind].answer);
  };

  async function idOf(kind: Kind, nameOrId: string): Promise<string> {
    const { filter, noun, words } = KINDS[kind];
    const name = nameOrId.trim();
    const task = `look up the ${noun}`;
    if (HEX_ID.pattern.test(name)) return HEX_ID.normalize(name);
    // With an empty filter, the server would answer with every one.
    if (name === "") throw new TokenError("invalid-config", `the name of the ${noun} is empty.`, { task });
    // What a server answers that ignores the filter is none of it.
    const found = (await entries(kind, task, { [filter]: name })).find((each) => each.name.trim() === name);
    if (found) return found.id;
    throw new TokenError(
      "not-found",
      `the connection's token sees no ${noun} of the given name. Names are case-sensitive; ` +
        `check the name, and whether the token may read:${kind}.`,
      { words, task },
    );
  }

  return {
    org: (nameOrId) => idOf("orgs", nameOrId),
    user: (nameOrId) => idOf("users", nameOrId),
    async onlyOrg() {
      const task = "look up the only organization";
      const [only, ...others] = await entries("orgs", task, { limit: String(PAGE) });
      if (only === undefined) {
        const reason =
          "the connection's token sees no organization. Give it the permission read:orgs, or name the organization.";
        throw new TokenError("forbidden", reason, { words: "no org to be seen", task });
      }
      if (others.length === 0) return only.id;
      const count = others.length + 1 < PAGE ? `${others.length + 1}` : `at least ${PAGE}`;
      const reason = `the connection's token sees ${count} organizations. Say which of them is meant.`;
      throw new TokenError("invalid-config", reason, { words: "several orgs", task });
    },
  };
}
