import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Stage, Verdict } from "../case.ts";
import { fail, pass } from "../case.ts";
import type { Outcome } from "../client.ts";
import type { Content, TestImage } from "../image.ts";
import type { Origin, RecordedRequest, Reply } from "../origin.ts";
import { type Fault, route } from "../registry.ts";

/** Pulls `demo/app:1.0` from this registry into the stage's layout folder. */
export function pullFrom(stage: Stage, registry: Origin): Promise<Outcome> {
  return stage.act({ verb: "pull", reference: `${registry.host}/demo/app:1.0`, folder: layoutOf(stage) });
}

export function layoutOf(stage: Stage): string {
  return join(stage.folder, "layout");
}

/** Answers the GETs of one blob by a script of its own; `turn` counts them from 1. */
export function onBlob(
  blob: Content | undefined,
  play: (request: RecordedRequest, reply: Reply, turn: number) => void | Promise<void>,
): Fault {
  let turn = 0;
  return async (request, reply) => {
    const { kind, name } = route(request.target);
    if (request.method !== "GET" || kind !== "blob" || name !== blob?.digest) return false;
    turn += 1;
    await play(request, reply, turn);
    return true;
  };
}

/** Passes where the client reported success and the layout holds the image, byte for byte. */
export function judgeWholePull(stage: Stage, outcome: Outcome, image: TestImage): Verdict {
  if (outcome.exitCode !== 0) return fail(`exit code ${outcome.exitCode}: ${lastLine(outcome)}`);
  for (const part of [image.manifest, image.config, ...image.layers])
    if (!holds(layoutOf(stage), part))
      return fail(`reported success, but ${part.digest} is missing or wrong`);
  return pass("pulled byte for byte");
}

/** Passes where the client reported failure in time and left nothing false: no blob whose name lies. */
export function judgeRefusedPull(stage: Stage, outcome: Outcome): Verdict {
  if (outcome.timedOut) return fail("hung until it was killed");
  if (outcome.exitCode === 0) return fail("reported success");
  const wrong = falseBlobs(layoutOf(stage));
  if (wrong.length > 0) return fail(`left ${wrong.join(", ")} under a name that is not its digest`);
  return pass(`refused: ${lastLine(outcome)}`);
}

/** Either is right: all of it, or a clear failure that leaves nothing false. */
export function judgeWholeOrRefused(stage: Stage, outcome: Outcome, image: TestImage): Verdict {
  return outcome.exitCode === 0 ? judgeWholePull(stage, outcome, image) : judgeRefusedPull(stage, outcome);
}

/** Blobs of a layout whose content is not what their name says. */
export function falseBlobs(layout: string): string[] {
  const folder = join(layout, "blobs/sha256");
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter(
    (name) =>
      /^[0-9a-f]{64}$/.test(name) &&
      createHash("sha256")
        .update(readFileSync(join(folder, name)))
        .digest("hex") !== name,
  );
}

export function lastLine({ output, exitCode }: Outcome): string {
  const line = output.trim().split("\n").at(-1)?.slice(0, 160) ?? "";
  return line === "" ? `exit code ${exitCode}` : line;
}

function holds(layout: string, { digest, bytes }: Content): boolean {
  const file = join(layout, "blobs", digest.replace(":", "/"));
  return existsSync(file) && readFileSync(file).equals(bytes);
}
