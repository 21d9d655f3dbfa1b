/// <reference lib="dom" />
import { systemClock } from "../../src/clock.js";
import {
  AGE_UNITS,
  instantOf,
  readDuration,
  readExpiry,
  readMoment,
  splitAge,
  takesDate,
} from "../../src/work/times.js";
import type { Typed } from "../fields/controls.js";
import { CHOOSE, typeIn } from "../fields/judge.js";
import type { EditorNode, Elements, InputType } from "./api.js";

/*
 * A TypedInput, in most fields behind a menu: a word is chosen there at once, and a time is an age or a date with
 * inputs of its own. What is saved is that of the TypedInput whatever is shown: its value, and its type beside it.
 */

declare const $: (selector: string | Element) => Elements;

/** What stands beside the menu. */
type Shown = "nothing" | "age" | "date" | "input";

/** One way to give a field its value: an entry of the menu. */
export interface Way {
  /** Unique among those of the field. */
  key: string;
  label: string;
  shows: Shown;
  /** What it saves, if it is one fixed thing. */
  type?: string;
  value?: string;
}

/** A field of an open dialog. */
export interface TypedField {
  name: string;
  /** Its label and, for a filter, what it is listed under; empty for others. */
  label: string;
  topic: string;
  /** All of it that can be seen; it is moved into a row and out of it. */
  host: HTMLElement;
  ways: readonly Way[];
  /** Whether it is a filter that is not set. */
  isUnset(): boolean;
  unset(): void;
  choose(way: Way | undefined): void;
  /** Lists ways of other fields in the menu as well, each with what is done if it is chosen. */
  offer(
    others: readonly { field: TypedField; isTaken: boolean }[],
    take: (field: TypedField, way: Way) => void,
  ): void;
}

/** How the editor finds what a field saves. */
const input = (name: string) => $(`#node-input-${name}`);
const typeField = (name: string) => $(`#node-input-${name}Type`);

/** What the build has put around a field. */
function hostOf(name: string): HTMLElement {
  const host = document.querySelector(`#node-input-${name}`)?.closest<HTMLElement>(".influxdb-field");
  if (!host) throw new Error(`the dialog has no ${name}`);
  return host;
}

/** What of a field is marked as wrong: its input or, where it shows none, its menu. */
export function partsOfField(field: Elements): { parts: Elements; marked: Elements } {
  // Not of its type, which stands in the same host.
  const host = field.next(".red-ui-typedInput-container").closest(".influxdb-field");
  const parts = host.find("[data-part]");
  const shown = host.attr("data-shown");
  return { parts, marked: host.find(`[data-part="${shown ?? "input"}"]`) };
}

