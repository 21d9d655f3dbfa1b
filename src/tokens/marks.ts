import { randomBytes } from "node:crypto";

/*
 * What this package writes at the end of a token's description, so that whoever reads the list of the server, a person
 * or a later run, knows what the token is there for. The server is so the record that no crash can lose.
 */

export type Mark =
  /** It is being made, by one attempt; it is not meant to be used yet. */
  | { readonly kind: "creating"; readonly attempt: string }
  /** It was made by one attempt, and its description cannot be changed afterwards. */
  | { readonly kind: "made"; readonly attempt: string }
  /** It is to replace another, and that is not over. */
  | { readonly kind: "successor"; readonly of: string; readonly since: string; readonly attempt: string }
  /** It was replaced by another, and can be removed. */
  | { readonly kind: "replaced"; readonly by: string; readonly at: string };

/** The name of one attempt to make a token. */
export function newAttempt(): string {
  return randomBytes(4).toString("hex");
}

/** A description with a mark at its end, in place of any that it has. `since` and `at` are RFC 3339 in UTC. */
export function marked(description: unknown, mark: Mark): string {
  return [withoutMark(description), textOf(mark)].filter(Boolean).join(" ");
}

/** The mark at the end of a description, if this package has written one there. */
export function markIn(description: unknown): Mark | undefined {
  const groups = FORM.exec(asText(description))?.groups;
  if (groups === undefined) return undefined;
  const { creating, made, of, since, attempt = "", by, at } = groups;
  if (creating !== undefined) return { kind: "creating", attempt: creating };
  if (made !== undefined) return { kind: "made", attempt: made };
  if (of !== undefined && since !== undefined) return { kind: "successor", of, since, attempt };
  if (by !== undefined && at !== undefined) return { kind: "replaced", by, at };
  return undefined;
}

/** When a token was replaced, if its description says that it was; RFC 3339. */
export function replacedAt(description: unknown): string | undefined {
  const mark = markIn(description);
  return mark?.kind === "replaced" ? mark.at : undefined;
}

/** A description as its author wrote it: without a mark, and whatever looks like one before it. */
export function withoutMark(description: unknown): string {
  let text = asText(description);
  while (FORM.test(text)) text = text.replace(FORM, "");
  return text;
}

function textOf(mark: Mark): string {
  switch (mark.kind) {
    case "creating":
      return `[creating ${mark.attempt}]`;
    case "made":
      return `[made ${mark.attempt}]`;
    case "successor":
      return `[successor of ${mark.of} since ${mark.since} ${mark.attempt}]`;
    case "replaced":
      return `[replaced by ${mark.by} at ${mark.at}]`;
  }
}

const ID = "[0-9a-f-]{16,36}|[0-9]{1,15}";
const TIME = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z";
const ATTEMPT = "[0-9a-f]{8}";
const FORM = new RegExp(
  `(?:^| )\\[(?:creating (?<creating>${ATTEMPT})|made (?<made>${ATTEMPT})|` +
    `successor of (?<of>${ID}) since (?<since>${TIME}) (?<attempt>${ATTEMPT})|` +
    `replaced by (?<by>${ID}) at (?<at>${TIME}))\\]$`,
);

function asText(description: unknown): string {
  return typeof description === "string" ? description : "";
}
