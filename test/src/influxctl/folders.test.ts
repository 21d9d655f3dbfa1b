import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { systemClock, type Clock } from "../../../src/clock.js";
import { makeFolder, removeFolder, removeLeftovers } from "../../../src/influxctl/folders.js";

describe("influxctl's folders", () => {
  let userFolder: string;
  let place: string;
  beforeEach(async () => {
    userFolder = await mkdtemp(join(tmpdir(), "influxctl-folders-"));
    place = join(userFolder, ".influxdb-tokens");
  });
  afterEach(() => rm(userFolder, { recursive: true }));

  const name = (pid: number | string, host = hostname()) => `influxdb-tokens-influxctl-${host}-${pid}-abcdef`;
  const GONE = 999_999_999;
  /** A folder as a run has it. */
  async function make(folder: string, at = new Date()): Promise<void> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(join(folder, "config.toml"), "a token");
    // The file system goes by no shifted clock.
    await utimes(folder, at, at);
  }
  const exists = (path: string) =>
    stat(path).then(
      () => true,
      () => false,
    );

  it("are below the user folder, for their owner alone, and go with the run", async () => {
    const folder = await makeFolder(userFolder);
    assert.equal(dirname(folder), place);
    for (const each of [place, folder]) assert.equal((await stat(each)).mode & 0o777, 0o700);
    await writeFile(join(folder, "file"), "");
    await removeFolder(folder);
    assert.deepEqual(await readdir(place), []);
  });

  const UNFIT: [what: string, make: () => Promise<unknown>][] = [
    ["a link", () => symlink(tmpdir(), place)],
    ["open to others", () => mkdir(place).then(() => chmod(place, 0o750))],
    ["a file", () => writeFile(place, "")],
  ];
  for (const [what, prepare] of UNFIT) {
    it(`are in the temporary folder where that below the user folder is ${what}`, async () => {
      await prepare();
      const folder = await makeFolder(userFolder);
      assert.equal(dirname(folder), tmpdir());
      await removeFolder(folder);
      assert.equal(await exists(folder), false);
    });
  }

  it("are in the temporary folder where there is no user folder", async () => {
    for (const none of [undefined, join(userFolder, "missing")]) {
      const folder = await makeFolder(none);
      assert.equal(dirname(folder), tmpdir());
      await removeFolder(folder);
    }
  });

  it("of a killed process are removed at the next start, and what others use is left alone", async () => {
    const used = await makeFolder(userFolder);
    const gone = [name(GONE), name(process.pid)];
    const kept = [name(process.ppid), name(GONE, "another"), "anything else"];
    // All at one time, or the first of them could be a millisecond older; a file system rounds parts of a second.
    const made = 1000 * Math.floor(Date.now() / 1000);
    for (const each of [...gone, ...kept]) await make(join(place, each), new Date(made));
    const left = async (clock: Clock) => {
      assert.deepEqual(await removeLeftovers(userFolder, clock), []);
      return (await readdir(place)).toSorted();
    };
    const after = (milliseconds: number) => ({ ...systemClock, now: () => made + milliseconds });
    assert.deepEqual(await left(after(3_599_999)), [...kept, basename(used)].toSorted());
    // Those of which it cannot be told whether they are in use go after an hour.
    const stay = ["anything else", basename(used)].toSorted();
    assert.deepEqual(await left(after(3_600_000)), stay);
    await removeFolder(used);
  });

  it("of others are no leftovers: links, files, folders that others may enter", async () => {
    const elsewhere = join(userFolder, "elsewhere");
    await make(elsewhere);
    await mkdir(place, { mode: 0o700 });
    await symlink(elsewhere, join(place, name(GONE)));
    await writeFile(join(place, name(GONE - 1)), "");
    await make(join(place, name(GONE - 2)));
    await chmod(join(place, name(GONE - 2)), 0o755);
    assert.deepEqual(await removeLeftovers(userFolder), []);
    assert.equal((await readdir(place)).length, 3);
    assert.ok(await exists(join(elsewhere, "config.toml")));
  });

  it("hold links that go alone, without what they lead to", async () => {
    const elsewhere = join(userFolder, "elsewhere");
    await make(elsewhere);
    await make(join(place, name(GONE)));
    await symlink(elsewhere, join(place, name(GONE), "cache"));
    await removeLeftovers(userFolder);
    assert.deepEqual(await readdir(place), []);
    assert.ok(await exists(join(elsewhere, "config.toml")));
  });

  it("are not looked for where somebody else could have put them", async () => {
    const planted = [join(tmpdir(), name(GONE)), join(userFolder, name(GONE))];
    const elsewhere = join(userFolder, "elsewhere");
    await make(join(elsewhere, name(GONE)));
    await symlink(elsewhere, place);
    for (const folder of planted) await make(folder);
    await removeLeftovers(userFolder);
    await removeLeftovers(undefined);
    for (const folder of [...planted, join(elsewhere, name(GONE))]) assert.ok(await exists(folder), folder);
    await rm(planted[0]!, { recursive: true });
  });
});
