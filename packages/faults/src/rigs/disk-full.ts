import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { falseBlobs } from "../cases/pulling.ts";
import { content, imageOf, testImage } from "../image.ts";
import { startOrigin } from "../origin.ts";
import { goodRegistry } from "../registry.ts";
import { commandOf, type Rig } from "./rig.ts";

const STEPS = 40;
const LAYERS = 8;
const LAYER_KIB = 128;

/** Disks of every size from too small for anything to just enough. */
export const diskFull: Rig = {
  name: "disk-full",
  what: "a pull into tmpfs of 4 KiB to more than enough (needs root)",
  drives: "command",
  async run(options) {
    const client = commandOf(options);
    const layers = Array.from({ length: LAYERS }, (_, index) =>
      content("application/vnd.oci.image.layer.v1.tar", Buffer.alloc(LAYER_KIB * 1024, `layer ${index} `)),
    );
    await using registry = await startOrigin(goodRegistry(imageOf(testImage(16).config, layers)));
    const steps = options.times ?? STEPS;
    let [refused, corrupt, leftovers, wrongful] = [0, 0, 0, 0];
    for (let step = 0; step < steps; step++) {
      const home = await mkdtemp(join(tmpdir(), "reg-faults-rig-"));
      const folder = join(home, "layout");
      await mkdir(folder);
      const kibibytes = Math.round(4 + (step / steps) * LAYERS * LAYER_KIB * 1.3);
      execFileSync("mount", ["-t", "tmpfs", "-o", `size=${kibibytes}k`, "tmpfs", folder]);
      try {
        const operation = { verb: "pull", reference: `${registry.host}/demo/app:1.0`, folder } as const;
        const { exitCode } = await client.run(operation, { home, plainHttp: true, timeoutMs: 60_000 });
        const blobs = join(folder, "blobs/sha256");
        const count = existsSync(blobs) ? readdirSync(blobs).length : 0;
        if (exitCode !== 0) refused += 1;
        if (exitCode === 0 && count < LAYERS + 2) wrongful += 1;
        corrupt += falseBlobs(folder).length;
        leftovers += strangersIn(folder).length;
      } finally {
        // Lazily: a process that was ended at its time limit may hold on to it a moment longer.
        execFileSync("umount", ["--lazy", folder]);
        await rm(home, { recursive: true, force: true });
      }
    }
    return [
      { name: "disks too small", value: `${refused} of ${steps}` },
      { name: "success reported without the image", value: String(wrongful), holds: wrongful === 0 },
      { name: "corrupt blobs", value: String(corrupt), holds: corrupt === 0 },
      { name: "temporary files left", value: String(leftovers), holds: leftovers === 0 },
    ];
  },
};

/** Files that no layout has (image-spec, image-layout.md); locks stay, for removing one races with who takes it. */
function strangersIn(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const known = /^(oci-layout|index\.json|blobs\/sha256\/[0-9a-f]{64}|.*\.lock)$/;
  return files.map((file) => relative(folder, file)).filter((file) => !known.test(file));
}
