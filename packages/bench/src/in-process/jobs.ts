import { fork } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createClient, digestOf, openLayout } from "@reg/sdk";
import type { Contestant, Counts, Job, Role, Turn } from "../job.ts";
import { benchImage, MIB } from "../network/images.ts";
import { distribution } from "../network/registry.ts";
import { nginxStub } from "./nginx.ts";
import { blobPath, manifestOf, randomBlobs } from "./stub-image.ts";

/** What is asked of the packages inside a process; each turn is a process of its own, which says what the work cost. */
export function inProcessJobs(root: string): Job[] {
  return [pull(root), heads(root), tags(root, 20_000), tags(root, 1_000_000, 1000), http2(root)];
}

const BLOBS = 8;

function pull(root: string): Job {
  return {
    name: "pull-in-process",
    what: "pull 8 blobs of 64 MiB from nginx in one process; fetch to createWriteStream hashes and syncs nothing",
    rounds: (asked) => asked,
    async prepare() {
      await using stack = new AsyncDisposableStack();
      const blobs = randomBlobs(BLOBS, 64 * MIB);
      const manifest = manifestOf(blobs);
      const stub = stack.use(
        await nginxStub(
          [manifest, ...blobs].map(({ path, body }) => ({ path, body })),
          manifest.mediaType,
          {},
          root,
        ),
      );
      const target = join(root, "target");
      stack.defer(() => rm(target, { recursive: true, force: true }));
      const digests = blobs.map(({ digest }) => digest);
      const turn = (candidate: string) => async (): Promise<Turn> => {
        await rm(target, { recursive: true, force: true });
        return script(root, "pull.ts", candidate, stub.host, target, ...digests);
      };
      const contestants = [
        contestant("client.pull", "ours", turn("ours")),
        contestant("fetch to createWriteStream", "beside", turn("fetch")),
      ];
      const disposed = stack.move();
      return {
        contestants,
        reads: [join(stub.folder, "www", blobPath(""))],
        writesBytes: BLOBS * 64 * MIB,
        [Symbol.asyncDispose]: () => disposed.disposeAsync(),
      };
    },
  };
}

function heads(root: string): Job {
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const body = JSON.stringify({ schemaVersion: 2, mediaType, config: {}, layers: [] });
  const headers = { "Docker-Content-Digest": digestOf(Buffer.from(body)) };
  return {
    name: "heads",
    what: "HEAD of 20,000 manifests from nginx in one process, 64 at once, at most 16 connections",
    rounds: (asked) => asked,
    async prepare() {
      const stub = await nginxStub([{ path: "v2/bench/app/manifests/1.0", body }], mediaType, headers, root);
      const turn = (candidate: string) => async (): Promise<Turn> => {
        const before = await stub.counts();
        return {
          ...script(root, "heads.ts", candidate, stub.host),
          counts: async () => {
            const after = await stub.counts();
            return {
              // Looking at the counts is a request and a connection each time.
              requests: after.requests - before.requests - 1,
              connections: after.connections - before.connections - 1,
            };
          },
        };
      };
      return {
        contestants: [
          contestant("client.manifests.head", "ours", turn("ours")),
          contestant("undici request", "beside", turn("undici")),
        ],
        [Symbol.asyncDispose]: () => stub[Symbol.asyncDispose](),
      };
    },
  };
}

function tags(root: string, count: number, pageSize?: number): Job {
  const of = count.toLocaleString("en");
  return {
    name: `tags-${count}`,
    what: `list ${of} tags in one process, ${pageSize === undefined ? "in one call" : `${pageSize} a page`}`,
    rounds: (asked) => asked,
    async prepare() {
      const server = fork(fileURLToPath(import.meta.resolve("./tag-server.ts")));
      const [port] = (await once(server, "message")) as [number]; // the server sends it first
      const counts = async (): Promise<Counts> => {
        server.send("counts");
        const [sent] = (await once(server, "message")) as [Counts]; // its only other message
        return sent;
      };
      const size = pageSize === undefined ? [] : [String(pageSize)];
      const ready = (): Turn => ({
        ...script(root, "tags.ts", `127.0.0.1:${port}`, String(count), ...size),
        counts,
      });
      return {
        contestants: [contestant("client.tags.list", "ours", ready)],
        async [Symbol.asyncDispose]() {
          const exit = once(server, "exit");
          server.disconnect();
          await exit;
        },
      };
    },
  };
}

function http2(root: string): Job {
  return {
    name: "http2",
    what: "pull 8 layers of 64 MiB over TLS in one process, by HTTP/1.1 and by HTTP/2",
    rounds: (asked) => asked,
    async prepare() {
      await using stack = new AsyncDisposableStack();
      const registry = stack.use(await distribution({ tls: true, root }));
      const { folder, bytes } = await benchImage(root, "512m", BLOBS, 64 * MIB);
      const reference = `${registry.host}/bench/512m:1.0`;
      {
        await using client = createClient({ insecure: true });
        await using layout = await openLayout(folder);
        await client.push(layout, "1.0", reference);
      }
      const target = join(root, "target");
      stack.defer(() => rm(target, { recursive: true, force: true }));
      const turn = (version: string) => async (): Promise<Turn> => {
        await rm(target, { recursive: true, force: true });
        return script(root, "http2.ts", version, reference, target);
      };
      const contestants = [
        contestant("client.pull, HTTP/1.1", "ours", turn("1.1")),
        contestant("client.pull, HTTP/2", "beside", turn("2")),
      ];
      const disposed = stack.move();
      return {
        contestants,
        reads: [registry.folder],
        writesBytes: bytes,
        [Symbol.asyncDispose]: () => disposed.disposeAsync(),
      };
    },
  };
}

/** A script of this folder. What Node makes of its types is kept: taking them away holds some 20 MiB for good. */
function script(root: string, name: string, ...args: readonly string[]): Turn {
  return {
    command: [process.execPath, fileURLToPath(import.meta.resolve(`./${name}`)), ...args],
    env: { NODE_COMPILE_CACHE: join(root, "compile-cache") },
    reports: true,
  };
}

function contestant(name: string, role: Role, ready: () => Turn | Promise<Turn>): Contestant {
  return { name, role, ready: async () => ready() };
}
