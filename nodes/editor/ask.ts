/// <reference lib="dom" />
import { ADMIN_ROOT, READ_PERMISSION, type ErrorAnswer } from "../admin/answers.js";
import { NONE, type EditorNode, type Elements } from "./api.js";
import { askedConnection } from "./connection-choice.js";

/*
 * How the dialogs ask the runtime.
 */

declare const $: ((element: Element) => Elements) & { ajax(settings: object): Request };

/** A request of jQuery, to which the editor adds its address and the rights of its user. */
interface Request {
  abort(): void;
  done(listener: (answer: unknown) => void): void;
  fail(listener: (failed: FailedRequest) => void): void;
}
interface FailedRequest {
  status: number;
  responseJSON?: Partial<ErrorAnswer>;
}

interface Asked {
  /** Below the root of the endpoints; what is within it may be any text. */
  path: readonly string[];
  query?: Readonly<Record<string, string | number>>;
  /** Makes it a POST. */
  body?: object;
}

/** What it says where an answer does not say why it failed: keys of the locale. */
export const ASK_TEXTS = ["ask.forbidden", "ask.unreachable", "ask.failed"] as const;

/**
 * Asks for one place of a dialog, whose newest question is the only one that counts: an older one is called off, as is
 * every one when the dialog is closed, and nothing comes of it.
 *
 * @param place an element that goes with the dialog.
 * @returns what asks, and throws an error whose message is a sentence for the user.
 */
export function asker(node: EditorNode, place: Element): <T>(asked: Asked) => Promise<T> {
  let newest: Request | undefined;
  const callOff = () => {
    const called = newest;
    newest = undefined;
    called?.abort();
  };
  // jQuery UI tells an element when it goes.
  $(place).on("remove", callOff);
  return ({ path, query, body }) => {
    callOff();
    const mine = $.ajax({
      url: [ADMIN_ROOT, ...path.map(encodeURIComponent)].join("/"),
      dataType: "json",
      data: query,
      ...(body && { method: "POST", contentType: "application/json", data: JSON.stringify(body) }),
    });
    newest = mine;
    return new Promise((done, fail) => {
      mine.done((answer) => {
        if (mine === newest) done(answer as never);
      });
      mine.fail((failed) => {
        if (mine === newest) fail(new Error(reasonOf(node, failed)));
      });
    });
  };
}

function reasonOf(node: EditorNode, { status, responseJSON }: FailedRequest): string {
  const told = responseJSON?.error?.message;
  if (typeof told === "string") return told;
  if (status === 401 || status === 403) return node._("ask.forbidden", { permission: READ_PERMISSION });
  return status === 0 ? node._("ask.unreachable") : node._("ask.failed", { status });
}

/** The connection that a dialog stands for, or looks things up in, if it is one that can be deployed. */
export function connectionIn(node: EditorNode): string | undefined {
  if (node._def.category === "config") return node.id;
  const chosen = askedConnection();
  return typeof chosen === "string" && /^[\w.-]+$/.test(chosen) && chosen !== NONE ? chosen : undefined;
}
