import { isNamed, isProduct, productOf, type ResourceName } from "../../src/products.js";
import { systemClock } from "../../src/clock.js";
import { MARKS, type LookupAnswer, type Mark, type TokensAnswer } from "../admin/answers.js";
import type { Editor, Plugin } from "./api.js";
import { button, element } from "./elements.js";
import { entry, type SortKey } from "./entry.js";
import content from "./inventory.html";
import { listNode, type Filters } from "./list-node.js";
import { place } from "./place.js";
import { createAsker } from "./requests.js";
import { STATUSES } from "./texts.js";
import { ago, moment } from "./times.js";

declare const RED: Editor;

const CONNECTION = "influxdb-connection";

/** How many are shown at first, and added at a time. */
const PAGE = 50;
/** The most that the runtime gives at once. */
const MOST = 200;
/** Milliseconds for which typing rests before the list follows. */
const PAUSE = 300;
/** Milliseconds after which the age of the list is told anew. */
const TICK = 10_000;

/** What tokens of a kind have to be shown, sorted and filtered by. */
const SORT_KEYS: Record<ResourceName, readonly SortKey[]> = {
  authorizations: ["description", "user", "status", "createdAt", "updatedAt", "id"],
  "database-tokens": ["description", "createdAt", "expiresAt", "id"],
  "management-tokens": ["description", "user", "createdAt", "expiresAt", "id"],
  "influxdb3-tokens": ["name", "kind", "createdAt", "expiresAt"],
};

/** Fills the tab. It only ever reads. */
export function fill(root: HTMLElement, plugin: Plugin): void {
  root.innerHTML = content;
  translate(root, plugin);
  start(root, plugin);
}

/** Fills in the texts of the html: `data-i18n="key"` or `data-i18n="[attribute]key"`. */
function translate(root: HTMLElement, plugin: Plugin): void {
  for (const each of root.querySelectorAll<HTMLElement>("[data-i18n]")) {
    const [, attribute, key = ""] = /^(?:\[([\w-]+)\])?(.+)$/.exec(each.dataset.i18n ?? "") ?? [];
    if (attribute === undefined) each.textContent = plugin._(key);
    else each.setAttribute(attribute, plugin._(key));
  }
}

