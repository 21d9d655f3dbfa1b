/** A store of secrets as the examples use one, to which whoever has its token writes by HTTP. It is all in memory. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import * as z from "zod";
import { listen } from "./listen.js";

export interface SecretStore {
  url: string;
  /** What a writer sends as its bearer token. */
  token: string;
  /** The values by their names. */
  readonly secrets: Map<string, string>;
  /** What it answers instead of keeping anything, such as 503. */
  failsWith: number | undefined;
  close(): Promise<void>;
}

const Body = z.object({ value: z.string().min(1) });

/** Starts a store that keeps what `PUT /secrets/NAME` brings, as `{"value": "…"}`. It never shows or logs a value. */
export async function startSecretStore(port = 0): Promise<SecretStore> {
  const secrets = new Map<string, string>();
  const token = `store-${randomBytes(24).toString("hex")}`;
  const store = { token, secrets, failsWith: undefined as number | undefined };

  /** @returns the status of the answer. */
  async function keep(request: IncomingMessage): Promise<number> {
    const { method, url = "", headers } = request;
    const name = /^\/secrets\/([^/?]+)$/.exec(url)?.[1];
    if (!isSame(headers.authorization ?? "", `Bearer ${token}`)) return 401;
    if (name === undefined) return 404;
    if (method !== "PUT") return 405;
    if (store.failsWith !== undefined) return store.failsWith;
    const body = Body.safeParse(JSON.parse(await text(request)));
    if (!body.success) return 400;
    secrets.set(decodeURIComponent(name), body.data.value);
    return 204;
  }

  const server = createServer((request, response) => {
    keep(request).then(
      (status) => response.writeHead(status).end(),
      () => response.writeHead(400).end(),
    );
  });
  const url = `http://127.0.0.1:${await listen(server, port)}`;
  return Object.assign(store, {
    url,
    close: () =>
      new Promise<void>((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  });
}

function isSame(given: string, right: string): boolean {
  const digest = (value: string) => createHash("sha256").update(value).digest();
  return timingSafeEqual(digest(given), digest(right));
}
