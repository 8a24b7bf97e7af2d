import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type FaultCase, fail, judge, type Stage, type Verdict } from "../case.ts";
import { content, imageOf, testImage } from "../image.ts";
import type { Origin } from "../origin.ts";
import { goodRegistry, route } from "../registry.ts";
import {
  falseBlobs,
  judgeWholeOrRefused,
  judgeWholePull,
  lastLine,
  layoutOf,
  onBlob,
  pullFrom,
} from "./pulling.ts";

const image = testImage(64 * 1024);
const [layer = image.config] = image.layers;
const pair = imageOf(image.config, [
  layer,
  content("application/vnd.oci.image.layer.v1.tar", "y".repeat(128 * 1024)),
]);

/** What is, or happens, in the folder that an image is pulled into. */
export const folderCases: readonly FaultCase[] = [
  {
    id: "layout-blob-of-right-size-and-wrong-content",
    area: "layout",
    fault: "The layout has a file by the layer's name already: of its size, and with other bytes",
    expectation: "Hash it, and fetch the layer again: what is reported whole must be whole.",
    reason: "A crash or a bad disk leaves such files; existence is no proof",
    verbs: ["pull"],
    async run(stage) {
      const registry = await stage.origin(goodRegistry(image));
      await prepare(stage, registry);
      writeFileSync(blobFile(stage), Buffer.alloc(layer.bytes.length, "x"));
      return judgeWholePull(stage, await pullFrom(stage, registry), image);
    },
  },
  {
    id: "layout-blob-is-a-symlink-out",
    area: "layout",
    fault: "The layer's file is a symbolic link to a file outside the layout",
    expectation: "Never write through it: replace it, or refuse.",
    reason: "go-containerregistry #2306",
    verbs: ["pull"],
    async run(stage) {
      const registry = await stage.origin(goodRegistry(image));
      await prepare(stage, registry);
      const victim = join(stage.folder, "victim");
      writeFileSync(victim, "precious");
      rmSync(blobFile(stage));
      symlinkSync(victim, blobFile(stage));
      const verdict = judgeWholeOrRefused(stage, await pullFrom(stage, registry), image);
      // A blob that still is the link was neither replaced nor written through.
      const kept = readFileSync(victim, "utf8") === "precious";
      const honest = verdict.status === "pass" || verdict.observed.startsWith("left ");
      return judge(verdict.observed, [kept, "wrote through the link"], [honest, verdict.observed]);
    },
  },
  {
    id: "layout-blobs-folder-is-a-symlink-out",
    area: "layout",
    fault: "`blobs/sha256` of the layout is a symbolic link to a folder outside",
    expectation: "Write nothing there: refuse.",
    reason: "go-containerregistry #2306: a layout from elsewhere must not choose where files go",
    verbs: ["pull"],
    async run(stage) {
      const registry = await stage.origin(goodRegistry(image));
      const outside = join(stage.folder, "outside");
      mkdirSync(outside);
      mkdirSync(join(layoutOf(stage), "blobs"), { recursive: true });
      writeFileSync(join(layoutOf(stage), "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
      writeFileSync(join(layoutOf(stage), "index.json"), '{"schemaVersion":2,"manifests":[]}');
      symlinkSync(outside, join(layoutOf(stage), "blobs/sha256"));
      const outcome = await pullFrom(stage, registry);
      const escaped = readdirSync(outside);
      return judge(lastLine(outcome), [escaped.length === 0, `wrote ${escaped.length} files outside`]);
    },
  },
  {
    id: "layout-blob-is-a-fifo",
    area: "layout",
    fault: "The layer's file is a named pipe that nobody writes to",
    expectation: "Not wait for it: replace it, or refuse.",
    reason: "Opening a pipe for reading blocks for ever",
    verbs: ["pull"],
    needs: ["linux"],
    limitSeconds: 30,
    async run(stage) {
      const registry = await stage.origin(goodRegistry(image));
      await prepare(stage, registry);
      rmSync(blobFile(stage));
      execFileSync("mkfifo", [blobFile(stage)]);
      const outcome = await pullFrom(stage, registry);
      // Nobody may read it afterwards either, this judge included.
      return judge(lastLine(outcome), [!outcome.timedOut, "hung"]);
    },
  },
  {
    id: "layout-index-is-no-json",
    area: "layout",
    fault: "The layout's index.json is cut off in the middle",
    expectation: "Refuse to touch it: what it named would be lost.",
    reason: "image-spec, image-layout.md: index.json is the entry point to everything else",
    verbs: ["pull"],
    async run(stage) {
      const registry = await stage.origin(goodRegistry(image));
      await prepare(stage, registry);
      const index = join(layoutOf(stage), "index.json");
      const half = readFileSync(index, "utf8").slice(0, 40);
      writeFileSync(index, half);
      const outcome = await pullFrom(stage, registry);
      return judge(
        lastLine(outcome),
        [outcome.exitCode !== 0, "reported success"],
        [readFileSync(index, "utf8") === half, "wrote over it"],
      );
    },
  },
  {
    id: "layout-index-of-64-mib",
    area: "layout",
    fault: "The layout's index.json has 64 MiB of spaces",
    expectation: "Refuse it at a bound, or read it in a bounded memory.",
    reason: "A layout from elsewhere must not fill the memory",
    verbs: ["pull", "push"],
    async run(stage) {
      const registry = await stage.origin(goodRegistry(image));
      await prepare(stage, registry);
      const index = join(layoutOf(stage), "index.json");
      const text = readFileSync(index, "utf8");
      writeFileSync(index, text.slice(0, -1) + " ".repeat(64 * 1024 * 1024) + text.slice(-1));
      const reference = `${registry.host}/demo/new:1.0`;
      const outcome = await stage.act({ verb: "push", folder: layoutOf(stage), reference });
      const mebibytes = Math.round((outcome.peakMemoryBytes ?? 0) / 1024 / 1024);
      return judge(
        lastLine(outcome),
        [!outcome.timedOut, "hung"],
        [mebibytes < 256, `held ${mebibytes} MiB`],
      );
    },
  },
  {
    id: "layout-written-by-eight-at-once",
    area: "layout",
    fault: "Eight pulls write one layout at the same moment",
    expectation: "All succeed; every blob is whole, and the index names all eight.",
    reason: "CI jobs share a cache folder",
    verbs: ["pull"],
    async run(stage) {
      const images = Array.from({ length: 8 }, (_, index) => testImage(10_000 + index));
      const serve = images.map((one) => goodRegistry(one));
      const registry = await stage.origin((request, reply) => {
        const which = Number(/^\/v2\/demo\/app(\d)\//.exec(request.target)?.[1] ?? 0);
        return serve[which]?.(request, reply);
      });
      const folder = layoutOf(stage);
      const outcomes = await Promise.all(
        images.map((_, index) =>
          stage.act({
            verb: "pull",
            reference: `${registry.host}/demo/app${index}:1.0`,
            folder,
            as: `v${index}`,
          }),
        ),
      );
      const failed = outcomes.find(({ exitCode }) => exitCode !== 0);
      const missing = images.filter((one) =>
        [one.manifest, one.config, ...one.layers].some(
          ({ digest }) => !existsSync(join(folder, "blobs", digest.replace(":", "/"))),
        ),
      );
      const index = readFileSync(join(folder, "index.json"), "utf8");
      const unnamed = images.filter(({ manifest }) => !index.includes(manifest.digest));
      return judge(
        "all eight are there",
        [failed === undefined, failed === undefined ? "" : lastLine(failed)],
        [missing.length === 0, `${missing.length} images are not whole`],
        [unnamed.length === 0, `the index does not name ${unnamed.length} of them`],
        ...intact(stage),
      );
    },
  },
  {
    id: "layout-killed-in-the-middle",
    area: "layout",
    fault:
      "The process is killed (SIGKILL) when one layer is whole and half of the other has come; then it is run again",
    expectation: "Leave nothing false, and fetch only what is missing.",
    reason: "containerd resumes ingests; a killed pull is no reason to start over",
    verbs: ["pull"],
    features: ["process"],
    async run(stage) {
      let stall = true;
      const second = pair.layers[1];
      const registry = await stage.origin(
        goodRegistry(
          pair,
          onBlob(second, (_, reply) => {
            if (!stall || second === undefined) return reply.send(200, {}, second?.bytes);
            reply.raw(`HTTP/1.1 200 OK\r\nContent-Length: ${second.bytes.length}\r\n\r\n`);
            reply.raw(second.bytes.subarray(0, 50_000));
          }),
        ),
      );
      const reference = `${registry.host}/demo/app:1.0`;
      await stage.act({ verb: "pull", reference, folder: layoutOf(stage) }, { killAfterMs: 2500 });
      const lies = falseBlobs(layoutOf(stage));
      if (lies.length > 0) return fail(`left ${lies.join(", ")} under a name that is not its digest`);
      const before = registry.requests.length;
      stall = false;
      const whole = judgeWholePull(stage, await pullFrom(stage, registry), pair);
      const again = registry.requests
        .slice(before)
        .filter(({ method, target }) => method === "GET" && route(target).name === layer.digest);
      return judge(
        whole.observed,
        [whole.status === "pass", whole.observed],
        [again.length === 0, "fetched again what was whole already"],
      );
    },
  },
];

/** A first pull that goes well; anything else is the case's own failure. */
async function prepare(stage: Stage, registry: Origin): Promise<void> {
  const first: Verdict = judgeWholePull(stage, await pullFrom(stage, registry), image);
  if (first.status === "fail") throw new Error(first.observed);
}

function blobFile(stage: Stage): string {
  return join(layoutOf(stage), "blobs", layer.digest.replace(":", "/"));
}

function intact(stage: Stage): (readonly [boolean, string])[] {
  const lies = falseBlobs(layoutOf(stage));
  let index: unknown;
  try {
    index = JSON.parse(readFileSync(join(layoutOf(stage), "index.json"), "utf8"));
  } catch {
    index = undefined;
  }
  return [
    [lies.length === 0, `left ${lies.join(", ")} under a name that is not its digest`],
    [index !== undefined, "index.json cannot be read"],
  ];
}
