import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { reg } from "./support/reg.ts";
import { scratchFolder } from "./support/scratch.ts";

const BLOB = Buffer.from("behind a signed address\n");
const DIGEST = `sha256:${createHash("sha256").update(BLOB).digest("hex")}`;
/** What must be seen nowhere: in no line, whatever goes wrong. */
const CANARIES = ["canary-password", "canary-signature", "canary-token", "canary-cookie"];

async function listen(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // A server that listens on a port has an address of this form.
  const { port } = server.address() as AddressInfo;
  return { host: `localhost:${port}`, [Symbol.dispose]: () => server.close() };
}

test("--debug shows each request and none of its secrets, nor do they go where a redirect leads", async () => {
  using scratch = scratchFolder();
  const seenByStorage: string[] = [];
  using storage = await listen((request, response) => {
    seenByStorage.push(JSON.stringify(request.headers));
    response.end(BLOB);
  });
  using registry = await listen((request, response) => {
    if (request.url?.startsWith("/token") === true) {
      response.end(JSON.stringify({ access_token: "canary-token", expires_in: 300 }));
    } else if (request.headers.authorization === "Bearer canary-token") {
      response.writeHead(307, {
        location: `http://${storage.host}/data?X-Amz-Signature=canary-signature`,
        "set-cookie": "session=canary-cookie",
      });
      response.end();
    } else {
      const realm = `http://${request.headers.host}/token`;
      response.writeHead(401, { "www-authenticate": `Bearer realm="${realm}",service="test"` });
      response.end();
    }
  });
  const words = [
    "blob",
    "get",
    `${registry.host}/demo/app@${DIGEST}`,
    "--debug",
    "-u",
    "ada",
    "--password-stdin",
  ];
  const ended = await reg(words, { cwd: scratch.path, stdin: "canary-password" });
  expect(ended.stdout).toBe(BLOB.toString());
  expect(ended.stderr).toContain("/token");
  expect(ended.stderr).toContain("307 leads to");
  expect(ended.stderr).toMatch(/X-Amz-Signature/);
  for (const canary of CANARIES) {
    expect(ended.stderr).not.toContain(canary);
    expect(seenByStorage.join()).not.toContain(canary);
  }
  expect(ended.stderr).not.toContain(Buffer.from("ada:canary-password").toString("base64"));
});

test("a failure of a signed address tells its host and path, not its signature", async () => {
  using scratch = scratchFolder();
  using registry = await listen((_request, response) => {
    response.writeHead(307, { location: "http://127.0.0.1:1/data?X-Amz-Signature=canary-signature" });
    response.end();
  });
  const words = ["blob", "get", `${registry.host}/demo/app@${DIGEST}`, "--debug", "--timeout", "20"];
  const ended = await reg(words, { cwd: scratch.path });
  expect(ended.code).toBe(5);
  for (const canary of CANARIES) expect(ended.stderr).not.toContain(canary);
});
