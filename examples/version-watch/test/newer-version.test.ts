import { createClient, memoryStore, packArtifact } from "@reg/sdk";
import { createRegistry, memoryStorage, type RegistryListener, serve } from "@reg/server";
import { afterAll, beforeAll, expect, it } from "vitest";
import { newerVersion } from "../src/newer-version.ts";

let listener: RegistryListener;
const client = createClient();

beforeAll(async () => {
  listener = await serve(createRegistry({ storage: memoryStorage() }), { hostname: "127.0.0.1", port: 0 });
  const store = memoryStore();
  await packArtifact(store, { artifactType: "text/plain", ref: "v1" });
  for (const tag of ["1.9.0", "1.10.0", "1.10.0-alpine", "1.11.0-alpine", "2", "latest", "v3.0.0"])
    await client.push(store, "v1", `localhost:${listener.port}/team/app:${tag}`);
});

afterAll(async () => {
  await client.close();
  await listener.close();
});

it.each([
  ["1.9.0", "1.10.0"],
  ["1.10.0", null],
  ["1.10.0-alpine", "1.11.0-alpine"],
  ["2", null],
])("offers who runs %s the version %s", async (current, newer) => {
  const answer = await newerVersion(client, `localhost:${listener.port}/team/app:${current}`);
  expect(answer).toMatchObject({ current, newer });
});

it("says which repository is not there", async () => {
  await expect(newerVersion(client, `localhost:${listener.port}/team/none:1.0`)).rejects.toMatchObject({
    code: "NOT_FOUND",
  });
});
