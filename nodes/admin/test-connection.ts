import type { NodeAPI } from "node-red";
import * as z from "zod";
import { checkConnection, INFLUXCTL_SECONDS, LONGEST_LIST, STEP_SECONDS } from "../../src/check/check.js";
import { Reporter, type Report } from "../../src/check/report.js";
import { asTokenError } from "../../src/errors.js";
import { isProduct, productOf } from "../../src/products.js";
import { Secret } from "../../src/text/secret.js";
import { fixedToken, type TokenSource } from "../../src/token-source.js";
import type { Properties } from "../fields/controls.js";
import { bareUrl } from "../fields/text-rules.js";
import { holdsVariable } from "../fields/variables.js";
import { CONNECTION_TYPE, type ConnectionNode } from "../influxdb-connection/connection.js";
import { readSettings, readToken, type Settings } from "../influxdb-connection/read-settings.js";
import { SETTINGS } from "../influxdb-connection/settings.js";
import { proxyOf, tlsOf } from "../influxdb-connection/tls-and-proxy.js";
import { openWires } from "../influxdb-connection/wires.js";
import { TEST_PERMISSION } from "./answers.js";
import { findConnection } from "./deployed.js";
import type { Route } from "./route.js";

/**
 * The settings that decide where the token comes from and goes to, and through what. A stored token goes only where it
 * was deployed for, and a file is read only if it was deployed: its content would be sent to any address.
 */
const WAY = ["product", "url", "tokenFile", "accountId", "clusterId", "influxctl", "tls", "proxy"] as const;

/** Characters of one value. */
const LONGEST = 10_000;
const Value = z.string().max(LONGEST);

const Input = z.object({
  /** Of the connection, as the editor knows it; one that is not deployed has one, too. */
  id: Value,
  /** What stands in the dialog. */
  properties: z.object(
    Object.fromEntries([...WAY, "ownTokenId" as const].map((name) => [name, Value.default("")])) as Record<
      (typeof WAY)[number] | "ownTokenId",
      z.ZodDefault<z.ZodString>
    >,
  ),
  /** Missing if the stored one is meant. */
  token: Value.optional(),
});
type Input = z.infer<typeof Input>;

/**
 * Tests a connection as it stands in its dialog. What the request brings decides where a token goes only if the token
 * came with it; and it starts no program but one that is deployed, or the influxctl of the machine.
 */
export function testConnection(RED: NodeAPI): Route<Input> {
  return {
    method: "post",
    path: "test",
    permission: TEST_PERMISSION,
    input: Input,
    answer: (input, signal) => test(RED, input, signal),
  };
}

async function test(RED: NodeAPI, input: Input, signal: AbortSignal): Promise<Report> {
  const reporter = new Reporter();
  try {
    await testInto(reporter, RED, input, signal);
  } catch (thrown) {
    const { code, message } = asTokenError(thrown);
    if (code !== "invalid-config") throw thrown;
    reporter.say("wrong", message);
  }
  const { findings, offers } = reporter.report;
  // A variable stays where it is; and what it stands for is not told.
  return {
    findings,
    offers: offers.filter(({ property }) => !holdsVariable(input.properties[property])),
  };
}

async function testInto(reporter: Reporter, RED: NodeAPI, input: Input, signal: AbortSignal): Promise<void> {
  const node = findConnection(input.id);
  const deployed =
    node && isSameWay(input.properties, originalOf(RED, input.id)) ? settingsIn(node, input) : undefined;
  const settings = deployed ?? typedSettings(input, reporter);
  if (settings === undefined) return;
  const idle = (["tls", "proxy"] as const).find(
    (name) => settings[name] !== "" && !isDeployedNode(RED, settings[name]),
  );
  if (idle !== undefined) {
    reporter.say(
      "wrong",
      `The field "${idle}" names what is not deployed, or is disabled. Deploy first, then test.`,
    );
    return;
  }
  const token = tokenOf(input, deployed && node);
  const hasToken = typeof token !== "string";
  if (!hasToken) reporter.say("warning", `${token} Only the address is tested.`);
  const wires = openWires(
    RED,
    {
      ...settings,
      ...{ timeout: STEP_SECONDS, influxctlTimeout: INFLUXCTL_SECONDS, retries: 0, parallel: 1 },
      auditFile: "",
    },
    hasToken ? token : fixedToken(new Secret("")),
    () => undefined,
    LONGEST_LIST,
  );
  try {
    const connection = {
      url: settings.url,
      product: settings.product,
      isProxied: proxyOf(RED, settings) !== undefined,
      servername: tlsOf(RED, settings.tls)?.servername,
      wires,
      hasToken,
      influxctlRefused: mayRun(settings, node) ? undefined : NOT_RUN,
      ownTokenId: settings.ownTokenId,
    };
    await checkConnection(connection, reporter, signal);
  } finally {
    await wires.close();
  }
}

/**
 * The settings of a deployed connection, its variables replaced; undefined if they are wrong and were typed so.
 *
 * @throws {TokenError} `invalid-config` if a variable is.
 */
