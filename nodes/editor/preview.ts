/// <reference lib="dom" />
import { isNamed } from "../../src/products.js";
import { MARKS, type LastAnswer, type PreviewAnswer, type TokenRow } from "../admin/answers.js";
import type { FieldsData } from "../fields/controls.js";
import { isVariable } from "../fields/variables.js";
import { limitOf } from "../fields/whole-numbers.js";
import type { Editor, EditorNode, Elements } from "./api.js";
import { asker, ASK_TEXTS } from "./ask.js";
import { askedConnection } from "./connection-choice.js";
import { draftOf, resourceOf } from "./dialog.js";
import { element, grouped } from "./elements.js";
import { isList, upstreamOf } from "./upstream.js";

/*
 * The sections at the end of a dialog that show what the node would find or hit now, and what it did last.
 */

declare const $: (selector: string | Element) => Elements;
declare const RED: Editor;

type Ask = ReturnType<typeof asker>;

const COLUMNS = [
  "name",
  "description",
  "kind",
  "user",
  "status",
  "createdAt",
  "updatedAt",
  "expiresAt",
] as const;
const TIMES: readonly string[] = ["createdAt", "updatedAt", "expiresAt"];
/** A cell whose text stays in one line. */
const WHOLE = { class: "influxdb-tokens-whole" };
const COUNTS = ["none", "one", "many"] as const;

const keys = (of: string, names: readonly string[]) => names.map((name) => `${of}.${name}`);
const OF_TABLE = [
  ...ASK_TEXTS,
  ...keys("preview", ["refresh", "asking", "more", "noDescription", "noConnection", "unknown", "expression"]),
  ...keys("column", COLUMNS),
  ...keys("mark", MARKS),
  ...keys("markTitle", MARKS),
];
const OF_LIST = keys("found", [...COUNTS, "title", "first"]);
const OF_CHANGE = [
  ...keys("hit", [...COUNTS, "title", "first", "through", "others", "dryRun", "inactiveFor", "overLimit"]),
  ...keys("hit", ["leftAlone", "someLeftAlone", "otherConnection", "elsewhere", "otherKind"]),
  ...keys("last", ["title", "nothing", "at", "on", "would"]),
  ...keys("column", ["token", "outcome", "reason"]),
];

/** What the sections of a node say: keys of the locale. */
export function previewTextsOf(fields: FieldsData): string[] {
  return [...OF_TABLE, ...("everyToken" in fields ? OF_LIST : OF_CHANGE)];
}

/** Milliseconds without a change after which a preview that is open is made anew. */
const PAUSE = 700;

/** Puts the sections at the end of the open dialog. They ask for nothing until they are opened. */
export function offerPreview(node: EditorNode): void {
  const form = $("#node-input-name").closest("form");
  if (isList(node)) {
    const section = sectionOf(node, "found.title", (ask) => previewOf(ask, node, draftOf(node)));
    form.append($(section.details));
    section.followDraft(form);
    return;
  }
  const { fields, resource } = node._def;
  // Where the kind of tokens is chosen, each can be.
  if ("targets" in fields && upstreamOf(node, resource).lists.length > 0) {
    const section = sectionOf(node, "hit.title", (ask) => hitOf(ask, node));
    form.append($(section.details));
    section.followDraft(form);
  }
  form.append($(sectionOf(node, "last.title", (ask) => lastOf(ask, node)).details));
}

/** What a section shows: a sentence, and what is beneath it. */
interface Content {
  sentence: string;
  parts: HTMLElement[];
}

