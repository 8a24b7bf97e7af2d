import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
        const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
        leftovers += names.filter((name) => /tmp|partial|oci-put|ingest\/./.test(name)).length;
      } finally {
        execFileSync("umount", [folder]);
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
