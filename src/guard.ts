import Queue from "yocto-queue";
import { TokenError } from "./errors.js";

/** What a limit is counted over. */
export const WINDOWS = ["message", "minute", "hour", "day"] as const;
export type Window = (typeof WINDOWS)[number];

const SECONDS: Record<Window, number> = { message: 0, minute: 60, hour: 3_600, day: 86_400 };

/** Keeps a mistake small: at most so many tokens in a stretch of time. */
export interface Guard {
  /**
   * Whether so many more tokens may be acted upon; all of a message or nothing of it.
   *
   * @param spend false for a dry run: it meets the same answer, but uses nothing up.
   * @throws {TokenError} `too-many`.
   */
  admit(count: number, spend: boolean): void;
}

/** The window slides: "per hour" means within the last 3,600 s. The count lives as long as the guard does. */
export function createGuard(max: number, per: Window, now: () => number = Date.now): Guard {
  const admitted = new Queue<{ at: number; count: number }>();
  let used = 0;
  return {
    admit(count, spend) {
      const since = now() - SECONDS[per] * 1000;
      for (let oldest = admitted.peek(); oldest && oldest.at <= since; oldest = admitted.peek()) {
        used -= oldest.count;
        admitted.dequeue();
      }
      if (used + count > max) {
        const before = used > 0 ? ` after ${used} before it` : "";
        throw new TokenError(
          "too-many",
          `too many at once: the message names ${count}${before}, and the node allows ${max} per ${per}. ` +
            "Nothing was done. Send fewer, or raise the limit in the node.",
        );
      }
      if (!spend || per === "message") return;
      used += count;
      admitted.enqueue({ at: now(), count });
    },
  };
}
