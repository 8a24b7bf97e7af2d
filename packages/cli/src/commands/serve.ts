import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { RegistryOptions, ServeOptions } from "@reg/server";
import type { Call } from "../call.ts";
import { readSecret } from "../read-secret.ts";
import { openSession } from "../session.ts";
import { CommandError, UsageError } from "../usage-error.ts";

const DEFAULT_ADDRESS = "127.0.0.1:5000";

/** `{url, port, dir}` once it listens; ends at Ctrl-C, which for a server is no failure. */
export async function run(call: Call): Promise<undefined> {
  const { hostname, port } = readAddress(call.text("addr") ?? DEFAULT_ADDRESS);
  const server = await import("@reg/server");
  const dir = call.text("dir");
  const registry = server.createRegistry({
    storage: dir === undefined ? server.memoryStorage() : server.folderStorage(dir),
    readOnly: call.flag("read-only"),
    onError: (error) => call.output.error(`reg: ${error instanceof Error ? error.message : String(error)}`),
    ...(await accessOf(call, server)),
    ...(await proxyOf(call)),
  });
  const tls = await tlsOf(call);
  const listener = await server.serve(registry, { hostname, port, tls }).catch((error: unknown) => {
    if (tls === undefined || !isOpenSslError(error)) throw error;
    throw new CommandError(
      "CONFIG",
      `--tls-cert and --tls-key are no certificate with its key: ${error.message}`,
    );
  });
  call.defer(() => listener.close());
  const { url } = listener;
  call.output.result({ url, port: listener.port, dir: dir ?? null }, () => [
    `listening on ${url}${dir === undefined ? ", in memory" : `, keeping everything in ${dir}`}`,
  ]);
  if (!call.signal.aborted) await once(call.signal, "abort");
  return undefined;
}

async function tlsOf(call: Call): Promise<ServeOptions["tls"]> {
  const [cert, key] = [call.text("tls-cert"), call.text("tls-key")];
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined)
    throw new UsageError("--tls-cert and --tls-key belong together");
  return { cert: await readFile(cert), key: await readFile(key) };
}

function isOpenSslError(error: unknown): error is Error {
  return error instanceof Error && "code" in error && String(error.code).startsWith("ERR_OSSL");
}

async function accessOf(
  call: Call,
  server: typeof import("@reg/server"),
): Promise<Pick<RegistryOptions, "access">> {
  const username = call.text("username");
  if (username === undefined) return {};
  if (!call.flag("password-stdin")) throw new UsageError("--username needs --password-stdin");
  const password = await readSecret(call.signal);
  return { access: server.basicAccess({ users: { [username]: password } }) };
}

/** With `--mirror`, what is not here comes from there, through a client like any other. */
async function proxyOf(call: Call): Promise<Pick<RegistryOptions, "proxy">> {
  const upstream = call.text("mirror");
  if (upstream === undefined) return {};
  const { client, repository } = await openSession(call, []);
  const source = (name: string): ReturnType<typeof client.repository> =>
    client.repository(repository(`${upstream}/${name}`), { write: false });
  return { proxy: { source } };
}

/** `HOST:PORT`, `:PORT`, `PORT` or `[::1]:PORT`. */
function readAddress(text: string): { hostname: string; port: number } {
  const match = /^(?:(\[[^\]]+\]|[^:[\]]*):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port > 65_535) {
    throw new UsageError(`--addr is HOST:PORT, not "${text}"`, "for example 127.0.0.1:5000 or [::1]:0");
  }
  const hostname = match[1] === undefined || match[1] === "" ? "127.0.0.1" : match[1];
  return { hostname: hostname.replace(/^\[(.*)\]$/, "$1"), port };
}
