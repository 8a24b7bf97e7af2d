import { createHash } from "node:crypto";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import type { ByteSink } from "../../src/index.ts";
import { undiciTransport } from "../../src/undici.ts";

const engine = undiciTransport();
let server: Server | undefined;
afterEach(async () => {
  await engine.close();
  server?.closeAllConnections();
  server?.close();
});

/** Serves `body` in pieces of these sizes, with a length or chunked. */
async function serve(body: Buffer, pieces: readonly number[], chunked: boolean): Promise<URL> {
  server?.closeAllConnections();
  server?.close();
  const send = async (response: ServerResponse): Promise<void> => {
    response.writeHead(200, chunked ? {} : { "content-length": body.byteLength });
    let offset = 0;
    for (let turn = 0; offset < body.byteLength; turn++) {
      const end = offset + (pieces[turn % pieces.length] ?? 1);
      if (!response.write(body.subarray(offset, end))) await new Promise((go) => response.once("drain", go));
      offset = end;
    }
    response.end();
  };
  server = createServer((_request, response) => {
    send(response).catch(() => response.destroy());
  });
  await new Promise<void>((listening) => server?.listen(0, "127.0.0.1", listening));
  // A listening TCP server has an AddressInfo.
  const { port } = server.address() as AddressInfo;
  return new URL(`http://127.0.0.1:${port}/`);
}

const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

describe("a body read through one buffer", () => {
  it("arrives whole and in order, whether its sink is quick, slow or a mixture", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 3_000_000 }),
        fc.array(fc.integer({ min: 1, max: 700_000 }), { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        fc.array(fc.constantFrom("now", "promise", "tick", "later"), { minLength: 1, maxLength: 7 }),
        async (size, pieces, chunked, manners) => {
          const body = Buffer.alloc(size);
          for (let index = 0; index < size; index += 4) body.writeUInt8((index * 2654435761) & 0xff, index);
          const url = await serve(
            body,
            pieces.map((piece) => Math.max(piece, 1 + (size >> 6))),
            chunked,
          );
          const hash = createHash("sha256");
          let turn = 0;
          const sink: ByteSink = {
            write: (chunk) => {
              const manner = manners[turn++ % manners.length];
              if (manner === "now") {
                hash.update(chunk);
                return undefined;
              }
              return (async () => {
                if (manner === "tick") await new Promise((go) => setImmediate(go));
                if (manner === "later") await sleep(1);
                // Read only now: nothing may have been written over it meanwhile.
                hash.update(chunk);
              })();
            },
          };
          const response = await engine({ method: "GET", url, headers: {}, sink });
          expect(response.status).toBe(200);
          expect(hash.digest("hex")).toBe(digest(body));
        },
      ),
      { numRuns: 40 },
    );
  });

  it("goes to several sinks at once, each over its own connection", async () => {
    const body = Buffer.alloc(8_000_000, "layer");
    const url = await serve(body, [300_000], false);
    const pull = async (): Promise<string> => {
      const hash = createHash("sha256");
      const write = async (chunk: Uint8Array): Promise<void> => {
        await sleep(1);
        hash.update(chunk);
      };
      await engine({ method: "GET", url, headers: {}, sink: { write } });
      return hash.digest("hex");
    };
    const expected = digest(body);
    expect(await Promise.all([pull(), pull(), pull(), pull()])).toEqual([
      expected,
      expected,
      expected,
      expected,
    ]);
  });

  it("leaves an error's body to its reader, who may keep it", async () => {
    const body = Buffer.alloc(600_000, "error");
    await serve(body, [100_000], false);
    const failing = createServer((_request, response) => {
      response.writeHead(500, { "content-length": body.byteLength });
      response.end(body);
    });
    await new Promise<void>((listening) => failing.listen(0, "127.0.0.1", listening));
    const { port } = failing.address() as AddressInfo;
    const sink = { write: () => expect.unreachable() };
    const response = await engine({
      method: "GET",
      url: new URL(`http://127.0.0.1:${port}/`),
      headers: {},
      sink,
    });
    const chunks: Uint8Array[] = [];
    for await (const chunk of response.body) chunks.push(chunk);
    expect(digest(Buffer.concat(chunks))).toBe(digest(body));
    failing.closeAllConnections();
    failing.close();
  });

  it("ends at once when the caller aborts, and when the sink refuses the head", async () => {
    const url = await serve(Buffer.alloc(50_000_000), [1_000_000], false);
    const abort = new AbortController();
    const write = (): void => abort.abort("enough");
    await expect(
      engine({ method: "GET", url, headers: {}, sink: { write }, signal: abort.signal }),
    ).rejects.toBe("enough");
    const refusal = new Error("a 206 was wanted");
    const accept = ({ status }: { status: number }): void => {
      if (status !== 206) throw refusal;
    };
    const sink = { accept, write: () => expect.unreachable() };
    await expect(engine({ method: "GET", url, headers: {}, sink })).rejects.toBe(refusal);
  });
});
