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

/** A report that is being written. */
export class Reporter {
  readonly report: Report = { findings: [], offers: [] };

  say(level: Finding["level"], text: string): void {
    this.report.findings.push({ level, text });
  }

  offer(property: Offer["property"], value: string, text: string): void {
    this.report.offers.push({ property, value, text });
  }
}
