import assert from "node:assert/strict";
import { createHmac, randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { connectAsync, type IClientPublishOptions, type MqttClient } from "mqtt";
import { exampleNames, readExample } from "../../simulator/node-red.js";
import { signed } from "../helpers/signed.js";
import { useLab, waitFor, type Lab } from "./editor.js";

const DAY = 24 * 60 * 60 * 1000;
/** The example that brings a connection of its own. */
const WITH_CONNECTION = "rotate the connection's own token";
/** The one that brings some, which need tokens. */
const WITH_CONNECTIONS = "housekeeping of all my InfluxDBs";
const MARK = "[disabled by housekeeping";

describe("the examples", function () {
  this.timeout(40_000);
  const lab = useLab();
  const world = () => lab.demo.simulator.world;
  const clusters = () => lab.demo.clusters;
  const databaseTokens = () => [...clusters().databaseTokens.values()];
  const managementTokens = () => [...clusters().managementTokens.values()];
  const namedTokens = () => [...lab.demo.influxdb3.world.tokens.values()];
  const authorizations = () => [...world().authorizations.values()];
  const oldestOf = (user: string) =>
    authorizations()
      .filter(({ userID }) => userID === world().userNamed(user).id)
      .toSorted((a, b) => Date.parse(a.createdAt) - Date.parse(b.createdAt))[0]!;

  /** Clicks an inject node of the flow, and waits for what a debug node then shows. */
  const inject = async (name: string) => {
    const id = await lab.editor.named(name);
    return lab.editor.debugAfter(() => lab.editor.inject(id));
  };

  /** Clicks an inject node, and asserts what the debug node of this name then shows. */
  const injected = async (click: string, name: RegExp, text: RegExp) => {
    const shown = await inject(click);
    assert.match(shown.name, name);
    assert.match(shown.text, text);
  };

  let signedAt = 0;
  /** A message that an event flow takes; each of another second, for what is signed counts once. */
  const message = (id: unknown) => {
    signedAt = Math.max(signedAt + 1, Math.floor(Date.now() / 1000) - 240);
    return signed(id, lab.demo.secret, signedAt);
  };

  /** Asks a flow by HTTP, as whatever knows of an event does. */
  async function ask(path: string, body: unknown) {
    const answer = await fetch(new URL(path, lab.demo.nodeRed.url), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return { status: answer.status, answer: (await answer.json()) as Record<string, unknown> };
  }

  /** Lets a node that cannot be undone do so, as the comment of the flow says, and deploys. */
  async function allow(name: string): Promise<void> {
    const { editor } = lab;
    await editor.openDialog(await editor.named(name));
    await editor.input("dryRun").uncheck();
    await editor.fieldWrong(editor.input("confirmed"));
    await editor.input("confirmed").check();
    await editor.fieldWrong(editor.input("confirmed"), false);
    await editor.done();
    await editor.deploy();
    await editor.scrollBack();
  }

  async function importAndDeploy(name: string, flow: string): Promise<void> {
    await importInto(lab, name);
    await lab.editor.deploy();
    await lab.editor.openFlow(flow);
    await isLaidOut(lab);
    // The sidebar keeps a hundred, of which the tests count the next.
    await lab.page.evaluate("RED.actions.invoke('core:clear-debug-messages')");
  }

  /** Says where the flow stores new values, as its comment asks for. */
  async function enterStore(): Promise<void> {
    const { editor, demo } = lab;
    const id = await editor.named("to the secret store");
    const url = String(await editor.property(id, "url"));
    await editor.openDialog(id);
    await editor.input("url").fill(url.replace(/^http:..localhost:8200/, demo.secretStore.url));
    await editor.input("password").fill(demo.secretStore.token);
    await editor.done();
    await editor.deploy();
    await editor.scrollBack();
  }

  /** What a client can do with a value: the authorization that it belongs to, as long as that is active. */
  const whoIs = (value: string | undefined) => {
    const found = world().byToken(value ?? "");
    return found?.status === "active" ? found : undefined;
  };

  it("are nineteen in the import dialog", async () => {
    const { editor, page } = lab;
    await editor.openExamples();
    await page.getByText("nightly housekeeping", { exact: true }).waitFor();
    assert.equal(await editor.examples().count(), 19);
    await editor.screenshot("import examples");
    await page.keyboard.press("Escape");
  });

  it("find and delete: finds the oldest authorization of a user, and deletes it when it may", async () => {
    const { editor } = lab;
    await importAndDeploy("find the first authorization of a user, then delete it", "find and delete");
    const before = structuredClone(authorizations());
    const { id } = oldestOf("user2");
    const rehearsed = new RegExp(`id: "${id}"\\s+outcome: "dry-run"`);
    const nothing = /No token named.*instead of an authorization ID/;

    await injected("delete what was found", /error/, nothing);
    await injected("find", /report/, rehearsed);
    await editor.status(await editor.named("delete it"), "1 in dry run");
    await injected("delete what was found", /report/, rehearsed);
    assert.deepEqual(authorizations(), before);

    await allow("delete it");
    await injected("delete what was found", /error/, nothing);
    await injected("find", /report/, rehearsed);
    assert.deepEqual(authorizations(), before);
    await injected("delete what was found", /report/, new RegExp(`id: "${id}"\\s+outcome: "deleted"`));
    await editor.status(await editor.named("delete it"), "1 deleted");
    await editor.picture("find and delete");
    await editor.screenshot("example find and delete");

    await injected("delete what was found", /error/, nothing);
    assert.deepEqual(
      authorizations().map((authorization) => authorization.id),
      before.map((authorization) => authorization.id).filter((each) => each !== id),
    );
  });

  it("find and delete: spares what has changed since, and what a later search has not found", async () => {
    const found = oldestOf("user2");
    await injected("find", /report/, new RegExp(found.id));
    found.description = "in use";
    found.updatedAt = new Date().toISOString();
    await injected("delete what was found", /report/, /outcome: "changed"/);
    await injected("find", /report/, new RegExp(found.id));
    for (const { id, userID } of authorizations()) {
      if (userID === found.userID && id !== found.id) world().authorizations.delete(id);
    }
    const { userID } = found;
    found.userID = world().operator.userID;
    await injected("find", /none found/, /empty/);
    await lab.editor.status(await lab.editor.named("first of the user"), "0 found");
    found.userID = userID;
    await injected("delete what was found", /error/, /No token named.*instead of an authorization ID/);
    assert.ok(world().authorizations.delete(found.id));
  });

  it("find and disable: disables and describes the oldest authorization of a user", async () => {
    const { editor } = lab;
    oldestOf("user1").description = "of 40 [days]";
    await importAndDeploy(
      "find the first authorization of a user, then disable and describe it",
      "find and disable",
    );
    const before = structuredClone(authorizations());
    const oldest = oldestOf("user1");

    const dry = await inject("dry run");
    assert.match(dry.text, new RegExp(`id: "${oldest.id}"\\s+outcome: "dry-run"`));
    assert.deepEqual(authorizations(), before);

    const real = await inject("for real");
    assert.match(real.text, /outcome: "updated"/);
    const marked = /^of 40 \[days\] \[disabled from Node-RED on \d{4}-\d\d-\d\d\]$/;
    assert.equal(oldest.status, "inactive");
    assert.match(oldest.description, marked);
    const others = (all: typeof before) => all.filter(({ id }) => id !== oldest.id);
    assert.deepEqual(others(authorizations()), others(before));

    await injected("for real", /updated/, new RegExp(`id: "${oldest.id}"`));
    assert.match(oldest.description, marked);
    assert.deepEqual(others(authorizations()), others(before));
    await editor.screenshot("example find and disable");
  });

  it("nightly housekeeping: disables the unchanged, deletes the long disabled, spares the protected", async () => {
    const { editor } = lab;
    await importAndDeploy("nightly housekeeping", "nightly housekeeping");
    world().operator.updatedAt = new Date(Date.now() - 200 * DAY).toISOString();
    let before = structuredClone(authorizations());
    const olderThan = (days: number) => (authorization: { updatedAt: string }) =>
      Date.parse(authorization.updatedAt) < Date.now() - days * DAY;
    const idle = before.filter(({ status }) => status === "active").filter(olderThan(90));
    const marked = before
      .filter(({ status, description }) => status === "inactive" && description.includes(MARK))
      .filter(olderThan(30));
    // None of these is as housekeeping has left it.
    const longAgo = new Date(Date.now() - 60 * DAY);
    const [day, changed] = [longAgo, new Date(Date.now() - 40 * DAY)].map((at) =>
      at.toISOString().slice(0, 10),
    );
    const add = (description: string, status: "active" | "inactive", updatedAt = longAgo) =>
      world().addAuthorization({ user: "user2", description, status, createdAt: longAgo, updatedAt });
    const kept = [
      add(`changed since ${MARK} ${day}]`, "inactive", new Date(changed!)),
      add(`${MARK} ${day}] and then described`, "inactive"),
      add(`${MARK}] without a date`, "inactive"),
    ];
    const again = [add(`in use ${MARK} ${day}]`, "active"), add(`${MARK} ${day}]`, "active")];
    const spared = idle.filter(({ id }) => id === world().operator.id);
    assert.ok(spared.length === 1 && idle.length > 3 && marked.length > 0);
    const disabled = `${idle.length - 1} of ${idle.length}`;
    const deleted = `${marked.length} of ${marked.length}`;

    before = structuredClone(authorizations());
    /** Clicks a button, and opens the report among what the flow then shows. */
    const reported = async (button: string, text: RegExp) => {
      const reports = editor.debugMessages().filter({
        has: lab.page.locator(".red-ui-debug-msg-name", { hasText: "report" }),
      });
      const count = await reports.count();
      await editor.inject(await editor.named(button));
      const report = reports.nth(count);
      await report.locator(".red-ui-debug-msg-object-handle").first().click();
      assert.match(await report.locator(".red-ui-debug-msg-payload").innerText(), text);
    };
    const rehearsed = new RegExp(`would disable ${disabled}, would delete ${deleted}`);
    await reported("dry run now", rehearsed);
    assert.deepEqual(authorizations(), before);
    await editor.screenshot("example nightly housekeeping dry run");

    const today = () => new Date().toISOString().slice(0, 10);
    const days = [today()];
    await reported(
      "for real now",
      new RegExp(`disabled ${disabled} \\(1 failed\\), would delete ${deleted}`),
    );
    await waitFor(() => again.map(({ description }) => description).join(), "in use,enabled again");
    days.push(today());
    for (const { id, description } of idle) {
      const now = world().authorizations.get(id);
      if (id === world().operator.id) assert.equal(now?.status, "active");
      else {
        assert.equal(now?.status, "inactive");
        assert.ok(days.some((day) => now.description === `${description} ${MARK} ${day}]`));
      }
    }
    for (const { id } of marked) assert.ok(world().authorizations.has(id));
    await allow("delete");
    await reported("for real now", new RegExp(`disabled 0 of 1 \\(1 failed\\), deleted ${deleted}`));
    for (const { id } of marked) assert.ok(!world().authorizations.has(id));
    for (const { id } of kept) assert.ok(world().authorizations.has(id));
    const touched = new Set([...idle, ...marked, ...again].map(({ id }) => id));
    const others = (all: typeof before) => all.filter(({ id }) => !touched.has(id));
    assert.deepEqual(others(authorizations()), others(before));
    await editor.screenshot("example nightly housekeeping");

    world().operator.updatedAt = new Date().toISOString();
    await reported("for real now", /disabled 0 of 0, deleted 0 of 0/);
  });

  it("one sweep, several Node-REDs: one that lists takes its share, too, rehearses, and deletes when it may", async () => {
    const { editor, page } = lab;
    await importAndDeploy("one sweep, several Node-REDs", "one sweep, several Node-REDs");
    const longAgo = new Date(Date.now() - 40 * DAY);
    const inactive = { user: "user2", status: "inactive", createdAt: longAgo, updatedAt: longAgo } as const;
    for (let count = 0; count < 3; count++) world().addAuthorization(inactive);
    const before = structuredClone(authorizations());
    const isDoomed = ({ status, updatedAt }: (typeof before)[number]) =>
      status === "inactive" && Date.parse(updatedAt) < Date.now() - 30 * DAY;
    const count = before.filter(isDoomed).length;

    // What is published before is lost.
    const areConnected = () =>
      page.waitForFunction(
        `RED.nodes.filterNodes({ z: RED.workspaces.active() }).filter(({ type }) => type.startsWith("mqtt ")).every(({ status }) => status?.fill === "green")`,
      );
    await areConnected();
    await injected("dry run now", /report/, new RegExp(`Dry run: ${count} of ${count} would be deleted`));
    await injected("for real now", /report/, new RegExp(`0 of ${count} deleted, ${count} in dry run`));
    assert.deepEqual(authorizations(), before);
    await editor.screenshot("example one sweep");

    await editor.forgetStatuses();
    await allow("delete");
    await areConnected();
    await injected("dry run now", /report/, new RegExp(`Dry run: ${count} of ${count} would be deleted`));
    assert.deepEqual(authorizations(), before);
    await injected("for real now", /report/, new RegExp(`${count} of ${count} deleted`));
    assert.deepEqual(
      authorizations(),
      before.filter((each) => !isDoomed(each)),
    );
    await injected("for real now", /report/, /0 of 0 deleted/);
    await editor.picture("one sweep");
    await page.setViewportSize({ width: 900, height: 600 });
    await editor.screenshot("example one sweep 900 x 600");
    await page.setViewportSize({ width: 1500, height: 950 });
  });

  it("create: makes a token that works once it is stored, and none where that fails", async () => {
    const { editor, demo } = lab;
    const { secrets } = demo.secretStore;
    await importAndDeploy("create an authorization and hand it over", "create and hand over");
    await enterStore();
    const before = structuredClone(authorizations());
    const made = () => authorizations().filter(({ description }) => description === "New machine");
    const [pattern] = authorizations().filter(({ description }) => description.includes("Machine 1"));

    demo.secretStore.failsWith = 500;
    await injected("for the secret store", /report/, /outcome: "withdrawn"/);
    demo.secretStore.failsWith = undefined;
    assert.deepEqual(authorizations(), before);

    await injected("for the secret store", /report/, /outcome: "activated"/);
    await injected("for a file", /report/, /outcome: "activated"/);
    const inFile = await readFile(demo.tokenFile, "utf8");
    assert.deepEqual([secrets.get("new-machine"), inFile].map(whoIs), made());
    assert.equal((await stat(demo.tokenFile)).mode & 0o777, 0o600);
    assert.equal(authorizations().length, before.length + 2);
    for (const { permissions } of made()) assert.deepEqual(permissions, pattern?.permissions);
    await editor.screenshot("example create");

    await injected("for a file", /report/, /outcome: "activated"/);
    assert.notEqual(await readFile(demo.tokenFile, "utf8"), inFile);
    const leftOver = (await readdir(dirname(demo.tokenFile))).filter((name) => name.endsWith(".new"));
    assert.deepEqual(leftOver, []);
  });

  it("rotate: replaces the token when the new value is stored, and can go back to the old one", async () => {
    const { editor, demo } = lab;
    const { secrets } = demo.secretStore;
    await importAndDeploy("rotate an authorization", "rotate");
    const before = structuredClone(authorizations());
    const old = oldestOf("dashboards");
    const { description } = old;

    await enterStore();
    demo.secretStore.failsWith = 503;
    await injected("rotate", /report/, /outcome: "withdrawn"/);
    assert.deepEqual(authorizations(), before);

    demo.secretStore.failsWith = undefined;
    await injected("rotate", /report/, new RegExp(`id: "${old.id}"\\s+outcome: "replaced"`));
    await editor.status(await editor.named("replace it"), "1 handed over, 1 replaced");
    await editor.screenshot("example rotate");
    const successor = whoIs(secrets.get("dashboards"));
    assert.ok(successor && successor.id !== old.id);
    assert.equal(successor.description, description);
    assert.deepEqual(successor.permissions, old.permissions);
    assert.equal(old.status, "inactive");
    assert.ok(old.description.startsWith(`${description} [replaced by ${successor.id} at `));
    assert.equal(authorizations().length, before.length + 1);

    await injected("back to the old one", /report/, /outcome: "restored"/);
    assert.deepEqual([old.status, old.description], ["active", description]);
    assert.equal(whoIs(secrets.get("dashboards")), successor);
    assert.equal(authorizations().length, before.length + 1);

    await injected("rotate", /report/, new RegExp(`id: "${old.id}"\\s+outcome: "replaced"`));
    assert.notEqual(whoIs(secrets.get("dashboards")), undefined);
    assert.equal(old.status, "inactive");
  });

  it("rotate its own: the connection goes on with the new token, and the old one is disabled", async () => {
    const { editor, demo } = lab;
    await importInto(lab, WITH_CONNECTION);
    await editor.openFlow("rotate its own token");
    await isLaidOut(lab);
    await editor.openDialog(await editor.named("replace it"));
    await editor.openConfig("edit");
    await lab.page.locator("#node-config-input-url").fill(demo.simulator.url);
    await editor.closeConfig("ok");
    await editor.done();
    await editor.deploy();
    await editor.scrollBack();
    const before = authorizations().length;
    const inFile = async () => whoIs(await readFile(demo.ownTokenFile, "utf8"));

    for (let time = 1; time <= 2; time++) {
      const old = await inFile();
      assert.ok(old);
      await injected("rotate", /report/, new RegExp(`id: "${old.id}"\\s+outcome: "replaced"`));
      const successor = await inFile();
      assert.ok(successor && successor.id !== old.id);
      assert.equal(successor.description, "Node-RED: rotates itself");
      assert.equal(old.status, "inactive");
      assert.equal(authorizations().length, before + time);
      // All that comes after it is asked with the new token.
      const asked = demo.simulator.requests.at(-1)?.headers.authorization;
      assert.equal(asked, `Token ${successor.token}`);
    }
    assert.equal((await stat(demo.ownTokenFile)).mode & 0o777, 0o600);
    await editor.screenshot("example rotate its own");

    const now = await inFile();
    await mkdir(`${demo.ownTokenFile}.new/in the way`, { recursive: true });
    await injected("rotate", /write the file/, /could not be written/);
    await editor.status(await editor.named("replace it"), "1 handed over, 1 withdrawn");
    assert.equal(await inFile(), now);
    assert.equal(authorizations().length, before + 2);
  });

  it("rotate the old ones: ten a night, and deletes what was replaced a week ago", async () => {
    const { editor, demo } = lab;
    const { secrets } = demo.secretStore;
    await importAndDeploy("rotate what is older than 90 days, ten a night", "nightly rotation");
    await enterStore();
    const before = structuredClone(authorizations());
    const ofMachines = () =>
      authorizations().filter(({ userID }) => userID === world().userNamed("machines").id);
    const machines = () => ofMachines().filter(({ status }) => status === "active");
    const due = machines().filter(({ createdAt }) => Date.parse(createdAt) < Date.now() - 90 * DAY);
    const replaced = () => ofMachines().filter(({ description }) => description.includes("[replaced by"));
    assert.equal(due.length, 12);
    const count = machines().length;
    const shown = () => editor.debugMessages().locator(".red-ui-debug-msg-payload").allInnerTexts();
    /** Clicks a button, and waits until the flow has shown so many messages with these words. */
    const clicked = async (button: string, words: string, wanted: number) => {
      const told = async () => (await shown()).filter((text) => text.includes(words)).length;
      const earlier = await told();
      await editor.inject(await editor.named(button));
      await waitFor(async () => (await told()) - earlier, wanted);
    };

    await clicked("dry run now", "Dry run: 1 authorization would be replaced", 12);
    await clicked("dry run now", "would be deleted", 1);
    assert.deepEqual(authorizations(), before);

    await clicked("for real now", "1 authorization replaced", 10);
    assert.equal(machines().length, count);
    assert.equal(due.filter(({ status }) => status === "active").length, 2);
    for (const { description } of due.filter(({ status }) => status === "inactive")) {
      const name = description.replace(/ \[replaced by .*/, "");
      assert.equal(whoIs(secrets.get(name))?.description, name);
    }
    assert.ok(!(await shown()).some((text) => text.includes("Limit exceeded")));
    await editor.screenshot("example nightly rotation");

    await allow("delete");
    const [long] = replaced().filter(({ updatedAt }) => Date.parse(updatedAt) < Date.now() - 7 * DAY);
    await clicked("for real now", "1 authorization deleted", 1);
    assert.ok(!world().authorizations.has(long!.id));
    assert.equal(replaced().length, 10);
    assert.equal(machines().length, count);
  });

  describe("disable on an event", () => {
    const active = (description = "") => world().addAuthorization({ description });
    const post = (body: unknown) => ask("disable-token", body);
    let retained: ReturnType<typeof active>;
    let client: MqttClient;
    let told = 0;
    let answered = 0;
    /** The next answer by MQTT. */
    const answer = () =>
      new Promise<unknown>((resolve) => {
        client.once("message", (_topic, payload) => resolve(JSON.parse(payload.toString())));
      });
    const publish = (body: object | string, options: IClientPublishOptions = {}) =>
      client.publishAsync("influxdb/disable-token", typeof body === "string" ? body : JSON.stringify(body), {
        qos: 1,
        ...options,
      });
    const tell = async (body: object | string) => {
      told++;
      const next = answer();
      await publish(body);
      return next;
    };

    before(async () => {
      client = await connectAsync(`mqtt://127.0.0.1:${lab.demo.mqttPort}`);
      client.on("message", () => answered++);
      await client.subscribeAsync("influxdb/disable-token/answer");
      retained = active();
      await publish(message(retained.id), { retain: true });
      await importAndDeploy("disable an authorization on an event", "disable on an event");
    });
    after(async () => {
      await client.endAsync();
      await lab.editor.screenshot("example disable on an event");
    });

    it("by HTTP: disables it, once for each message, and answers 200", async () => {
      const token = active("payments");
      const body = message(token.id);
      assert.deepEqual(await post(body), {
        status: 200,
        answer: { status: 200, id: token.id, outcome: "updated" },
      });
      assert.equal(token.status, "inactive");
      assert.equal(token.description, "payments");

      token.status = "active";
      const refused = { status: 401, id: token.id, error: "unauthorized-request" };
      assert.deepEqual(await post(body), { status: 401, answer: refused });
      assert.deepEqual(await tell(body), refused);
      assert.equal(token.status, "active");
    });

    it("by HTTP: answers 400, 401, 403 and 404, and changes nothing", async () => {
      const token = active("stays");
      const unchanged = structuredClone(authorizations());
      const signedIn = (seconds: number) =>
        signed(token.id, lab.demo.secret, Math.floor(Date.now() / 1000) + seconds);
      for (const [status, error, body] of [
        [400, "missing-id", message("")],
        [400, "invalid-id", message(token.token)],
        [401, "unauthorized-request", {}],
        [401, "unauthorized-request", { id: token.id }],
        [401, "unauthorized-request", message([token.id])],
        [401, "unauthorized-request", { ...message(token.id), id: world().operator.id }],
        [401, "unauthorized-request", signed(token.id, "")],
        [401, "unauthorized-request", signed(token.id, "of at least thirty-two characters")],
        [401, "unauthorized-request", signedIn(-310)],
        [401, "unauthorized-request", signedIn(310)],
        [403, "protected", message(world().operator.id)],
        [404, "not-found", message("0aaaaaaaaaaaaaaa")],
      ] as const) {
        const { status: actual, answer } = await post(body);
        assert.deepEqual([actual, answer.status, answer.error], [status, status, error]);
        // An error names the ID that it is about, where there is one.
        const { id } = body as { id?: unknown };
        assert.equal(answer.id, typeof id === "string" && id.length === 16 ? id : undefined);
      }
      assert.deepEqual(authorizations(), unchanged);
    });

    it("by HTTP: answers what is no JSON, or comes in another form", async () => {
      const token = active();
      for (const [type, body, status] of [
        ["application/json", "{", 400],
        ["application/x-www-form-urlencoded", JSON.stringify(message(token.id)), 401],
        ["text/plain", JSON.stringify(message(token.id)), 401],
        ["application/octet-stream", JSON.stringify(message(token.id)), 401],
      ] as const) {
        const options = { method: "POST", headers: { "content-type": type }, body };
        assert.equal((await fetch(new URL("disable-token", lab.demo.nodeRed.url), options)).status, status);
      }
      assert.equal(token.status, "active");
    });

    it("by HTTP: does a dry run where the body or the address asks for one", async () => {
      const token = active();
      for (const [path, wish] of [
        ["disable-token", { dryRun: true }],
        ["disable-token?dryRun=true", {}],
      ] as const) {
        const { status, answer } = await ask(path, { ...message(token.id), ...wish });
        assert.deepEqual([status, answer.outcome, answer.would], [200, "dry-run", "updated"]);
      }
      assert.equal(token.status, "active");
    });

    it("by HTTP: answers 503 if InfluxDB fails and 502 if it refuses, and disables it when it is asked again", async () => {
      const token = active();
      const { faults } = lab.demo.simulator;
      faults.push({ method: "PATCH", status: 500, body: '{"code":"internal error","message":"disk full"}' });
      assert.equal((await post(message(token.id))).status, 503);
      faults.length = 0;
      const { operator } = world();
      const { permissions } = operator;
      operator.permissions = [];
      const { status, answer } = await post(message(token.id));
      operator.permissions = permissions;
      assert.deepEqual([status, answer.error], [502, "unauthorized"]);
      assert.equal((await post(message(token.id))).status, 200);
    });

    it("by MQTT: disables it and answers to another topic", async () => {
      const token = active();
      const { id } = token;
      const refused = { status: 401, id, error: "unauthorized-request" };
      assert.deepEqual(await tell(signed(id, "of at least thirty-two characters")), refused);
      assert.deepEqual(await tell("{"), { status: 401, error: "unauthorized-request" });
      assert.equal(token.status, "active");
      assert.deepEqual(await tell(message(id)), { status: 200, id, outcome: "updated" });
      assert.equal(token.status, "inactive");
      assert.deepEqual(await tell(message("x")), { status: 400, error: "invalid-id" });
    });

    it("by MQTT: ignores what the broker has retained, and says so in the log", async () => {
      await waitFor(() => lab.demo.nodeRed.log().includes("A retained message is ignored"), true);
      // What came after it is done.
      const { id } = active();
      assert.deepEqual(await tell(message(id)), { status: 200, id, outcome: "updated" });
      assert.equal(retained.status, "active");
    });

    it("answers each message once", () => {
      assert.equal(answered, told);
      assert.doesNotMatch(lab.demo.nodeRed.log(), /headers after they are sent/);
    });
  });

  describe("answer a leak", () => {
    const sign = (body: string, timestamp = Math.floor(Date.now() / 1000)) => ({
      timestamp,
      signature: createHmac("sha256", lab.demo.secret).update(`${timestamp}.${body}`).digest("hex"),
      body,
    });
    const report = (token: unknown) => sign(JSON.stringify({ token }));
    const post = async ({ timestamp, signature, body }: ReturnType<typeof sign>) => {
      const headers = { "x-timestamp": String(timestamp), "x-signature": signature };
      const url = new URL("leaked-token", lab.demo.nodeRed.url);
      const answer = await fetch(url, { method: "POST", headers, body });
      return { status: answer.status, answer: (await answer.json()) as Record<string, unknown> };
    };

    before(async () => {
      await importAndDeploy("answer a leak", "answer a leak");
      await enterStore();
    });
    after(async () => {
      await lab.editor.screenshot("example answer a leak");
    });

    it("by HTTP: disables the token, proves that it is dead, and puts another in its place", async () => {
      const leaked = world().addAuthorization({ description: "leaked" });
      const count = authorizations().length;
      const message = report(leaked.token);
      const { status, answer } = await post(message);
      const successor = whoIs(lab.demo.secretStore.secrets.get(leaked.id));
      assert.deepEqual(
        [status, answer],
        [200, { status: 200, id: leaked.id, outcome: "replaced", successor: successor?.id }],
      );
      assert.equal(whoIs(leaked.token), undefined);
      assert.deepEqual([successor?.status, successor?.description], ["active", "leaked"]);
      assert.equal(authorizations().length, count + 1);
      assert.equal((await post(message)).status, 401);
      assert.equal(authorizations().length, count + 1);
    });

    it("by MQTT: the same", async () => {
      const { token, id } = world().addAuthorization({ description: "leaked" });
      const client = await connectAsync(`mqtt://127.0.0.1:${lab.demo.mqttPort}`);
      await client.subscribeAsync("influxdb/leaked-token/answer");
      const answered = new Promise<string>((resolve) => {
        client.once("message", (_topic, payload) => resolve(payload.toString()));
      });
      await client.publishAsync("influxdb/leaked-token", JSON.stringify(report(token)), { qos: 1 });
      const answer = JSON.parse(await answered) as unknown;
      await client.endAsync();
      const successor = whoIs(lab.demo.secretStore.secrets.get(id))?.id;
      assert.deepEqual(answer, { status: 200, id, outcome: "replaced", successor });
      assert.equal(whoIs(token), undefined);
    });

    it("disables it, and leaves no successor, where the store fails", async () => {
      const leaked = world().addAuthorization({ description: "leaked" });
      const count = authorizations().length;
      lab.demo.secretStore.failsWith = 503;
      const { status, answer } = await post(report(leaked.token));
      lab.demo.secretStore.failsWith = undefined;
      assert.deepEqual([status, answer.outcome], [200, "withdrawn"]);
      assert.equal(whoIs(leaked.token), undefined);
      assert.equal(authorizations().length, count);
    });

    it("answers 400, 401, 403 and 404, and changes nothing", async () => {
      const { token } = world().addAuthorization({ description: "stays" });
      const unchanged = structuredClone(authorizations());
      const good = report(token);
      const now = good.timestamp;
      for (const [status, error, message] of [
        [400, "invalid-filter", sign("{")],
        [400, "invalid-filter", report("")],
        [400, "invalid-filter", report([token])],
        [401, "unauthorized-request", { ...good, signature: "0".repeat(64) }],
        [401, "unauthorized-request", { ...good, body: `${good.body} ` }],
        [401, "unauthorized-request", { ...good, timestamp: now - 1 }],
        [401, "unauthorized-request", sign(good.body, now - 310)],
        [401, "unauthorized-request", sign(good.body, now + 310)],
        [403, "protected", report(world().operator.token)],
        [404, "not-found", report(`${token}x`)],
      ] as const) {
        const { status: actual, answer } = await post(message);
        assert.deepEqual([actual, answer.status, answer.error], [status, status, error]);
      }
      assert.deepEqual(authorizations(), unchanged);
    });

    it("says whose it is, and what to do, where the server hides values", async () => {
      const { token } = world().addAuthorization({ user: "ci", permissions: ["read:users"] });
      const unchanged = structuredClone(authorizations());
      // As lists are from OSS 2.9 on.
      const hidden = authorizations().map((each) => ({ ...each, token: "", permissions: [] }));
      lab.demo.simulator.faults.push({
        path: /^\/api\/v2\/authorizations/,
        body: JSON.stringify({ authorizations: hidden }),
        times: 10,
      });
      const { status, answer } = await post(report(token));
      lab.demo.simulator.faults.length = 0;
      assert.deepEqual(
        [status, answer.outcome, answer.works, answer.user],
        [202, "hidden-value", true, "ci"],
      );
      assert.match(String(answer.todo), /Disable the one that leaked/);
      assert.deepEqual(authorizations(), unchanged);
    });

    it("holds no value in an answer, nor in what Node-RED shows and logs", () => {
      const log = lab.demo.nodeRed.log();
      for (const { token } of authorizations()) assert.ok(!log.includes(token));
    });
  });

  it("delete a database token by its ID: deletes that one, and reports an error where it is gone", async () => {
    const { editor } = lab;
    await importAndDeploy("delete a database token by its ID", "delete database token");
    const before = structuredClone(databaseTokens());
    const id = "55555555-5555-4555-8555-555555555555";

    const dry = await inject("dry run");
    assert.match(dry.text, new RegExp(`id: "${id}"\\s+outcome: "dry-run"`));
    assert.deepEqual(databaseTokens(), before);
    await editor.status(await editor.named("delete it"), "1 in dry run");
    assert.match((await inject("for real")).text, new RegExp(`id: "${id}"\\s+outcome: "dry-run"`));
    assert.deepEqual(databaseTokens(), before);

    await allow("delete it");
    const real = await inject("for real");
    assert.match(real.text, new RegExp(`id: "${id}"\\s+outcome: "deleted"`));
    assert.deepEqual(
      databaseTokens(),
      before.filter((token) => token.id !== id),
    );
    await editor.status(await editor.named("delete it"), "1 deleted");
    await editor.screenshot("example delete a database token");

    const again = await inject("for real");
    assert.match(again.name, /error/);
    assert.match(again.text, new RegExp(`Not found, cannot delete database token ${id}: `));
    await editor.screenshot("example delete a database token error");
  });

  it("delete the expired database tokens: deletes these, and no token that still works", async () => {
    const { editor } = lab;
    await importAndDeploy("delete the expired database tokens of a cluster", "delete expired tokens");
    const before = structuredClone(databaseTokens());
    const good = before.filter(({ expiresAt }) => !expiresAt || expiresAt.getTime() > Date.now());
    const count = before.length - good.length;
    assert.ok(count > 1 && good.length > 1);

    for (const click of ["dry run", "for real"]) {
      await injected(click, /report/, new RegExp(`Dry run: ${count} database tokens would be deleted\\.`));
    }
    assert.deepEqual(databaseTokens(), before);

    await allow("delete them");
    const real = await inject("for real");
    assert.match(real.text, new RegExp(`"${count} database tokens deleted\\."`));
    assert.deepEqual(databaseTokens(), good);
    await editor.screenshot("example delete the expired database tokens");

    assert.match((await inject("for real")).text, /No database tokens, nothing was done\./);
  });

  it("tokens of a cluster: makes them, and takes rights and gives them back", async () => {
    const { editor, demo } = lab;
    const { secrets } = demo.secretStore;
    await importAndDeploy("create and suspend tokens of a cluster", "tokens of a cluster");
    await enterStore();
    const before = [databaseTokens().length, managementTokens().length];

    await injected("create a database token", /report/, /outcome: "activated"/);
    const made = databaseTokens().find(({ accessToken }) => accessToken === secrets.get("new-press"));
    assert.equal(made?.description, "Telegraf: new press");
    const pattern = databaseTokens().find(({ description }) => description === "Telegraf: press 1");
    assert.deepEqual(made.permissions, pattern?.permissions);

    await injected("create a management token", /at once/, /stored/);
    const management = managementTokens().find(({ token }) => token === secrets.get("management"));
    assert.ok(management?.description.startsWith("Node-RED: next year"));
    assert.deepEqual(
      [databaseTokens().length, managementTokens().length],
      before.map((count) => count + 1),
    );

    const suspended = databaseTokens().find(({ description }) => description === "Grafana (read-only)")!;
    const rights = structuredClone(suspended.permissions);
    assert.ok(rights.length > 0);
    for (let time = 1; time <= 2; time++) {
      await injected("take", /updated/, new RegExp(suspended.id));
      assert.deepEqual(suspended.permissions, []);
    }
    await injected("give back", /updated/, new RegExp(suspended.id));
    assert.deepEqual(suspended.permissions, rights);
    await editor.screenshot("example tokens of a cluster");
  });

  it("revoke after approval: revokes what a person has seen and approved, and nothing else", async () => {
    const { editor } = lab;
    await importAndDeploy("revoke a management token after approval", "revoke after approval");
    const before = structuredClone(managementTokens());
    const asked = managementTokens().find(({ description }) => description === "contractor: audit")!;
    const question = new RegExp(`id: "${asked.id}"\\s+description: "contractor: audit"`);
    const nothing = /Nothing to approve: ask first/;

    for (const [click, name, text] of [
      ["approve", /answer/, nothing],
      ["ask", /question/, question],
      ["reject", /answer/, /Rejected: nothing was revoked/],
      ["approve", /answer/, nothing],
      ["ask", /question/, question],
      ["approve", /report/, /outcome: "dry-run"/],
      ["approve", /answer/, nothing],
    ] as const) {
      await injected(click, name, text);
    }
    assert.deepEqual(managementTokens(), before);

    await allow("revoke it");
    await injected("ask", /question/, question);

    const approved = await inject("approve");
    assert.match(approved.name, /report/);
    assert.match(approved.text, new RegExp(`id: "${asked.id}"\\s+outcome: "revoked"`));
    await editor.status(await editor.named("revoke it"), "1 revoked");
    assert.ok(asked.revokedAt);
    const others = (all: typeof before) => all.filter(({ id }) => id !== asked.id);
    assert.deepEqual(others(managementTokens()), others(before));

    assert.match((await inject("approve")).text, nothing);
    assert.match((await inject("ask")).name, /none found/);
    await editor.screenshot("example revoke after approval");
  });

  it("delete the expired tokens of InfluxDB 3: those that expired over 7 days ago, and no other", async () => {
    const { editor } = lab;
    await importAndDeploy("delete the expired tokens of InfluxDB 3", "InfluxDB 3: delete expired");
    const before = structuredClone(namedTokens());
    const kept = before.filter(({ expiry }) => !expiry || expiry.getTime() > Date.now() - 7 * DAY);
    const count = before.length - kept.length;
    assert.ok(count > 1 && kept.some(({ expiry }) => expiry && expiry.getTime() < Date.now()));

    for (const click of ["dry run now", "for real now"]) {
      await injected(click, /report/, new RegExp(`Dry run: ${count} InfluxDB 3 tokens would be deleted\\.`));
    }
    assert.deepEqual(namedTokens(), before);

    await allow("delete them");
    await injected("dry run now", /report/, /Dry run: /);
    assert.deepEqual(namedTokens(), before);
    await injected("for real now", /report/, new RegExp(`"${count} InfluxDB 3 tokens deleted\\."`));
    assert.deepEqual(namedTokens(), kept);
    await editor.status(await editor.named("delete them"), `${count} deleted`);
    await editor.picture("InfluxDB 3 delete expired");
    await editor.screenshot("example delete the expired tokens of InfluxDB 3");

    await injected("for real now", /report/, /No InfluxDB 3 tokens, nothing was done\./);
    assert.deepEqual(namedTokens(), kept);
  });

  it("rotate a named token: its successor is stored by the name that stays, and the old one deleted", async () => {
    const { editor, demo } = lab;
    const { world } = demo.influxdb3;
    const { secrets } = demo.secretStore;
    await importAndDeploy("rotate a named token of InfluxDB 3", "InfluxDB 3: rotate");
    await enterStore();
    const ofGrafana = () => namedTokens().filter(({ name }) => name.includes("grafana"));
    const others = () => namedTokens().filter(({ name }) => !name.includes("grafana"));
    const before = structuredClone(namedTokens());
    for (const click of ["dry run now", "for real now"]) {
      await injected(click, /report/, /Dry run: 1 InfluxDB 3 token would be replaced\./);
    }
    assert.deepEqual(namedTokens(), before);

    await editor.openDialog(await editor.named("replace it"));
    await editor.screenshot("example rotate a named token dialog");
    await editor.input("dryRun").uncheck();
    await editor.done();
    await editor.openDialog(await editor.named("until its users have it"));
    await editor.input("timeout").fill("0");
    await editor.done();
    await editor.deploy();
    await editor.scrollBack();

    demo.secretStore.failsWith = 503;
    await injected("for real now", /report/, /1 InfluxDB 3 token withdrawn/);
    demo.secretStore.failsWith = undefined;
    assert.deepEqual(namedTokens(), before);
    assert.ok(!secrets.has("grafana"));

    const untouched = structuredClone(others());
    for (let time = 1; time <= 2; time++) {
      const [old] = ofGrafana();
      assert.ok(old);
      await injected("for real now", /report/, /"1 InfluxDB 3 token replaced\."/);
      const [successor, ...more] = ofGrafana();
      assert.deepEqual(more, []);
      assert.match(successor!.name, new RegExp(`^grafana \\[successor of ${old.id} since [^\\]]*\\]$`));
      assert.equal(world.active(secrets.get("grafana") ?? ""), successor);
      assert.equal(world.active(old.value), undefined);

      await injected("for real now", /none found/, /No InfluxDB 3 token/);
      assert.deepEqual(ofGrafana(), [successor]);
      successor!.createdAt = new Date(Date.now() - 91 * DAY);
    }
    assert.deepEqual(others(), untouched);
    await editor.picture("InfluxDB 3 rotate");
    await editor.screenshot("example rotate a named token");
    await lab.page.setViewportSize({ width: 900, height: 600 });
    await editor.screenshot("example rotate a named token 900 x 600");
    await lab.page.setViewportSize({ width: 1500, height: 950 });
  });

  it("new values of InfluxDB 3: a token is made and the operator's replaced, each stored and nowhere else", async () => {
    const { editor, demo } = lab;
    const { world } = demo.influxdb3;
    const { secrets } = demo.secretStore;
    await importAndDeploy(
      "create a token of InfluxDB 3, regenerate the operator token",
      "InfluxDB 3: new values",
    );
    await enterStore();
    const before = structuredClone(namedTokens());
    await injected("create a token", /report/, /outcome: "dry-run"/);
    await injected("regenerate the operator token", /report/, /outcome: "dry-run"/);
    assert.deepEqual(namedTokens(), before);

    await editor.openDialog(await editor.named("new token"));
    await editor.input("dryRun").uncheck();
    await editor.input("understood").check();
    await editor.done();
    await allow("new value");
    demo.secretStore.failsWith = 503;
    await injected(
      "create a token",
      /stored\?/,
      /stored: false\s+todo: "[^"]*delete the token, and click again/,
    );
    demo.secretStore.failsWith = undefined;
    await injected("create a token", /error/, /new-machine/);
    world.delete("new-machine");
    await injected("create a token", /stored\?/, /id: "new-machine"\s+stored: true\s+secret: "new-machine"/);
    const made = world.active(secrets.get("new-machine") ?? "");
    assert.deepEqual([made?.name, made?.expiry !== undefined], ["new-machine", true]);

    const { value } = world.tokens.get("_admin")!;
    const shown = editor.debugMessages().locator(".red-ui-debug-msg-payload");
    const earlier = await shown.count();
    await editor.inject(await editor.named("regenerate the operator token"));
    await waitFor(async () => (await shown.count()) - earlier, 2);
    assert.equal(world.active(value), undefined);
    assert.equal(world.active(secrets.get("influxdb-operator") ?? "")?.name, "_admin");
    assert.ok(!(await shown.allInnerTexts()).join().includes("apiv3_"));
    assert.ok(!demo.nodeRed.log().includes("apiv3_"));
    await editor.screenshot("example new values of InfluxDB 3");
  });

  describe("revoke on an event", () => {
    const active = () => {
      const [cluster] = clusters().clusters.values();
      return clusters().addManagementToken(cluster!, { description: "leaked" });
    };
    const post = (body: unknown) => ask("revoke-management-token", body);

    before(async () => {
      await importAndDeploy("revoke a management token on an event", "revoke on an event");
    });
    after(async () => {
      await lab.editor.screenshot("example revoke on an event");
    });

    it("does a dry run, and answers that it did, until it may", async () => {
      const { id } = active();
      const { status, answer } = await post(message(id));
      assert.deepEqual([status, answer.outcome, answer.would], [200, "dry-run", "revoked"]);
      assert.ok(!clusters().managementTokens.get(id)?.revokedAt);
      const unknown = await post(message(randomUUID()));
      assert.deepEqual([unknown.status, unknown.answer.would], [200, "not-found"]);
      await allow("revoke");
    });

    it("revokes it and answers 200, as often as it is asked, but once for each message", async () => {
      const { id } = active();
      for (let time = 1; time <= 2; time++) {
        const body = message(id);
        assert.deepEqual(await post(body), { status: 200, answer: { status: 200, id, outcome: "revoked" } });
        assert.ok(clusters().managementTokens.get(id)?.revokedAt);
        assert.equal((await post(body)).status, 401);
      }
    });

    it("answers 400, 401, 403 and 404, and changes nothing", async () => {
      const { id, token } = active();
      const own = managementTokens().find(({ description }) => description.startsWith("Node-RED"))!;
      const unchanged = structuredClone(managementTokens());
      for (const [status, error, body] of [
        [400, "missing-id", message("")],
        [400, "invalid-id", message(token)],
        [400, "invalid-id", message(world().operator.id)],
        [401, "unauthorized-request", {}],
        [401, "unauthorized-request", { id }],
        [401, "unauthorized-request", message([id])],
        [401, "unauthorized-request", { ...message(id), id: own.id }],
        [401, "unauthorized-request", signed(id, "of at least thirty-two characters")],
        [403, "protected", message(own.id)],
        [404, "not-found", message(randomUUID())],
      ] as const) {
        const { status: actual, answer } = await post(body);
        assert.deepEqual([actual, answer.status, answer.error], [status, status, error]);
        // An error names the ID that it is about, where there is one.
        const asked = (body as { id?: unknown }).id;
        assert.equal(answer.id, typeof asked === "string" && asked.length === 36 ? asked : undefined);
      }
      assert.deepEqual(managementTokens(), unchanged);
    });

    it("keeps its limit for tokens that there are", async () => {
      const limit = await lab.editor.property(await lab.editor.named("revoke"), "limit");
      for (let count = 0; count <= Number(limit); count++) {
        assert.equal((await post(message(randomUUID()))).status, 404);
      }
      const { id } = active();
      assert.equal((await post(message(id))).status, 200);
      assert.ok(clusters().managementTokens.get(id)?.revokedAt);
    });

    it("answers 502 where influxctl fails, and revokes when it is asked again", async () => {
      const { id } = active();
      const { faults } = lab.demo.simulator;
      for (const method of ["GET", "DELETE"]) {
        faults.push({ method, path: /^\/simulator/, status: 500, body: "{}" });
        const { status, answer } = await post(message(id));
        assert.deepEqual([status, answer.error, faults.length], [502, "influxctl-failed", 0]);
        assert.ok(!clusters().managementTokens.get(id)?.revokedAt);
      }
      assert.equal((await post(message(id))).status, 200);
      assert.doesNotMatch(lab.demo.nodeRed.log(), /headers after they are sent/);
    });
  });
});

describe("the examples in node-red-4", function () {
  this.timeout(120_000);
  const lab = useLab("node-red-4");

  it("are imported and deployed without anything to correct", async () => {
    for (const name of await exampleNames()) await importInto(lab, name);
    await lab.editor.deploy();
    for (const name of await exampleNames()) {
      const { id } = (await readExample(name)).find(({ type }) => type === "tab")!;
      // Clicks on two tabs in a row would be a double click.
      await lab.page.evaluate(`RED.workspaces.show("${id}")`);
      await isLaidOut(lab);
      await lab.editor.picture(`${name} in node-red-4`);
    }
  });
});

/** Imports an example, and sees that nothing is wrong with it. */
async function importInto({ editor, page }: Lab, name: string): Promise<void> {
  const connections = await editor.connections();
  const isAllNew = [WITH_CONNECTION, WITH_CONNECTIONS].includes(name);
  await editor.importExample(name, { isAllNew });
  // Those of the example are those that were there.
  await waitFor(
    async () => (await editor.connections()) - connections,
    !isAllNew ? 0 : name === WITH_CONNECTION ? 1 : 3,
  );
  if (name === WITH_CONNECTIONS) {
    await page.evaluate(
      "RED.nodes.eachConfig((node) => { if (node.name.startsWith('edge-')) { node.credentials = { token: 'secret' }; RED.editor.validateNode(node); } })",
    );
  }
  const invalid = await page.evaluate("RED.nodes.filterNodes({}).filter((node) => !node.valid).length");
  assert.equal(invalid, 0, "all nodes are right");
}

/**
 * Sees that the flow that is shown reads from left to right: nodes lie apart, with room for a status below each; no
 * wire leads back or passes behind a node; no node lies outside of its group, and no group on another.
 */
async function isLaidOut({ page }: Lab): Promise<void> {
  // Drawn with the first frame that shows the flow.
  await page.waitForFunction(
    "document.querySelectorAll('.red-ui-flow-link-line').length >= RED.nodes.filterLinks({}).filter(({ source }) => source.z === RED.workspaces.active()).length",
  );
  const faults = await page.evaluate<string[]>(`{
    const z = RED.workspaces.active();
    const nodes = RED.nodes.filterNodes({ z });
    const groups = RED.nodes.groups(z);
    const nameOf = (node) => node.name || node.type;
    const within = (x, y, { x: cx, y: cy, w, h }) => Math.abs(x - cx) < w / 2 && Math.abs(y - cy) < h / 2;
    const overlap = (a, b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
    const pairs = (list) => list.flatMap((a, index) => list.slice(index + 1).map((b) => [a, b]));
    const close = pairs(nodes)
      .filter(([a, b]) => Math.abs(a.x - b.x) < (a.w + b.w) / 2 + 10 && Math.abs(a.y - b.y) < (a.h + b.h) / 2 + 12)
      .map(([a, b]) => nameOf(a) + " lies on " + nameOf(b));
    const crossing = pairs(groups).filter(([a, b]) => overlap(a, b)).map(([a, b]) => a.name + " lies on " + b.name);
    const outside = nodes
      .filter((node) => !groups.some((group) => group.id === node.g && overlap(group, { x: node.x, y: node.y, w: 1, h: 1 })))
      .map((node) => nameOf(node) + " is in no group");
    const links = RED.nodes.filterLinks({}).filter(({ source }) => source.z === z);
    const back = links
      .filter(({ source, target }) => source.x + source.w / 2 >= target.x - target.w / 2)
      .map(({ source, target }) => "back from " + nameOf(source) + " to " + nameOf(target));
    const behind = [...document.querySelectorAll(".red-ui-flow-link")].flatMap((drawn) => {
      const { source, target } = drawn.__data__;
      const path = drawn.querySelector(".red-ui-flow-link-line");
      const others = nodes.filter((node) => node !== source && node !== target);
      const points = Array.from({ length: Math.ceil(path.getTotalLength() / 2) }, (_, at) => path.getPointAtLength(2 * at));
      return others
        .filter((node) => points.some(({ x, y }) => within(x, y, node)))
        .map((node) => nameOf(source) + " to " + nameOf(target) + " passes behind " + nameOf(node));
    });
    [...close, ...crossing, ...outside, ...back, ...behind];
  }`);
  assert.deepEqual(faults, []);
}
