import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { parse } from "smol-toml";
import { Secret } from "../../../src/text/secret.js";
import { fixedToken } from "../../../src/token-source.js";
import { createInfluxctl, type InfluxctlOptions } from "../../../src/influxctl/influxctl.js";

describe("createInfluxctl", () => {
  let folder: string;
  before(async () => (folder = await mkdtemp(join(tmpdir(), "influxctl-profile-"))));
  after(() => rm(folder, { recursive: true }));

  /** A shell script in place of influxctl. */
  async function made(
    script: string,
    profile: Partial<InfluxctlOptions["profile"]> = {},
    timeoutSeconds = 5,
    token = 'quo"te\\',
  ) {
    const command = join(folder, "script");
    await writeFile(command, `#!/bin/sh\n${script}`);
    await chmod(command, 0o755);
    const given = {
      product: "clustered" as const,
      host: "influx.example.com",
      port: "443",
    };
    return createInfluxctl({
      command,
      timeoutSeconds,
      parallel: 2,
      profile: { ...given, ...profile },
      token: fixedToken(new Secret(token)),
    });
  }
  const run = async (...given: Parameters<typeof made>) =>
    (await made(...given)).run("try", ["some", "words"]);
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

  it("ends what is under way when it is closed, and begins nothing more", async () => {
    const influxctl = await made("sleep 60", {}, 60);
    const isCancelled = () => assert.rejects(influxctl.run("try", []), { code: "cancelled" });
    const runs = [isCancelled(), isCancelled(), isCancelled()];
    influxctl.close();
    await Promise.all([...runs, isCancelled()]);
  });

  it("ends what waits for its turn as soon as it is called off", async () => {
    const influxctl = await made("sleep 60", {}, 60);
    const ofOthers = [influxctl.run("try", []), influxctl.run("try", [])];
    const stop = new AbortController();
    const waiting = influxctl.run("try", [], stop.signal);
    stop.abort();
    await assert.rejects(waiting, { code: "cancelled", attempts: 0 });
    influxctl.close();
    await Promise.all(ofOthers.map((each) => assert.rejects(each, { code: "cancelled" })));
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

  it("does not wait for what cannot be ended kindly", async () => {
    const stubborn = "trap '' TERM INT HUP\nwhile :; do sleep 1; done";
    await assert.rejects(run(stubborn, {}, 1), { code: "timeout", message: /did not end within 1 s/ });
  });

  it("gives the list, whatever else it writes", async () => {
    const login = "https://auth.influxdata.com/activate?user_code=1";
    assert.equal(await run(`echo 'see ${login}' >&2; echo '[]'`), "[]\n");
    assert.equal(await run("exec 2>&-; printf '[]'; exec >&-; sleep 0.1"), "[]");
    const list = await run("yes 'WARN: https://example.com/login' | head -c 3000000; echo '\n[]'");
    assert.ok(list.length > 3_000_000 && list.endsWith("\n[]\n"));
    // 60 MB of lines, and a line of 60 MB.
    assert.equal(await run("yes warning | head -c 60000000 >&2; echo '[]'"), "[]\n");
    assert.equal(await run("head -c 60000000 /dev/zero >&2; echo '[]'"), "[]\n");
  });

  it("stops what writes more than any list", async () => {
    for (const flood of ["yes warning", "cat /dev/zero", "yes '[' | tr -d '\\n'"])
      await assert.rejects(run(flood), { code: "bad-response", message: /more than 16 MB/, fatal: true });
  });

  it("tells a login that nobody makes, when the time is over", async () => {
    const login = "echo 'Visit https://auth.influxdata.com/activate?user_code=WDJB-MJHT'; sleep 60";
    await assert.rejects(run(login, {}, 1), {
      code: "unauthorized",
      message: /asks for a login/,
      fatal: true,
    });
    const page = "echo 'Authenticate at https://proxy.example.com/login'; sleep 60";
    await assert.rejects(run(page, {}, 1), { code: "timeout", fatal: false });
  });

  it("does not take the description of a token for a failure", async () => {
    const list = `[{"description":"https://auth.influxdata.com/activate?user_code=1 PermissionDenied"}]`;
    await assert.rejects(run(`echo 'WARN: x'; echo '${list}'; echo oops >&2; exit 1`), {
      code: "influxctl-failed",
      message: /oops/,
    });
  });

  it("tells how influxctl ended, where it said nothing", async () => {
    await assert.rejects(run("exit 3"), { code: "influxctl-failed", message: /\(exit code 3\)/ });
    await assert.rejects(run("kill -SEGV $$"), { code: "influxctl-failed", message: /\(ended by SIGSEGV\)/ });
  });

  it("tells a failure in the words of influxctl, without colours and noise", async () => {
    const script = `echo 'Gtk-WARNING: x' >&2; printf '\\033[31mno such\\033[0m\\r\\n  table\\n' >&2; exit 3`;
    await assert.rejects(run(script), {
      code: "influxctl-failed",
      message:
        'Influxctl failed, cannot try: influxctl failed ("no such table"). Check the connection, then try again.',
    });
  });

  const TOKEN = "M.V1.Q29ycmVjdEhvcnNlQmF0dGVyeVN0YXBsZQ";
  it("takes the token out of the list, and leaves the prefix that tells it", async () => {
    const list = (description: string) =>
      `[{"token_prefix":"${TOKEN.slice(0, 14)}","description":"${description}"}]\n`;
    const script = `printf '%s' '${list(`is ${TOKEN}`)}'`;
    assert.equal(await run(script, {}, 5, TOKEN), list("is …"));
  });
  for (const [how, script] of [
    ["as it is", `echo 'Bearer ${TOKEN}' >&2`],
    ["on several lines", `echo '${TOKEN}' | fold -w 6 >&2`],
    ["in colours", `echo '${TOKEN}' | sed 's/..../&\\x1b[31m/g' >&2`],
    ["in UTF-16", `echo '${TOKEN}' | sed 's/./&\\x00/g' >&2`],
    ["on standard output", `echo '${TOKEN}'`],
    ["after a flood", `yes gdk | head -c 50000 >&2; echo '${TOKEN}' >&2; yes gdk | head -c 4170 >&2`],
  ] as const) {
    it(`does not tell a token that influxctl writes ${how}`, async () => {
      const error: unknown = await run(`${script}; exit 1`, {}, 5, TOKEN).catch((thrown: unknown) => thrown);
      const shown = inspect(error, { depth: 9, showHidden: true });
      assert.match(shown, /influxctl failed/);
      for (let at = 5; at + 8 <= TOKEN.length; at++)
        assert.ok(!shown.replace(/[^\w.]/g, "").includes(TOKEN.slice(at, at + 8)), shown);
    });
  }
});
