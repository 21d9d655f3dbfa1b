import { kindOf, TokenError } from "../../src/errors.js";
import { readTargets, type TokenKind } from "../../src/work/targets.js";
import { SOURCES, type FieldData } from "./controls.js";
import { deferred } from "./deferred.js";
import { choice, flag, typed, type Field } from "./fields.js";
import { permissionTableField } from "./permission-table.js";
import type { Grantable } from "./permission-rows.js";

/** How permissions are chosen one by one. */
type Way = "like" | "table" | "json";

interface Kind<O extends readonly string[], P> {
  kind: TokenKind;
  /** Whole sets of permissions that can be chosen by name. */
  everything: O;
  /** What the rows of the table are about. */
  of: Grantable;
  /** Ways that never come to everything, so they need no box. */
  limited: readonly Way[];
  /** What a new node has, and which ways need a word in the dialog. */
  preset?: Way | O[number];
  notes?: readonly Way[];
  /** @throws {TokenError} if it is not what the API takes. */
  read: (value: unknown) => P;
}

/**
 * What a token may do: like another one, by a table, as JSON, or everything.
 *
 * @param when with which values of another property the permissions are of use, if not always.
 */
export function permissionFields<const O extends readonly string[], P>(
  { kind, everything, of, limited, read, preset = "like", notes }: Kind<O, P>,
  when?: NonNullable<FieldData["when"]>,
) {
  const options = ["like", "table", "json", ...everything] as const;
  const from = (value: string) => ({ when: { property: "permissionsFrom", values: [value] } });
  const permissions: Field<() => P> = {
    ...deferred(
      typed<P>({ preset: { type: "json", value: "[]" }, sources: ["json", ...SOURCES.slice(1)], read }),
    ),
    ...from("json"),
  };
  return {
    permissionsFrom: {
      ...choice<readonly (Way | O[number])[]>(options, preset, notes),
      ...(when && { when }),
    },
    like: { ...deferred(likeField(kind)), ...from("like") },
    table: { ...permissionTableField(of), ...from("table") },
    permissions,
    understood: {
      ...flag({ notConfirmed: { understood: false, dryRun: false, permissionsFrom: everything } }),
      when: {
        property: "permissionsFrom",
        values: options.filter((option) => !limited.some((each) => each === option)),
      },
    },
  };
}

/** The ID of one token, which is looked up: what a message says of it can be old. */
function likeField(kind: TokenKind): Field<string> {
  return typed<string>({
    preset: { type: "str", value: "" },
    form: kind.reference,
    lookup: "id",
    read(value, name) {
      const [target, ...others] = readTargets(value, kind).list;
      if (target !== undefined && others.length === 0) return target.id;
      throw new TokenError(
        "invalid-config",
        `"${name}" comes out as ${kindOf(value)} of ${others.length + (target ? 1 : 0)} tokens, expected one, whose permissions are copied. Nothing was sent.`,
        { words: "wrong value" },
      );
    },
  });
}
