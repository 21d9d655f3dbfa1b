/// <reference lib="dom" />
import { LONGEST_SEARCH, type Lookup, type LookupAnswer, type LookupEntry } from "../admin/answers.js";
import { isNamed, isProduct, productOf, type ResourceName } from "../../src/products.js";
import type { FieldData } from "../fields/controls.js";
import { idsOf } from "../fields/text-rules.js";
import { holdsVariable } from "../fields/variables.js";
import type { EditorNode, Elements } from "./api.js";
import { asker, connectionIn } from "./ask.js";
import { draftOf, prefixOf, resourceOf } from "./dialog.js";
import { element, grouped } from "./elements.js";

/*
 * What a field offers while one types into it: the users, tokens, … that exist, from the deployed connection. The list
 * is core's own, of its fields for `msg.` and the like.
 */

declare const $: (selector: string | Element) => Elements;

/** What it says: keys of the locale. */
export const LOOKUP_TEXTS = [
  "lookup.keep",
  "lookup.keepOf",
  "lookup.noConnection",
  "lookup.notFound",
  "lookup.noDescription",
  "lookup.otherProduct",
] as const;

/** Milliseconds without a key after which it asks. */
const PAUSE = 250;
/** As many entries as it asks for. */
const OFFERED = 50;
/** Of a list of IDs, as many as are looked up. */
const TOLD = 10;

/** The line that says why nothing can be offered: it is said once in a dialog, where its user is. */
let reasonLine: HTMLElement | undefined;

/**
 * Offers what exists for a field of the open dialog, if it can be looked up, and says beneath it what an ID in it stands
 * for. A TypedInput must have been made.
 */
export function offerLookup(node: EditorNode, name: string): void {
  const field = node._def.fields[name];
  const id = `#${prefixOf(node)}-${name}`;
  const saved = $(id);
  if (field?.lookup === undefined || saved.length === 0) return;
  const { control, lookup } = field;
  const frame = saved.next(".red-ui-typedInput-container");
  const typedIn = frame.length > 0 ? frame.find(".red-ui-typedInput-input") : saved;
  const connection = $("#node-input-connection");
  const place: Place = {
    node,
    lookup,
    resources: () => resourcesOf(draftOf(node), field),
    isList: control.kind === "text" && control.rows !== undefined,
    input: typedIn.get(0) as HTMLInputElement,
    connection: () => connectionIn(node),
    ...lineBeneath((frame.length > 0 ? frame : saved).get(0) as HTMLElement),
  };
  /** Whether what stands there is typed in, and so can be an ID or a name. */
  const isFixed = () => control.kind !== "typed" || $(`${id}Type`).val() === "str";
  const search = searchFor(place);
  const tell = tellerFor(place);
  let pause: ReturnType<typeof setTimeout> | undefined;
  const follow = () => {
    // Core takes it away whenever the type changes.
    if (isFixed() && !typedIn.hasClass("red-ui-autoComplete")) typedIn.autoComplete({ search, minLength: 0 });
    const text = isFixed() ? (saved.val() as string) : "";
    // A click on another control ends a change: that must not move while the button is down.
    clearTimeout(pause);
    pause = setTimeout(() => {
      void tell(text);
    }, PAUSE);
  };
  for (const each of [saved, connection, $(`#${prefixOf(node)}-product`)]) each.on("change", follow);
  follow();
}

/** Offers what exists while one types into an input that is no field, but a part of one. */
export function lookUpIn(
  node: EditorNode,
  lookup: Lookup,
  input: HTMLInputElement,
): {
  /** What a text names, by its value or its label. */
  find: (text: string) => Promise<readonly LookupEntry[]>;
  /** Says beneath the input what stands in it. */
  say: (text: string) => void;
} {
  const place: Place = {
    ...{ node, lookup, input, isList: false },
    resources: () => resourcesOf(draftOf(node), {}),
    connection: () => connectionIn(node),
    ...lineBeneath(input),
  };
  $(input).autoComplete({ search: searchFor(place), minLength: 0 });
  const ask = lookerUp(place);
  return {
    async find(text) {
      const { entries } = await ask(text);
      const same = entries.filter(({ value }) => isSame(place, value, text));
      return same.length > 0 ? same : entries.filter(({ label }) => label === text);
    },
    say: place.say,
  };
}

