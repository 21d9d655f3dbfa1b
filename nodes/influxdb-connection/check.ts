/// <reference lib="dom" />
import type { Finding, Offer, Report } from "../../src/check/report.js";
import { ADMIN_ROOT, TEST_PERMISSION, type ErrorAnswer } from "../admin/answers.js";
import { NONE, type EditorNode, type Elements } from "../editor/api.js";
import { element } from "../editor/elements.js";

/*
 * The button "Test the connection" of the dialog of a connection, and what it finds out.
 */

/** What it says by itself: keys of the locale. */
export const CHECK_TEXTS = {
  button: "test.button",
  running: "test.running",
  stale: "test.stale",
  taken: "test.taken",
  forbidden: "test.forbidden",
  missing: "test.missing",
  unreachable: "test.unreachable",
  ok: "test.ok",
  warning: "test.warning",
  wrong: "test.wrong",
} as const;

declare const $: ((target: string | Element) => Elements) & { ajax(options: object): Ajax };

/** A request of jQuery. */
interface Ajax {
  done(listener: (answer: Report) => void): Ajax;
  fail(listener: (failed: { status: number; responseJSON?: unknown }, why: string) => void): Ajax;
  abort(): void;
}

/** The settings that the test looks at; their fields may be changed while it runs. */
const TESTED = [
  "product",
  "url",
  "tokenFile",
  "accountId",
  "clusterId",
  "influxctl",
  "tls",
  "proxy",
  "ownTokenId",
] as const;
/** What the editor shows for a stored secret that was not typed anew. */
const STORED = "__PWRD__";

/** The sign of each level, besides its colour. */
const SIGNS: Record<Finding["level"], { icon: string; color: string }> = {
  ok: { icon: "fa-check-circle", color: "success" },
  warning: { icon: "fa-exclamation-triangle", color: "warning" },
  wrong: { icon: "fa-times-circle", color: "error" },
};

const field = (name: string) => $(`#node-config-input-${name}`);

/** Puts the button below what it tests. */
export function prepareCheck(node: EditorNode): void {
  const said = (key: keyof typeof CHECK_TEXTS) => node._(CHECK_TEXTS[key], { permission: TEST_PERMISSION });
  const button = element(
    "button",
    { type: "button", class: "red-ui-button", id: "influxdb-connection-test" },
    icon("fa-plug"),
    ` ${said("button")}`,
  );
  const result = element("div", {
    id: "influxdb-connection-test-result",
    role: "status",
    style: "margin-top: 8px",
  });
  const row = element("div", { class: "form-row" }, button, result);
  field("clusterId").closest(".form-row").after($(row));

  let request: Ajax | undefined;
  /** What was tested, until something is changed. */
  let tested: string | undefined;
  const show = (...content: Node[]) => result.replaceChildren(...content);
  const showError = (text: string) => show(element("ul", LIST, lineOf({ level: "wrong", text }, said)));

  function test(): void {
    request?.abort();
    const asked = askedFor(node);
    tested = JSON.stringify(asked);
    show(element("span", {}, icon("fa-spinner fa-spin"), ` ${said("running")}`));
    const mine = $.ajax({
      url: `${ADMIN_ROOT}/test`,
      method: "POST",
      contentType: "application/json",
      data: JSON.stringify(asked),
    });
    request = mine;
    mine
      .done(({ findings, offers }) => {
        show(
          element("ul", LIST, ...findings.map((finding) => lineOf(finding, said))),
          ...offers.map((offer) => offerOf(offer, said("taken"))),
        );
        markStale();
      })
      .fail(({ status, responseJSON }, why) => {
        if (why === "abort") return;
        const { error } = (responseJSON ?? {}) as Partial<ErrorAnswer>;
        if (status === 401 || status === 403) showError(said("forbidden"));
        else if (error) showError(error.message);
        else showError(said(status === 404 ? "missing" : "unreachable"));
      });
  }

  /** Says that the dialog is not what was tested any more. */
  function markStale(): void {
    const isStale = tested !== undefined && tested !== JSON.stringify(askedFor(node));
    const note = result.querySelector(".influxdb-connection-test-stale");
    if (!isStale) note?.remove();
    else if (!note && result.querySelector("ul")) {
      const look = { class: "influxdb-connection-test-stale", style: "margin: 6px 0 0" };
      result.append(element("p", look, said("stale")));
    }
  }

  button.addEventListener("click", test);
  field("name").closest("form").on("change input", markStale);
  // jQuery UI tells an element when it goes: the dialog was closed.
  $(row).on("remove", () => request?.abort());
}

const LIST = { style: "margin: 0 0 6px; padding: 0; list-style: none" };

/** What stands in the dialog. */
function askedFor({ id }: EditorNode): object {
  const properties = Object.fromEntries(TESTED.map((name) => [name, textIn(name)]));
  const token = textIn("token");
  return { id, properties, ...(token !== STORED && { token }) };
}

function textIn(name: string): string {
  const value = field(name).val();
  return typeof value === "string" && value !== NONE ? value : "";
}

/** The texts come from servers, so they are texts and nothing else. */
function lineOf({ level, text }: Finding, said: (key: Finding["level"]) => string): HTMLElement {
  const { icon: name, color } = SIGNS[level];
  const sign = icon(name);
  sign.setAttribute("role", "img");
  sign.removeAttribute("aria-hidden");
  sign.setAttribute("aria-label", said(level));
  sign.style.cssText = `color: var(--red-ui-text-color-${color}); width: 20px; margin-top: 3px; flex: none`;
  const look = { style: "display: flex; margin-bottom: 4px; overflow-wrap: anywhere" };
  return element("li", look, sign, element("span", { style: "min-width: 0" }, text));
}

/** A button that puts a value into its field. */
function offerOf({ property, value, text }: Offer, taken: string): HTMLElement {
  const button = element("button", { type: "button", class: "red-ui-button", style: OFFER }, text);
  button.addEventListener("click", () => {
    field(property).val(value).trigger("change");
    button.disabled = true;
    button.append(` (${taken})`);
  });
  return button;
}

const OFFER =
  "display: block; margin: 0 0 4px 20px; height: auto; padding: 2px 10px; line-height: 20px; max-width: calc(100% - 20px); white-space: normal; text-align: left";

function icon(name: string): HTMLElement {
  return element("i", { class: `fa ${name}`, "aria-hidden": "true" });
}
