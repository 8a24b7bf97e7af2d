import { randomBytes } from "node:crypto";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createAuthenticator, staticCredentials, withAuth } from "@reg/auth";
import { digestOf, MEDIA_TYPES } from "@reg/content";
import { createRegistry, memoryStorage, serve, tokenAccess } from "@reg/server";
import { compose, withRedirects, withRetry } from "@reg/transport";
import { undiciTransport } from "@reg/transport/undici";
import { describe, expect, it } from "vitest";
import { isRegistryError, RegistryClient } from "../src/index.ts";
import { collect } from "./support/scripted-registry.ts";

const OPERATIONS = 20_000;
/** By then all code is compiled, all connections are open, and every repository is known. */
const WARM_UP = 4_000;
const IN_FLIGHT = 16;
const REPOSITORIES = 40;
const MIB = 1024 * 1024;

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

function heapBytes(): number {
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

function sockets(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind.startsWith("TCP")).length;
}

describe("one client, used for long", () => {
  it("keeps neither memory nor connections of what it has done, whether that succeeded or not", async () => {
    const access = tokenAccess({ users: { me: "secret" } });
    await using listener = await serve(createRegistry({ storage: memoryStorage(), access }));
    const { host } = new URL(listener.url);
    const socketsBefore = sockets();
    const engine = undiciTransport();
    const credentials = staticCredentials({ [host]: { username: "me", password: "secret" } });
    const client = new RegistryClient({
      transport: compose(
        engine,
        withAuth(createAuthenticator({ credentials })),
        withRetry({ attempts: 2 }),
        withRedirects(),
      ),
      closeTransport: () => engine.close(),
    });
    const blob = new Uint8Array(randomBytes(200_000));
    const index = new TextEncoder().encode(
      JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [] }),
    );
    for (let i = 0; i < REPOSITORIES; i += 1) {
      await client.blobs.put(`${host}/demo/r${i}`, blob);
      await client.manifests.put(`${host}/demo/r${i}:1.0`, index);
    }

    const seen = { done: 0, refused: 0, aborted: 0 };
    const operate = async (i: number): Promise<void> => {
      const name = `${host}/demo/r${i % REPOSITORIES}`;
      const blobRef = `${name}@${digestOf(blob)}`;
      switch (i % 10) {
        case 0:
        case 1:
        case 2:
          return void (await client.manifests.digest(`${name}:1.0`));
        case 3:
          return void (await client.manifests.get(`${name}:1.0`));
        case 4:
          return void (await collect(client.tags.list(name)));
        case 5:
          return void (await (await client.blobs.get(blobRef, { length: 10_000 })).bytes(MIB));
        case 6:
          return void (await client.manifests.get(`${name}:missing-${i}`));
        case 7:
          return void (await collect(client.referrers.list(`${name}@${digestOf(index)}`)));
        case 8:
          return void (await client.blobs.put(name, blob.subarray(0, 1000)));
        default: {
          const controller = new AbortController();
          const read = client.blobs.getInto(
            blobRef,
            {
              write: () => {
                // An abort in the middle of a body ends the connection it comes over.
                if (i % 100 === 9) controller.abort(new DOMException("enough", "AbortError"));
              },
            },
            { signal: controller.signal },
          );
          return read;
        }
      }
    };
    const run = async (from: number, to: number): Promise<void> => {
      let next = from;
      const worker = async (): Promise<void> => {
        while (next < to) {
          const i = next;
          next += 1;
          try {
            await operate(i);
            seen.done += 1;
          } catch (error) {
            if (isRegistryError(error) && error.code === "NOT_FOUND") seen.refused += 1;
            else if (error instanceof DOMException) seen.aborted += 1;
            else throw error;
          }
        }
      };
      await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
    };

    await run(0, WARM_UP);
    const heapWarm = heapBytes();
    const socketsWarm = sockets();
    await run(WARM_UP, OPERATIONS);
    expect(heapBytes() - heapWarm).toBeLessThan(16 * MIB);
    // Two a connection: the registry is in this process, too.
    expect(sockets()).toBeLessThanOrEqual(Math.max(socketsWarm * 2, 200));
    expect(seen.refused).toBe(OPERATIONS / 10);
    expect(seen.aborted).toBeGreaterThan(0);
    expect(seen.done + seen.refused + seen.aborted).toBe(OPERATIONS);
    expect(Object.keys(client.capabilities.export()).length).toBeLessThanOrEqual(REPOSITORIES + 1);

    await client.close();
    await expect.poll(sockets, { timeout: 10_000 }).toBeLessThanOrEqual(socketsBefore);
    // And it can be used again.
    expect(await client.manifests.digest(`${host}/demo/r0:1.0`)).toBe(digestOf(index));
    await client.close();
    // Ten seconds on a machine that has nothing else to do.
  }, 300_000);
});
