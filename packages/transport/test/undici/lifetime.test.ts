import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { Agent, MockAgent } from "undici";
import { describe, expect, it } from "vitest";
import { undiciTransport } from "../../src/undici.ts";
import { answering, RawServer } from "../raw-server.ts";

const OK = ["HTTP/1.1 200 OK", "Content-Length: 2", "", "ok"];
const run = promisify(execFile);

describe("the lifetime of connections", () => {
  it("does not keep a process alive, whether they were read through a sink or not", async () => {
    await using server = await RawServer.start(answering(OK));
    const engine = JSON.stringify(join(import.meta.dirname, "../../src/undici.ts"));
    const script = `
      const { undiciTransport } = await import(${engine});
      const send = undiciTransport();
      const request = { method: "GET", url: new URL(${JSON.stringify(server.url().href)}), headers: {} };
      await (await send(request)).body.bytes(2);
      await send({ ...request, sink: { write() {} } });
      console.log(Date.now());`;
    const node = ["--conditions=@reg/source", "--input-type=module", "--eval", script];
    const { stdout } = await run(process.execPath, node);
    expect(Date.now() - Number(stdout)).toBeLessThan(2_000);
    expect(server.connections).toBe(1);
  });

  it("is the caller's where the dispatcher is, and other options of connecting are not used", async () => {
    await using server = await RawServer.start(answering(OK));
    const dispatcher = new Agent();
    const engine = undiciTransport({ dispatcher });
    const ask = async (): Promise<string> => {
      const response = await engine({ method: "GET", url: server.url(), headers: {} });
      return Buffer.from(await response.body.bytes(2)).toString();
    };
    expect(await ask()).toBe("ok");
    await engine.close();
    expect([dispatcher.closed, await ask()]).toEqual([false, "ok"]);
    await dispatcher.close();
  });

  it("is none with undici's MockAgent", async () => {
    const dispatcher = new MockAgent();
    dispatcher.disableNetConnect();
    dispatcher
      .get("https://registry.example")
      .intercept({ path: "/v2/" })
      .reply(200, "mocked", { headers: { "X-A": "1" } });
    const response = await undiciTransport({ dispatcher })({
      method: "GET",
      url: new URL("https://registry.example/v2/"),
      headers: {},
    });
    expect([response.headers.get("x-a"), Buffer.from(await response.body.bytes(6)).toString()]).toEqual([
      "1",
      "mocked",
    ]);
    await dispatcher.close();
  });

  it("ends with close, which waits for what is under way", async () => {
    let ended = 0;
    await using server = await RawServer.start(async (connection) => {
      connection.socket.on("end", () => ended++);
      await connection.request();
      setTimeout(() => connection.send(...OK), 100);
    });
    const engine = undiciTransport();
    const asking = engine({ method: "GET", url: server.url(), headers: {} }).then(({ body }) =>
      body.bytes(2),
    );
    await expect.poll(() => server.requests.length).toBe(1);
    await engine.close();
    expect(Buffer.from(await asking).toString()).toBe("ok");
    await expect.poll(() => ended).toBe(1);
  });
});
