/// <reference lib="dom" />
import type { EditorNode, Elements } from "./api.js";
import type { TypedField, Way } from "./typed-fields.js";

/*
 * The filters of a list node: a row for each that is set, as core's switch node shows its rules. The rows are a view:
 * the fields are all in the dialog, and those without a row save "any".
 */

declare const $: (selector: string | Element) => Elements;

interface Row {
  name: HTMLSelectElement;
  remove: HTMLButtonElement;
  content: HTMLElement;
  field: TypedField;
}

/** Shows the filters that are set, and lets more be added. */
export function showFilters(node: EditorNode, filters: readonly TypedField[]): void {
  const list = $("#influxdb-filters");
  const box = $("#node-input-everyToken");
  const pool = $("#influxdb-filter-pool");
  const rows: Row[] = [];
  const topics = new Map(filters.map(({ topic, label }) => [topic, label]));
  const isTaken = (field: TypedField) => rows.some((row) => row.field === field);
  const freeOf = (topic: string) => filters.find((field) => field.topic === topic && !isTaken(field));
  const firstFree = () => filters.find((field) => !isTaken(field));

  function put(row: Row, field: TypedField, way?: Way): void {
    const { field: before } = row;
    if (before !== field) {
      before.unset();
      pool.append($(before.host));
      row.field = field;
      field.choose(way);
    }
    row.content.insertBefore(field.host, row.remove);
    refresh();
  }

  /** What each row offers depends on the others. */
  function refresh(): void {
    for (const row of rows) {
      const { field, name, remove } = row;
      name.replaceChildren(
        ...[...topics].map(([topic, label]) => {
          const option = new Option(label, topic);
          option.disabled = topic !== field.topic && !freeOf(topic);
          return option;
        }),
      );
      name.value = field.topic;
      remove.setAttribute("aria-label", node._("filter.remove", { name: field.label }));
      const others = filters.filter((each) => each.topic === field.topic && each !== field);
      field.offer(
        others.map((each) => ({ field: each, isTaken: isTaken(each) })),
        (other, way) => {
          put(row, other, way);
          other.host.querySelector("select")?.focus();
        },
      );
    }
    list
      .closest(".red-ui-editableList")
      .find(".red-ui-editableList-addButton")
      .prop({ disabled: !firstFree() });
    box.closest(".form-row").toggle(rows.length === 0);
  }

  list.editableList({
    addButton: node._("filter.add"),
    height: "auto",
    addItem(container, _index, data) {
      const saved = data.field as TypedField | undefined;
      const field = saved ?? firstFree();
      if (!field) return;
      const content = document.createElement("div");
      content.className = "influxdb-filter-row";
      container.append($(content));
      const name = document.createElement("select");
      const remove = document.createElement("button");
      name.setAttribute("aria-label", node._("filter.name"));
      Object.assign(remove, { type: "button", className: "red-ui-button red-ui-button-small" });
      remove.append(Object.assign(document.createElement("i"), { className: "fa fa-remove" }));
      content.append(name, remove);
      const row: Row = { name, remove, content, field };
      rows.push(row);
      $(name).on("change", () => {
        if (name.value !== row.field.topic) put(row, freeOf(name.value) ?? row.field);
        name.focus();
      });
      $(remove).on("click", () => {
        rows.splice(rows.indexOf(row), 1);
        row.field.unset();
        pool.append($(row.field.host));
        list.editableList("removeItem", data);
        refresh();
        list.closest(".red-ui-editableList").find(".red-ui-editableList-addButton").trigger("focus");
      });
      content.insertBefore(field.host, remove);
      if (!saved) {
        field.choose(undefined);
        // Without this filter again, every token must be meant anew.
        box.prop({ checked: false });
        box.trigger("change");
        name.focus();
      }
      refresh();
    },
  });
  for (const field of filters) if (!field.isUnset()) list.editableList("addItem", { field });
  // A node that was saved before there was the box lists every token.
  if (node.everyToken === undefined && rows.length === 0) box.prop({ checked: true });
  refresh();
}
