import { connectionIds } from "./connection-ways.js";
import type { FieldData, FieldsData, Flag, Limit, Properties, Typed } from "./controls.js";
import { ID_FORMS, isObjectText, TOKEN_NAME } from "../../src/ids.js";
import { systemClock } from "../../src/clock.js";
import { isProduct, RESOURCE_NAMES, type ResourceName } from "../../src/products.js";
import { wrongTime, type TimeForm } from "../../src/work/times.js";
import { wrongTable, wrongTables } from "./permission-rows.js";
import { TEXT_RULES, textOf, WRONG_PLACES, wrongPlace } from "./text-rules.js";
import { holdsVariable, isVariable } from "./variables.js";
import { limitOf, wholeNumberOf } from "./whole-numbers.js";
import type { Wrong, WrongTogether } from "./wrong.js";

/*
 * What makes the value of a field wrong, for the dialog and for the runtime. The build puts this file into the browser,
 * so it uses only what Node.js and browsers have in common.
 */

/** A property in which a node holds a field, or a part of it: a TypedInput has a type as well as a value. */
export interface Part {
  property: string;
  /** What a new node starts with, and what is read if a node was saved without it. */
  preset?: string | number | boolean;
  /** What is read in that case, if it is not the preset. */
  missing?: boolean;
  /** All that {@link wrong} can find, as keys of the locale. None if the dialog does not judge it. */
  ways: readonly Wrong[];
  /** What is put into their texts. */
  params?: Readonly<Record<string, string | number>>;
  /** What is wrong about it, by itself. */
  wrong(node: Properties): Wrong | undefined;
}

/** The type of a TypedInput whose user has yet to choose one. */
export const CHOOSE = "choose";

/**
 * What is wrong with a property among those of its node, or undefined if nothing is. The caller judges a value that is
 * wholly a variable: the dialog sees it before Node-RED replaces it, the runtime only if there was nothing to replace
 * it with.
 */
export function judge(
  fields: FieldsData,
  property: string,
  node: Properties,
): Wrong | WrongTogether | undefined {
  const { field, part } = partOf(fields, property);
  if (!isUsed(fields, field, node)) return undefined;
  return judgePart(field, part, node) ?? wrongTogether(fields, field, node);
}

/** The field that a property holds, and which part of it. */
export function partOf(fields: FieldsData, property: string): { field: FieldData; part: Part } {
  for (const [name, field] of Object.entries(fields)) {
    const part = partsOf(name, field).find((each) => each.property === property);
    if (part) return { field, part };
  }
  throw new Error(`${property} is no property of these fields`);
}

/** {@link judge} of a field that is of use, whatever other fields hold. */
export function judgePart(field: FieldData, part: Part, node: Properties): Wrong | undefined {
  const value = node[part.property];
  const isText = typeof value === "string" && field.control.kind !== "typed";
  return isText && holdsVariable(value) ? "variable" : part.wrong(node);
}

/**
 * Whether a field is of use to a node. While it is not known on what that depends, because it is yet to come from a
 * variable, nothing can be said of the field.
 */
export function isUsed(fields: FieldsData, { products, when }: FieldData, node: Properties): boolean {
  const { product } = node;
  if (products !== undefined && !(isProduct(product) && products.includes(product))) return false;
  if (when === undefined) return true;
  const { field } = partOf(fields, when.property);
  return isUsed(fields, field, node) && when.values.includes(valueIn(fields, when.property, node));
}

/** What a property holds, or is read as if a node was saved without it. */
function valueIn(fields: FieldsData, property: string, node: Properties): unknown {
  const { preset, missing = preset } = partOf(fields, property).part;
  return node[property] ?? missing;
}

/**
 * The kind of tokens that a node works on: that of all such nodes, or what its field `kind` holds. None if it works on
 * any, or if the field is wrong.
 */
export function resourceIn(
  { resource, fields }: { resource?: ResourceName; fields: FieldsData },
  node: Properties,
): ResourceName | undefined {
  if (resource !== undefined || fields.kind === undefined) return resource;
  const kind = valueIn(fields, "kind", node);
  return RESOURCE_NAMES.find((each) => each === kind);
}

function wrongTogether(
  fields: FieldsData,
  { wrongWhen = {} }: FieldData,
  node: Properties,
): WrongTogether | undefined {
  const holds = ([property, value]: [string, unknown]) =>
    [value].flat().includes(valueIn(fields, property, node));
  const found = Object.entries(wrongWhen).find(([, all]) => Object.entries(all).every(holds));
  return found?.[0] as WrongTogether | undefined;
}

/** The properties of a field; the first is that of its value. */
export function partsOf(name: string, { control }: FieldData): [Part, ...Part[]] {
  switch (control.kind) {
    case "choice":
      return [wordPart(name, control.options, control.preset)];
    case "flag":
      return [flagPart(name, control)];
    case "limit":
      return [limitPart(name, control), wordPart(`${name}Per`, control.per, control.per[0])];
    case "typed":
      return typedParts(name, control);
    case "product":
      return [
        part(name, control.preset, ["product", "variable"], (value) =>
          isProduct(value) ? undefined : "product",
        ),
      ];
    case "number":
    case "numberOrAuto": {
      const { kind, preset, min, max } = control;
      const way = kind === "numberOrAuto" ? kind : control.seconds ? "seconds" : "number";
      const isRight = (value: unknown) =>
        ["", preset].includes(textOf(value) as string) || wholeNumberOf(value, min, max) !== undefined;
      const params = { min, max };
      const wrong = (value: unknown) => (isRight(value) ? undefined : way);
      return [{ ...part(name, String(preset), [way, "variable"], wrong), params }];
    }
    case "text": {
      const rule = TEXT_RULES[control.rule];
      return [
        part(name, control.preset, [...rule.ways, "variable"], (value, node) =>
          rule.wrong(textOf(value), node, control),
        ),
      ];
    }
    case "permissionTable":
      return [part(name, undefined, wrongTables(control.of), (value = []) => wrongTable(control.of, value))];
    case "connections":
      return [part(name, undefined, ["noConnections", "variable"], wrongConnections)];
    case "config":
      // The editor looks whether the node is there.
      return [part(name, "", [], (value) => (isOptional(value, "string") ? undefined : "config"))];
  }
}

