import { createHmac } from "node:crypto";

/** What the examples that listen to events take: an ID, signed at some time (now unless given) with their secret. */
export function signed(id: unknown, secret: string, timestamp: unknown = Math.floor(Date.now() / 1000)) {
  const signature = createHmac("sha256", secret)
    .update(`${String(timestamp)}.${String(id)}`)
    .digest("hex");
  return { id, timestamp, signature };
}
