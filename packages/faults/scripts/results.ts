import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Makes docs/results.md: builds what is committed in a copy of its own, so that nothing changes under the run, and plays everything there. */
const page = fileURLToPath(new URL("../docs/results.md", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "reg-faults-results-"));
const copy = join(folder, "copy");
const run = (program: string, ...args: readonly string[]): void => {
  execFileSync(program, args, { cwd: copy, stdio: ["ignore", "inherit", "inherit"] });
};

try {
  const root = execFileSync("git", ["rev-parse", "--show-toplevel"], { encoding: "utf8" }).trim();
  execFileSync("git", ["clone", "--quiet", root, copy]);
  run("pnpm", "install", "--prefer-offline", "--frozen-lockfile", "--silent");
  run("pnpm", "exec", "turbo", "run", "build", "--filter=@reg/faults...", "--output-logs=errors-only");
  const script = join(copy, "packages/faults/scripts/results-page.ts");
  run(process.execPath, "--conditions=@reg/source", script, page);
} catch {
  // Whatever went wrong has been told on the way.
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
