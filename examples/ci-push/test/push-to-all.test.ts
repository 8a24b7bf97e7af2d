import { createClient, memoryStore, packArtifact } from "@reg/sdk";
import { createRegistry, memoryStorage, serve } from "@reg/server";
import { expect, it } from "vitest";
import { pushToAll } from "../src/push-to-all.ts";

it("pushes to every target that takes it, and tells of each one that does not", async () => {
  await using good = await serve(createRegistry({ storage: memoryStorage() }), {
    hostname: "127.0.0.1",
    port: 0,
  });
  await using closed = await serve(createRegistry({ storage: memoryStorage(), readOnly: true }), {
    hostname: "127.0.0.1",
    port: 0,
  });
  await using client = createClient();
  const store = memoryStore();
  const packed = await packArtifact(store, { artifactType: "text/plain", ref: "v1" });
  const targets = [
    `localhost:${good.port}/a/app:1`,
    `localhost:${closed.port}/b/app:1`,
    `localhost:${good.port}/c/app:1`,
  ];

  const outcomes = await pushToAll(client, store, "v1", targets);

  expect(outcomes.map(({ target, ok }) => ({ target, ok }))).toEqual([
    { target: targets[0], ok: true },
    { target: targets[1], ok: false },
    { target: targets[2], ok: true },
  ]);
  expect(await client.manifests.digest(`localhost:${good.port}/c/app:1`)).toBe(packed.digest);
});
