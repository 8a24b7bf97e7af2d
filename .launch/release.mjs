/**
 * `pnpm release` publishes what the last `changeset version` made; `pnpm release --dry-run` builds and checks the same
 * and shows what would go out, without telling anybody.
 */
import { spawnSync } from "node:child_process";

const dryRun = process.argv.includes("--dry-run");

run("pnpm", "--silent", "check");
if (dryRun) {
  run("changeset", "status", "--verbose");
  // Which files, then which packages to which registry.
  run("pnpm", "--recursive", "--filter", "./packages/*", "--filter", "!@reg/bench", "pack", "--dry-run");
  run("pnpm", "--recursive", "publish", "--dry-run", "--no-git-checks", "--provenance=false");
} else {
  run("changeset", "publish");
}

function run(command, ...args) {
  const { status, error } = spawnSync(command, args, { stdio: "inherit" });
  if (error) console.error(`${command} could not be started: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}
