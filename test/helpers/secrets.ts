import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { inspect } from "node:util";
import { TOKEN_MARK } from "../../simulator/ids.js";

/** The credentials of nodes that are secret; a user name or the certificate of a CA is not. */
const SECRET = ["token", "password", "passphrase", "keydata"];
/** Shorter ones cannot be told from words, such as "wrong". */
const SHORTEST = 8;

/** What must be seen nowhere: the tokens that simulators made, and a flow's credentials in the spellings of HTTP. */
export function secretsOf(credentials: object): string[] {
  const nodes = Object.values(credentials) as Record<string, string | number | undefined>[];
  const values = nodes.flatMap((node) => [
    ...SECRET.map((name) => valueOf(String(node[name] ?? ""))),
    `${node.username ?? ""}:${node.password ?? ""}`,
  ]);
  const long = values.filter((value) => value.length >= SHORTEST);
  return [
    TOKEN_MARK,
    ...long.flatMap((value) => [value, encodeURIComponent(value), Buffer.from(value).toString("base64")]),
  ];
}

function valueOf(credential: string): string {
  const variable = /^\$\{(\S+)\}$/.exec(credential)?.[1];
  return variable === undefined ? credential.trim() : (process.env[variable] ?? "");
}

/** All that can be read of a value by those who look into it, hidden properties and causes too. */
export function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  return inspect(value, {
    depth: Infinity,
    showHidden: true,
    maxArrayLength: Infinity,
    maxStringLength: Infinity,
    breakLength: Infinity,
  });
}

/** The temporary folders that influxctl's profiles are in, at this moment: those of one process, or of all. */
export async function profileFolders(pid?: number): Promise<string[]> {
  const names = await readdir(tmpdir());
  return names.filter(
    (name) =>
      name.startsWith("influxdb-tokens-influxctl-") && (pid === undefined || name.includes(`-${pid}-`)),
  );
}