function sectionOf(node: EditorNode, title: string, load: (ask: Ask) => Promise<Content>) {
  const sentence = element("span", { role: "status" });
  const refresh = element(
    "button",
    { type: "button", class: "red-ui-button red-ui-button-small" },
    element("i", { class: "fa fa-refresh", "aria-hidden": "true" }),
    ` ${node._("preview.refresh")}`,
  );
  const body = element("div", {});
  const details = element(
    "details",
    { class: "influxdb-tokens-section" },
    element("summary", {}, node._(title)),
    element("div", { class: "influxdb-tokens-bar" }, sentence, refresh),
    body,
  );
  const ask = asker(node, details);
  const show = async () => {
    const say = (text: string, failed: boolean) => {
      sentence.textContent = text;
      sentence.className = failed ? "influxdb-tokens-failed" : "";
    };
    say(node._("preview.asking"), false);
    try {
      const content = await load(ask);
      say(content.sentence, false);
      body.replaceChildren(...content.parts);
    } catch (error) {
      say((error as Error).message, true);
      body.replaceChildren();
    }
  };
  details.addEventListener("toggle", () => {
    // It is at the lower end of the dialog.
    if (details.open) void show().then(() => scrollTo(details));
  });
  refresh.addEventListener("click", () => void show());

  /** Shows it anew when what Done would save has changed. */
  function followDraft(form: Elements): void {
    const draft = () => JSON.stringify(propertiesOf(node, draftOf(node)));
    let shown = draft();
    let pause: ReturnType<typeof setTimeout> | undefined;
    form.on("change keyup paste", () => {
      clearTimeout(pause);
      pause = setTimeout(() => {
        if (!details.isConnected || shown === draft()) return;
        shown = draft();
        if (details.open) void show();
      }, PAUSE);
    });
  }
  return { details, followDraft };
}

/** Scrolls the dialog down to all of a section. The browser's own way would scroll it sideways as well. */
function scrollTo(section: HTMLElement): void {
  let body = section.parentElement;
  while (body !== null && !/auto|scroll/.test(getComputedStyle(body).overflowY)) body = body.parentElement;
  if (body === null) return;
  const [of, within] = [section.getBoundingClientRect(), body.getBoundingClientRect()];
  body.scrollTop += Math.max(0, Math.min(of.bottom - within.bottom, of.top - within.top));
}

/** The properties of a node that Done saves, of a draft of it. */
function propertiesOf({ _def }: EditorNode, draft: EditorNode): Record<string, unknown> {
  return Object.fromEntries(Object.keys(_def.defaults).map((name) => [name, draft[name]]));
}

/** What a list node finds: its draft, or what the editor has of it. */
async function previewOf(ask: Ask, list: EditorNode, draft: EditorNode): Promise<Content> {
  const { answer, notes } = await findBy(ask, list, draft);
  const { total, matching, tokens } = answer;
  if (draft.result === "first" && matching > 1) notes.push(list._("found.first"));
  return {
    sentence: list._(`found.${countKey(matching)}`, { count: grouped(matching), total: grouped(total) }),
    parts: [...notes.map(paragraph), ...tableOfTokens(list, tokens, matching)],
  };
}

async function findBy(
  ask: Ask,
  list: EditorNode,
  draft: EditorNode,
): Promise<{ answer: PreviewAnswer; notes: string[] }> {
  const connection = askedConnection(draft);
  if (!RED.nodes.node(connection)) throw new Error(list._("preview.noConnection"));
  const answer = await ask<PreviewAnswer>({
    path: ["preview"],
    body: { type: list.type, connection, properties: propertiesOf(list, draft) },
  });
  const fields = answer.unknown.map((name) => `${list._(`label.${name}`)} (${sourceOf(list, draft, name)})`);
  return {
    answer,
    notes: fields.length > 0 ? [list._("preview.unknown", { fields: fields.join(", ") })] : [],
  };
}

/** Where a value comes from, as people write it: `msg.user`. */
function sourceOf(list: EditorNode, draft: EditorNode, name: string): string {
  const { [name]: value, [`${name}Type`]: type } = draft;
  const variable = [value, type].find(isVariable);
  if (variable !== undefined) return variable;
  if (type === "jsonata") return list._("preview.expression");
  return `${type === "env" ? "$" : `${String(type)}.`}${String(value)}`;
}