function settingsIn(node: ConnectionNode, { properties }: Input): Settings | undefined {
  try {
    const settings = node.deployedSettings();
    const { ownTokenId } = properties;
    if (holdsVariable(ownTokenId)) return settings;
    return { ...settings, ownTokenId: idOf(settings.product, ownTokenId) };
  } catch (error) {
    if (WAY.some((name) => holdsVariable(properties[name]))) throw error;
    return undefined;
  }
}

/**
 * The settings as they stand in the dialog; undefined if they are variables, which has been said.
 *
 * @throws {TokenError} `invalid-config`.
 */
function typedSettings({ properties }: Input, reporter: Reporter): Settings | undefined {
  const { ownTokenId, ...way } = properties;
  const typedId = idOf(way.product, ownTokenId);
  const variable = WAY.find((name) => holdsVariable(way[name]));
  if (variable !== undefined) {
    reporter.say(
      "warning",
      `The field "${variable}" holds an environment variable, which Node-RED replaces only in what is deployed. Deploy ` +
        "first, then test.",
    );
    return undefined;
  }
  const bare = bareUrl(way.url);
  if (bare !== undefined && isOnlyLonger(way, bare)) {
    reporter.say(
      "wrong",
      "The URL has a path that does not belong to the address of the server. It is tested without it.",
    );
    reporter.offer("url", bare, `Set the URL to ${bare}`);
    return readSettings({ ...way, url: bare, ownTokenId: typedId });
  }
  return readSettings({ ...way, ownTokenId: typedId });
}

/** Whether a URL is refused, and would not be without its path. */
function isOnlyLonger(way: Properties, bare: string): boolean {
  const isRight = (url: unknown) => {
    try {
      readSettings({ ...way, url });
      return true;
    } catch {
      return false;
    }
  };
  return !isRight(way.url) && isRight(bare);
}

/** An ID, normalized, if it is one of the product; what else stands there, the dialog marks. */
function idOf(product: string, text: string): string {
  if (!isProduct(product)) return "";
  const { normalize, pattern } = productOf(product).ids;
  return text.trim() !== "" && pattern.test(normalize(text)) ? normalize(text) : "";
}

/** The token to send, or why there is none. The stored one is sent only by the settings that it is deployed with. */
function tokenOf({ id, token, properties }: Input, node: ConnectionNode | undefined): TokenSource | string {
  const isInFile = properties.tokenFile.trim() !== "";
  if (isInFile && node === undefined) {
    return "The token file is read only as it is deployed, and for what it was deployed for: deploy first.";
  }
  if (token !== undefined && !isInFile) {
    if (holdsVariable(token)) {
      return "The token is an environment variable, which Node-RED replaces only in what is deployed: deploy first.";
    }
    return token.trim() === "" ? NO_TOKEN : fixedToken(new Secret(readToken(token)));
  }
  if (node) {
    try {
      return node.deployedToken();
    } catch (error) {
      return asTokenError(error).message;
    }
  }
  if (findConnection(id)) {
    return (
      "The stored token is sent only to what it was deployed for, and the dialog has other settings: type the token " +
      "again, or deploy first."
    );
  }
  return NO_TOKEN;
}

const NO_TOKEN = "There is no token: type it.";

/**
 * Whether influxctl may be run. Who may test may not choose a program: it is the one that is deployed with the connection, or
 * what the machine itself has under the name influxctl, always with the same arguments.
 */
function mayRun({ influxctl }: Settings, node: ConnectionNode | undefined): boolean {
  if (influxctl === SETTINGS.influxctl.control.preset) return true;
  try {
    return node?.deployedSettings().influxctl === influxctl;
  } catch {
    return false;
  }
}

const NOT_RUN =
  "influxctl was not tested, because a path that is not deployed is not run. Deploy first to test it.";

/** Whether the dialog has what the connection was deployed with, before variables were replaced. */
function isSameWay(dialog: Input["properties"], deployed: Properties | undefined): boolean {
  return deployed !== undefined && WAY.every((name) => valueOf(name, dialog) === valueOf(name, deployed));
}

/** A setting, or what stands for it if it is empty. */
function valueOf(name: (typeof WAY)[number], properties: Properties): unknown {
  const value = properties[name] ?? "";
  if (typeof value !== "string") return value;
  const text = value.trim();
  if (text !== "") return text;
  const { control } = SETTINGS[name];
  if (name === "url") return isProduct(properties.product) ? productOf(properties.product).url : "";
  return "preset" in control ? control.preset : "";
}

function isDeployedNode(RED: NodeAPI, id: string): boolean {
  // Its type does not tell that there may be none.
  return (RED.nodes.getNode(id) as object | null) !== null;
}

/** A connection as the flow has it. */
function originalOf(RED: NodeAPI, id: string): Properties | undefined {
  let found: Properties | undefined;
  RED.nodes.eachNode((each) => {
    if (each.id === id && each.type === CONNECTION_TYPE) found = each as unknown as Properties;
  });
  return found;
}
