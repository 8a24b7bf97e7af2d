import { spawn } from "node:child_process";
import { createHash, randomFillSync } from "node:crypto";
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasPrograms } from "../../../.config/programs.ts";
import { cleanEnvironment, REG_COMMAND } from "./support/reg.ts";
import { type RunningRegistry, startDistribution } from "./support/registries.ts";
import { scratchFolder } from "./support/scratch.ts";

const GIB = 1024 ** 3;
/** What a gigabyte may cost at its peak, the whole of Node included. */
const PEAK_LIMIT_BYTES = 200 * 1024 * 1024;
const runs = hasPrograms("docker-registry") && process.platform === "linux";

describe.runIf(runs)("a layer of 1 GiB", () => {
  const scratch = scratchFolder();
  const cwd = scratch.path;
  let registry: RunningRegistry;

  beforeAll(async () => {
    registry = await startDistribution(join(cwd, "registry"), false);
    writeBigImage(join(cwd, "big"));
  });

  afterAll(async () => {
    await registry?.close();
    scratch[Symbol.dispose]();
  });

  test("is pushed, and pulled again, in less than 200 MiB of memory", async () => {
    const ref = `${registry.host}/big/app:1.0`;
    const push = await peakOf(["push", "-q", "oci:big:1.0", ref], cwd);
    const pull = await peakOf(["pull", "-q", ref, "oci:pulled"], cwd);
    console.info(`peak: push ${push.mib} MiB, pull ${pull.mib} MiB`);
    expect(push).toMatchObject({ code: 0, stderr: "" });
    expect(pull).toMatchObject({ code: 0, stderr: "" });
    expect(push.peakBytes).toBeLessThan(PEAK_LIMIT_BYTES);
    expect(pull.peakBytes).toBeLessThan(PEAK_LIMIT_BYTES);
    rmSync(join(cwd, "big"), { recursive: true });
    const copy = await peakOf(["copy", "-q", "oci:pulled:1.0", "oci-archive:big.tar"], cwd);
    console.info(`peak: into an archive ${copy.mib} MiB`);
    expect(copy).toMatchObject({ code: 0, stderr: "" });
    expect(copy.peakBytes).toBeLessThan(PEAK_LIMIT_BYTES);
  });
});

/** One image with one layer of a gigabyte that no compression would make small. */
function writeBigImage(dir: string): void {
  const folder = join(dir, "blobs/sha256");
  mkdirSync(folder, { recursive: true });
  const hash = createHash("sha256");
  const chunk = randomFillSync(Buffer.alloc(4 * 1024 * 1024));
  const file = openSync(join(dir, "layer"), "w");
  for (let written = 0; written < GIB; written += chunk.length) {
    chunk.writeUInt32LE(written % 0xffff_ffff);
    hash.update(chunk);
    writeSync(file, chunk);
  }
  closeSync(file);
  const layer = hash.digest("hex");
  renameSync(join(dir, "layer"), join(folder, layer));
  const put = (document: object): { digest: string; size: number } => {
    const bytes = Buffer.from(JSON.stringify(document));
    const hex = createHash("sha256").update(bytes).digest("hex");
    writeFileSync(join(folder, hex), bytes);
    return { digest: `sha256:${hex}`, size: bytes.length };
  };
  const config = put({
    architecture: "amd64",
    os: "linux",
    rootfs: { type: "layers", diff_ids: [`sha256:${layer}`] },
  });
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = put({
    schemaVersion: 2,
    mediaType,
    config: { mediaType: "application/vnd.oci.image.config.v1+json", ...config },
    layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar", digest: `sha256:${layer}`, size: GIB }],
  });
  writeFileSync(join(dir, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  const annotations = { "org.opencontainers.image.ref.name": "1.0" };
  const index = { schemaVersion: 2, manifests: [{ mediaType, ...manifest, annotations }] };
  writeFileSync(join(dir, "index.json"), JSON.stringify(index));
}

interface Peak {
  readonly code: number | null;
  readonly stderr: string;
  readonly peakBytes: number;
  readonly mib: number;
}

/** Runs reg and watches the most memory it ever held (VmHWM, which only grows). */
async function peakOf(words: readonly string[], cwd: string): Promise<Peak> {
  const [node = "", ...before] = REG_COMMAND;
  const child = spawn(node, [...before, ...words], {
    cwd,
    env: cleanEnvironment(cwd),
    stdio: ["ignore", "ignore", "pipe"],
  });
  let peakBytes = 0;
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  const watch = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      const kib = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
      if (kib !== undefined) peakBytes = Math.max(peakBytes, Number(kib) * 1024);
    } catch {
      // It has ended.
    }
  }, 10);
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  clearInterval(watch);
  return { code, stderr, peakBytes, mib: Math.round(peakBytes / 1024 ** 2) };
}
