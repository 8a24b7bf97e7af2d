/**
 * Bundles the page, serves it, and starts a registry beside it that allows the page's origin: open the address it
 * prints. `PORT` and `REGISTRY_PORT` choose the ports; Ctrl-C ends it.
 */
import { demoRegistry } from "./demo-registry.ts";
import { servePage } from "./serve-page.ts";

const page = await servePage(Number(process.env["PORT"] ?? 8080));
const registry = await demoRegistry(page.origin, Number(process.env["REGISTRY_PORT"] ?? 5000));
console.log(`${page.origin}/?repository=localhost:${registry.port}/demo/hello`);

await new Promise<void>((resolve) => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
});
await page[Symbol.asyncDispose]();
await registry.close();
