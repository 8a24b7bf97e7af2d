import { afterEach, describe, expect, it, vi } from "vitest";
import { undiciTransport } from "../../src/undici.ts";
import { RawServer } from "../raw-server.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("where sockets cannot read into a buffer of ours, as in Bun", () => {
  it.each([
    [["HTTP/1.1 100 Continue", "", ""]],
    [["HTTP/1.1 100 Continue", "", "HTTP/1.1 100 Continue", "", ""]],
  ])(
    "a 100 Continue that nobody asked for is read past, alone or in front of the answer",
    async (interim) => {
      vi.stubGlobal("Bun", {});
      await using server = await RawServer.start(async (connection) => {
        for (let round = 0; round < 2; round += 1) {
          await connection.request();
          connection.send(...interim);
          if (round === 1) await new Promise((resolve) => setTimeout(resolve, 20));
          connection.send("HTTP/1.1 200 OK", "Content-Length: 5", "", "hello");
        }
      });
      const engine = undiciTransport();
      for (let round = 0; round < 2; round += 1) {
        const response = await engine({ method: "GET", url: server.url(), headers: {} });
        expect(Buffer.from(await response.body.bytes(100)).toString()).toBe("hello");
      }
      expect(server.connections).toBe(1);
      await engine.close();
    },
  );

  it("chunks are the receiver's own, to keep as long as it likes", async () => {
    vi.stubGlobal("Bun", {});
    const sent = Buffer.alloc(3 * 1024 * 1024, "abcdefg");
    await using server = await RawServer.start(async (connection) => {
      await connection.request();
      connection.send("HTTP/1.1 200 OK", `Content-Length: ${sent.byteLength}`, "", "");
      connection.socket.end(sent);
    });
    const engine = undiciTransport();
    const kept: Uint8Array[] = [];
    const sink = { write: (chunk: Uint8Array) => void kept.push(chunk) };
    await engine({ method: "GET", url: server.url(), headers: {}, sink });
    expect(Buffer.concat(kept).equals(sent)).toBe(true);
    await engine.close();
  });
});