/** Makes the TypedInput of a field, and the menu before it. */
export function makeTypedField(node: EditorNode, name: string, control: Typed, topic = ""): TypedField {
  const { constants, words, time, sources } = control;
  const label = node._(`label.${topic || name}`);
  const host = hostOf(name);
  const isFilter = topic !== "";
  const hasMenu = words.length > 0 || time !== undefined;
  const mustChoose = makeTypedInput(node, name, control, hasMenu || isFilter ? [] : constants, hasMenu);
  const frame = host.querySelector<HTMLElement>(".red-ui-typedInput-container") ?? host;
  frame.dataset.part = "input";
  // What names it for screen readers; other fields have a label that is seen.
  if (isFilter) {
    const unseen = { id: `node-input-${name}-label`, hidden: true, textContent: label };
    host.append(Object.assign(document.createElement("span"), unseen));
  }

  const text = (key: string) => node._(`option.${key}`);
  const whenOr = (key: string) => node._(time === undefined ? `option.${key}` : `when.${name}.${key}`);
  const ways: Way[] = [];
  if (mustChoose) ways.push({ key: CHOOSE, label: text(CHOOSE), shows: "nothing", type: CHOOSE, value: "" });
  if (!isFilter) {
    ways.push(
      ...constants.map((type): Way => ({ key: type, label: text(type), shows: "nothing", type, value: "" })),
    );
  }
  ways.push(
    ...words.map((value): Way => ({ key: value, label: text(value), shows: "nothing", type: "str", value })),
  );
  if (time !== undefined) ways.push({ key: "age", label: whenOr("age"), shows: "age" });
  if (time && takesDate(time)) ways.push({ key: "date", label: whenOr("date"), shows: "date" });
  const anything: Way = { key: "input", label: whenOr("input"), shows: "input" };
  ways.push(anything);

  function save(type: string, value: string): void {
    // The widget knows neither the constants nor "choose again".
    input(name).typedInput("type", type);
    input(name).typedInput("value", value);
    input(name).val(value);
    typeField(name).val(type).trigger("change");
    input(name).trigger("change");
  }

  const menu = document.createElement("select");
  const times = time && timeInputs(node, name, time, save);
  if (hasMenu) {
    menu.dataset.part = "nothing";
    menu.setAttribute("aria-label", !isFilter ? label : node._("filter.condition", { name: label }));
    host.prepend(menu, ...(times ? [times.age, times.unit, times.date] : []));
    if (times) host.append(times.hint);
  }

  /** The way that fits what is saved. */
  const savedWay = (): Way => {
    const type = typeField(name).val();
    const value = String(input(name).val());
    const fixed = ways.find((way) => way.type === type && (way.value === value || type !== "str"));
    const inTime = type === "str" && times?.shownFor(value);
    return fixed ?? ways.find(({ shows }) => shows === inTime) ?? anything;
  };

  // Not always what is saved tells it: an age and a date that are still empty are the same.
  let shown = savedWay();
  function show(way: Way): void {
    shown = way;
    if (!hasMenu) return;
    menu.value = `${name}/${way.key}`;
    host.dataset.shown = way.shows;
    frame.hidden = way.shows !== "input";
    times?.show(way.shows);
  }

  let othersWays = new Map<string, () => void>();
  const list = (groups: readonly { field: string; ways: readonly Way[]; isTaken: boolean }[]) => {
    const options = groups.flatMap(({ field, ways, isTaken }) =>
      ways.map((way) => {
        const option = new Option(way.label, `${field}/${way.key}`);
        option.disabled = isTaken;
        return option;
      }),
    );
    menu.replaceChildren(...options);
  };
  const own = { field: name, ways, isTaken: false };
  list([own]);
  $(menu).on("change", () => {
    const other = othersWays.get(menu.value);
    if (other) other();
    else made.choose(ways.find(({ key }) => menu.value === `${name}/${key}`));
  });

  const made: TypedField = {
    ...{ name, label, topic, host, ways },
    isUnset: () => typeField(name).val() === "any",
    unset() {
      save("any", "");
    },
    choose(way = ways.find(({ key }) => key !== CHOOSE) ?? anything) {
      if (way.type !== undefined) save(way.type, way.value ?? "");
      else if (way.shows === "input" && hasMenu) save(time === undefined ? "msg" : "str", "");
      else save(sources.includes("str") ? "str" : "msg", "");
      show(way);
    },
    offer(others, take) {
      othersWays = new Map(
        others.flatMap(({ field, isTaken }) =>
          isTaken
            ? []
            : field.ways.map((way): [string, () => void] => [
                `${field.name}/${way.key}`,
                () => {
                  take(field, way);
                },
              ]),
        ),
      );
      list([own, ...others.map(({ field, isTaken }) => ({ field: field.name, ways: field.ways, isTaken }))]);
      menu.value = `${name}/${shown.key}`;
    },
  };
  show(shown);
  return made;
}

/**
 * Makes the TypedInput itself. A saved type that it does not have is kept, and has to be chosen again: the editor would
 * take the first one for it, and Done would save that.
 *
 * @returns whether a menu must offer "choose again".
 */
