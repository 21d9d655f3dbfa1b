/// <reference lib="dom" />
import type { PermissionTable } from "../fields/controls.js";
import {
  ALL,
  wrongAccess,
  wrongResource,
  type Grantable,
  type PermissionRow,
} from "../fields/permission-rows.js";
import { holdsVariable } from "../fields/variables.js";
import type { EditorNode, Elements } from "./api.js";
import { setTooltip } from "./dialog.js";
import { element } from "./elements.js";
import { lookUpIn } from "./lookups.js";

/*
 * A table of permissions: a row for each bucket or database, as core's switch node shows its rules. What Done would
 * save is read from the rows.
 */

declare const $: (selector: string | Element) => Elements;

/** The id of the list of a table. The editor would take `node-input-…` for a field that it saves itself. */
export function tableId(name: string): string {
  return `influxdb-table-${name}`;
}

/** What it says: keys of the locale. */
export function tableTexts({ of }: PermissionTable): string[] {
  const own = ["one", "all", "which", "resource"].map((key) => `permission.${of}.${key}`);
  return [...own, ...["add", "remove", "read", "write", "several"].map((key) => `permission.${key}`)];
}

/** A row of an open dialog. */
interface Row {
  content: HTMLElement;
  /** What Done would save of it. */
  value(): PermissionRow;
  focus(): void;
}

const made = new WeakMap<Element, Row>();

/** The rows of a table of the open dialog, as Done would save them. */
export function rowsIn(name: string): PermissionRow[] {
  const contents = document.querySelectorAll(`#${tableId(name)} .influxdb-permission-row`);
  return [...contents].flatMap((content) => made.get(content)?.value() ?? []);
}

/** Makes the rows that are saved, and lets more be added. */
export function showTable(node: EditorNode, name: string, { of }: PermissionTable): void {
  const list = $(`#${tableId(name)}`);
  const why = element("div", { class: "influxdb-why" }, node._("wrong.noRows"));
  /** Tells the dialog, which judges what has changed. */
  const changed = () => {
    why.hidden = rowsIn(name).length > 0;
    list.trigger("change");
  };
  list.editableList({
    addButton: node._("permission.add"),
    height: "auto",
    addItem(container, _index, data) {
      const saved = data.row as PermissionRow | undefined;
      const remove = () => {
        list.editableList("removeItem", data);
        changed();
        frame.find(".red-ui-editableList-addButton").trigger("focus");
      };
      const row = makeRow(node, of, saved, { changed, remove });
      made.set(row.content, row);
      container.append($(row.content));
      if (!saved) row.focus();
      changed();
    },
  });
  const frame = list.closest(".red-ui-editableList");
  frame.after($(why));
  const { [name]: saved } = node;
  if (Array.isArray(saved)) for (const row of saved as unknown[]) list.editableList("addItem", { row });
  changed();
}

const LOOKUPS = { buckets: "bucket", databases: "database" } as const;

function makeRow(
  node: EditorNode,
  of: Grantable,
  saved: Partial<PermissionRow> | undefined,
  { changed, remove }: { changed: () => void; remove: () => void },
): Row {
  const text = (key: string) => node._(`permission.${of}.${key}`);
  const which = element("select", { "aria-label": text("which") });
  which.append(new Option(text("one"), "one"), new Option(text("all"), ALL));
  const input = element("input", { type: "text", "aria-label": text("resource") });
  const resourceBox = element("div", { class: "influxdb-field" }, input);
  // A new row allows to read.
  const read = box(node, "read", saved ? saved.read === true : true);
  const write = box(node, "write", saved?.write === true);
  const button = element("button", {
    type: "button",
    class: "red-ui-button red-ui-button-small",
    "aria-label": node._("permission.remove"),
  });
  button.append(element("i", { class: "fa fa-remove" }));
  const why = element("div", { class: "influxdb-why", role: "status" });
  const parts = [which, resourceBox, read.label, write.label, button, why];
  const content = element("div", { class: "influxdb-permission-row", role: "group" }, ...parts);
  const { find, say } = lookUpIn(node, LOOKUPS[of], input);

  /** Of a bucket, its ID and its name. */
  let chosen: Pick<PermissionRow, "resource" | "name"> = { resource: saved?.resource ?? "" };
  if (typeof saved?.name === "string") chosen = { ...chosen, name: saved.name };
  /** What the line beneath was asked about. */
  let toldOf: typeof chosen | undefined;
  const isAll = () => which.value === ALL;
  const shown = () => chosen.name ?? chosen.resource;
  const value = (): PermissionRow => ({
    ...(isAll() ? { resource: ALL } : chosen),
    ...{ read: read.input.checked, write: write.input.checked },
  });
  which.value = chosen.resource === ALL ? ALL : "one";
  if (isAll()) chosen = { resource: "" };
  input.value = shown();

  function follow(): void {
    resourceBox.hidden = isAll();
    content.setAttribute("aria-label", isAll() ? text("all") : shown());
    const [ofResource, ofAccess] = [wrongResource(of, value()), wrongAccess(value())];
    input.classList.toggle("input-error", ofResource !== undefined);
    setTooltip($(input), ofResource && node._(`wrong.${ofResource}`));
    why.textContent = ofAccess === undefined ? "" : node._(`wrong.${ofAccess}`);
    changed();
  }

  /** Takes what is typed in as it stands. */
  function take(): void {
    const typed = input.value.trim();
    if (typed !== shown()) chosen = { resource: typed };
  }

  /** Says what is chosen, by what the server knows of it. */
  async function tell(isNew: boolean): Promise<void> {
    const asked = (toldOf = chosen);
    say("");
    if (asked.resource === "" || holdsVariable(asked.resource)) return;
    try {
      const [entry, ...others] = await find(asked.resource);
      if (chosen !== asked) return;
      // People know a bucket by its name, and type that.
      if (others.length > 0) { say(node._("permission.several")); return; }
      if (isNew && entry && of === "buckets") {
        toldOf = chosen = { resource: entry.value, name: entry.label };
        input.value = shown();
        follow();
      }
      const told = entry ? [entry.value, entry.label, entry.detail] : [node._("lookup.notFound")];
      say(told.filter((each) => each !== "" && each !== shown()).join(", "));
    } catch {
      // It is free text, as it was; who types into it is told why.
    }
  }

  $(which).on("change", follow);
  $(read.input).on("change", follow);
  $(write.input).on("change", follow);
  $(button).on("click", remove);
  $(input).on("input", take);
  $(input).on("change", () => {
    take();
    follow();
    if (chosen !== toldOf) void tell(true);
  });
  $("#node-input-connection").on("change", () => void tell(false));
  follow();
  void tell(false);
  return {
    content,
    value,
    focus: () => {
      input.focus();
    },
  };
}

function box(node: EditorNode, action: "read" | "write", isTicked: boolean) {
  const input = element("input", { type: "checkbox" });
  input.checked = isTicked;
  return { input, label: element("label", {}, input, node._(`permission.${action}`)) };
}
