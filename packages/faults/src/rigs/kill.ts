import { existsSync, readdirSync, readFileSync } from "node:fs";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { falseBlobs } from "../cases/pulling.ts";
import type { Operation, Outcome, Setting } from "../client.ts";
import { content, imageOf, type TestImage, testImage } from "../image.ts";
import { type Origin, startOrigin } from "../origin.ts";
import { type Fault, goodRegistry, route } from "../registry.ts";
import { commandOf, type Figure, median, type Rig, repeat } from "./rig.ts";

const TIMES = 200;
const AT_ONCE = 4;
const LAYERS = 12;
const LAYER_BYTES = 512 * 1024;
const PIECE_BYTES = 64 * 1024;
const PAUSE_MS = 20;
const TIMEOUT_MS = 60_000;
/** Clients send what is smaller without asking whether it is there, which costs less than the question. */
const TINY_BYTES = 32 * 1024;

/** SIGKILL at random moments of a pull. */
export const killPull: Rig = {
  name: "kill-pull",
  what: "SIGKILL at random moments of a pull, then the pull again",
  drives: "command",
  async run(options) {
    const client = commandOf(options);
    const image = wideImage();
    const tally = new Tally();
    await using served = await startOrigin(goodRegistry(image, trickle(image)));
    const usualMs = await timeOf(() => inFolder((home) => client.run(pull(served, home), setting(home))));
    await repeat(options.times ?? TIMES, AT_ONCE, async () => {
      await using registry = await startOrigin(goodRegistry(image, trickle(image)));
      await inFolder(async (home) => {
        const folder = join(home, "layout");
        const killAfterMs = momentOf(usualMs);
        const killed = await client.run(pull(registry, home), { ...setting(home), killAfterMs });
        if (killed.exitCode === 0) tally.finished += 1;
        tally.corrupt += falseBlobs(folder).length + (indexIsReadable(folder) ? 0 : 1);
        const there = wholeBlobs(folder);
        if (there.size > 0 && there.size < LAYERS + 2) tally.inPart += 1;
        const before = registry.requests.length;
        const again = await client.run(pull(registry, home), setting(home));
        if (again.exitCode !== 0 || wholeBlobs(folder).size < LAYERS + 2) tally.failed += 1;
        for (const { method, target } of registry.requests.slice(before)) {
          const { kind, name } = route(target);
          if (method === "GET" && kind === "blob" && there.has(name.slice("sha256:".length)))
            tally.again += sizeOf(image, name);
        }
      });
    });
    return tally.figures(options.times ?? TIMES, "whole blobs fetched again");
  },
};

/** SIGKILL at random moments of a push. */
export const killPush: Rig = {
  name: "kill-push",
  what: "SIGKILL at random moments of a push, then the push again",
  drives: "command",
  async run(options) {
    const client = commandOf(options);
    const image = wideImage();
    const tally = new Tally();
    return inFolder(async (source) => {
      await using full = await startOrigin(goodRegistry(image));
      const pulled = await client.run(pull(full, source), setting(source));
      if (pulled.exitCode !== 0) throw new Error(`could not prepare: ${pulled.output}`);
      const usualMs = await timeOf(async () => {
        await using first = await startOrigin(goodRegistry(EMPTY, hesitate));
        return client.run(push(first, source), setting(source));
      });
      await repeat(options.times ?? TIMES, AT_ONCE, async () => {
        await using registry = await startOrigin(goodRegistry(EMPTY, hesitate));
        await inFolder(async (home) => {
          await cp(join(source, "layout"), join(home, "layout"), { recursive: true });
          const killAfterMs = momentOf(usualMs);
          const killed = await client.run(push(registry, home), { ...setting(home), killAfterMs });
          if (killed.exitCode === 0) tally.finished += 1;
          const before = registry.requests.length;
          const there = new Set(committed(registry).map(([digest]) => digest));
          if (there.size > 0 && there.size < LAYERS) tally.inPart += 1;
          const again = await client.run(push(registry, home), setting(home));
          if (again.exitCode !== 0) tally.failed += 1;
          tally.corrupt += falseBlobs(join(home, "layout")).length;
          for (const [digest, bytes] of committed(registry, before))
            if (there.has(digest)) tally.again += bytes;
        });
      });
      return tally.figures(options.times ?? TIMES, "stored layers uploaded again");
    });
  },
};

