import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "smol-toml";
import type { TlsOptions } from "../http/dispatcher.js";
import { addressWithCredentials, type HttpProxy } from "../http/proxy.js";
import type { InfluxctlProduct } from "../products.js";
import type { Secret } from "../text/secret.js";

/**
 * A connection as influxctl's configuration file describes it:
 * https://docs.influxdata.com/influxdb3/cloud-dedicated/reference/cli/influxctl/#configure-connection-profiles.
 */
export interface Profile {
  product: InfluxctlProduct;
  accountId?: string | undefined;
  clusterId?: string | undefined;
  host?: string | undefined;
  port?: string | undefined;
  managementToken: Secret;
  tls?: TlsOptions | undefined;
  /** For a cluster without TLS; `disable` is in the sample configuration file of influxctl. */
  plainHttp?: boolean;
}

/**
 * Writes the profile and the certificates that it names.
 *
 * @param folder one that only its owner can enter.
 * @returns the path of the file.
 */
export async function writeProfile(folder: string, profile: Profile): Promise<string> {
  const { tls } = profile;
  const files: Record<string, string> = {};
  for (const name of ["ca", "cert", "key"] as const) {
    const pem = tls?.[name];
    if (pem === undefined) continue;
    files[name] = join(folder, `${name}.pem`);
    await writeFile(files[name], pem, FOR_OWNER);
  }
  const entries = {
    name: "default",
    product: profile.product,
    account_id: profile.accountId,
    cluster_id: profile.clusterId,
    host: profile.host,
    port: profile.port,
    mgmt_token: profile.managementToken.reveal(),
    tls: profile.plainHttp
      ? { disable: true }
      : tls && { insecure: tls.rejectUnauthorized === false, ...files },
  };
  const file = join(folder, "config.toml");
  await writeFile(file, stringify({ profile: [JSON.parse(JSON.stringify(entries))] }), FOR_OWNER);
  return file;
}

/** Fails if there is a file of this name, because it is somebody else's. */
const FOR_OWNER = { mode: 0o600, flag: "wx" };

/**
 * What influxctl needs of the environment, and nothing else: no display to open a browser on, no variable that holds
 * the token, no folder (such as that of `XDG_CONFIG_HOME`) that could hold a login of the user.
 */
export function environment(folder: string, token: Secret, proxy: HttpProxy | undefined): NodeJS.ProcessEnv {
  const names = ["PATH", "SystemRoot", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR"];
  const kept = names.map((name) => [name, process.env[name]] as const);
  const address = proxy && addressWithCredentials(proxy);
  const entries = kept.filter(([, value]) => value !== undefined && !value.includes(token.reveal()));
  return {
    ...Object.fromEntries(entries),
    ...(address !== undefined && { HTTP_PROXY: address, HTTPS_PROXY: address }),
    ...{ HOME: folder, USERPROFILE: folder, APPDATA: folder, LOCALAPPDATA: folder },
    ...{ TMPDIR: folder, TEMP: folder, TMP: folder },
  };
}
