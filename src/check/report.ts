import type { IdForm } from "../ids.js";
import { plain } from "../text/plain-text.js";

/** What a check found out, in one sentence or a few. */
export interface Finding {
  level: "ok" | "warning" | "wrong";
  text: string;
}

/** A value that the check has learned for a setting of the connection. */
export interface Offer {
  property: "product" | "url" | "ownTokenId";
  value: string;
  /** What taking it does. */
  text: string;
}

/** What a check found out, in the order of its steps. It holds no token. */
export interface Report {
  findings: Finding[];
  offers: Offer[];
}

/** Characters of a name or a description that are shown. */
export const LONGEST_NAME = 80;
/** Candidates for the connection's own token that are offered. */
const MOST_OFFERS = 5;

/** A token as a sentence names it: its ID, and its description if it has one. */
export function nameOf({ id, description }: { id: string; description?: string | undefined }): string {
  const shown = plain(id, LONGEST_NAME);
  return description ? `${shown} (${plain(description, LONGEST_NAME)})` : shown;
}

/** A report that is being written. */
export class Reporter {
  readonly report: Report = { findings: [], offers: [] };

  say(level: Finding["level"], text: string): void {
    this.report.findings.push({ level, text });
  }

  offer(property: Offer["property"], value: string, text: string): void {
    this.report.offers.push({ property, value, text });
  }

  /**
   * Offers each of the tokens as the connection's own. None of many: a choice without the right one would mislead.
   *
   * @param tokens with their IDs in the form of the product, which are normalized.
   * @param word what people call such an ID.
   */
  offerOwnIds(
    tokens: readonly { id: string; description?: string | undefined }[],
    word: IdForm["word"] = "ID",
  ): void {
    if (tokens.length > MOST_OFFERS) return;
    for (const token of tokens) {
      this.offer("ownTokenId", token.id, `Enter the own token ${word} ${nameOf(token)}`);
    }
  }
}
