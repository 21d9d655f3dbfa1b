import type { IdForm } from "../../src/ids.js";
import type { Lookup } from "../admin/answers.js";
import type { Product, ResourceName } from "../../src/products.js";
import type { TimeForm } from "../../src/work/times.js";
import type { Grantable } from "./permission-rows.js";
import type { TextRule } from "./text-rules.js";
import type { WrongTogether } from "./wrong.js";

/*
 * What a field is, as data: the build renders the dialog from it, and the dialog and the runtime judge by it. A kind
 * of field is a type here, its rule in `judge.ts`, and its row in `editor/rows.ts`.
 */

/** Where a TypedInput takes its value from at run time, unless its field says otherwise; the names are Node-RED's. */
export const SOURCES = ["str", "msg", "flow", "global", "env", "jsonata"] as const;
export type Source = (typeof SOURCES)[number] | "json";
/** Where a value can be put. */
export const PLACES = ["msg", "flow", "global"] as const;
/** Where a secret comes from: it must not stand in a flow, which is exported and shown. */
export const SECRET_SOURCES = [...PLACES, "env"] as const;

/** One of a few words. */
export interface Choice {
  kind: "choice";
  options: readonly string[];
  preset: string;
  /** Those of which the dialog says more when they are chosen. */
  notes: readonly string[];
}

/** A box to tick. */
export interface Flag {
  kind: "flag";
  /** What it is taken for in a node that was saved without it; a new node has it unticked. */
  missing: boolean;
}

/** "At most N tokens per …"; an empty number is no limit. */
export interface Limit {
  kind: "limit";
  preset: number;
  per: readonly [string, ...string[]];
}

/** A TypedInput. */
export interface Typed {
  kind: "typed";
  preset: { type: string; value: string };
  /** Types without a value box, each of which stands for one fixed value. */
  constants: readonly string[];
  /** Words to choose from, instead of free text. */
  words: readonly string[];
  /** How an ID that is typed in is written. */
  form?: IdForm["name"];
  /** What it is, if it is a time. */
  time?: TimeForm;
  /** Whether a value is put there, instead of coming from there. */
  place?: true;
  sources: readonly Source[];
  /** A former name of the property, if flows may still use it. */
  formerly?: string;
}

/** The product of a connection. */
interface ProductChoice {
  kind: "product";
  preset: Product;
}

/** A whole number with a unit; empty means the preset. */
export interface WholeNumber {
  kind: "number";
  preset: number;
  min: number;
  max: number;
  /** Whether it counts seconds. */
  seconds?: boolean;
}

/** A text, trimmed. */
export interface Text {
  kind: "text";
  preset: string;
  rule: TextRule;
  /** A setting that must be empty together with this one, if the product wants all or none. */
  twin?: "accountId" | "clusterId";
  /** Number of lines, if more than one. */
  rows?: number;
  /** Kept with the credentials of the node, and not shown. */
  secret?: boolean;
}

/** What a token may do: rows, each of which is a {@link PermissionRow}. */
export interface PermissionTable {
  kind: "permissionTable";
  of: Grantable;
}

/** Connections to choose from, by their IDs. */
interface Connections {
  kind: "connections";
}

/** Another config node. */
interface ConfigNode {
  kind: "config";
  type: string;
}

export type Control =
  | Choice
  | Flag
  | Limit
  | Typed
  | ProductChoice
  | WholeNumber
  | Text
  | PermissionTable
  | Connections
  | ConfigNode;

/** Values of properties, by their names. */
export type Properties = Readonly<Record<string, unknown>>;

export interface FieldData {
  control: Control;
  /** The icon of Font Awesome before the label. */
  icon?: string;
  /** Whether the locale has a hint to show in the empty field. */
  hint?: boolean;
  /** What it names, of which the dialog offers those that exist. */
  lookup?: Lookup;
  /** Of which tokens, if not of all that the node or the product has. */
  lookupIn?: readonly ResourceName[];
  /** A filter of a list: it is a row of its dialog. Those of the same topic are told apart by a condition. */
  filter?: string;
  /** The section of the dialog in which it is folded away, because it is rarely needed. */
  section?: string;
  /** Whether it protects less if it is empty. */
  protects?: boolean;
  /** The products that have the setting, if not all do. For others it is hidden, and neither judged nor read. */
  products?: readonly Product[];
  /** Values of another property with which it is of use. With others it is hidden, and neither judged nor read. */
  when?: { readonly property: string; readonly values: readonly unknown[] };
  /** The dialog also marks the field, whatever its own value, if all of these properties have these values, or one of them. */
  wrongWhen?: Readonly<Partial<Record<WrongTogether, Properties>>>;
}
export type FieldsData = Readonly<Record<string, FieldData>>;