function part(
  property: string,
  preset: Part["preset"],
  ways: readonly Wrong[],
  wrong: (value: unknown, node: Properties) => Wrong | undefined,
): Part {
  return {
    property,
    ...(preset !== undefined && { preset }),
    ways,
    wrong: (node) => wrong(node[property], node),
  };
}

function isOptional(value: unknown, type: "boolean" | "string"): boolean {
  return value === undefined || typeof value === type;
}

function wrongConnections(value: unknown): Wrong | undefined {
  const all = connectionIds(value);
  const isRight = all.length > 0 && all.every((each) => typeof each === "string" && each !== "");
  return isRight ? undefined : "noConnections";
}

function flagPart(name: string, { missing }: Flag): Part {
  const wrong = (value: unknown) => (isOptional(value, "boolean") ? undefined : "flag");
  return { ...part(name, false, ["flag", "variable"], wrong), missing };
}

function wordPart(name: string, words: readonly string[], preset: string): Part {
  const wrong = (value: unknown) =>
    value === undefined || words.includes(value as string) ? undefined : "word";
  return { ...part(name, preset, ["word", "variable"], wrong), params: { words: words.join(", ") } };
}

function limitPart(name: string, { preset }: Limit): Part {
  return part(name, preset, ["limit", "variable"], (value = preset) =>
    limitOf(value) === undefined ? "limit" : undefined,
  );
}

/**
 * The value, its type, and the property that held the type under a former name: a node that still has it is wrong until
 * its user has chosen again. The dialog shows all of it at the value.
 */
export function typedParts(name: string, control: Typed): [value: Part, type: Part, ...former: Part[]] {
  const { preset, constants, words, form, time, place, sources, formerly } = control;
  const typeName = `${name}Type`;
  const types: readonly unknown[] = [...constants, ...sources];

  function wrongType(node: Properties): Wrong | undefined {
    const type = typeIn(node, name, control);
    if (formerly !== undefined && type === CHOOSE) return "formerly";
    return types.includes(type) ? undefined : "type";
  }

  function wrongId(text: string): Wrong | undefined {
    if (form === undefined) return undefined;
    const isObject = ID_FORMS[form] === TOKEN_NAME && isObjectText(text);
    return ID_FORMS[form].pattern.test(text) && !isObject ? undefined : form;
  }

  function wrongValue(value: unknown, node: Properties): Wrong | undefined {
    const type = typeIn(node, name, control);
    if (typeof value !== "string") return place ? "place" : "empty";
    if (constants.includes(type as string)) return undefined;
    const text = value.trim();
    if (place) return wrongPlace(type, text);
    if (text === "") return "empty";
    if (type === "json") return isJson(text) ? undefined : "json";
    if (type !== "str") return undefined;
    if (isVariable(text)) return "envVariable";
    if (words.length > 0) return words.includes(value) ? undefined : "word";
    const wrong = time === undefined ? wrongId(text) : wrongTime(text, time, systemClock.now());
    return wrong !== undefined && holdsVariable(value) ? "envVariable" : wrong;
  }

  const ways: Wrong[] = place ? ["type", ...WRONG_PLACES] : ["type", "empty", "envVariable"];
  if (sources.includes("json")) ways.push("json");
  if (words.length > 0) ways.push("word");
  if (form !== undefined) ways.push(form);
  if (time !== undefined) ways.push("minutesOrMonths", ...WRONG_TIMES[time]);
  if (formerly !== undefined) ways.push("formerly");
  const params = { types: types.join(", ") };
  const typePart: Part = {
    ...part(typeName, preset.type, formerly === undefined ? ["type"] : ["type", "formerly"], (_type, node) =>
      wrongType(node),
    ),
    params,
  };
  const valuePart: Part = {
    ...part(
      name,
      preset.value,
      ways,
      (value = preset.value, node) => wrongType(node) ?? wrongValue(value, node),
    ),
    params,
  };
  if (formerly === undefined) return [valuePart, typePart];
  const wasSaved = (value: unknown) => (value === undefined ? undefined : "formerly");
  return [valuePart, typePart, part(`${formerly}Type`, undefined, ["formerly"], wasSaved)];
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const WRONG_TIMES: Record<TimeForm, Wrong[]> = {
  moment: ["moment", "outOfRange"],
  past: ["duration"],
  future: ["duration"],
  expiry: ["expiry"],
};

/** The type of a TypedInput. A value without a type does not mean the preset, which for a filter is "any". */
export function typeIn(node: Properties, name: string, { preset }: Typed): unknown {
  const value = node[name];
  const isPreset = value === undefined || value === "" || value === preset.value;
  const type = node[`${name}Type`];
  return isPreset ? (type ?? preset.type) : type;
}