function makeTypedInput(
  node: EditorNode,
  name: string,
  control: Typed,
  constants: readonly string[],
  hasMenu: boolean,
): boolean {
  const { preset, sources, formerly } = control;
  const text = (value: string) => ({ value, label: node._(`option.${value}`), hasValue: false });
  // The preset comes first: it is what most people want.
  const sorted = [...sources].sort((a, b) => Number(b === preset.type) - Number(a === preset.type));
  const types: (InputType | string)[] = [...constants.map(text), ...sorted];
  const type = typeIn(node, name, control);
  const isKnown = [...control.constants, ...sources].some((each) => each === type);
  const isFormer = formerly !== undefined && node[`${formerly}Type`] !== undefined;
  const mustChoose = !isKnown || isFormer;
  if (mustChoose && !hasMenu) types.unshift(text(CHOOSE));
  const saved = mustChoose ? CHOOSE : String(type);
  const offered = types.map((each) => (typeof each === "string" ? each : each.value));
  const first = offered.includes(saved) ? saved : String(offered[0]);
  typeField(name).val(first);
  const { [name]: value = preset.value } = node;
  input(name).val(typeof value === "string" ? value : JSON.stringify(value));
  input(name).typedInput({ default: first, typeField: `#node-input-${name}Type`, types });
  typeField(name).val(saved);
  return mustChoose;
}

/** When Done saves a dialog: forgets what was saved under a former name, once its user has chosen again. */
export function forgetFormer(node: EditorNode, name: string, { formerly }: Typed): void {
  if (formerly !== undefined && typeField(name).val() !== CHOOSE)
    Reflect.deleteProperty(node, `${formerly}Type`);
}

/** The inputs for an age and a date, and what it comes to. */
function timeInputs(
  node: EditorNode,
  name: string,
  time: NonNullable<Typed["time"]>,
  save: (type: string, value: string) => void,
) {
  const age = document.createElement("input");
  const unit = document.createElement("select");
  const date = document.createElement("input");
  const hint = document.createElement("div");
  const text = (key: string) => node._(`time.${key}`);
  Object.assign(age, { type: "text", inputMode: "numeric", size: 4 });
  date.type = "date";
  age.dataset.part = "age";
  date.dataset.part = "date";
  hint.className = "influxdb-hint";
  age.setAttribute("aria-label", text("count"));
  unit.setAttribute("aria-label", text("unit"));
  date.setAttribute("aria-label", text("date"));
  const ago = time === "moment" ? "ago" : "long";
  unit.append(...[...AGE_UNITS].reverse().map((each) => new Option(text(`${ago}.${each}`), each)));
  unit.value = "d";

  const tell = () => {
    const value = String(input(name).val());
    const instant = typeField(name).val() === "str" ? instantIn(value, time) : undefined;
    const at =
      instant && new Date(instant).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
    hint.textContent = at === undefined ? "" : node._(`when.${name}.resolved`, { time: at });
    hint.hidden = at === undefined;
  };
  const saveAge = () => {
    const count = age.value.trim();
    save("str", count === "" ? "" : count + unit.value);
  };
  $(age).on("input", saveAge);
  $(unit).on("change", saveAge);
  $(date).on("input change", () => {
    save("str", date.value);
  });
  input(name).on("change keyup paste", tell);

  return {
    ...{ age, unit, date, hint },
    shownFor(value: string): Shown | undefined {
      if (splitAge(value)) return "age";
      return takesDate(time) && /^\d{4}-\d{2}-\d{2}$/.test(value.trim()) ? "date" : undefined;
    },
    show(shown: Shown) {
      const value = String(input(name).val());
      const parts = splitAge(value);
      age.value = parts?.count ?? "";
      if (parts) unit.value = parts.unit;
      date.value = shown === "date" ? value.trim() : "";
      age.hidden = unit.hidden = shown !== "age";
      date.hidden = shown !== "date";
      tell();
    },
  };
}

/** Milliseconds since 1970, or undefined if the text is no time. */
function instantIn(text: string, time: NonNullable<Typed["time"]>): number | undefined {
  const now = systemClock.now();
  if (time === "moment") return instantOf(readMoment(text, now), now);
  if (time === "expiry") return readExpiry(text, now);
  const duration = readDuration(text);
  return duration && now + (time === "future" ? duration : -duration);
}
