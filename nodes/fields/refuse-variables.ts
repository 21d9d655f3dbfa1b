import type { NodeAPI } from "node-red";
import { kindOf, TokenError } from "../../src/errors.js";
import type { FieldsData } from "./controls.js";
import { isUsed, partsOf } from "./judge.js";
import { holdsVariable, isVariable } from "./variables.js";
import { WRONG } from "./wrong.js";

/**
 * Refuses a value that is still a variable, because Node-RED leaves it as it is if there is none of that name, and a
 * value that has a variable in it.
 *
 * @param wrong what to say if it has more than the variable.
 * @throws {TokenError} `invalid-config`.
 */
export function refuseVariable(
  name: string,
  value: unknown,
  wrong: "variable" | "envVariable" = "variable",
): void {
  if (typeof value !== "string") return;
  if (isVariable(value)) {
    throw new TokenError(
      "invalid-config",
      `the field "${name}" names the environment variable ${value.slice(2, -1)}, which is not set or empty. Set it, and restart Node-RED if it is a variable of the process.`,
      { words: "variable not set" },
    );
  }
  if (holdsVariable(value)) {
    throw new TokenError("invalid-config", `the field "${name}" holds ${kindOf(value)}, ${WRONG[wrong]}.`);
  }
}

/** What Node-RED passes to a node's constructor about its place. */
export interface Placed {
  id: string;
  /** Within a subflow, the ID that it has in the subflow's template. */
  _alias?: string;
  _flow?: { subflowDef?: Record<"nodes" | "configs", Record<string, object> | undefined> };
  [property: string]: unknown;
}

/**
 * Refuses a variable that is set but empty: it leaves a field empty, and "no limit", "nothing protected" or "the
 * default URL" is never meant by it. The node's properties do not show the variable; the flow does.
 *
 * @throws {TokenError} `invalid-config`.
 */
export function refuseEmptyVariables(RED: NodeAPI, fields: FieldsData, properties: Placed): void {
  const original = originalOf(RED, properties);
  const unused = Object.entries(fields)
    .filter(([, field]) => !isUsed(fields, field, properties))
    .flatMap(([name, field]) => partsOf(name, field).map(({ property }) => property));
  for (const [name, value] of Object.entries(properties)) {
    if (!isEmpty(value) || unused.includes(name)) continue;
    const written = original?.[name];
    refuseVariable(name, written);
    if (original === undefined && fields[name]?.protects) {
      throw new TokenError(
        "invalid-config",
        `the field "${name}" is empty, and it cannot be told here whether an environment variable has emptied it. Fill it in.`,
      );
    }
  }
}

/** A node as the flow has it, before its variables were replaced. */
function originalOf(RED: NodeAPI, { id, _alias, _flow }: Placed): Record<string, unknown> | undefined {
  const own = _alias ?? id;
  // First, because a packaged subflow is not among the flows, or is there too in another version.
  const template = _flow?.subflowDef;
  let found = template?.nodes?.[own] ?? template?.configs?.[own];
  if (found === undefined) RED.nodes.eachNode((node) => node.id === own && (found = node));
  return found as Record<string, unknown> | undefined;
}

/** Separators alone are empty, too: they make a list of no IDs. */
function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || (typeof value === "string" && /^[\s,;]*$/.test(value));
}
