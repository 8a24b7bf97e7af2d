/**
 * 512 MiB pulled and verified in this process, beside what people write by hand: global fetch into createWriteStream
 * (with no hash at all). Each candidate runs in a process of its own, in turn, against one nginx.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { createClient, openLayout } from "@reg/sdk";
import { MIB } from "../network/images.ts";
import { formatTable, median } from "../table.ts";
import { nginxStub } from "./nginx.ts";
import { blobPath, manifestOf, randomBlobs } from "./stub-image.ts";

const ROUNDS = 5;
const BLOBS = 8;

interface Cost {
  readonly wall: number;
  readonly cpu: number;
  readonly peak: number;
}

const candidates: Readonly<
  Record<string, (host: string, digests: readonly string[], folder: string) => Promise<void>>
> = {
  "client.pull, verified": async (host, _, folder) => {
    await using client = createClient();
    await using layout = await openLayout(folder, { create: true });
    await client.pull(`${host}/bench/app:1.0`, layout);
  },
  "fetch to createWriteStream": async (host, digests, folder) => {
    const save = async (digest: string): Promise<void> => {
      const { body } = await fetch(`http://${host}/${blobPath(digest)}`);
      if (body === null) throw new Error("no body");
      await pipeline(Readable.fromWeb(body), createWriteStream(join(folder, digest.slice(7))));
    };
    const queue = digests.values();
    await Promise.all(
      Array.from({ length: 3 }, async () => {
        for (const digest of queue) await save(digest);
      }),
    );
  },
};

const [candidate, host = "", ...digests] = process.argv.slice(2);
await (candidate === undefined ? compare() : runOne(candidate));

async function compare(): Promise<void> {
  const blobs = randomBlobs(BLOBS, 64 * MIB);
  const manifest = manifestOf(blobs);
  await using stub = await nginxStub(
    [manifest, ...blobs].map(({ path, body }) => ({ path, body })),
    manifest.mediaType,
  );
  const costs: Record<string, Cost[]> = Object.fromEntries(Object.keys(candidates).map((name) => [name, []]));
  for (let round = 0; round <= ROUNDS; round++)
    for (const name of Object.keys(candidates)) {
      const child = fork(
        fileURLToPath(import.meta.url),
        [name, stub.host, ...blobs.map(({ digest }) => digest)],
        { execArgv: ["--conditions=@reg/source"] },
      );
      const [cost] = (await once(child, "message")) as [Cost];
      if (round > 0) costs[name]?.push(cost);
    }
  const ours = costs["client.pull, verified"] ?? [];
  const ratio = (theirs: readonly Cost[], of: (cost: Cost) => number): string =>
    median(theirs.map((cost, round) => of(cost) / of(ours[round] ?? cost))).toFixed(2);
  console.log(
    formatTable(
      ["512 MiB", "wall s", "cpu s", "peak MiB", "its wall/ours", "its cpu/ours"],
      Object.entries(costs).map(([name, measured]) => [
        name,
        median(measured.map(({ wall }) => wall)).toFixed(3),
        median(measured.map(({ cpu }) => cpu)).toFixed(3),
        median(measured.map(({ peak }) => peak / MIB)).toFixed(0),
        ratio(measured, ({ wall }) => wall),
        ratio(measured, ({ cpu }) => cpu),
      ]),
    ),
  );
}

async function runOne(name: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "reg-bench-pull-"));
  const before = process.cpuUsage();
  const started = performance.now();
  await candidates[name]?.(host, digests, folder);
  const { user, system } = process.cpuUsage(before);
  const cost: Cost = {
    wall: (performance.now() - started) / 1000,
    cpu: (user + system) / 1e6,
    // Of this process alone: what the system hands a parent of its own counts the parent's pages too.
    peak: Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "latin1"))?.[1]) * 1024,
  };
  await rm(folder, { recursive: true, force: true });
  process.send?.(cost);
}
