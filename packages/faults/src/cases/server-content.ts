import { judge, type Verdict } from "../case.ts";
import { content } from "../image.ts";
import { putBlob, putImage, putManifest, smallManifest } from "../servers/calls.ts";
import type { ServerCase, ServerStage, Target } from "../servers/server-case.ts";
import type { Answer } from "../servers/wire.ts";
import { isRefused } from "./server-doors.ts";

const blob = content("application/octet-stream", "a blob");
const MANIFEST_LIMIT_BYTES = 4 * 1024 * 1024;
const PAGE_ENTRIES = 1000;

/** Listings, deletions and manifests. */
export const contentCases: readonly ServerCase[] = [
  ...(["1000000000", "1e9", "-1", "99999999999999999999", "0x10"] as const).map(
    (n): ServerCase => ({
      id: `page-of-${n.toLowerCase()}`,
      area: "server",
      fault: `The catalog is asked for with n=${n}`,
      expectation: "Answer a page of its own size, or 4xx; allocate nothing for what was asked.",
      reason: "CVE-2023-2253",
      async run(stage) {
        const target = await stage.start();
        await putImage(target, stage.name);
        const answer = await target.send("GET", `/v2/_catalog?n=${n}`);
        const entries = answer.status === 200 ? entriesOf(answer, "repositories").length : 0;
        return judge(
          `answered ${answer.status}`,
          [answer.status === 200 || isRefused(answer), `answered ${answer.status}`],
          [entries <= PAGE_ENTRIES, `${entries} entries in one page`],
        );
      },
    }),
  ),
  {
    id: "page-larger-than-a-page",
    area: "server",
    fault: "The tags of a repository of 1,001 are asked for with n=1000000000",
    expectation: "Give a thousand at most, and a Link to the rest; or refuse the number.",
    reason: "CVE-2023-2253; distribution-spec, Listing Tags: fewer than n is allowed",
    async run(stage) {
      const target = await stage.start({ inMemory: true });
      const image = await putImage(target, stage.name);
      for (let tag = 0; tag < PAGE_ENTRIES; tag++)
        await putManifest(target, stage.name, `t${tag}`, image.bytes);
      const answer = await target.send("GET", `/v2/${stage.name}/tags/list?n=1000000000`);
      const entries = answer.status === 200 ? entriesOf(answer, "tags").length : 0;
      return judge(
        `${entries} entries, then a Link`,
        [answer.status === 200 || isRefused(answer), `answered ${answer.status}`],
        [entries <= PAGE_ENTRIES, `${entries} entries in one page`],
        [isRefused(answer) || answer.headers.link !== undefined, "no Link to the rest"],
      );
    },
  },
  {
    id: "page-of-none",
    area: "server",
    fault: "The tags are asked for with n=0",
    expectation: "Answer an empty list, without a Link.",
    reason: "distribution-spec, Listing Tags: n=0 is an empty list, and no Link header",
    async run(stage) {
      const target = await stage.start();
      await putImage(target, stage.name);
      const answer = await target.send("GET", `/v2/${stage.name}/tags/list?n=0`);
      return judge(
        "empty",
        [answer.status === 200, `answered ${answer.status}`],
        [entriesOf(answer, "tags").length === 0, "listed tags"],
        [answer.headers.link === undefined, "sent a Link"],
      );
    },
  },
  {
    id: "deleting-is-switched-off",
    area: "server",
    fault: "Where deleting is switched off, a tag, a manifest and a blob are deleted",
    expectation: "Answer 405 to each, and keep them.",
    reason: "CVE-2026-41888",
    features: ["no-deletes"],
    async run(stage) {
      const target = await stage.start({ deletes: false });
      const image = await putImage(target, stage.name);
      await putBlob(target, stage.name, blob);
      const manifests = `/v2/${stage.name}/manifests`;
      const paths = [
        ...[`${manifests}/1.0`, `${manifests}/${image.digest}`],
        `/v2/${stage.name}/blobs/${blob.digest}`,
      ];
      for (const path of paths) {
        const answer = await target.send("DELETE", path);
        const kept = await target.send("HEAD", path);
        const what = path.slice(path.lastIndexOf("/") + 1, path.lastIndexOf("/") + 12);
        const verdict = judge(
          "405 to each",
          [answer.status === 405, `DELETE of ${what} was answered ${answer.status}`],
          [kept.status === 200, `${what} is gone`],
        );
        if (verdict.status === "fail") return verdict;
      }
      return judge("405 to each");
    },
  },
  ...([false, true] as const).map(
    (chunked): ServerCase => ({
      id: `manifest-over-4-mib${chunked ? "-in-chunks" : ""}`,
      area: "server",
      fault: `A manifest of 5 MiB is pushed, ${chunked ? "in chunks and without a length" : "and says so in its Content-Length"}`,
      expectation: "Answer 413, and keep nothing of it.",
      reason: "distribution-spec, Pushing Manifests: 4 MiB at least are taken, more is answered 413",
      async run(stage) {
        const target = await stage.start();
        await putImage(target, stage.name);
        const large = smallManifest({ filler: "x".repeat(MANIFEST_LIMIT_BYTES + 1024 * 1024) });
        const answer = await putManifest(target, stage.name, "large", large.bytes, { chunked });
        const kept = await target.send("HEAD", `/v2/${stage.name}/manifests/large`);
        return judge(
          `answered ${answer.status}`,
          [answer.status === 413, `answered ${answer.status}`],
          [kept.status === 404, "kept it"],
        );
      },
    }),
  ),
  wrongManifest(
    "nested-200000-deep",
    `${'{"a":'.repeat(200_000)}1${"}".repeat(200_000)}`,
    "Recursive parsers overflow their stack",
  ),
  wrongManifest(
    "that-is-an-index-too",
    smallManifest().bytes.toString("utf8").replace("{", '{"manifests":[],'),
    "CVE-2021-41190: it means one thing to one reader and another to the next",
  ),
  wrongManifest("that-is-no-json", "{", "distribution-spec, MANIFEST_INVALID"),
  wrongManifest(
    "with-a-digest-that-climbs",
    smallManifest()
      .bytes.toString("utf8")
      .replace(/sha256:[0-9a-f]{64}/, "sha256:../../../../outside/secret"),
    "CVE-2024-3727",
  ),
  {
    id: "manifest-under-the-digest-of-another",
    area: "server",
    fault: "A manifest is put under a digest that is not its own",
    expectation: "Answer 400, and keep it under no name.",
    reason: "distribution-spec, DIGEST_INVALID",
    async run(stage) {
      const target = await stage.start();
      await putImage(target, stage.name);
      const digest = `sha256:${"0".repeat(64)}`;
      const answer = await putManifest(target, stage.name, digest, smallManifest({ other: "x" }).bytes);
      const kept = await target.send("HEAD", `/v2/${stage.name}/manifests/${digest}`);
      return judge(
        `answered ${answer.status}`,
        [isRefused(answer), `answered ${answer.status}`],
        [kept.status === 404, "keeps it under the wrong digest"],
      );
    },
  },
];

function wrongManifest(what: string, body: string, reason: string): ServerCase {
  return {
    id: `pushed-manifest-${what}`,
    area: "server",
    fault: `A manifest is pushed ${what.replaceAll("-", " ")}`,
    expectation: "Answer 4xx, keep nothing of it, and live.",
    reason,
    run: (stage) => judgeRefusedManifest(stage, body),
  };
}

async function judgeRefusedManifest(stage: ServerStage, body: string): Promise<Verdict> {
  const target: Target = await stage.start();
  await putImage(target, stage.name);
  const answer = await putManifest(target, stage.name, "wrong", body);
  const kept = await target.send("HEAD", `/v2/${stage.name}/manifests/wrong`);
  return judge(
    `answered ${answer.status}`,
    [isRefused(answer), `answered ${answer.status}`],
    [kept.status === 404, `afterwards answered ${kept.status}`],
  );
}

/** Of a listing; whatever else came counts as none. */
function entriesOf({ body }: Answer, field: "tags" | "repositories"): readonly unknown[] {
  const document: unknown = JSON.parse(body.toString("utf8"));
  const entries = (document as Readonly<Record<string, unknown>> | null)?.[field];
  return Array.isArray(entries) ? entries : [];
}
