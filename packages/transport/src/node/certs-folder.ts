import { homedir } from "node:os";
import { join } from "node:path";
import { TransportError } from "../errors.ts";
import type { TlsSettings } from "../undici/options.ts";
import { readFolder, readText } from "./read-text.ts";

/** Docker's and Podman's folders; what stands in an earlier one counts first. */
function defaultFolders(): readonly string[] {
  return [
    join(homedir(), ".config/containers/certs.d"),
    "/etc/containers/certs.d",
    join(homedir(), ".docker/certs.d"),
    "/etc/docker/certs.d",
  ];
}

/**
 * Reads `certs.d` folders for the engine's `tlsFor`: `<host:port>/*.crt` are authorities, `*.cert` with `*.key` a client's
 * certificate. A host's files are read when it is first connected to.
 *
 * @throws TransportError `CONFIG`, when connecting, for a `.cert` without its `.key` and the other way round.
 * @example
 * ```ts
 * const engine = undiciTransport({ tlsFor: readCertsFolders(["/etc/docker/certs.d"]) });
 * ```
 */
export function readCertsFolders(
  folders: readonly string[] = defaultFolders(),
): (host: string) => Promise<TlsSettings | undefined> {
  const hosts = new Map<string, Promise<TlsSettings | undefined>>();
  return (host) => {
    // The host comes from a URL, so it holds no separator; dots alone would lead out of the folder.
    if (/[/\\]|^\.\.?$/.test(host)) return Promise.resolve(undefined);
    let settings = hosts.get(host);
    if (settings === undefined) {
      settings = readHost(folders, host);
      hosts.set(host, settings);
    }
    return settings;
  };
}

async function readHost(folders: readonly string[], host: string): Promise<TlsSettings | undefined> {
  const names = host.includes(":") ? [host] : [host, `${host}:443`];
  for (const folder of folders) {
    for (const name of names) {
      const home = join(folder, name);
      const files = await readFolder(home);
      if (files.length > 0) return settingsOf(home, files);
    }
  }
  return undefined;
}

async function settingsOf(home: string, files: readonly string[]): Promise<TlsSettings> {
  const ending = (suffix: string): string[] => files.filter((name) => name.endsWith(suffix));
  const pem = async (name: string): Promise<string> => (await readText(join(home, name))) ?? "";
  const ca = await Promise.all(ending(".crt").map(pem));
  const certs = ending(".cert").map((name) => name.slice(0, -".cert".length));
  const keys = ending(".key").map((name) => name.slice(0, -".key".length));
  const lonely = certs.find((name) => !keys.includes(name)) ?? keys.find((name) => !certs.includes(name));
  if (lonely !== undefined) {
    throw new TransportError(
      "CONFIG",
      `${home}: ${lonely}.cert and ${lonely}.key belong together, and one is missing`,
    );
  }
  const [identity] = certs;
  return {
    ...(ca.length === 0 ? {} : { ca }),
    ...(identity === undefined
      ? {}
      : { cert: await pem(`${identity}.cert`), key: await pem(`${identity}.key`) }),
  };
}
