import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import {
  createClient,
  digestOf,
  encodeJson,
  MEDIA_TYPES,
  memoryStore,
  parseSyncRules,
  verify,
} from "@reg/sdk";
import { createRegistry, memoryStorage, type RegistryListener, serve } from "@reg/server";
import { expect, test } from "vitest";
import { freePort, hasPrograms } from "../../../.config/programs.ts";
import { enqueue } from "../src/enqueue.ts";
import { connect, openQueue } from "../src/mirror-queue.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const TAGS = 40;

const hasRedis = hasPrograms("redis-server");

interface Target extends AsyncDisposable {
  readonly port: number;
  /** How often each blob was stored. */
  readonly stored: Map<string, number>;
}

/** A registry that counts what it stores, and takes its time. */
async function countingRegistry(): Promise<Target> {
  const registry = createRegistry({ storage: memoryStorage() });
  const stored = new Map<string, number>();
  const listener: RegistryListener = await serve(
    {
      ...registry,
      handle: async (request) => {
        const reply = await registry.handle(request);
        const digest = request.query.get("digest");
        if (digest !== null && reply.status === 201) stored.set(digest, (stored.get(digest) ?? 0) + 1);
        await sleep(10);
        return reply;
      },
    },
    { hostname: "127.0.0.1", port: 0 },
  );
  return { port: listener.port, stored, [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose]() };
}

test.skipIf(!hasRedis)(
  "three workers, one killed in the middle: nothing lost, nothing moved twice",
  async () => {
    const dir = await mkdtemp(join(tmpdir(), "mirror-"));
    const redisPort = await freePort();
    const processes: ChildProcess[] = [];
    const start = (command: string, ...args: readonly string[]): ChildProcess => {
      const env = { ...process.env, REDIS_URL: `redis://127.0.0.1:${redisPort}`, LOCK_MS: "1000" };
      const child = spawn(command, [...args], { env, stdio: ["ignore", "ignore", "inherit"] });
      processes.push(child);
      return child;
    };
    try {
      start("redis-server", "--port", String(redisPort), "--save", "", "--dir", dir, "--bind", "127.0.0.1");
      await using source = await countingRegistry();
      await using target = await countingRegistry();
      await using client = createClient();
      const from = `localhost:${source.port}/team/app`;
      const to = `localhost:${target.port}/mirror/app`;
      await fill(client, from);
      const file = join(dir, "rules.json");
      const value = {
        version: 1,
        concurrency: 2,
        rules: [{ from, to, tags: { semver: "^1" }, delete: true }],
      };
      await writeFile(file, JSON.stringify(value));

      const redis = connect(`redis://127.0.0.1:${redisPort}`);
      const queue = openQueue(redis);
      const rules = parseSyncRules(value);
      const open = (name: string): ReturnType<typeof client.repository> => client.repository(name);
      expect((await enqueue(queue, rules, open)).steps).toHaveLength(TAGS);
      // Once more: what waits is not put in again.
      await enqueue(queue, rules, open);
      expect(await queue.count()).toBe(TAGS);

      const workers = [1, 2, 3].map(() =>
        start(process.execPath, "--conditions=@reg/source", MAIN, "work", file),
      );
      await until(async () => (await queue.getCompletedCount()) >= TAGS / 5);
      workers[0]?.kill("SIGKILL");
      await until(async () => (await queue.getCompletedCount()) + (await queue.getFailedCount()) === TAGS);

      expect(await queue.getFailedCount()).toBe(0);
      const repository = client.repository(to);
      const tags: string[] = [];
      for await (const tag of client.tags.list(to)) tags.push(tag);
      expect(tags).toHaveLength(TAGS);
      for (const tag of tags) expect(await verify(repository, tag)).toMatchObject({ ok: true });
      expect([...target.stored.values()].filter((times) => times > 1)).toEqual([]);
      // Each image has a layer and a configuration of its own, and one layer is everybody's.
      expect(target.stored.size).toBe(2 * TAGS + 1);
      await queue.close();
      redis.disconnect();
    } finally {
      for (const child of processes.toReversed()) {
        if (child.exitCode !== null || child.signalCode !== null) continue;
        child.kill("SIGKILL");
        await once(child, "exit");
      }
      await rm(dir, { recursive: true, force: true });
    }
  },
);

async function fill(client: ReturnType<typeof createClient>, to: string): Promise<void> {
  const store = memoryStore();
  const add = async (bytes: Uint8Array, mediaType: string) => {
    const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
    await store.push(descriptor, bytes);
    return descriptor;
  };
  const shared = Buffer.alloc(200_000, "shared");
  for (let i = 0; i < TAGS; i += 1) {
    const own = Buffer.alloc(20_000, `layer ${i}`);
    const layers = [await add(shared, MEDIA_TYPES.ociLayer), await add(own, MEDIA_TYPES.ociLayer)];
    const diff_ids = layers.map(({ digest }) => digest);
    const rootfs = { type: "layers", diff_ids };
    const config = await add(
      encodeJson({ os: "linux", architecture: "amd64", rootfs }),
      MEDIA_TYPES.ociConfig,
    );
    const manifest = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config, layers };
    await store.tag(await add(encodeJson(manifest), MEDIA_TYPES.ociManifest), `1.${i}`);
    await client.push(store, `1.${i}`, `${to}:1.${i}`);
  }
}

async function until(done: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await done())) {
    if (Date.now() > deadline) throw new Error("it took too long");
    await sleep(50);
  }
}
