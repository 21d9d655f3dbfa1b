import * as z from "zod";
import { TokenError } from "../errors.js";
import { TOO_OLD } from "../influxctl/failures.js";
import { elementsOf, startOfList } from "../influxctl/printed-list.js";

/** A token is revoked whether or not it has expired as well. */
type ManagementTokenState = "active" | "expired" | "revoked";

/** A management token, with the names and the form of time that other tokens have. */
export type ManagementToken = {
  id: string;
  state: ManagementTokenState;
  description: string;
  accountId?: string | undefined;
  /** The first characters of its value, by which people tell tokens apart. */
  tokenPrefix?: string | undefined;
  createdBy?: string | undefined;
  /** RFC 3339, UTC, like the other times. */
  createdAt?: string | undefined;
  /** Never expires if it is missing. */
  expiresAt?: string | undefined;
  revokedAt?: string | undefined;
};

/** Numbers of 64 bits are often written as text in JSON, and zero is often left out. */
const Int64 = z.union([z.number(), z.string().transform(Number).pipe(z.number())]).nullish();
const Timestamp = z.union([z.object({ seconds: Int64, nanos: Int64 }), z.iso.datetime({ offset: true })]);
/** Anything but a text is unknown to us, and left out. */
const Text = z.string().nullish().catch(undefined);
const Listed = z.looseObject({
  id: z.string(),
  description: Text,
  account_id: Text,
  token_prefix: Text,
  created_by: Text,
  created_at: Timestamp.nullish().catch(undefined),
  // These must be readable: they tell whether a token is still good.
  expires_at: Timestamp.nullish(),
  revoked_at: Timestamp.nullish(),
});

/**
 * The tokens in what `influxctl management list --format json` writes, perhaps after warnings. They are read one after
 * another, with rests for others. An element without an id is left out; if none has one, that is an error.
 *
 * @param now the server's time in milliseconds since 1970, which decides on expiry.
 * @throws {TokenError} `bad-response`; `influxctl-failed` if there is no list.
 */
export async function* tokensIn(task: string, output: string, now: number): AsyncGenerator<ManagementToken> {
  const start = await startOfList(output);
  if (start < 0 && /(^|\n)\uFEFF?null$/.test(output.trimEnd().slice(-6))) return;
  const other = (where: string) => new TokenError("bad-response", otherForm(where), { task, fatal: true });
  let index = 0;
  let known = 0;
  try {
    for await (const element of elementsOf(output, start)) {
      if (hasId(element)) {
        const { data, error } = Listed.safeParse(element);
        if (error) throw other([index, ...(error.issues[0]?.path ?? [])].join("."));
        known++;
        yield tokenOf(data, now);
      }
      index++;
    }
    if (index > 0 && known === 0) throw other("0.id");
  } catch (error) {
    if (error instanceof RangeError) throw other(`${index} (nested too deep)`);
    if (!(error instanceof SyntaxError)) throw error;
    // An old influxctl may write its table all the same.
    const isTable = /^[+|│┌]/m.test(output.slice(0, 4096));
    const { words, reason } = isTable ? TOO_OLD : NO_JSON;
    throw new TokenError("influxctl-failed", reason, { words, task, fatal: true });
  }
}

function hasId(element: unknown): boolean {
  return typeof (element as { id?: unknown } | null)?.id === "string";
}

function otherForm(where: string): string {
  return `influxctl's list has another form than expected, at "${where}". Check the version of influxctl.`;
}

function tokenOf(listed: z.infer<typeof Listed>, now: number): ManagementToken {
  const expiresAt = timeOf(listed.expires_at);
  const revokedAt = timeOf(listed.revoked_at);
  const expired = expiresAt !== undefined && Date.parse(expiresAt) <= now;
  const optional = {
    accountId: listed.account_id,
    tokenPrefix: listed.token_prefix,
    createdBy: listed.created_by,
    createdAt: timeOf(listed.created_at),
    expiresAt,
    revokedAt,
  };
  return {
    id: listed.id,
    state: revokedAt !== undefined ? "revoked" : expired ? "expired" : "active",
    description: listed.description ?? "",
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => typeof value === "string")),
  };
}

/** Zero stands for "never", not for 1970; an impossible date is left out, too. */
function timeOf(timestamp: z.infer<typeof Timestamp> | null | undefined): string | undefined {
  const milliseconds =
    typeof timestamp === "string"
      ? Date.parse(timestamp)
      : (timestamp?.seconds ?? 0) * 1000 + Math.floor((timestamp?.nanos ?? 0) / 1e6);
  const date = new Date(milliseconds);
  return milliseconds >= 1000 && !Number.isNaN(date.getTime()) ? date.toISOString() : undefined;
}

const NO_JSON = {
  words: "no list in JSON",
  reason:
    "influxctl wrote no list in JSON. Run `influxctl management list --format json` by hand to see what it writes.",
};
