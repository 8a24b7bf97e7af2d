import { attachArtifact, createClient, memoryStore, packArtifact } from "@reg/sdk";
import { createRegistry, memoryStorage, serve } from "@reg/server";
import { expect, it } from "vitest";
import { type CopiedTag, copyRepository } from "../src/copy-repository.ts";

it("copies the tags that match, with their referrers, and moves nothing the second time", async () => {
  await using one = await serve(createRegistry({ storage: memoryStorage() }), {
    hostname: "127.0.0.1",
    port: 0,
  });
  await using two = await serve(createRegistry({ storage: memoryStorage() }), {
    hostname: "127.0.0.1",
    port: 0,
  });
  await using client = createClient();
  const store = memoryStore();
  const from = `localhost:${one.port}/team/app`;
  const to = `localhost:${two.port}/mirror/app`;
  for (const tag of ["1.0", "1.1", "nightly"]) {
    await packArtifact(store, { artifactType: "text/plain", annotations: { tag }, ref: tag });
    await client.push(store, tag, `${from}:${tag}`);
  }
  await attachArtifact(client.repository(from), "1.1", { artifactType: "application/vnd.example.signature" });

  const first = await all(copyRepository(client, from, to, "1.*"));
  const second = await all(copyRepository(client, from, to, "1.*"));

  expect(first.map(({ tag }) => tag)).toEqual(["1.0", "1.1"]);
  expect(second.map(({ bytes }) => bytes)).toEqual([0, 0]);
  expect(await client.manifests.exists(`${to}:nightly`)).toBe("no");
  const signatures: string[] = [];
  for await (const { artifactType } of client.referrers.list(`${to}:1.1`))
    signatures.push(artifactType ?? "");
  expect(signatures).toEqual(["application/vnd.example.signature"]);
});

async function all(copied: AsyncIterable<CopiedTag>): Promise<CopiedTag[]> {
  const list: CopiedTag[] = [];
  for await (const one of copied) list.push(one);
  return list;
}
