import packageJson from "../../package.json" with { type: "json" };
import { CONNECTION_FIELDS } from "../fields/connection.js";
import type { FieldData, FieldsData, Typed } from "../fields/controls.js";
import { CHOOSE, partsOf } from "../fields/judge.js";
import { AGE_UNITS, takesDate } from "../../src/work/times.js";
import { CHECK_TEXTS } from "../influxdb-connection/check.js";
import { TEXTS } from "../influxdb-connection/dialog.js";
import { SETTINGS } from "../influxdb-connection/settings.js";
import { RESOURCE_NAMES } from "../../src/products.js";
import type { Operation } from "../runtime/node.js";
import { ASK_TEXTS } from "./ask.js";
import { CHOICE_TEXTS } from "./connection-choice.js";
import { LOOKUP_TEXTS } from "./lookups.js";
import { noteText } from "./notes.js";
import { tableTexts } from "./permission-table.js";
import { previewTextsOf } from "./preview.js";
import { connectionRow, filterRows, nameRow, rowOf, sectionOf, type Layout } from "./rows.js";

/** What the html of each node loads: a file of `resources/`, which makes this global variable. */
export const SCRIPT = { file: "nodes.js", globalName: "influxdbTokens" };

/** The html of a node, and the texts of its locale that are used outside of the html. */
export interface Page {
  html: string;
  texts: readonly string[];
}

const NODE: Layout = { prefix: "node-input", labelWidth: 150 };
const CONFIG_NODE: Layout = { prefix: "node-config-input", labelWidth: 170 };

/** The page of a node: a literal `registerType`, which the Flow Library looks for, and the dialog. */
export function nodePage({ type, resource, outputs, color, icon, fields: own }: Operation): Page {
  const fields = { ...CONNECTION_FIELDS, ...own };
  const { connectionFrom, ...ofMessage } = CONNECTION_FIELDS;
  const html = `${LOAD_SCRIPT}
<script type="text/javascript">
RED.nodes.registerType(${js(type)}, {
  category: "InfluxDB tokens",
  color: ${js(color)},
  icon: ${js(icon)},
  ${resource === undefined ? "" : `resource: ${js(resource)},`}
  fields: ${js(dataOf(fields))},
  defaults: {
    name: { value: "" },
    connection: {
      value: "",
      type: "influxdb-connection",
      validate: function (value, opt) { return ${SCRIPT.globalName}.validateConnection(this, value); }
    },
    ${entriesOf(fields).join(",\n    ")}
  },
  inputs: 1,
  outputs: ${outputs.length},
  outputLabels: function (index) { return [${outputs.map((key) => `this._("output.${key}")`).join(", ")}][index]; },
  paletteLabel: function () { return this._("label.node"); },
  onpaletteadd: function () { ${SCRIPT.globalName}.prepareInPalette(this); },
  label: function () { return this.name || this._("label.node"); },
  labelStyle: function () { return this.name ? "node_label_italic" : ""; },
  oneditprepare: function () { ${SCRIPT.globalName}.prepare(this); },
  oneditsave: function () { ${SCRIPT.globalName}.save(this); }
});
</script>
<script type="text/html" data-template-name="${type}">
${nameRow(NODE)}
${rowOf("connectionFrom", connectionFrom, NODE)}
${connectionRow(NODE)}
${rowsOf(ofMessage, NODE)}
${rowsOf(own, NODE)}
</script>
`;
  const texts = [
    "wrong.connection",
    "wrong.connectionSettings",
    "wrong.connectionToken",
    "wrong.product",
    ...RESOURCE_NAMES.filter((each) => resource === undefined || each === resource).map(
      (each) => `tokens.${each}`,
    ),
    "or",
    "keywords",
  ];
  const ofDialog = [...FIRST_TEXTS, ...CHOICE_TEXTS, ...LOOKUP_TEXTS, ...previewTextsOf(fields)];
  return { html, texts: [...texts, ...textsOf(fields), ...ofDialog] };
}

/** The page of the connection. */
export function connectionPage(): Page {
  const { token, ...settings } = SETTINGS;
  const html = `${LOAD_SCRIPT}
<script type="text/javascript">
RED.nodes.registerType("influxdb-connection", {
  category: "config",
  fields: ${js(SETTINGS)},
  defaults: {
    name: { value: "" },
    ${entriesOf(settings).join(",\n    ")}
  },
  credentials: {
    token: { type: "password", validate: ${validator("token")} }
  },
  label: function () {
    var cluster = this.clusterId ? " (" + this.clusterId.slice(0, 8) + ")" : "";
    return this.name || (this.url ? this.url + cluster : "influxdb-connection");
  },
  labelStyle: function () { return this.name ? "node_label_italic" : ""; },
  oneditprepare: function () { ${SCRIPT.globalName}.prepare(this); },
  oneditsave: function () { ${SCRIPT.globalName}.save(this); }
});
${SCRIPT.globalName}.watchTokens();
${SCRIPT.globalName}.watchUsers();
</script>
<script type="text/html" data-template-name="influxdb-connection">
${nameRow(CONFIG_NODE)}
${rowsOf(SETTINGS, CONFIG_NODE)}
</script>
`;
  const own = [...Object.values(TEXTS), ...Object.values(CHECK_TEXTS)];
  return { html, texts: [...own, ...FIRST_TEXTS, ...textsOf(SETTINGS), ...LOOKUP_TEXTS, ...ASK_TEXTS] };
}