/** What a node that changes tokens would hit, by the lists that are wired before it. */
async function hitOf(ask: Ask, node: EditorNode): Promise<Content> {
  const draft = draftOf(node);
  const { targets = "payload", targetsType = "msg" } = draft;
  if (targets !== "payload" || targetsType !== "msg") return { sentence: node._("hit.elsewhere"), parts: [] };
  const resource = resourceOf(draft);
  const { lists, hasOthers } = upstreamOf(node, resource);
  if (lists.length === 0) {
    return { sentence: node._("hit.otherKind", { tokens: node._(`tokens.${resource}`) }), parts: [] };
  }
  const parts: HTMLElement[] = [];
  const sentences: string[] = [];
  for (const { list, isDirect } of lists) {
    const { answer, notes } = await findBy(ask, list, list);
    const isFirst = list.result === "first";
    const hits = isFirst ? Math.min(answer.matching, 1) : answer.matching;
    const tokens = isFirst ? [answer.oldest].filter((token) => token !== undefined) : answer.tokens;
    const isSameConnection = askedConnection(list) === askedConnection(draft);
    const spared = (token: TokenRow) => isSameConnection && isLeftAlone(token, draft);
    const left = tokens.filter(spared).length;
    const say = (key: string, params = {}) => notes.push(node._(`hit.${key}`, params));
    if (isFirst && answer.matching > 1) say("first", { matching: grouped(answer.matching) });
    if (left > 0) say("someLeftAlone", { count: grouped(left) });
    if (!isSameConnection) say("otherConnection");
    const limit = limitOf(draft.limit);
    const isOver = limit !== undefined && hits > limit && (draft.limitPer ?? "message") === "message";
    if (isOver && list.result !== "each") say("overLimit", { limit: grouped(limit) });
    if (!isDirect) say("through");
    sentences.push(node._(`hit.${countKey(hits)}`, { count: grouped(hits), list: nameOf(list) }));
    if (lists.length > 1) parts.push(element("h4", {}, nameOf(list)));
    parts.push(...notes.map(paragraph), ...tableOfTokens(node, tokens, hits, spared));
  }
  const common = [
    ...(draft.dryRun === true ? ["dryRun"] : []),
    ...((draft.inactiveForType ?? "any") === "any" ? [] : ["inactiveFor"]),
    ...(hasOthers ? ["others"] : []),
  ];
  return {
    sentence: sentences.join(" "),
    parts: [...common.map((key) => paragraph(node._(`hit.${key}`))), ...parts],
  };
}

/** Whether the node would refuse to touch a token. */
function isLeftAlone({ kind, marks }: TokenRow, draft: EditorNode): boolean {
  // No server lets it go.
  if (kind === "operator") return true;
  const endsAccess = "confirmed" in draft._def.fields || draft.tokenStatus === "inactive";
  const keepsOwn = endsAccess && RED.nodes.node(askedConnection(draft))?.allowOwnToken !== true;
  return marks.includes("protected") || (keepsOwn && (marks.includes("own") || marks.includes("maybe-own")));
}

/** What the last message of a node did. */
async function lastOf(ask: Ask, node: EditorNode): Promise<Content> {
  const { last } = await ask<LastAnswer>({ path: ["nodes", node.id, "last"] });
  if (last === undefined) return { sentence: node._("last.nothing"), parts: [] };
  const { at, text, records, total, connection } = last;
  const resource = resourceOf(node);
  const areNamed = resource !== undefined && isNamed(resource);
  const rows = records.map((each) => {
    const { id, outcome, would, reason, error, token } = each as OutcomeRecord;
    const done = would === undefined ? outcome : node._("last.would", { outcome: would });
    const { name = id, description } = token ?? {};
    const shown = areNamed ? [nameOfToken(name)] : [textOf(description), element("small", {}, textOf(id))];
    return [
      element("td", {}, ...shown),
      element("td", WHOLE, textOf(done)),
      element("td", {}, textOf(error?.message ?? reason)),
    ];
  });
  const columns = ["token", "outcome", "reason"].map((name) => node._(`column.${name}`));
  const ended = { text, time: new Date(at).toLocaleString() };
  return {
    sentence:
      connection === undefined ? node._("last.at", ended) : node._("last.on", { ...ended, connection }),
    parts: rows.length === 0 ? [] : tableOf(node, columns, rows, total),
  };
}

