import { isVariable } from "../fields/variables.js";
import type { TokenRow } from "../admin/answers.js";
import type { Editor, JQuery, Plugin } from "./api.js";
import { button, element } from "./elements.js";
import { injectNode, place } from "./place.js";
import { PROPERTIES } from "./texts.js";
import { day, moment } from "./times.js";

declare const $: JQuery;
declare const RED: Editor;

/** What a list can be sorted by. */
export type SortKey = (typeof PROPERTIES)[number];

const TIMES: readonly SortKey[] = ["createdAt", "updatedAt", "expiresAt", "revokedAt"];

/** A token of the list: two lines, and what more there is to it once one opens it. */
export function entry(plugin: Plugin, row: TokenRow, sortedBy: SortKey): HTMLLIElement {
  const item = element("li");
  const head = button("influxdb-tokens-entry", "", () => {
    const more = item.querySelector(".influxdb-tokens-more");
    if (more) more.remove();
    else item.append(details(plugin, row));
    head.setAttribute("aria-expanded", String(more === null));
  });
  head.setAttribute("aria-expanded", "false");

  const { name: called = row.description ?? "" } = row;
  const isNamed = called.trim() !== "";
  const name = element("span", isNamed ? "name" : "unnamed", isNamed ? called : plugin._("unnamed"));
  if (isNamed) name.title = called;
  const about = element("span", "about");
  // A long one gives way to the rest.
  // Of those that may do everything, the kind says that.
  const may = row.kind === undefined || row.kind === "resource" ? row.access : undefined;
  const owner = row.user ?? may ?? row.kind ?? "";
  const rest = [statusOf(plugin, row), time(plugin, row, sortedBy)].filter((text) => text !== undefined);
  if (owner !== "") rest.unshift("");
  about.append(element("span", "owner", owner), element("span", "", rest.join(" · ")));
  head.append(name, " ", about);
  if (row.marks.length > 0) head.append(" ", marksOf(plugin, row));
  item.append(head);
  return item;
}

function marksOf(plugin: Plugin, { marks }: TokenRow): HTMLElement {
  const all = element("span", "marks");
  for (const mark of marks) {
    const word = element("span", "mark", plugin._(`mark.${mark}`));
    word.title = plugin._(`markTitle.${mark}`);
    all.append(word, " ");
  }
  return all;
}

/** The time that the list is sorted by; otherwise what comes next: its end, or else when it was made. */
function time(plugin: Plugin, row: TokenRow, sortedBy: SortKey): string | undefined {
  const candidates: SortKey[] = [...(TIMES.includes(sortedBy) ? [sortedBy] : []), "expiresAt", "createdAt"];
  const shown = candidates.find((key) => row[key] !== undefined);
  if (shown === undefined) return undefined;
  return plugin._("at", { what: label(plugin, row, shown), when: day(row[shown] ?? "") });
}

function label(plugin: Plugin, { marks }: TokenRow, key: SortKey): string {
  return plugin._(key === "expiresAt" && marks.includes("expired") ? "mark.expired" : `property.${key}`);
}

function statusOf(plugin: Plugin, { status }: TokenRow): string | undefined {
  return status === "active" || status === "inactive" ? plugin._(`status.${status}`) : status;
}

function details(plugin: Plugin, row: TokenRow): HTMLElement {
  const more = element("div", "more");
  const list = element("dl");
  for (const key of PROPERTIES) {
    const value = key === "status" ? statusOf(plugin, row) : row[key];
    const isTold = key === "id" && row.name !== undefined;
    if (value === undefined || value === "" || isTold) continue;
    const shown = element("dd", key === "id" ? "id" : "", TIMES.includes(key) ? moment(value) : value);
    const id = key === "user" ? row.userID : key === "org" ? row.orgID : undefined;
    if (id !== undefined) shown.append(" ", element("span", "id", id));
    list.append(element("dt", "", label(plugin, row, key)), shown);
  }
  for (const mark of row.marks) {
    list.append(
      element("dt", "", plugin._(`mark.${mark}`)),
      element("dd", "", plugin._(`markTitle.${mark}`)),
    );
  }
  const actions = element("div", "actions");
  const what = plugin._(row.name === undefined ? "property.id" : "property.name");
  const copy = button("red-ui-button", plugin._("action.copy", { what }), () => {
    RED.clipboard.copyText(row.id, $(copy), plugin._("action.copied", { what }));
  });
  const use = button("red-ui-button", plugin._("action.use", { what }), (event) => {
    place(plugin, injectNode(row), event);
  });
  actions.append(copy);
  // A deploy would put the variable's value in its place; no server has such an ID, unless it wants that.
  if (!isVariable(row.id)) actions.append(use);
  more.append(actions, list);
  return more;
}
