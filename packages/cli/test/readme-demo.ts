import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  appendLayers,
  attachArtifact,
  buildIndex,
  buildLayer,
  type ContentSource,
  createClient,
  mutateImage,
  packFolder,
  scratchImage,
} from "@reg/sdk";

/**
 * What the snippets of READMEs and guides read: `demo/hello` (1.0, 1.1, latest), one image with a file in it and an SBOM
 * attached; `demo/multi:1.0` for two platforms; `demo/base` (1.0, 1.1) and `demo/app:1.0`, which stands on the first.
 *
 * @param host - `localhost:5000`
 */
export async function seedDemo(host: string): Promise<void> {
  await using client = createClient({ authenticator: false });
  const push = async (made: Made, ...names: readonly string[]): Promise<void> => {
    for (const name of names) await client.push(made.source, made.descriptor.digest, `${host}/demo/${name}`);
  };
  const amd64 = scratchImage({ os: "linux", architecture: "amd64" });
  const arm64 = scratchImage({ os: "linux", architecture: "arm64" });

  const hello = await withFile(amd64, "etc/greeting", "hello\n");
  const labels = { "org.opencontainers.image.source": "https://example.com/hello" };
  const created = "2026-01-02T03:04:05Z";
  const labelled = await mutateImage(hello.source, hello.descriptor.digest, {
    cmd: ["/hello"],
    labels,
    created,
  });
  await push(labelled, "hello:1.0", "hello:1.1", "hello:latest");
  await attachArtifact(client.repository(`${host}/demo/hello`), "1.0", {
    artifactType: "application/spdx+json",
    files: [{ name: "sbom.json", body: new TextEncoder().encode('{ "spdxVersion": "SPDX-2.3" }\n') }],
  });

  const helloArm = await withFile(arm64, "etc/greeting", "hello\n");
  const multi = await buildIndex([
    { source: hello.source, ref: hello.descriptor.digest },
    { source: helloArm.source, ref: helloArm.descriptor.digest },
  ]);
  await push(multi, "multi:1.0");

  const base = await withFile(amd64, "etc/base", "one\n");
  await push(base, "base:1.0");
  await push(await withFile(amd64, "etc/base", "two\n"), "base:1.1");
  await push(await withFile(base, "app/run", "#!/bin/sh\n"), "app:1.0");
}

interface Made {
  readonly source: ContentSource;
  readonly descriptor: { readonly digest: string };
}

/** The image with one more layer, kept in memory. */
async function withFile(image: Made, path: string, text: string): Promise<Made> {
  const folder = await mkdtemp(join(tmpdir(), "reg-demo-"));
  try {
    await mkdir(join(folder, path, ".."), { recursive: true });
    await writeFile(join(folder, path), text);
    await using layer = await buildLayer(packFolder(folder));
    const chunks: Uint8Array[] = [];
    if (layer.body instanceof Uint8Array) chunks.push(layer.body);
    else for await (const chunk of layer.body.open(0)) chunks.push(Uint8Array.from(chunk));
    const { descriptor, diffId } = layer;
    const kept = { descriptor, diffId, body: Buffer.concat(chunks) };
    return await appendLayers(image.source, image.descriptor.digest, [kept]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
