import { undiciTransport } from "../../src/undici.ts";
import { answering, RawServer } from "../raw-server.ts";

/** Runs inside a network namespace: asks a name whose first addresses lead nowhere, and prints how long it took. */
const [, , ...lost] = process.argv;
await using server = await RawServer.start(answering(["HTTP/1.1 200 OK", "Content-Length: 0", "", ""]));
const engine = undiciTransport({
  lookup: async () => [
    ...lost.map((address) => ({ address, family: 6 as const })),
    { address: "127.0.0.1", family: 4 as const },
  ],
});
const startedAt = performance.now();
const url = new URL(`http://registry.test:${server.port}/v2/`);
const response = await engine({ method: "GET", url, headers: {} });
console.log(JSON.stringify({ status: response.status, milliseconds: performance.now() - startedAt }));
await engine.close();
