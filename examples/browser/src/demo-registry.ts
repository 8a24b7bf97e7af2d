import { RegistryClient } from "@reg/client";
import { mutateImage, scratchImage } from "@reg/content";
import { createRegistry, memoryStorage, type RegistryListener, serve } from "@reg/server";
import { fetchTransport } from "@reg/transport";

/** A registry that lets the page read it, with three tags at `demo/hello`. */
export async function demoRegistry(origin: string, port: number): Promise<RegistryListener> {
  const registry = createRegistry({ storage: memoryStorage(), cors: { origins: [origin] } });
  const listener = await serve(registry, { port });
  const client = new RegistryClient({ transport: fetchTransport() });
  const scratch = scratchImage({ os: "linux", architecture: "amd64" });
  for (const [tag, created] of Object.entries(TAGS)) {
    const image = await mutateImage(scratch.source, scratch.descriptor.digest, { created });
    const name = `localhost:${listener.port}/demo/hello:${tag}`;
    await client.push(image.source, image.descriptor.digest, name);
  }
  return listener;
}

const TAGS = { "1.0": "2026-01-02T03:04:05Z", "1.1": "2026-02-03T04:05:06Z", "2.0": "2026-03-04T05:06:07Z" };