/** A field with look-ups. */
interface Place {
  node: EditorNode;
  lookup: Lookup;
  /** The kinds of tokens that it can mean, by what is chosen in the dialog. */
  resources: () => readonly ResourceName[];
  /** Whether it holds any number of IDs. */
  isList: boolean;
  input: HTMLInputElement;
  /** The ID of the connection that is chosen. */
  connection: () => string | undefined;
  line: HTMLElement;
  /** Writes into the line; what is unseen is for screen readers. */
  say: (text: string, isUnseen?: boolean) => void;
}

function resourcesOf(draft: EditorNode, { lookupIn }: Pick<FieldData, "lookupIn">): readonly ResourceName[] {
  const { product } = draft;
  const own = resourceOf(draft);
  if (own !== undefined) return [own];
  const all = isProduct(product) ? productOf(product).resources : [];
  return lookupIn ? all.filter((each) => lookupIn.includes(each)) : all;
}

function lineBeneath(box: HTMLElement): Pick<Place, "line" | "say"> {
  const line = element("div", { class: "influxdb-tokens-line", role: "status" });
  const row = box.closest(".influxdb-field, .form-row") ?? box;
  row.append(line);
  return {
    line,
    say(text, isUnseen = false) {
      if (reasonLine === line) reasonLine = undefined;
      line.classList.toggle("influxdb-tokens-unseen", isUnseen);
      line.style.marginLeft = `${box.getBoundingClientRect().left - row.getBoundingClientRect().left}px`;
      if (line.textContent !== text) line.textContent = text;
    },
  };
}

/** An option of core's list. */
interface Option {
  readonly value: string;
  readonly label: Elements;
}

/** What core's list calls at each key. */
function searchFor(place: Place) {
  const { node, input, isList, line, say } = place;
  const ask = lookerUp(place);
  let pause: ReturnType<typeof setTimeout> | undefined;

  async function find(typed: string, offer: (options: Option[]) => void): Promise<void> {
    // The field can have been left, or changed by a key after which nothing is searched.
    const isThere = () => document.activeElement === input && input.value === typed;
    if (!isThere() || holdsVariable(typed)) return;
    // In a list of IDs, the last of them. Names are one a line, and space is part of them.
    const last = isOfNames(place) ? /[^\r\n]*$/ : /[^\s,;]*$/;
    const one = isList ? (last.exec(typed)?.[0] ?? "") : typed;
    const word = isOfNames(place) ? one : one.trim();
    try {
      const { matching, entries } = await ask(word);
      if (!isThere()) return;
      const isDone = matching === 1 && entries.every(({ value }) => isSame(place, value, word));
      if (matching === 0 || isDone) {
        say("");
        offer([]);
        return;
      }
      const key = matching > entries.length ? "lookup.keepOf" : "lookup.keep";
      const keep = node._(key, { found: grouped(matching), shown: grouped(entries.length) });
      say(keep, true);
      const before = isList ? typed.slice(0, typed.length - word.length) : "";
      offer([
        // Core's list takes its first option on Enter and Tab: a name that was typed in must stay that name.
        {
          get value() {
            return input.value;
          },
          label: $(element("span", { class: "influxdb-tokens-option influxdb-tokens-detail" }, keep)),
        },
        ...entries.map((entry) => ({ value: before + entry.value, label: $(optionOf(place, entry)) })),
      ]);
    } catch (error) {
      offer([]);
      if (reasonLine !== line) reasonLine?.replaceChildren();
      say((error as Error).message);
      reasonLine = line;
    }
  }

  return (typed: string, offer: (options: Option[]) => void) => {
    clearTimeout(pause);
    pause = setTimeout(() => {
      void find(typed, offer);
    }, PAUSE);
  };
}

