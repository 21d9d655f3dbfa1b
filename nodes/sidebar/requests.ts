import { systemClock } from "../../src/clock.js";
import { ADMIN_ROOT, READ_PERMISSION, type ErrorAnswer } from "../admin/answers.js";
import type { FailedRequest, JQuery, Plugin } from "./api.js";

declare const $: JQuery;

interface Timed {
  /** When the runtime read what it answers, ISO 8601, by its clock. */
  at: string;
}

/** What the runtime answers. */
interface Answered<T> {
  answer: T;
  /** When that was read from the server, by the clock of the browser, which can be another; milliseconds since 1970. */
  readAt: number;
}

/**
 * Asks the runtime, one question at a time: a new one ends the one before.
 *
 * @returns undefined if there was a newer question meanwhile.
 * @throws {Error} with a sentence for people.
 */
type Ask<T> = (path: string, query: Readonly<Record<string, string>>) => Promise<Answered<T> | undefined>;

export function createAsker<T extends Timed>(plugin: Plugin): Ask<T> {
  let latest: { abort(): void } | undefined;
  return async (path, query) => {
    latest?.abort();
    const request = $.ajax({ url: `${ADMIN_ROOT}/${path}`, dataType: "json", data: query });
    latest = request;
    try {
      const answer = (await request) as T;
      if (latest !== request) return undefined;
      const sentAt = Date.parse(request.getResponseHeader("date") ?? "");
      const age = Number.isNaN(sentAt) ? 0 : Math.max(0, sentAt - Date.parse(answer.at));
      return { answer, readAt: systemClock.now() - age };
    } catch (error) {
      if (latest !== request) return undefined;
      throw new Error(sentence(plugin, error as FailedRequest));
    }
  };
}

function sentence(plugin: Plugin, { status, responseJSON }: FailedRequest): string {
  const { error } = (responseJSON ?? {}) as Partial<ErrorAnswer>;
  if (error) return error.message;
  return status === 401 || status === 403
    ? plugin._("noPermission", { permission: READ_PERMISSION })
    : plugin._("noAnswer");
}