/** A record as it was sent, by which nothing is certain. */
interface OutcomeRecord {
  id?: unknown;
  outcome?: unknown;
  would?: unknown;
  reason?: unknown;
  error?: { message?: unknown };
  token?: { name?: unknown; description?: unknown };
}

/** A name in which space counts, so it must be seen. */
function nameOfToken(name: unknown): HTMLElement {
  return textOf(typeof name === "string" && name !== name.trim() ? JSON.stringify(name) : name);
}

function textOf(value: unknown = ""): HTMLElement {
  return element("bdi", {}, typeof value === "string" ? value : JSON.stringify(value));
}

function tableOfTokens(
  node: EditorNode,
  tokens: readonly TokenRow[],
  total: number,
  isSpared: (token: TokenRow) => boolean = () => false,
): HTMLElement[] {
  if (tokens.length === 0) return [];
  const columns = COLUMNS.filter((column) => tokens.some((token) => token[column] !== undefined));
  const rows = tokens.map((token) =>
    columns.map((column, index) => {
      if (index === 0) return tokenCell(node, token, isSpared(token));
      const value = token[column];
      if (column === "user" || column === "description") return element("td", {}, textOf(value));
      if (value === undefined || !TIMES.includes(column)) return element("td", WHOLE, textOf(value));
      const { short, full } = timeOf(value);
      return element("td", { ...WHOLE, title: full }, short);
    }),
  );
  const names = columns.map((column) => node._(`column.${column}`));
  return tableOf(node, names, rows, total);
}

/** What is to be known of a token stands beneath its name: a column more would not fit into the dialog. */
function tokenCell(node: EditorNode, token: TokenRow, isSpared: boolean): HTMLElement {
  const { name, description, id, access = "", marks } = token;
  const label = name ?? description;
  const called = label === "" ? element("i", {}, node._("preview.noDescription")) : textOf(label);
  const ids = name === undefined ? [element("small", {}, id)] : [];
  const shown = marks.map((mark) =>
    element(
      "span",
      { class: "influxdb-tokens-mark", title: node._(`markTitle.${mark}`) },
      node._(`mark.${mark}`),
    ),
  );
  const spared = isSpared ? [element("div", {}, node._("hit.leftAlone"))] : [];
  return element("td", { title: access }, called, ...ids, element("div", {}, ...shown), ...spared);
}

/** @param total how many there are, of which the rows are the first. */
function tableOf(
  node: EditorNode,
  columns: readonly string[],
  rows: readonly HTMLElement[][],
  total: number,
): HTMLElement[] {
  const head = element("tr", {}, ...columns.map((column) => element("th", { scope: "col" }, column)));
  const table = element(
    "table",
    { class: "influxdb-tokens-table" },
    element("thead", {}, head),
    element("tbody", {}, ...rows.map((cells) => element("tr", {}, ...cells))),
  );
  const more = total - rows.length;
  return [
    // It scrolls, so the keyboard must get there.
    element("div", { class: "influxdb-tokens-scroll", tabindex: "0" }, table),
    ...(more > 0 ? [paragraph(node._("preview.more", { count: grouped(more) }))] : []),
  ];
}

function paragraph(text: string): HTMLElement {
  return element("p", {}, text);
}

function nameOf(list: EditorNode): string {
  return typeof list.name === "string" && list.name !== "" ? list.name : list._("label.node");
}

function countKey(count: number): (typeof COUNTS)[number] {
  return COUNTS[Math.min(count, 2)] ?? "many";
}

/** A time in the reader's own way, and zone; as it was written if it is none. */
function timeOf(written: string): { short: string; full: string } {
  const time = new Date(written);
  if (Number.isNaN(time.getTime())) return { short: written, full: written };
  return {
    short: time.toLocaleDateString(undefined, { year: "numeric", month: "2-digit", day: "2-digit" }),
    full: time.toLocaleString(undefined, { dateStyle: "full", timeStyle: "long" }),
  };
}
