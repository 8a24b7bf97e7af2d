import { openLayout } from "../../src/index.ts";
import { blob, manifest } from "../content.ts";

// Writes COUNT manifests of its own, and one blob that all processes write, into DIR, each under a tag.
const [dir = "", name = "", count = "1"] = process.argv.slice(2);
const layout = await openLayout(dir, { create: true });
const shared = Buffer.alloc(2_500_000, "shared");
await layout.push(blob(shared), shared);
for (let i = 0; i < Number(count); i += 1) {
  const image = manifest({ annotations: { name: `${name}-${i}` } });
  await layout.push(image.descriptor, image.bytes);
  await layout.tag(image.descriptor, `${name}-${i}`);
}
