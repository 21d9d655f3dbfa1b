import { PLACES, type Typed } from "./controls.js";
import { fixed, type Field } from "./fields.js";

/** A property of the flow or global context. */
export interface ContextPlace {
  readonly type: "flow" | "global";
  /** Perhaps with the name of a context store before it, as core's nodes take it. */
  readonly key: string;
}

/** Where the rights of database tokens are kept while the tokens have none: a property of the flow or global context. */
export function keptInField(): Field<ContextPlace> {
  const control: Typed = {
    kind: "typed",
    preset: { type: "flow", value: "databaseTokenRights" },
    constants: [],
    words: [],
    place: true,
    sources: PLACES.filter((place) => place !== "msg"),
  };
  return fixed({ control }, (key = control.preset.value, type = control.preset.type) => ({
    type: type as ContextPlace["type"],
    key: String(key).trim(),
  }));
}
