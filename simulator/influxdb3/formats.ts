/** The forms in which a result is answered, as Arrow writes them. */
import type { Cell, Column, Result } from "./query.js";
import { written } from "./query.js";
import { shown } from "./serde.js";

export const FORMATS = ["parquet", "csv", "pretty", "json", "json_lines", "jsonl"] as const;

export type Format = (typeof FORMATS)[number];

export function inFormat(format: Format, { columns, rows }: Result): { type: string; body: string } {
  const names = columns.map(({ name }) => name);
  switch (format) {
    case "json":
      return { type: "application/json", body: `[${rows.map((row) => object(columns, row)).join(",")}]` };
    case "json_lines":
    case "jsonl":
      return {
        type: "application/jsonl",
        body: rows.map((row) => `${object(columns, row)}\n`).join(""),
      };
    case "csv": {
      const lines = rows.map((row) => row.map((value) => plain(value)));
      const body = rows.length === 0 ? "" : [names, ...lines].map(csvLine).join("");
      return { type: "text/csv", body };
    }
    case "pretty":
      return { type: "text/plain; charset=utf-8", body: rows.length === 0 ? "++\n++" : table(names, rows) };
    case "parquet":
      // No more than what tells the format.
      return { type: "application/vnd.apache.parquet", body: "PAR1" };
  }
}

/** Without what is null. */
function object(columns: Column[], row: Cell[]): string {
  const entries = columns.flatMap(({ name, type }, index) => {
    const value = row[index] ?? null;
    if (value === null) return [];
    const isText = typeof value === "string" || value instanceof Date;
    const text = type === "Float64" ? shown(Number(value)) : written(value);
    return [`${JSON.stringify(name)}:${isText ? JSON.stringify(written(value)) : text}`];
  });
  return `{${entries.join(",")}}`;
}

function plain(value: Cell): string {
  return value === null ? "" : written(value);
}

function csvLine(values: string[]): string {
  const quoted = values.map((value) =>
    /[",\r\n]/.test(value) || (value === "" && values.length === 1)
      ? `"${value.replaceAll('"', '""')}"`
      : value,
  );
  return `${quoted.join(",")}\n`;
}

/** A table drawn with lines, in which a cell may have several. */
function table(names: string[], rows: Cell[][]): string {
  const cells = [names, ...rows.map((row) => row.map(plain))].map((row) =>
    row.map((value) => value.split("\n")),
  );
  const widths = names.map((_, column) =>
    Math.max(...cells.flatMap((row) => (row[column] ?? []).map(width))),
  );
  const line = `+${widths.map((each) => "-".repeat(each + 2)).join("+")}+`;
  const drawn = cells.map((row) => {
    const height = Math.max(...row.map((lines) => lines.length));
    return Array.from({ length: height }, (_, index) => {
      const parts = row.map((lines, column) => {
        const text = lines[index] ?? "";
        return ` ${text}${" ".repeat((widths[column] ?? 0) - width(text))} `;
      });
      return `|${parts.join("|")}|`;
    }).join("\n");
  });
  return [line, drawn[0], line, ...drawn.slice(1), line].join("\n");
}

/** How many columns of a terminal a text takes. */
function width(text: string): number {
  return Array.from(text).reduce((sum, character) => {
    if (/\p{M}|\p{Cc}|\p{Cf}/u.test(character)) return sum;
    return (
      sum +
      (/\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uff01-\uff60]/u.test(character)
        ? 2
        : 1)
    );
  }, 0);
}
