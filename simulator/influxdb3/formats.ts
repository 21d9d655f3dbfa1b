/** The forms in which a result is answered, as Arrow writes them. */
import type { Cell, Column, Result } from "./query.js";
import { written } from "./query.js";

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
      const body = rows.length === 0 ? "" : [names, ...plain(columns, rows)].map(csvLine).join("");
      return { type: "text/csv", body };
    }
    case "pretty": {
      const body = rows.length === 0 ? "++\n++" : table(names, plain(columns, rows));
      return { type: "text/plain; charset=utf-8", body };
    }
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
    const text = written(value, type);
    return [`${JSON.stringify(name)}:${isText ? JSON.stringify(text) : text}`];
  });
  return `{${entries.join(",")}}`;
}

function plain(columns: Column[], rows: Cell[][]): string[][] {
  return rows.map((row) =>
    row.map((value, index) => (value === null ? "" : written(value, columns[index]?.type))),
  );
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
function table(names: string[], rows: string[][]): string {
  const cells = [names, ...rows].map((row) => row.map((value) => value.split("\n")));
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
    if (/\p{M}|\p{Cf}/u.test(character)) return sum;
    return (
      sum +
      (/\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uff01-\uff60]/u.test(character)
        ? 2
        : 1)
    );
  }, 0);
}