function start(root: HTMLElement, plugin: Plugin): void {
  const part = (name: string) => root.querySelector(`[data-part=${name}]`) as HTMLElement;
  const select = (name: string) => part(name) as HTMLSelectElement;
  const input = (name: string) => part(name) as HTMLInputElement;

  const connection = select("connection");
  const resource = select("resource");
  const filterParts = {
    search: input("search"),
    mark: select("mark"),
    status: select("status"),
    owner: input("owner"),
    olderThanDays: input("olderThanDays"),
  } satisfies Record<keyof Filters, HTMLInputElement | HTMLSelectElement>;
  const sort = select("sort");
  const descending = part("descending");
  const list = part("list");
  const more = part("more");
  const message = part("message");

  const ask = createAsker<TokensAnswer>(plugin);
  const askOwners = createAsker<LookupAnswer>(plugin);
  /** What is shown. */
  let shown: { of: string; answer: TokensAnswer; readAt: number; ids: number } | undefined;
  let isInSight = false;
  /** Whether the list is not what one would see now: not read, read in vain, or of other settings. */
  let isOutdated = true;
  /** Whether the chosen connection has changes that are not deployed. */
  let isChanged = false;
  /** Of the connections whose product is a variable, what the runtime has told. */
  const told = new Map<string, readonly ResourceName[]>();
  const count = (number: number) => number.toLocaleString();

  // What is asked for.

  const kind = () => resource.value as ResourceName;
  /** Whose tokens are meant. */
  const chosen = () => `${connection.value} ${kind()}`;
  const filters = (): Filters => {
    const valueOf = ({ value, disabled }: { value: string; disabled: boolean }) =>
      disabled ? "" : value.trim();
    const { olderThanDays } = filterParts;
    return {
      search: valueOf(filterParts.search),
      mark: filterParts.mark.value as Mark | "",
      status: valueOf(filterParts.status),
      owner: valueOf(filterParts.owner),
      olderThanDays: olderThanDays.validity.valid ? olderThanDays.value : "",
    };
  };
  const isNarrowed = () => Object.values(filters()).some((value) => value !== "");
  const query = (): Record<string, string> => {
    const wanted = { resource: kind(), ...filters(), sort: sort.value };
    return {
      ...Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== "")),
      ...(descending.getAttribute("aria-pressed") === "true" && { descending: "1" }),
    };
  };

  /** Reads the beginning of the list, or what comes after that which is shown. */
  async function load({ fresh = false, next = false, limit = PAGE } = {}): Promise<void> {
    if (connection.value === "") return;
    if (shown?.of !== chosen()) forget();
    const offset = next ? (shown?.ids ?? 0) : 0;
    isOutdated = false;
    list.setAttribute("aria-busy", "true");
    if (!shown) say("", plugin._("reading"));
    try {
      const found = await ask(`connections/${encodeURIComponent(connection.value)}/tokens`, {
        ...query(),
        offset: String(offset),
        limit: String(limit),
        ...(fresh && { fresh: "1" }),
      });
      // The connection can have been removed meanwhile.
      if (!found || connection.value === "") return;
      const { answer, readAt } = found;
      // The list was read anew meanwhile: what is shown is of another one.
      if (offset > 0 && answer.at !== shown?.answer.at) {
        await load({ limit: MOST });
        return;
      }
      if (resource.value === "") {
        told.set(connection.value, [answer.resource]);
        offerResources();
        // In the order that is offered now.
        await load({ limit });
        return;
      }
      if (offset === 0) list.replaceChildren();
      list.append(...answer.tokens.map((row) => entry(plugin, row, sort.value as SortKey)));
      shown = { of: chosen(), answer, readAt, ids: offset + answer.tokens.length };
      show();
    } catch (error) {
      if (connection.value === "") return;
      isOutdated = true;
      forget();
      say(
        "failed",
        (error as Error).message,
        button("red-ui-button", plugin._("action.again"), () => void load()),
      );
    }
    list.removeAttribute("aria-busy");
  }

  function forget(): void {
    shown = undefined;
    list.replaceChildren();
    list.removeAttribute("aria-busy");
    part("counts").replaceChildren();
    part("matching").textContent = "";
    more.hidden = true;
    tellAge();
  }

  // What is shown.

  function show(): void {
    if (!shown) return;
    const { answer, ids } = shown;
    const { matching, total } = answer;
    showCounts(answer);
    part("matching").textContent = isNarrowed() ? plugin._("count.matching", { count: count(matching) }) : "";
    more.hidden = ids >= matching;
    if (total === 0) say("", plugin._("noneExist"));
    else if (matching === 0)
      say("", plugin._("noneMatch"), button("red-ui-button", plugin._("action.clear"), clear));
    else say("");
    tellAge();
  }

  /** Each count is a filter: one click sets it, another clears it. */
  function showCounts({ total, counts }: TokensAnswer): void {
    const { mark, status } = filterParts;
    const toggle = (filter: HTMLSelectElement, value: string, text: string) => {
      const found = counts[value as Mark] ?? 0;
      if (found === 0 && filter.value !== value) return [];
      const label = plugin._("count.of", { count: count(found), what: plugin._(text) });
      const made = button("", label, () => {
        filter.value = filter.value === value ? "" : value;
        changed();
      });
      made.setAttribute("aria-pressed", String(filter.value === value));
      return [made];
    };
    const all = button("", plugin._("count.all", { count: count(total) }), clear);
    all.setAttribute("aria-pressed", String(!isNarrowed()));
    const focused = [...part("counts").children].indexOf(document.activeElement as Element);
    part("counts").replaceChildren(
      all,
      ...STATUSES.flatMap((each) => toggle(status, each, `status.${each}`)),
      ...MARKS.flatMap((each) => toggle(mark, each, `mark.${each}`)),
    );
    (part("counts").children[focused] as HTMLElement | undefined)?.focus();
  }

  function say(kind: "" | "failed", text = "", ...actions: HTMLElement[]): void {
    message.replaceChildren(...(text === "" ? [] : [element("p", kind, text)]), ...actions);
  }

  function tellAge(): void {
    const read = part("read");
    read.textContent = shown ? plugin._("read", { ago: ago(systemClock.now() - shown.readAt) }) : "";
    read.title = shown ? moment(shown.answer.at) : "";
  }

  // What can be chosen.

  function options(
    field: HTMLSelectElement,
    entries: readonly (readonly [value: string, text: string])[],
  ): void {
    const { value } = field;
    field.replaceChildren(...entries.map(([each, text]) => new Option(text, each)));
    const isThere = entries.some(([each]) => each === value);
    field.value = isThere ? value : (entries[0]?.[0] ?? "");
  }

  function offerConnections(): void {
    const found: [string, string][] = [];
    RED.nodes.eachConfig((node) => {
      if (node.type === CONNECTION) found.push([node.id, RED.utils.getNodeLabel(node, node.id)]);
    });
    const before = connection.value;
    // What is the only one need not be chosen: this only reads.
    const isAny = found.length > 0;
    const choose = isAny ? plugin._("option.chooseConnection") : plugin._("option.noConnection");
    options(connection, [...(found.length === 1 ? [] : [["", choose] as const]), ...found]);
    connection.disabled = !isAny;
    if (connection.value === "") {
      forget();
      say("", isAny ? plugin._("choose") : plugin._("noConnection"));
    }
    if (connection.value !== before) chooseConnection();
    else offerResources();
  }

  function chooseConnection(): void {
    isChanged = false;
    offerResources();
    outdate();
  }

  function offerResources(): void {
    const product = RED.nodes.node(connection.value)?.product;
    const resources = isProduct(product) ? productOf(product).resources : (told.get(connection.value) ?? []);
    options(
      resource,
      resources.map((each) => [each, plugin._(`kind.${each}`)]),
    );
    resource.hidden = resources.length < 2;
    part("refresh").toggleAttribute("disabled", connection.value === "");
    part("use").toggleAttribute("disabled", resource.value === "");
    offerFilters();
  }

  function offerFilters(): void {
    const keys = SORT_KEYS[kind()] as readonly SortKey[] | undefined;
    options(
      sort,
      (keys ?? []).map((key) => [key, plugin._(`property.${key}`)]),
    );
    const has = (key: SortKey) => keys?.includes(key) ?? false;
    for (const [field, isThere] of [
      [filterParts.status, has("status")],
      [filterParts.owner, has("user")],
    ] as const) {
      field.disabled = !isThere;
      (field.parentElement as HTMLElement).hidden = !isThere;
    }
    part("ageLabel").textContent = has("updatedAt")
      ? plugin._("label.notChangedFor")
      : plugin._("label.olderThan");
  }

  // What happens.

  function outdate(): void {
    isOutdated = true;
    if (isInSight) void load();
  }

  function changed(): void {
    const set = Object.entries(filters()).filter(([name, value]) => name !== "search" && value !== "").length;
    part("set").textContent = set === 0 ? "" : count(set);
    outdate();
  }

  function clear(): void {
    for (const filter of Object.values(filterParts)) filter.value = "";
    changed();
  }

  async function offerOwners(): Promise<void> {
    const path = `connections/${encodeURIComponent(connection.value)}/lookup`;
    const asked = { of: "user", resource: kind(), search: input("owner").value.trim(), limit: String(PAGE) };
    // Without them, one types the whole name.
    const found = await askOwners(path, asked).catch(() => undefined);
    if (found)
      part("owners").replaceChildren(...found.answer.entries.map(({ value }) => new Option(value, value)));
  }

  const anyOf = [["", plugin._("option.any")]] as const;
  options(filterParts.mark, [...anyOf, ...MARKS.map((mark) => [mark, plugin._(`mark.${mark}`)] as const)]);
  options(filterParts.status, [
    ...anyOf,
    ...STATUSES.map((each) => [each, plugin._(`status.${each}`)] as const),
  ]);
  const afterPause = pausing();
  for (const filter of Object.values(filterParts))
    filter.addEventListener("input", () => afterPause(changed));
  input("owner").addEventListener("focus", () => void offerOwners());
  const ownersAfterPause = pausing();
  input("owner").addEventListener("input", () => ownersAfterPause(() => void offerOwners()));
  connection.onchange = chooseConnection;
  resource.onchange = () => {
    offerFilters();
    changed();
  };
  sort.onchange = outdate;
  descending.onclick = () => {
    descending.setAttribute("aria-pressed", String(descending.getAttribute("aria-pressed") !== "true"));
    outdate();
  };
  part("refresh").onclick = () => void load({ fresh: true });
  part("narrow").onclick = () => {
    const isHidden = part("filters").toggleAttribute("hidden");
    part("narrow").setAttribute("aria-expanded", String(!isHidden));
  };
  part("clear").onclick = clear;
  part("use").onclick = (event) => {
    const asked = filters();
    const { node, leftOut } = listNode(kind(), connection.value, asked);
    const inWords = (filter: "mark" | "owner") =>
      filter === "owner" ? plugin._("property.user") : `"${plugin._(`mark.${asked.mark}`)}"`;
    place(plugin, node, event, [
      ...(leftOut.length > 0
        ? [plugin._("place.leftOut", { filters: leftOut.map(inWords).join(", ") })]
        : []),
      ...(asked.search === ""
        ? []
        : [isNamed(kind()) ? plugin._("place.searchName") : plugin._("place.searchDescription")]),
    ]);
  };
  const loadMore = () => {
    if (shown && !list.hasAttribute("aria-busy")) void load({ next: true });
  };
  more.onclick = loadMore;

  // More come as one scrolls, and none before the tab is shown.
  new IntersectionObserver((entries) => {
    if (entries.at(-1)?.isIntersecting) loadMore();
  }).observe(more);
  new IntersectionObserver((entries) => {
    isInSight = entries.at(-1)?.isIntersecting ?? false;
    if (isInSight && isOutdated) void load();
  }).observe(root);
  setInterval(tellAge, TICK);

  const connectionsAfterPause = pausing(0);
  for (const event of ["nodes:add", "nodes:change", "nodes:remove"]) {
    RED.events.on(event, (node) => {
      if (node?.type !== CONNECTION) return;
      if (node.id === connection.value) isChanged = true;
      told.delete(node.id ?? "");
      connectionsAfterPause(offerConnections);
    });
  }
  RED.events.on("deploy", () => {
    if (isChanged || isOutdated) outdate();
    isChanged = false;
  });
  offerConnections();
}

/** Does what it is last given, once nothing new has come for a while. */
function pausing(milliseconds = PAUSE): (action: () => void) => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return (action) => {
    clearTimeout(timer);
    timer = setTimeout(action, milliseconds);
  };
}
