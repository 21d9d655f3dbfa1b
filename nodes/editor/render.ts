import { runInNewContext } from "node:vm";
import { CHOOSE } from "./dialog.js";
import type { Control, Field } from "../fields/fields.js";
import { PRODUCTS, productsWith } from "../../src/products.js";
import type { Operation } from "../runtime/node.js";

/** The html of a node: a literal `registerType`, as the Flow Library looks for, and the dialog. */
export function render(operation: Operation): string {
  const { type, resource, outputs, color, icon } = operation;
  const fields = Object.entries(operation.fields);
  const js = JSON.stringify;
  const able: readonly string[] = productsWith(resource);
  const unable = Object.keys(PRODUCTS).filter((product) => !able.includes(product));
  return `<script type="text/javascript">
RED.nodes.registerType(${js(type)}, {
  category: "InfluxDB tokens",
  color: ${js(color)},
  icon: ${js(icon)},
  defaults: {
    name: { value: "" },
    connection: {
      value: "",
      type: "influxdb-connection",
      validate: function (value, opt) {
        if (influxdbTokens.isVariable(value)) return true;
        var connection = RED.nodes.node(value);
        if (!connection) return this._("wrong.connection");
        var unable = { ${unable.map((product) => `${js(product)}: this._("product.${product}")`).join(", ")} }[connection.product];
        if (unable) return this._("wrong.product", { product: unable });
        return connection.valid !== false || this._("wrong.connectionSettings");
      }
    },
${fields.flatMap(([key, field]) => defaultsOf(key, field)).join(",\n")}
  },
  inputs: 1,
  outputs: ${outputs.length},
  outputLabels: function (index) { return [${outputs.map((key) => `this._("output.${key}")`).join(", ")}][index]; },
  paletteLabel: function () { return this._("palette"); },
  label: function () { return this.name || this._("label.node"); },
  labelStyle: function () { return this.name ? "node_label_italic" : ""; },
  oneditprepare: function () {
    influxdbTokens.showPresets(this);
    influxdbTokens.showSaved(this, "node-input");
    influxdbTokens.markDialog(this, "node-input");
    influxdbTokens.offerConnections(${js(unable)});
    var types;
${fields.flatMap(([key, { control }]) => (control.kind === "typed" ? [typedInputOf(key, control)] : [])).join("\n")}
  },
  oneditsave: function () {
    influxdbTokens.keepUnclicked("node-input");${fields.map(([key, { control }]) => (control.kind === "typed" && control.formerly !== undefined ? forgetFormer(key, control.formerly) : "")).join("")}
  }
});
</script>
<script type="text/html" data-template-name="${type}">
${row("name", "fa-tag", `<input type="text" id="node-input-name" style="${WIDE}" data-i18n="[placeholder]label.name">`)}
${row("connection", "fa-database", `<input type="text" id="node-input-connection" style="${WIDE}">`)}
${fields.map(([key, field]) => sectionOf(field) + rowOf(key, field.control)).join("\n")}
<style>.form-row > input[type="checkbox"].input-error + label { color: var(--red-ui-text-color-error); }</style>
</script>
`;
}

/** What the html of a node registers with the editor. */
export interface Definition {
  type: string;
  defaults: Record<string, Default>;
  credentials?: Record<string, Default>;
}
export interface Default {
  value?: unknown;
  validate?: (this: unknown, value: unknown, options: object) => unknown;
}

/** Runs the scripts of a node's html as the editor does; `RED` is what they use of it beside `registerType`. */
export function definitionIn(html: string, RED: { nodes?: object } = {}): Definition {
  const found: Definition[] = [];
  const registerType = (type: string, definition: Omit<Definition, "type">) =>
    found.push({ ...definition, type });
  const context = { URL, RED: { ...RED, nodes: { ...RED.nodes, registerType } } };
  for (const [, script] of html.matchAll(/<script type="text\/javascript">([^]*?)<\/script>/g)) {
    runInNewContext(script ?? "", context);
  }
  const [definition] = found;
  if (definition === undefined || found.length > 1) throw new Error("html registers one node type");
  return definition;
}

type Typed = Extract<Control, { kind: "typed" }>;

function defaultsOf(key: string, { control, wrongWhen = {} }: Field<unknown>): string[] {
  const entry = (name: string, value: unknown, check: string, when: object = {}) => {
    const others = Object.entries(when).map(([text, test]) => `if (${test}) return this._("wrong.${text}");`);
    return `    ${name}: { value: ${JSON.stringify(value)}, validate: ${validator(value, [...others, check])} }`;
  };
  switch (control.kind) {
    case "choice":
      return [entry(key, control.preset, choiceCheck(control.options), wrongWhen)];
    case "flag":
      return [entry(key, false, FLAG_CHECK, wrongWhen)];
    case "limit":
      return [
        entry(key, control.preset, LIMIT_CHECK, wrongWhen),
        entry(`${key}Per`, control.per[0], choiceCheck(control.per)),
      ];
    case "typed":
      return [
        entry(key, control.preset.value, typedCheck(key, control), wrongWhen),
        `    ${key}Type: { value: ${JSON.stringify(control.preset.type)} }`,
        ...(control.formerly === undefined ? [] : [formerEntry(control.formerly)]),
      ];
  }
}

/**
 * Keeps what a flow holds under a former name, for the editor drops what is not among the defaults, and marks
 * the node until its user has chosen again: the dialog starts with {@link CHOOSE}, and Done forgets the old name
 * once it is something else.
 */
function formerEntry(formerly: string): string {
  return `    ${formerly}Type: { validate: ${validator(undefined, ['if (value !== undefined) return this._("wrong.formerly");'])} }`;
}

