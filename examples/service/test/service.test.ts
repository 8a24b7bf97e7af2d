import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { attachArtifact, createClient, scratchImage } from "@reg/sdk";
import { createRegistry, memoryStorage, type RegistryListener, serve } from "@reg/server";
import { afterAll, beforeAll, expect, it } from "vitest";

let registry: RegistryListener;
let service: ReturnType<typeof spawn>;
let url = "";

beforeAll(async () => {
  registry = await serve(createRegistry({ storage: memoryStorage() }), { hostname: "127.0.0.1", port: 0 });
  await using client = createClient();
  const image = scratchImage({ os: "linux", architecture: "amd64" });
  for (const tag of ["1.0.0", "1.2.0"])
    await client.push(image.source, image.descriptor.digest, `localhost:${registry.port}/team/app:${tag}`);
  const repository = client.repository(`localhost:${registry.port}/team/app`);
  await attachArtifact(repository, "1.0.0", { artifactType: "application/vnd.example.signature" });

  const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
  service = spawn(process.execPath, ["--conditions=@reg/source", main], {
    env: { ...process.env, PORT: "0" },
  });
  const [line] = (await once(service.stdout ?? service, "data")) as [Buffer];
  url = `http://127.0.0.1:${/port (\d+)/.exec(line.toString())?.[1]}`;
});

afterAll(async () => {
  if (service.exitCode === null) {
    service.kill("SIGKILL");
    await once(service, "exit");
  }
  await registry.close();
});

it("says of each image what it is, what is newer and what is attached, and of a bad one what is wrong", async () => {
  const name = `localhost:${registry.port}/team/app`;
  const query = new URLSearchParams();
  for (const ref of [`${name}:1.0.0`, `${name}:nope`, "Not a name"]) query.append("ref", ref);
  const { images } = (await (await fetch(`${url}/images?${query}`)).json()) as { images: object[] };
  expect(images).toMatchObject([
    { reference: `${name}:1.0.0`, newer: "1.2.0", attached: { "application/vnd.example.signature": 1 } },
    { error: { code: "NOT_FOUND" } },
    { error: { code: "InvalidReferenceError" } },
  ]);
});

it("counts what it did", async () => {
  const text = await (await fetch(`${url}/metrics`)).text();
  expect(text).toContain('image_lookups_total{outcome="ok"} 1');
  expect(text).toContain("image_lookups_in_flight 0");
});

it("refuses a request without images", async () => {
  expect((await fetch(`${url}/images`)).status).toBe(400);
});

it("stops at SIGTERM by itself", async () => {
  service.kill("SIGTERM");
  const [code] = (await once(service, "exit")) as [number];
  expect(code).toBe(0);
});
