/// <reference lib="dom" />
import type { FieldsData } from "../fields/controls.js";
import type { ResourceName } from "../../src/products.js";

/* The parts of Node-RED's editor and of its jQuery that are used here. */

/** What the editor has as the value of a configuration node that is not chosen. */
export const NONE = "_ADD_";

/** What a node's html registers. */
export interface Definition {
  type: string;
  category: string;
  defaults: Record<string, Default>;
  credentials?: Record<string, Default>;
  /** A text of the locale. */
  _(key: string): string;
  /** Our own: the fields, and the tokens that the node works on. */
  fields: FieldsData;
  resource?: ResourceName;
}
interface Default {
  value?: unknown;
  validate?: (this: object, value: unknown, options: object) => unknown;
}

export interface EditorNode {
  id: string;
  type: string;
  _def: Definition;
  /** A text of the locale. */
  _(key: string, params?: Readonly<Record<string, unknown>>): string;
  [property: string]: unknown;
}

export interface Editor {
  editor: { getEditStack?(): EditorNode[]; validateNode(node: EditorNode): boolean };
  events: {
    emit(event: string, node: EditorNode): void;
    on(event: string, listener: (node: EditorNode) => void): void;
  };
  nodes: {
    eachConfig(visit: (node: EditorNode) => void): void;
    eachNode(visit: (node: EditorNode) => void): void;
    node(id: unknown): EditorNode | null | undefined;
    filterLinks(wanted: { target: EditorNode }): { source: EditorNode; sourcePort: number }[];
  };
  popover: { tooltip(target: Elements, text: string): Tooltip };
  view: { redraw(): void };
  utils: {
    getNodeLabel(node: EditorNode, preset: string): string;
    validateTypedProperty(value: string, type: string, options: object): true | string;
  };
}

export interface Elements {
  length: number;
  after(content: Elements): void;
  append(...content: (Elements | string)[]): Elements;
  attr(attributes: Readonly<Record<string, string>>): Elements;
  autoComplete(options: { search: Search; minLength: number }): void;
  attr(name: string): string | undefined;
  closest(selector: string): Elements;
  data(key: string): Tooltip | null | undefined;
  data(key: string, value: Tooltip | null): void;
  editableList(options: EditableList): void;
  editableList(method: "addItem" | "removeItem", data: object): void;
  filter<E extends HTMLElement>(test: (this: E) => boolean): Elements;
  find(selector: string): Elements;
  get(index: number): HTMLElement | undefined;
  hasClass(name: string): boolean;
  is(selector: string): boolean;
  next(selector: string): Elements;
  on(events: string, listener: () => void): void;
  prop(name: string): unknown;
  prop(properties: object): void;
  remove(): void;
  removeAttr(name: string): Elements;
  text(text: string): Elements;
  toArray(): HTMLElement[];
  toggle(isShown: boolean): void;
  toggleClass(name: string, on: boolean): void;
  trigger(event: string): void;
  typedInput(method: "type" | "value", value: string): void;
  typedInput(options: { default: string; typeField: string; types: (InputType | string)[] }): void;
  val(): unknown;
  val(value: string | number): Elements;
}

/** What gives core's list of completions its options. */
type Search = (value: string, done: (options: { value: string; label: Elements }[]) => void) => void;

interface EditableList {
  addButton: string;
  height: "auto";
  addItem(container: Elements, index: number, data: Record<string, unknown>): void;
}

interface Tooltip {
  setContent(text: string): void;
  delete(): void;
}

/** A type of a TypedInput that is not one of the editor's own. */
export interface InputType {
  value: string;
  label: string;
  hasValue?: boolean;
}
