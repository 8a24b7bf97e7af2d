import { createWriteStream, readFileSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { inspect } from "node:util";
import {
  type CachedToken,
  type ContentTarget,
  createClient,
  defaultCredentialStore,
  discoverReferrers,
  fileWriter,
  openFolder,
  openImage,
  openLayout,
  parseReference,
  pullArtifact,
  type ReferrerTree,
  type RegistryClient,
  type TokenCache,
  unpackTar,
} from "@reg/sdk";
import type { Client, Operation, Outcome, Setting } from "../src/client.ts";

/** This project's own packages, in this very process. */
export function inProcessClient(deadlines: Deadlines = {}): Client {
  return {
    name: "@reg/sdk",
    version: "source",
    verbs: new Set([
      ...(["pull", "push", "copy", "tags", "digest", "blob", "referrers", "delete"] as const),
      ...(["tree", "files", "export", "unpack", "request"] as const),
    ]),
    features: new Set(["client-certificate", "loopback-tls"]),
    run: (operation, setting) => run(operation, setting, deadlines),
  };
}

/** Shorter than the defaults, so that cases which wait for them can be part of every run. */
type Deadlines = Pick<
  SdkOptions,
  "headersTimeoutMs" | "idleTimeoutMs" | "minRateWindowMs" | "minBytesPerSecond"
>;
type SdkOptions = NonNullable<Parameters<typeof createClient>[0]>;

async function run(operation: Operation, setting: Setting, deadlines: Deadlines): Promise<Outcome> {
  const { home, caFile, plainHttp, timeoutMs, clientCertificate } = setting;
  const PATH = `${home}/bin:${process.env["PATH"]}`;
  const env = { PATH, HOME: home, DOCKER_CONFIG: `${home}/.docker`, XDG_RUNTIME_DIR: home };
  await using client = createClient({
    ...deadlines,
    plainHttp,
    credentials: defaultCredentialStore({ env }),
    // As in a service that serves several users: one cache, many clients.
    tokenCache: tokenCacheOf(setting),
    ...(caFile !== undefined && { ca: readFileSync(caFile, "utf8") }),
    ...(clientCertificate !== undefined && {
      cert: readFileSync(`${clientCertificate.folder}/client.cert`, "utf8"),
      key: readFileSync(`${clientCertificate.folder}/client.key`, "utf8"),
    }),
  });
  const started = performance.now();
  const signal = AbortSignal.timeout(timeoutMs);
  const done = (exitCode: number, stdout: string, stderr = ""): Outcome => ({
    exitCode,
    stdout,
    output: stdout + stderr,
    durationMs: performance.now() - started,
    timedOut: signal.aborted,
  });
  try {
    return done(0, await perform(client, operation, signal));
  } catch (error) {
    // What a program would log, in full and in short: neither may hold a secret.
    return done(1, "", `${inspect(error, { depth: 10 })}\n${(error as Error).message}`);
  }
}

/** One for each case: what all its identities share. */
const tokenCaches = new Map<string, Map<string, CachedToken>>();

function tokenCacheOf({ home }: Setting): TokenCache {
  const stage = /^.*reg-faults-[^/]*/.exec(home)?.[0] ?? home;
  const tokens = tokenCaches.get(stage) ?? new Map<string, CachedToken>();
  tokenCaches.set(stage, tokens);
  return {
    get: (key) => tokens.get(key),
    set: (key, token) => void tokens.set(key, token),
    delete: (key) => void tokens.delete(key),
  };
}

async function perform(client: RegistryClient, operation: Operation, signal: AbortSignal): Promise<string> {
  if (operation.verb === "pull") {
    await using layout = await openLayout(operation.folder, { create: true });
    return (await client.pull(operation.reference, layout, { signal, as: operation.as ?? "1.0" })).descriptor
      .digest;
  }
  if (operation.verb === "push") {
    await using layout = await openLayout(operation.folder);
    return (await client.push(layout, "1.0", operation.reference, { signal })).descriptor.digest;
  }
  if (operation.verb === "copy")
    return (await client.copy(operation.from, operation.to, { signal })).descriptor.digest;
  if (operation.verb === "digest") return client.manifests.digest(operation.reference, { signal });
  if (operation.verb === "delete")
    return String(await client.manifests.delete(operation.reference, { signal }));
  if (operation.verb === "blob") {
    const name = `${operation.repository}@${operation.digest}`;
    const descriptor = await client.blobs.head(name, { signal });
    const writer = await fileWriter(operation.file, descriptor);
    await client.blobs.getInto(name, writer, { signal });
    await writer.commit();
    return descriptor.digest;
  }
  if (operation.verb === "request") return request(client, operation, signal);
  if (operation.verb === "tree") {
    const { referrers } = await discoverReferrers(repositoryOf(client, operation), "1.0", { signal });
    const flat = (trees: readonly ReferrerTree[]): string[] =>
      trees.flatMap((tree) => [tree.descriptor.digest, ...flat(tree.referrers)]);
    return flat(referrers).join("\n");
  }
  if (operation.verb === "files") {
    await using folder = await openFolder(operation.folder, { create: true });
    const { files } = await pullArtifact(repositoryOf(client, operation), "1.0", folder, { signal });
    return files.map(({ name }) => name).join("\n");
  }
  if (operation.verb === "export") {
    await using files = await openImage(repositoryOf(client, operation), "1.0", { signal });
    const written = createWriteStream(operation.file);
    await pipeline(files.export(), written, { signal });
    return operation.file;
  }
  if (operation.verb === "unpack") {
    const { layers } = await client.images.inspect(operation.reference, { signal });
    const source = repositoryOf(client, operation);
    for (const layer of layers)
      await unpackTar(await source.fetch(layer, { signal }), operation.folder, { signal });
    return operation.folder;
  }
  const found: string[] = [];
  if (operation.verb === "tags")
    for await (const tag of client.tags.list(operation.repository, { signal })) found.push(tag);
  else
    for await (const { digest } of client.referrers.list(operation.reference, {
      artifactType: operation.artifactType,
      signal,
    }))
      found.push(digest);
  return found.join("\n");
}

function repositoryOf(client: RegistryClient, { reference }: { readonly reference: string }): ContentTarget {
  return client.repository(parseReference(reference), { write: false });
}

async function request(
  client: RegistryClient,
  { url, headers }: Extract<Operation, { verb: "request" }>,
  signal: AbortSignal,
): Promise<string> {
  const { host, pathname, search } = new URL(url);
  const response = await client.request(host, "GET", pathname + search, { headers, signal });
  const bytes = await response.body.bytes(1024 * 1024);
  if (response.status >= 400) throw new Error(`status ${response.status}`);
  return Buffer.from(bytes).toString();
}