/** Says beneath a field what the IDs or the name in it stand for. */
function tellerFor(place: Place) {
  const { node, lookup, isList, line, say } = place;
  const ask = lookerUp(place);
  let told = "[]";
  return async (text: string) => {
    if (!line.isConnected) return;
    const isTold = lookup !== "description" && !holdsVariable(text) && place.connection() !== undefined;
    const one = isOfNames(place) ? text : text.trim();
    const all = isList ? idsOf(text, draftOf(node).product) : text.trim() === "" ? [] : [one];
    const values = isTold ? all.filter(({ length }) => length <= LONGEST_SEARCH).slice(0, TOLD) : [];
    const asked = JSON.stringify(values.length > 0 ? [place.connection(), values] : []);
    if (asked === told) return;
    told = asked;
    // The reason why nothing can be offered is for whoever leaves the field, too.
    if (reasonLine !== line) say("");
    try {
      const lines: string[] = [];
      for (const value of values) {
        const { entries } = await ask(value);
        const entry = entries.find((each) => isSame(place, each.value, value));
        // The line without the space at its end is a name as well.
        if (entry === undefined && isList && value !== value.trim()) continue;
        const known = entry ? describe(place, entry) : node._("lookup.notFound");
        if (!isList) lines.push(known);
        else if (entry && isOfNames(place)) lines.push(`${entry.label}: ${entry.detail}`);
        else lines.push(`${value}: ${known}`);
      }
      if (asked === told) say(lines.join("\n"));
    } catch {
      // It is free text, as it was; who types into it is told why.
      told = "[]";
    }
  };
}

/** Asks for what a text can mean, in each kind of tokens. */
function lookerUp({ node, lookup, resources, connection, line }: Place) {
  const ask = asker(node, line);
  return async (search: string): Promise<Pick<LookupAnswer, "matching" | "entries">> => {
    const chosen = connection();
    if (chosen === undefined) throw new Error(node._("lookup.noConnection"));
    // The runtime knows a connection as it is deployed.
    if (draftOf(node).product !== node.product) throw new Error(node._("lookup.otherProduct"));
    const found = { matching: 0, entries: [] as LookupEntry[] };
    if (search.length > LONGEST_SEARCH) return found;
    for (const resource of resources()) {
      const { matching, entries } = await ask<LookupAnswer>({
        path: ["connections", chosen, "lookup"],
        query: { of: lookup, resource, search, limit: OFFERED },
      });
      found.matching += matching;
      found.entries.push(...entries);
    }
    return found;
  };
}

function isID(lookup: Lookup): boolean {
  return lookup === "bucket" || /id$/i.test(lookup);
}

/** Whether what it means is known by its name, in which each character counts. */
function isOfNames({ lookup, resources }: Place): boolean {
  return lookup === "id" && resources().some(isNamed);
}

/** IDs are the same in capitals. */
function isSame(place: Place, value: string, other: string): boolean {
  const minds = !isID(place.lookup) || isOfNames(place);
  return minds ? value === other : value.toLowerCase() === other.toLowerCase();
}

function optionOf(place: Place, { value, label, detail }: LookupEntry): HTMLElement {
  const { node, lookup } = place;
  const isShown = isID(lookup) && !isOfNames(place) && label !== value;
  const id = isShown ? [element("bdi", {}, value), " "] : [];
  return element(
    "span",
    { class: "influxdb-tokens-option" },
    element("bdi", {}, label === "" ? node._("lookup.noDescription") : label),
    element("span", { class: "influxdb-tokens-detail" }, ...id, element("bdi", {}, detail)),
  );
}

/** What an entry is, beside its value. */
function describe({ node, lookup }: Place, { value, label, detail }: LookupEntry): string {
  const name = label === "" ? node._("lookup.noDescription") : label;
  return [isID(lookup) && label !== value ? name : "", detail].filter((part) => part !== "").join(", ");
}
