/**
 * Runs the measurements, or those that are named on the command line, and writes their tables into the README
 * beside this file. With `BENCH_URL` and `BENCH_TOKEN` it measures against that server, a throw-away InfluxDB OSS
 * v2 and its operator token; with `BENCH_PRODUCT=influxdb3-core` as well, an InfluxDB 3 Core.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

/** In the order of the README; the first four need a server and nothing else. */
const MEASUREMENTS = [
  ...["find-then-delete", "sweep", "parallel", "list"],
  ...["messages", "fleet", "workers", "start-up"],
];

const { BENCH_URL, BENCH_TOKEN, BENCH_PRODUCT = "oss" } = process.env;
const isReal = BENCH_URL !== undefined;
const products: Record<string, { name: string; measurements: string[] }> = {
  oss: { name: "InfluxDB", measurements: MEASUREMENTS.slice(0, 4) },
  "influxdb3-core": { name: "InfluxDB 3 Core", measurements: ["list"] },
};
const product = products[BENCH_PRODUCT];

async function measure(name: string): Promise<string> {
  console.log(`Measuring ${name} …`);
  const args = ["--expose-gc", "--import", "tsx", join(import.meta.dirname, `${name}.ts`)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const [tables, ended] = await Promise.all([text(child.stdout), once(child, "exit")]);
  const [code] = ended as [number];
  if (code !== 0) throw new Error(`${name} ended with ${code}`);
  console.log(tables);
  return tables.trim();
}

const on = isReal ? ` on ${product?.name}` : "";

/** Puts the tables between the marks of this measurement. */
async function keep(name: string, tables: string): Promise<void> {
  const file = join(import.meta.dirname, "README.md");
  const readme = await readFile(file, "utf8");
  const mark = `<!-- ${name}${on} -->`;
  const [before, , after] = readme.split(mark);
  if (before === undefined || after === undefined) throw new Error(`The README has no two marks ${mark}`);
  const [cpu] = cpus();
  const machine =
    `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpu?.model.trim() ?? "unknown"}, ` +
    `${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.versions.node}`;
  await writeFile(file, `${before}${mark}\n\n${machine}${on}\n\n${tables}\n\n${mark}${after}`);
}

async function main(): Promise<void> {
  if (isReal !== (BENCH_TOKEN !== undefined))
    throw new Error("Give both BENCH_URL and BENCH_TOKEN, or neither");
  if (product === undefined)
    throw new Error(`No product "${BENCH_PRODUCT}"; there are ${Object.keys(products).join(", ")}`);
  const wanted = process.argv.slice(2);
  const possible = isReal ? product.measurements : MEASUREMENTS;
  for (const name of wanted.length > 0 ? wanted : possible) {
    if (!possible.includes(name))
      throw new Error(`No measurement "${name}"; there are ${possible.join(", ")}`);
    await keep(name, await measure(name));
  }
}

void main();
