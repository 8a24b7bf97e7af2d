import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import { createClient, defaultCredentialStore, fileWriter, openLayout, parseReference } from "@reg/sdk";
import type { Client, Operation, Outcome, Setting } from "../src/client.ts";

/** This project's own packages, in this very process. */
export function inProcessClient(): Client {
  return {
    name: "@reg/sdk",
    version: "source",
    verbs: new Set(["pull", "push", "copy", "tags", "digest", "blob", "referrers", "delete"]),
    run,
  };
}

async function run(operation: Operation, { home, caFile, plainHttp, timeoutMs }: Setting): Promise<Outcome> {
  const env = { HOME: home, DOCKER_CONFIG: `${home}/.docker`, XDG_RUNTIME_DIR: home };
  await using client = createClient({
    plainHttp,
    credentials: defaultCredentialStore({ env }),
    ...(caFile !== undefined && { ca: readFileSync(caFile, "utf8") }),
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

async function perform(
  client: ReturnType<typeof createClient>,
  operation: Operation,
  signal: AbortSignal,
): Promise<string> {
  if (operation.verb === "pull") {
    await using layout = await openLayout(operation.folder, { create: true });
    return (await client.pull(operation.reference, layout, { signal, as: "1.0" })).descriptor.digest;
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
  const found: string[] = [];
  if (operation.verb === "tags")
    for await (const tag of client.tags.list(operation.repository, { signal })) found.push(tag);
  else
    for await (const { digest } of client.referrers.list(parseReference(operation.reference), { signal }))
      found.push(digest);
  return found.join("\n");
}