function forgetFormer(key: string, formerly: string): string {
  return `
    if ($("#node-input-${key}Type").val() !== "${CHOOSE}") delete this.${formerly}Type;`;
}

/**
 * Judges a property as the runtime does, by what a node holds and not by what a dialog shows. Two parameters: the
 * editor shows the text that a validator returns only then.
 */
function validator(preset: unknown, checks: string[]): string {
  const body = checks.join("\n      ");
  return `function (value, opt) {
      if (influxdbTokens.isVariable(value)) return true;
      if (value === undefined) value = ${JSON.stringify(preset)};${body.includes("get(") ? GET : ""}
      ${body}
      return true;
    }`;
}

const GET = `
      var get = influxdbTokens.reader(this);`;

const FLAG_CHECK = `if (typeof value !== "boolean") return this._("wrong.flag");`;

const LIMIT_CHECK = `if (value !== "" && influxdbTokens.wholeNumberOf(value, 1, Number.MAX_SAFE_INTEGER) === undefined) return this._("wrong.limit");`;

function choiceCheck(options: readonly string[]): string {
  return `if (${JSON.stringify(options)}.indexOf(value) === -1) return this._("wrong.word");`;
}

function typedCheck(key: string, { constants, words, pattern, sources, preset, formerly }: Typed): string {
  const js = JSON.stringify;
  const ofText =
    words.length > 0
      ? `if (${js(words)}.indexOf(value) === -1) return this._("wrong.word");`
      : pattern === undefined
        ? ""
        : `if (!/${pattern}/i.test(value.trim())) return influxdbTokens.holdsVariable(value) ? this._("wrong.variable") : this._("wrong.id");`;
  const ofFormer =
    formerly === undefined ? "" : `\n      if (type === "${CHOOSE}") return this._("wrong.formerly");`;
  return `// A value without its type is no wish for the preset.
      var type = value === "" || value === ${js(preset.value)} ? get("${key}Type") : this.${key}Type;${ofFormer}
      if (${js([...constants, ...sources])}.indexOf(type) === -1) return this._("wrong.type");
      if (typeof value !== "string") return this._("wrong.empty");
      if (${js(constants)}.indexOf(type) !== -1) return true;
      if (value.trim() === "") return this._("wrong.empty");
      if (type !== "str") return RED.utils.validateTypedProperty(value, type, opt);
      if (influxdbTokens.isVariable(value.trim())) return this._("wrong.variable");
      ${ofText}`;
}

function typedInputOf(key: string, { constants, words, sources, preset, formerly }: Typed): string {
  const constant = (word: string) => `{ value: "${word}", label: this._("option.${word}"), hasValue: false }`;
  const types = [
    ...constants.map(constant),
    // The preset comes first: it is what most people want.
    ...sources
      .toSorted((a, b) => Number(b === preset.type) - Number(a === preset.type))
      .map((source) =>
        source === "str" && words.length > 0
          ? `{ value: "str", label: this._("option.fixed"), icon: "red/images/typedInput/az.svg", options: [${words.map((word) => `{ value: "${word}", label: this._("option.${word}") }`).join(", ")}] }`
          : `"${source}"`,
      ),
  ];
  const isFormer = formerly === undefined ? "false" : `this.${formerly}Type !== undefined`;
  return `    types = [${types.join(", ")}];
    influxdbTokens.offerSaved(this, "${key}", types, ${constant(CHOOSE)}, ${isFormer});
    $("#node-input-${key}").typedInput({ default: "${preset.type}", typeField: "#node-input-${key}Type", types: types });`;
}

const LABEL = "width: 150px";
const WIDE = "width: calc(100% - 160px)";

function row(key: string, icon: string | undefined, input: string): string {
  const sign = icon === undefined ? "" : `<i class="fa ${icon}"></i> `;
  return `<div class="form-row">
  <label for="node-input-${key}" style="${LABEL}">${sign}<span data-i18n="label.${key}"></span></label>
  ${input}
</div>`;
}

function sectionOf({ section }: Field<unknown>): string {
  if (section === undefined) return "";
  return `<div class="form-row" style="margin: 18px 0 8px; border-bottom: 1px solid var(--red-ui-secondary-border-color)"><b data-i18n="section.${section}"></b></div>\n`;
}

function rowOf(key: string, control: Control): string {
  switch (control.kind) {
    case "choice":
      return row(key, undefined, select(key, control.options, `option.${key}`, WIDE));
    case "flag":
      return `<div class="form-row" style="display: flex; align-items: baseline; padding: 0 6px 0 154px">
  <input type="checkbox" id="node-input-${key}" style="width: auto; margin: 0 8px 0 0">
  <label for="node-input-${key}" style="width: auto"><span data-i18n="label.${key}"></span></label>
</div>`;
    case "limit":
      return row(
        key,
        undefined,
        `<input type="text" inputmode="numeric" id="node-input-${key}" style="width: 90px" data-i18n="[placeholder]option.noLimit">
  <span data-i18n="label.${key}Per"></span>
  ${select(`${key}Per`, control.per, "option.per", "width: 110px")}`,
      );
    case "typed":
      return row(
        key,
        undefined,
        `<input type="text" id="node-input-${key}" style="${WIDE}"><input type="hidden" id="node-input-${key}Type">`,
      );
  }
}

function select(key: string, options: readonly string[], texts: string, style: string): string {
  const items = options.map((option) => `<option value="${option}" data-i18n="${texts}.${option}"></option>`);
  return `<select id="node-input-${key}" style="${style}">${items.join("")}</select>`;
}
