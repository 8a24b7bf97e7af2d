/** Fills a layout and an archive, and prints how often the disk was waited for. `durable` is the third argument. */
import fs from "node:fs";
import { open } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

const [dir = "", content = "", durable] = process.argv.slice(2);
let syncs = 0;
const handle = await open(content);
count(fs, "fsync");
count(fs, "fdatasync");
count(Object.getPrototypeOf(handle), "sync");
await handle.close();
syncBuiltinESMExports();

// After the patch, for modules keep what they import.
const { openLayout, openOciArchive } = await import("../../src/index.ts");
const { blob, manifest } = await import("../content.ts");
const bytes = fs.readFileSync(content);
const layer = blob(bytes);
const image = manifest({ layers: [layer] });
const options = { durable: durable === "true" };
await using layout = await openLayout(`${dir}/layout`, { create: true, ...options });
await using archive = await openOciArchive(`${dir}/archive.tar`, { mode: "write", ...options });
const before = syncs;
for (const target of [layout, archive]) {
  await target.push(layer, bytes);
  await target.push(image.descriptor, image.bytes);
  await target.tag(image.descriptor, "1.0");
}
await archive.close();
console.log(JSON.stringify({ syncs: syncs - before }));

function count(holder: object, name: string): void {
  const original = Reflect.get(holder, name);
  Reflect.set(holder, name, function counted(this: unknown, ...args: unknown[]) {
    syncs += 1;
    return Reflect.apply(original, this, args);
  });
}
