import { basicAccess, createRegistry, memoryStorage, serve, tokenAccess } from "@reg/server";
import { expect, test } from "vitest";
import { createClient, type Middleware, staticCredentials, type TransportEvent } from "../src/index.ts";

const HELLO = new TextEncoder().encode("hello\n");

test("a client stores, finds and reads content of a registry it can reach without signing in", async () => {
  await using listener = await serve(createRegistry({ storage: memoryStorage() }));
  await using client = createClient();
  const repository = `localhost:${listener.port}/demo/hello`;
  const { digest } = await client.blobs.put(repository, HELLO);
  const stream = await client.blobs.get(`${repository}@${digest}`);
  expect(await stream.bytes(100)).toEqual(HELLO);
});

test("credentials that are given sign in, by Basic and by token", async () => {
  const users = { ada: "secret" };
  for (const access of [basicAccess({ users }), tokenAccess({ users })]) {
    await using listener = await serve(createRegistry({ storage: memoryStorage(), access }));
    const host = `localhost:${listener.port}`;
    const credentials = staticCredentials({ [host]: { username: "ada", password: "secret" } });
    await using client = createClient({ credentials });
    const { digest } = await client.blobs.put(`${host}/demo/hello`, HELLO);
    expect(await client.blobs.exists(`${host}/demo/hello@${digest}`)).toBe(true);
    await using stranger = createClient({ credentials: staticCredentials({}) });
    await expect(stranger.blobs.put(`${host}/demo/hello`, HELLO)).rejects.toMatchObject({
      code: "UNAUTHENTICATED",
    });
  }
});

test("an authenticator of one's own takes the place of the standard one", async () => {
  const access = basicAccess({ users: { ada: "secret" } });
  await using listener = await serve(createRegistry({ storage: memoryStorage(), access }));
  const authenticate = () => Promise.resolve(`Basic ${Buffer.from("ada:secret").toString("base64")}`);
  await using client = createClient({ authenticator: { authenticate } });
  expect((await client.ping(`localhost:${listener.port}`)).status).toBe(200);
  await using silent = createClient({ authenticator: false });
  expect((await silent.ping(`localhost:${listener.port}`)).status).toBe(401);
});

test("a transport of one's own takes the place of the engine, below retries and signing in", async () => {
  const asked: string[] = [];
  const registry = createRegistry({ storage: memoryStorage() });
  const { fetchTransport } = await import("../src/index.ts");
  const through: Middleware = (next) => (request) => {
    asked.push(`${request.method} ${request.url.pathname}`);
    return next(request);
  };
  const transport = through(fetchTransport((input, init) => registry.fetch(new Request(input, init))));
  await using client = createClient({ transport, credentials: staticCredentials({}) });
  expect((await client.ping("localhost:5000")).status).toBe(200);
  expect(asked).toEqual(["GET /v2/"]);
});

test("an observer hears of each request once for each thing that happens to it", async () => {
  const registry = createRegistry({
    storage: memoryStorage(),
    faults: [{ kind: "status", status: 503, times: 1, path: "/v2/" }],
  });
  await using listener = await serve(registry);
  const events: TransportEvent[] = [];
  await using client = createClient({
    credentials: staticCredentials({}),
    retry: { baseDelayMs: 1 },
    observe: (event) => events.push(event),
  });
  await client.ping(`localhost:${listener.port}`);
  const types = events.map((event) => event.type);
  expect(types.filter((type) => type === "start")).toHaveLength(2);
  expect(types.filter((type) => type === "retry")).toHaveLength(1);
  expect(types.filter((type) => type === "response")).toHaveLength(2);
});
