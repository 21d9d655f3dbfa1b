/**
 * Runs the tests by other clocks, in other time zones and languages: in all scenarios, or in those that are named.
 * The processes that the tests start take part, Node-RED and the browser.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "..");
const CACHE = join(ROOT, "node_modules/.cache/libfaketime");
const DAY = 24 * 60 * 60;

interface Scenario {
  /** Where the clock starts, from where it runs on: a time, or seconds from now. */
  start?: string | number;
  timeZone?: string;
  /** The locale of Node.js, Node-RED and the browser. */
  locale?: string;
}

const SCENARIOS: Record<string, Scenario> = {
  tomorrow: { start: DAY },
  "in-400-days": { start: 400 * DAY },
  "leap-day": { start: "2028-02-29T12:00:00Z" },
  "summer-time-begins": { start: "2027-03-28T01:59:40+01:00", timeZone: "Europe/Berlin" },
  kiritimati: { timeZone: "Pacific/Kiritimati" },
  "st-johns": { timeZone: "America/St_Johns" },
  german: { locale: "de-DE" },
  "far-off": { start: 400 * DAY, timeZone: "Pacific/Kiritimati", locale: "de-DE" },
};

/** Tests of the editor in which no clock has a part, and which take long. */
const TIMELESS = ["accessibility", "connection-test", "connections", "dialogs", "lookups", "sections"];

function passes(scenario: Scenario): boolean {
  const { timeZone, locale } = scenario;
  const shift = secondsAhead(scenario.start);
  const folder = mkdtempSync(join(tmpdir(), "clocks-"));
  const env = {
    ...process.env,
    // Files of others would look old.
    TMPDIR: folder,
    ...(timeZone && { TZ: timeZone }),
    ...(locale && { LANG: posix(locale), LC_ALL: posix(locale), LANGUAGE: locale.slice(0, 2) }),
    ...(shift !== 0 && {
      LD_PRELOAD: libfaketime(),
      FAKETIME: `${shift < 0 ? "" : "+"}${shift}s`,
      // Timers and timeouts are as they are; that takes both.
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      FAKETIME_FORCE_MONOTONIC_FIX: "0",
    }),
  };
  try {
    checkEffect({ ...scenario, shift }, env);
    const mocha = [
      "test/**/*.test.ts",
      ...TIMELESS.flatMap((name) => ["--ignore", `test/editor/${name}.test.ts`]),
    ];
    return spawnSync("mocha", mocha, { cwd: ROOT, env, stdio: "inherit" }).status === 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function secondsAhead(start: Scenario["start"] = 0): number {
  return typeof start === "number" ? start : Math.round((Date.parse(start) - Date.now()) / 1000);
}

const posix = (locale: string) => `${locale.replace("-", "_")}.UTF-8`;

/** Fails where a Node.js in the environment does not see what the scenario says. */
function checkEffect({ shift, ...scenario }: Scenario & { shift: number }, env: NodeJS.ProcessEnv): void {
  const code = "({ now: Date.now(), ...Intl.DateTimeFormat().resolvedOptions() })";
  const shown = JSON.parse(
    execFileSync(process.execPath, ["-p", `JSON.stringify(${code})`], { env, encoding: "utf8" }),
  ) as { now: number; timeZone: string; locale: string };
  const { timeZone = shown.timeZone, locale = shown.locale } = scenario;
  const late = shown.now - Date.now() - shift * 1000;
  if (Math.abs(late) < 10_000 && shown.timeZone === timeZone && shown.locale === locale) return;
  throw new Error(`The scenario does not take effect: Node.js sees ${JSON.stringify(shown)}`);
}

/** The library that shifts a clock: the installed one, or else that of Debian's package, unpacked here. */
function libfaketime(): string {
  const find = () => globSync(`{/,${CACHE}/}usr/lib*/{.,*}/faketime/libfaketimeMT.so.1`)[0];
  let found = find();
  if (found === undefined) {
    download();
    found = find();
  }
  if (found) return found;
  throw new Error("libfaketime, which shifts the clock, is not here. Install the package of that name.");
}

function download(): void {
  mkdirSync(CACHE, { recursive: true });
  const run = (command: string, ...args: string[]) =>
    spawnSync(command, args, { cwd: CACHE, stdio: ["ignore", "ignore", "inherit"] }).status === 0;
  // As root, apt would have another user write here, who may not.
  const get = () => run("apt-get", "-o", "APT::Sandbox::User=", "download", "libfaketime");
  if (get() || (run("apt-get", "update") && get())) {
    for (const file of globSync("*.deb", { cwd: CACHE })) run("dpkg", "-x", file, ".");
  }
}

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(SCENARIOS);
const unknown = names.filter((name) => !Object.hasOwn(SCENARIOS, name));
if (unknown.length > 0) {
  throw new Error(`No such scenario: ${unknown.join()}. There are ${Object.keys(SCENARIOS).join(", ")}.`);
}
const failed = names.filter((name) => {
  console.log(`\n# ${name}`);
  return !passes(SCENARIOS[name] ?? {});
});
console.log(
  `\n${failed.length === 0 ? "Passed" : "Failed"}: ${(failed.length === 0 ? names : failed).join(", ")}`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
