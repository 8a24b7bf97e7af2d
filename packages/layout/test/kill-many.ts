import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { killTrial, prepareSource, randomMoment, type Trial } from "./kill-rig.ts";

// Kills a copying process at N random moments (200, or the argument) and reports what was found:
//   node --conditions=@reg/source test/kill-many.ts 200
const count = Number(process.argv[2] ?? "200");
const dir = await mkdtemp(join(tmpdir(), "kill-many-"));
try {
  const source = await prepareSource(join(dir, "source"));
  const trials: Trial[] = [];
  while (trials.length < count) {
    const target = join(dir, `target-${trials.length}`);
    trials.push(await killTrial(source, target, randomMoment()));
    await rm(target, { recursive: true, force: true });
  }
  const problems = trials.flatMap((trial, n) => trial.problems.map((problem) => `${n}: ${problem}`));
  const total = Math.max(...trials.map(({ whole, partial, fetched }) => whole + partial + fetched));
  for (const [n, { whole, partial, fetched }] of trials.entries()) {
    if (whole + partial + fetched !== total)
      problems.push(`${n}: ${whole} whole, ${partial} partial, ${fetched} fetched of ${total}`);
  }
  const killed = trials.filter((trial) => trial.killed);
  process.stdout.write(
    `${JSON.stringify({
      trials: trials.length,
      killed: killed.length,
      withPartialFiles: killed.filter(({ partial }) => partial > 0).length,
      withWholeBlobs: killed.filter(({ whole }) => whole > 0).length,
      bytes: total,
      problems: problems.slice(0, 20),
    })}\n`,
  );
  process.exitCode = problems.length > 0 ? 1 : 0;
} finally {
  await rm(dir, { recursive: true, force: true });
}
