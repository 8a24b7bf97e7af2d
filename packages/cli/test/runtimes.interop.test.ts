import { execFile, spawnSync } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createClient, openLayout } from "@reg/sdk";
import { createRegistry, memoryStorage, type RegistryListener, serve, tokenAccess } from "@reg/server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findProgram } from "../../../.config/programs.ts";
import { type Packed, packAll, packedNames } from "./packed-install.ts";
import { programs } from "./packed-programs.ts";
import { runtimePrograms } from "./runtime-programs.ts";
import { writeImage } from "./support/image.ts";
import { PASSWORD, USER } from "./support/registries.ts";

/** npm leaves a name without its program behind where it may not run what comes with a package. */
function findRuntime(name: string): string | undefined {
  const program = findProgram(name);
  return program !== undefined && spawnSync(program, ["--version"]).status === 0 ? program : undefined;
}

const RUNTIMES = [
  { name: "Deno", program: findRuntime("deno"), words: ["run", "--allow-all", "--no-lock", "--quiet"] },
  { name: "Bun", program: findRuntime("bun"), words: ["run"] },
];

for (const { name, program } of RUNTIMES) {
  if (program === undefined) console.info(`tests are skipped, for ${name} is not installed`);
}

let packed: Packed;
let folder = "";
let helperFolder = "";
let registry: RegistryListener;
let damaged: RegistryListener;
let open: RegistryListener;

beforeAll(async () => {
  if (RUNTIMES.every(({ program }) => program === undefined)) return;
  packed = await packAll();
  folder = await packed.install(...packedNames);
  helperFolder = await mkdtemp(join(tmpdir(), "reg-runtimes-"));
  await writeHelper(helperFolder);
  const storage = memoryStorage();
  const access = tokenAccess({ users: { [USER]: PASSWORD } });
  registry = await serve(createRegistry({ storage, access }));
  damaged = await serve(
    createRegistry({ storage, readOnly: true, faults: [{ kind: "corrupt", path: "/blobs/" }] }),
  );
  open = await serve(createRegistry({ storage }));
  await fill();
}, 240_000);

afterAll(async () => {
  await registry?.close();
  await damaged?.close();
  await open?.close();
  await packed?.[Symbol.asyncDispose]();
  if (helperFolder !== "") await rm(helperFolder, { recursive: true, force: true });
});

for (const { name, program, words } of RUNTIMES) {
  describe.skipIf(program === undefined)(`in ${name}, packed tarballs`, () => {
    const execute = async (source: string): Promise<string> => {
      const file = join(folder, `${name}.mjs`);
      await writeFile(file, source);
      return start(file);
    };

    const start = async (file: string, ...args: readonly string[]): Promise<string> => {
      const { stdout } = await promisify(execFile)(program ?? "", [...words, file, ...args], {
        cwd: folder,
        env: environment(),
        // Less than any deadline of ours: what is left behind must not keep a program from ending.
        timeout: 20_000,
      });
      return stdout.trim();
    };

    it.each(Object.entries(programs))("run a program that uses @reg/%s", async (_name, source) => {
      expect(await execute(source)).toBe("ok");
    });

    it("run the command, twice, the second time with what the first left", async () => {
      const reg = join(folder, "node_modules/@reg/cli/dist/main.js");
      const target = `oci:${join(helperFolder, `pulled-${name}`)}:1.0`;
      for (let round = 0; round < 2; round += 1) {
        expect(await start(reg, "ref", "parse", "ubuntu")).toBe("docker.io/library/ubuntu");
        await start(reg, "pull", "--quiet", environment()["OPEN"] ?? "", target);
        expect(JSON.parse(await start(reg, "verify", "--json", target))).toMatchObject({ ok: true });
      }
    });

    it.each(Object.entries(runtimePrograms))("do a day's work with %s", async (_name, source) => {
      expect(await execute(source)).toBe("ok");
    });
  });
}

function environment(): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? "",
    HOME: helperFolder,
    DENO_DIR: join(helperFolder, "deno"),
    DENO_NO_UPDATE_CHECK: "1",
    HELPER_FOLDER: helperFolder,
    REGISTRY: `localhost:${registry.port}`,
    DAMAGED: `localhost:${damaged.port}`,
    OPEN: `localhost:${open.port}/demo/hello:1.0`,
  };
}

/** A credential helper as docker's are: a program that is asked by its standard input. */
async function writeHelper(bin: string): Promise<void> {
  const file = join(bin, "docker-credential-everyday");
  const answer = JSON.stringify({ ServerURL: "", Username: USER, Secret: PASSWORD });
  await writeFile(file, `#!/bin/sh\ncat > /dev/null\nprintf '%s' '${answer}'\n`);
  await chmod(file, 0o755);
}

/** An image of a small layer and of one that comes in many pieces. */
async function fill(): Promise<void> {
  const dir = join(helperFolder, "image");
  writeImage(dir, "1.0", [Buffer.alloc(3 * 1024 * 1024, "a layer"), Buffer.from("another\n")]);
  await using layout = await openLayout(dir);
  await using client = createClient();
  await client.push(layout, "1.0", `localhost:${open.port}/demo/hello:1.0`);
}
