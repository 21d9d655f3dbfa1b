import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "smol-toml";
import { createInfluxctl, type InfluxctlOptions } from "../../src/influxctl.js";

describe("createInfluxctl", () => {
  let folder: string;
  before(async () => (folder = await mkdtemp(join(tmpdir(), "influxctl-profile-"))));
  after(() => rm(folder, { recursive: true }));

  /** Runs a shell script in place of influxctl. */
  async function run(script: string, profile: Partial<InfluxctlOptions["profile"]> = {}): Promise<string> {
    const command = join(folder, "script");
    await writeFile(command, `#!/bin/sh\n${script}`);
    await chmod(command, 0o755);
    const given = {
      product: "clustered" as const,
      managementToken: 'quo"te\\',
      host: "influx.example.com",
      port: "443",
    };
    const influxctl = createInfluxctl({
      command,
      timeout: 5,
      parallel: 2,
      profile: { ...given, ...profile },
    });
    return influxctl.run("try", ["some", "words"]);
  }
  const profileOf = async (profile: Partial<InfluxctlOptions["profile"]>) =>
    // The parser's objects have no prototype.
    (
      JSON.parse(JSON.stringify(parse(await run('cat "$2"', profile)))) as {
        profile: [Record<string, unknown>];
      }
    ).profile[0];

  it("writes the profile that is documented, and nothing where there is nothing", async () => {
    assert.deepEqual(await profileOf({}), {
      name: "default",
      product: "clustered",
      host: "influx.example.com",
      port: "443",
      mgmt_token: 'quo"te\\',
    });
  });

  it("writes TLS as a table, with files for what is given as text", async () => {
    assert.deepEqual((await profileOf({ plainHttp: true })).tls, { disable: true });
    const { tls } = await profileOf({ tls: { ca: "PEM", rejectUnauthorized: true } });
    assert.deepEqual(Object.keys(tls as object), ["insecure", "ca"]);
    assert.equal(await run('cat "$(dirname "$2")/ca.pem"', { tls: { ca: "PEM" } }), "PEM");
  });

  it("passes config, time limit and words, in this order", async () => {
    assert.match(await run('echo "$@"'), /^--config \S+config\.toml --timeout 5s some words\n$/);
  });

  it("gives it a home of its own, and no folder of the user's", async () => {
    const { XDG_CONFIG_HOME } = process.env;
    process.env.XDG_CONFIG_HOME = "/home/somebody/.config";
    try {
      const words = (await run('dirname "$2"; env')).split("\n");
      const names = ["HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "TMPDIR", "TEMP", "TMP"];
      for (const name of names) assert.ok(words.includes(`${name}=${words[0]}`), name);
      assert.ok(!words.some((word) => word.startsWith("XDG_")));
    } finally {
      if (XDG_CONFIG_HOME === undefined) Reflect.deleteProperty(process.env, "XDG_CONFIG_HOME");
      else process.env.XDG_CONFIG_HOME = XDG_CONFIG_HOME;
    }
  });

  it("does not wait for what influxctl has left running, and ends it", async () => {
    assert.equal(await run("sleep 60 &\necho []"), "[]\n");
  });

  it("tells a failure in the words of influxctl, without the token", async () => {
    await assert.rejects(run(`echo 'Gtk-WARNING: x' >&2; echo 'bad quo"te\\ here' >&2; exit 3`), {
      code: "influxctl-failed",
      message: 'Cannot try: influxctl failed ("bad … here"). Check the connection, then try again.',
    });
  });
});
