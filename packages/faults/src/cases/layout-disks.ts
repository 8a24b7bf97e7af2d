import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type FaultCase, judge, type Stage, type Verdict } from "../case.ts";
import type { Extras } from "../client.ts";
import { testImage } from "../image.ts";
import { goodRegistry } from "../registry.ts";
import { judgeRefusedPull, judgeWholePull, layoutOf, pullFrom } from "./pulling.ts";

const image = testImage(64 * 1024);
const big = testImage(2 * 1024 * 1024);

/** Disks that do not take what they are given. */
export const diskCases: readonly FaultCase[] = [
  {
    id: "layout-disk-full",
    area: "layout",
    fault: "The disk is full in the middle of the second image's layer",
    expectation: "Fail and say so, leave no piece of it, and keep the first image whole.",
    reason: "ENOSPC is the commonest fault of all",
    verbs: ["pull"],
    needs: ["root", "linux"],
    run: (stage) => onTmpfs(stage, "size=1m", () => pullTwo(stage, /no space|ENOSPC|disk|full/i)),
  },
  {
    id: "layout-file-too-large",
    area: "layout",
    fault: "No file may have more than a mebibyte; the second image's layer has two",
    expectation: "Fail and say so, leave no piece of it, and keep the first image whole.",
    reason: "EFBIG: a limit of the file system's, the user's or the container's",
    verbs: ["pull"],
    features: ["process"],
    needs: ["linux"],
    run: (stage) => pullTwo(stage, /too large|larger than|EFBIG/i, { extras: { fileLimitKiB: 1024 } }),
  },
  {
    id: "layout-read-only",
    area: "layout",
    fault: "The file system has become read-only when the second image is pulled",
    expectation: "Fail and say so; the first image stays as it is.",
    reason: "EROFS: what a kernel makes of a disk with errors, and what containers mount",
    verbs: ["pull"],
    needs: ["root", "linux"],
    run: (stage) =>
      onTmpfs(stage, "size=16m", () =>
        pullTwo(stage, /read-only|EROFS/i, {
          between: () => {
            execFileSync("mount", ["-o", "remount,ro", layoutOf(stage)]);
          },
        }),
      ),
  },
];

/** One image that has room, and then one that has none. */
async function pullTwo(
  stage: Stage,
  says: RegExp,
  { between = () => {}, extras = {} }: { readonly between?: () => void; readonly extras?: Extras } = {},
): Promise<Verdict> {
  const registry = await stage.origin(goodRegistry(image));
  const second = await stage.origin(goodRegistry(big));
  const first = judgeWholePull(stage, await pullFrom(stage, registry), image);
  if (first.status === "fail") return first;
  const index = readFileSync(join(layoutOf(stage), "index.json"), "utf8");
  between();
  const reference = `${second.host}/demo/app:1.0`;
  const outcome = await stage.act({ verb: "pull", reference, folder: layoutOf(stage) }, extras);
  const refused = judgeRefusedPull(stage, outcome);
  const pieces = readdirSync(layoutOf(stage), { recursive: true, encoding: "utf8" }).filter((file) =>
    /tmp|partial|ingest|upload|oci-put/.test(file),
  );
  return judge(
    refused.observed,
    [refused.status === "pass", refused.observed],
    [says.test(outcome.output), `does not say why: ${refused.observed}`],
    [readFileSync(join(layoutOf(stage), "index.json"), "utf8") === index, "changed the index"],
    [pieces.length === 0, `left ${pieces.join(", ")}`],
  );
}

async function onTmpfs(stage: Stage, options: string, run: () => Promise<Verdict>): Promise<Verdict> {
  mkdirSync(layoutOf(stage), { recursive: true });
  execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", layoutOf(stage)]);
  try {
    return await run();
  } finally {
    // Lazily: a process that was ended at its time limit may hold on to it a moment longer.
    execFileSync("umount", ["--lazy", layoutOf(stage)]);
  }
}