/** What a dialog says before its script is there. */
const FIRST_TEXTS = ["dialog.loading", "dialog.failed"];

/** As a module it runs once, however many nodes load it. */
const LOAD_SCRIPT = `<script type="module" src="resources/${packageJson.name}/${SCRIPT.file}"></script>`;

function js(value: unknown): string {
  return JSON.stringify(value);
}

/** The fields without what only the runtime knows. */
function dataOf(fields: FieldsData): FieldsData {
  const data = Object.entries(fields).map(([name, field]): [string, FieldData] => {
    const { parse, ...rest } = field as FieldData & { parse?: unknown };
    return [name, rest];
  });
  return Object.fromEntries(data);
}

/** The entries of `defaults`. */
function entriesOf(fields: FieldsData): string[] {
  return Object.entries(fields).flatMap(([name, field]) =>
    partsOf(name, field).map(({ property, preset, ways }) => {
      const { control } = field;
      const entry = [
        ...(preset === undefined ? [] : [`value: ${js(preset)}`]),
        ...(control.kind === "permissionTable" || control.kind === "connections" ? ["value: []"] : []),
        // As core's link nodes do: what is imported as a copy, or exported with the node, is then known in the list.
        ...(control.kind === "connections" ? ['type: "influxdb-connection[]"'] : []),
        ...(control.kind === "config" ? [`type: ${js(control.type)}, required: false`] : []),
        ...(ways.length === 0 ? [] : [`validate: ${validator(property)}`]),
      ];
      return `${property}: { ${entry.join(", ")} }`;
    }),
  );
}

/** With two parameters, because only then does the editor show the text that a validator returns. */
function validator(property: string): string {
  return `function (value, opt) { return ${SCRIPT.globalName}.validate(this, ${js(property)}, value, opt); }`;
}

function rowsOf(fields: FieldsData, layout: Layout): string {
  const isFilter = ([, { filter }]: [string, FieldData]) => filter !== undefined;
  const filters = Object.entries(fields).filter(isFilter);
  const others = Object.entries(fields).filter((field) => !isFilter(field));
  // What is not folded away comes first.
  const sections = new Set([undefined, ...others.map(([, { section }]) => section)]);
  const rows = [...sections].flatMap((section) => {
    const within = others.filter(([, field]) => field.section === section);
    const rowsWithin = within.map(([name, field]) => rowOf(name, field, layout));
    return section === undefined ? rowsWithin : sectionOf(section, rowsWithin);
  });
  if (filters.length > 0)
    rows.unshift(
      filterRows(
        filters.map(([name]) => name),
        layout,
      ),
    );
  return rows.join("\n");
}

/** The texts of the script in the editor: what is wrong with a field, and what a TypedInput offers. */
function textsOf(fields: FieldsData): string[] {
  return Object.entries(fields).flatMap(([name, field]) => {
    const ways = partsOf(name, field).flatMap((part) => part.ways);
    const wrong = [...ways, ...Object.keys(field.wrongWhen ?? {})].map((way) => `wrong.${way}`);
    const { control } = field;
    if (control.kind === "permissionTable") return [...wrong, ...tableTexts(control)];
    if (control.kind === "choice")
      return [...wrong, ...control.notes.map((option) => noteText(name, option))];
    if (control.kind !== "typed") return wrong;
    return [...wrong, ...menuTexts(name, control), ...filterTexts(field)];
  });
}

function menuTexts(name: string, { constants, words, time }: Typed): string[] {
  const options = [...constants, ...words, CHOOSE].map((option) => `option.${option}`);
  if (time === undefined) return words.length > 0 ? [...options, "option.input"] : options;
  const units = AGE_UNITS.map((unit) => `time.${time === "moment" ? "ago" : "long"}.${unit}`);
  const when = ["age", "input", "resolved", ...(takesDate(time) ? ["date"] : [])];
  return [
    ...options,
    ...units,
    ...["count", "unit", "date"].map((key) => `time.${key}`),
    ...when.map((key) => `when.${name}.${key}`),
  ];
}

function filterTexts({ filter }: FieldData): string[] {
  if (filter === undefined) return [];
  return [`label.${filter}`, ...["add", "remove", "name", "condition"].map((key) => `filter.${key}`)];
}
