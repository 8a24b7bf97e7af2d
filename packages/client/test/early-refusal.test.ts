import { createServer, type Socket } from "node:net";
import { digestOf } from "@reg/content";
import { describe, expect, it } from "vitest";
import { testClient } from "./support/scripted-registry.ts";

const bytes = new Uint8Array(50 * 1024 * 1024);
const body = '{"errors":[{"code":"SIZE_INVALID","message":"too large for this registry"}]}';

const begun = [
  "HTTP/1.1 202 Accepted",
  "Location: /v2/demo/blobs/uploads/1",
  "Content-Length: 0",
  "",
  "",
].join("\r\n");
const refused = [
  "HTTP/1.1 413 Content Too Large",
  "Content-Type: application/json",
  `Content-Length: ${body.length}`,
  "Connection: close",
  "",
  body,
].join("\r\n");
const missing = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";

describe("an upload that is refused before its end", () => {
  it("reports the 413 in the registry's words, and not the connection that is reset behind it", async () => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("data", (chunk) => {
        const head = chunk.toString("latin1");
        if (head.startsWith("POST")) socket.write(begun);
        else if (head.startsWith("HEAD") || head.startsWith("DELETE") || head.startsWith("GET"))
          socket.write(missing);
        else if (head.startsWith("PUT") || head.startsWith("PATCH")) {
          // Answers at once, reads nothing more, and resets the connection a little later.
          socket.pause();
          socket.write(refused);
          setTimeout(() => socket.resetAndDestroy(), 100);
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const source = {
      size: bytes.byteLength,
      async *open(offset: number): AsyncGenerator<Uint8Array> {
        for (let at = offset; at < bytes.byteLength; at += 65_536) yield bytes.subarray(at, at + 65_536);
      },
    };
    try {
      const put = testClient().blobs.put(`127.0.0.1:${port}/demo`, source, {
        digest: digestOf(bytes),
        strategy: "monolithic",
      });
      await expect(put).rejects.toMatchObject({
        code: "INVALID",
        status: 413,
        message: expect.stringContaining("too large for this registry"),
      });
    } finally {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