/** Layers in pieces, with pauses: over loopback they would be there in less time than a process takes to start. */
function trickle(image: TestImage): Fault {
  return async (request, reply) => {
    const { kind, name } = route(request.target);
    const layer = image.layers.find(({ digest }) => digest === name);
    const whole = request.headers["range"] === undefined;
    if (request.method !== "GET" || kind !== "blob" || layer === undefined || !whole) return false;
    const { bytes } = layer;
    reply.raw(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes.length}\r\n\r\n`);
    for (let at = 0; at < bytes.length && !reply.socket.destroyed; at += PIECE_BYTES) {
      reply.raw(bytes.subarray(at, at + PIECE_BYTES));
      await sleep(PAUSE_MS);
    }
    return true;
  };
}

/** Every answer of a push late, some more than others, so that layers are not committed at one instant. */
const hesitate: Fault = async () => {
  await sleep(Math.random() * 15 * PAUSE_MS);
  return false;
};

class Tally {
  /** Runs that were through before the signal came. */
  finished = 0;
  /** Runs that left some of the image. */
  inPart = 0;
  corrupt = 0;
  failed = 0;
  again = 0;

  figures(times: number, what: string): readonly Figure[] {
    return [
      { name: "killed before the end", value: `${times - this.finished} of ${times}` },
      { name: "killed with a part of the image there", value: String(this.inPart) },
      { name: "corrupt layouts", value: String(this.corrupt), holds: this.corrupt === 0 },
      { name: "second runs that failed", value: String(this.failed), holds: this.failed === 0 },
      { name: what, value: `${this.again} bytes`, holds: this.again === 0 },
    ];
  }
}

function pull(registry: Origin, home: string): Operation {
  return { verb: "pull", reference: `${registry.host}/demo/app:1.0`, folder: join(home, "layout") };
}

function push(registry: Origin, home: string): Operation {
  return { verb: "push", reference: `${registry.host}/demo/new:1.0`, folder: join(home, "layout") };
}

function setting(home: string): Setting {
  return { home, plainHttp: true, timeoutMs: TIMEOUT_MS };
}

/** Some time in a run, and sometimes just after; the first quarter is the start of a process, and no transfer. */
function momentOf(usualMs: number): number {
  return usualMs * (0.25 + Math.random() * 0.85);
}

/** How long a run takes where as many go on at once as later. */
async function timeOf(run: () => Promise<Outcome>): Promise<number> {
  const times: number[] = [];
  await repeat(2 * AT_ONCE, AT_ONCE, async () => {
    times.push((await run()).durationMs);
  });
  return median(times);
}

async function inFolder<T>(work: (home: string) => Promise<T>): Promise<T> {
  const home = await mkdtemp(join(tmpdir(), "reg-faults-rig-"));
  try {
    return await work(home);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** Layers a registry took, with what they weighed on the wire. */
function committed(registry: Origin, from = 0): (readonly [string, number])[] {
  return registry.requests.slice(from).flatMap(({ method, target, body }) => {
    const { kind, query } = route(target);
    const counts = method === "PUT" && kind === "session" && body.length > TINY_BYTES;
    return counts ? [[query.get("digest") ?? "", body.length] as const] : [];
  });
}

function wholeBlobs(folder: string): Set<string> {
  const blobs = join(folder, "blobs/sha256");
  return new Set(existsSync(blobs) ? readdirSync(blobs).filter((name) => /^[0-9a-f]{64}$/.test(name)) : []);
}

function indexIsReadable(folder: string): boolean {
  const index = join(folder, "index.json");
  if (!existsSync(index)) return true;
  try {
    JSON.parse(readFileSync(index, "utf8"));
    return true;
  } catch {
    return false;
  }
}

function sizeOf(image: TestImage, digest: string): number {
  return [image.config, ...image.layers].find((one) => one.digest === digest)?.bytes.length ?? 0;
}

/** Layers that differ, so that each is a blob of its own. */
function wideImage(): TestImage {
  const { config } = testImage(16);
  return imageOf(
    config,
    Array.from({ length: LAYERS }, (_, index) =>
      content("application/vnd.oci.image.layer.v1.tar", Buffer.alloc(LAYER_BYTES, `layer ${index} `)),
    ),
  );
}

/** A registry that holds nothing yet. */
const EMPTY: TestImage = { ...testImage(1), layers: [] };
