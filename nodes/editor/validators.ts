import { productOf, productsWith, isProduct } from "../../src/products.js";
import type { Typed } from "../fields/controls.js";
import { judge, partOf, typeIn } from "../fields/judge.js";
import { isVariable } from "../fields/variables.js";
import type { Editor, EditorNode } from "./api.js";
import { unableFor } from "./dialog.js";

declare const RED: Editor;

/**
 * Judges a property as the runtime does: by the node's properties, not by what a dialog shows.
 *
 * @returns true, or what is wrong, in the words of the locale.
 */
export function validate(node: EditorNode, property: string, value: unknown, options: object): true | string {
  if (isVariable(value)) return true;
  const { fields } = node._def;
  const judged: EditorNode = { ...node, [property]: value };
  const wrong = judge(fields, property, judged);
  if (wrong !== undefined) return node._(`wrong.${wrong}`, partOf(fields, property).part.params);
  const control = fields[property]?.control;
  return control?.kind === "typed" ? validateSource(judged, property, control, options) : true;
}

/** Judges the value of a TypedInput as the editor does. */
function validateSource(node: EditorNode, name: string, control: Typed, options: object): true | string {
  const { [name]: value = control.preset.value } = node;
  const type = String(typeIn(node, name, control));
  if (type === "str" || control.constants.includes(type)) return true;
  return RED.utils.validateTypedProperty(String(value), type, options);
}

/** Judges the connection that a node names, as {@link validate} does a property. */
export function validateConnection(node: EditorNode, value: unknown): true | string {
  if (isVariable(value)) return true;
  const connection = RED.nodes.node(value);
  if (!connection) return node._("wrong.connection");
  const { product, valid } = connection;
  const { resource } = node._def;
  if (resource !== undefined && isProduct(product) && unableFor(node).includes(product)) {
    const able = productsWith(resource).map((each) => productOf(each).name);
    return node._("wrong.product", {
      product: productOf(product).name,
      tokens: node._(`tokens.${resource}`),
      products: able.join(node._("or")),
    });
  }
  return valid !== false || node._("wrong.connectionSettings");
}
