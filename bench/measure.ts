import { fork } from "node:child_process";
import { once } from "node:events";

/** Figures that were measured alike, one for each round. */
export type Figures = readonly number[];

/**
 * Runs all contenders in turn, so that whatever else the machine does affects them alike.
 *
 * @param contenders give a figure each, most often {@link time}.
 */
export async function inTurn<Name extends string>(
  rounds: number,
  contenders: Record<Name, () => Promise<number>>,
): Promise<Record<Name, Figures>> {
  const names = Object.keys(contenders) as Name[];
  const figures = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  // The first round warms up and does not count.
  for (let round = 0; round <= rounds; round++) {
    for (const name of names) {
      const figure = await contenders[name]();
      if (round > 0) figures[name].push(figure);
    }
  }
  return figures;
}

/** Milliseconds that the work takes. */
export async function time(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

export function median(figures: Figures): number {
  const sorted = figures.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

/** How many times the other's figure ours is, round by round: `1.08 (1.02–1.15)`, median and extremes. */
export function ratio(ours: Figures, others: Figures): string {
  const each = ours.map((figure, round) => figure / (others[round] ?? NaN));
  return `${median(each).toFixed(2)} (${Math.min(...each).toFixed(2)}–${Math.max(...each).toFixed(2)})`;
}

/** Median with its unit: `812 ms`. */
export function show(figures: Figures, unit: string): string {
  const middle = median(figures);
  return `${middle.toLocaleString("en-US", { maximumFractionDigits: middle < 10 ? 2 : 0 })} ${unit}`;
}

/**
 * What a file of measurements finds in a process of its own, called with these arguments.
 *
 * @param heap MB that its heap may have.
 */
export async function inOwnProcess<T>(file: string, args: string[], heap?: number): Promise<T> {
  const limit = heap === undefined ? [] : [`--max-old-space-size=${heap}`];
  const execArgv = ["--import", "tsx", "--expose-gc", ...limit];
  const child = fork(file, args, { execArgv, stdio: "inherit" });
  const ended = once(child, "exit").then(() => {
    throw new Error(`${args[0]} could not be measured`);
  });
  const [found] = (await Promise.race([once(child, "message"), ended])) as [T];
  await ended.catch(() => undefined);
  return found;
}

/** A table in Markdown. */
export function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Prints what a measurement found, as the process's only output. */
export function run(measurement: () => Promise<string>): void {
  measurement().then(
    (text) => process.stdout.write(`${text}\n`),
    (error: unknown) => {
      console.error(error);
      process.exitCode = 1;
    },
  );
}
