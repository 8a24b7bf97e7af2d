import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { judge } from "../case.ts";
import { content } from "../image.ts";
import { repeat } from "../rigs/rig.ts";
import { beginUpload, commitPath, locationOf, putImage } from "../servers/calls.ts";
import type { ServerCase } from "../servers/server-case.ts";
import { isRefused } from "./server-doors.ts";

const blob = content("application/octet-stream", Buffer.alloc(100_000, "blob "));
const BYTES = { "Content-Type": "application/octet-stream" };
const UPLOADS = 10_000;

/** Uploads that are begun, go on and end as nobody should. */
export const serverUploadCases: readonly ServerCase[] = [
  {
    id: "uploads-abandoned-by-the-thousand",
    area: "server",
    fault: "10,000 uploads are begun, and none goes on",
    expectation: "Cap them: refuse with 429 at some number, and go on serving what there is.",
    reason: "Whoever may push could fill the memory and the disk with nothing",
    async run(stage) {
      const target = await stage.start({ inMemory: true });
      await putImage(target, stage.name);
      let [begun, refused] = [0, 0];
      await repeat(UPLOADS, 8, async () => {
        // Enough is known at the first refusals.
        if (refused > 8) return;
        const { status } = await target.send("POST", `/v2/${stage.name}/blobs/uploads/`);
        if (status === 202) begun += 1;
        else if (status === 429 || status === 503) refused += 1;
        else throw new Error(`POST of an upload was answered ${status}`);
      });
      const served = await target.send("GET", `/v2/${stage.name}/manifests/1.0`);
      return judge(
        `${begun} begun, then refused`,
        [refused > 0, `took all ${begun}`],
        [served.status === 200, `what is there is answered ${served.status}`],
      );
    },
  },
  {
    id: "uploads-abandoned-and-forgotten",
    area: "server",
    fault: "As many uploads as may be open are begun, with some bytes each, and left alone for their time",
    expectation: "Forget them, remove what they left on the disk, and take new ones.",
    reason: "Clients that crash never say so",
    features: ["upload-limits", "folder"],
    async run(stage) {
      const target = await stage.start({ uploads: { most: 10, idleMs: 4000 } });
      await putImage(target, stage.name);
      const before = target.files().length;
      for (let index = 0; index < 10; index++) {
        const session = await beginUpload(target, stage.name);
        await target.send("PATCH", session, { headers: BYTES, body: "some bytes" });
      }
      const full = await target.send("POST", `/v2/${stage.name}/blobs/uploads/`);
      const during = target.files().length;
      for (let tries = 0; tries < 200 && target.files().length > before; tries++) await sleep(100);
      const left = target.files().length - before;
      const again = await target.send("POST", `/v2/${stage.name}/blobs/uploads/`);
      return judge(
        `${during - before} files, then ${left}`,
        [full.status === 429, `one more than may be open was answered ${full.status}`],
        [left <= 0, `left ${left} files on the disk`],
        [again.status === 202, `a new one was answered ${again.status}`],
      );
    },
  },
  ...(
    [
      ["patch-too-far-on", "PATCH", 10],
      ["patch-again-from-the-start", "PATCH", 0],
      ["commit-too-far-on", "PUT", 10],
      ["commit-again-from-the-start", "PUT", 0],
    ] as const
  ).map(
    ([what, method, from]): ServerCase => ({
      id: `chunk-out-of-order-by-a-${what}`,
      area: "server",
      fault: `Five bytes of an upload are there; ${method} says that its chunk begins at byte ${from}`,
      expectation: "Answer 416 and keep the session as it is: the right chunk is taken afterwards.",
      reason: "distribution-spec, Pushing a blob in chunks; distribution-spec #590",
      async run(stage) {
        const target = await stage.start();
        const whole = content("application/octet-stream", "0123456789abcdef");
        const [head, tail] = [whole.bytes.subarray(0, 5), whole.bytes.subarray(5)];
        const at = (start: number, bytes: Buffer): Record<string, string> => ({
          ...BYTES,
          "Content-Range": `${start}-${start + bytes.length - 1}`,
        });
        const begun = await beginUpload(target, stage.name);
        const first = await target.send("PATCH", begun, { headers: at(0, head), body: head });
        const session = first.status === 202 ? locationOf(target, first) : begun;
        const path = method === "PUT" ? commitPath(session, whole.digest) : session;
        const wrong = await target.send(method, path, { headers: at(from, tail), body: tail });
        const right = await target.send("PATCH", session, { headers: at(5, tail), body: tail });
        const next = right.status === 202 ? locationOf(target, right) : session;
        const done = await target.send("PUT", commitPath(next, whole.digest));
        return judge(
          `answered ${wrong.status}`,
          [first.status === 202, `the first chunk was answered ${first.status}`],
          [wrong.status === 416, `answered ${wrong.status}`],
          [right.status === 202, `the right chunk was answered ${right.status}`],
          [done.status === 201, `the commit was answered ${done.status}`],
        );
      },
    }),
  ),
  {
    id: "blob-under-the-digest-of-another",
    area: "server",
    fault: "An upload is committed by a digest that is not its bytes'",
    expectation: "Answer 400, and serve it under no name.",
    reason: "distribution-spec, DIGEST_INVALID",
    async run(stage) {
      const target = await stage.start();
      const session = await beginUpload(target, stage.name);
      const digest = `sha256:${"0".repeat(64)}`;
      const answer = await target.send("PUT", commitPath(session, digest), {
        headers: BYTES,
        body: blob.bytes,
      });
      const [kept, own] = await Promise.all(
        [digest, blob.digest].map((each) => target.send("HEAD", `/v2/${stage.name}/blobs/${each}`)),
      );
      return judge(
        `answered ${answer.status}`,
        [isRefused(answer), `answered ${answer.status}`],
        [kept?.status === 404 && own?.status === 404, "keeps it"],
      );
    },
  },
  {
    id: "upload-written-by-two-at-once",
    area: "server",
    fault: "Two clients send different bytes to one upload session at the same moment, and one commits",
    expectation: "Commit one of them whole or neither; never bytes that do not hash to the digest.",
    reason: "A retry overtakes the request it repeats",
    async run(stage) {
      const target = await stage.start();
      const session = await beginUpload(target, stage.name);
      const other = Buffer.alloc(blob.bytes.length, "other");
      const path = commitPath(session, blob.digest);
      const answers = await Promise.all(
        [blob.bytes, other].map((body) => target.send("PUT", path, { headers: BYTES, body })),
      );
      const served = await target.send("GET", `/v2/${stage.name}/blobs/${blob.digest}`);
      const digest = `sha256:${createHash("sha256").update(served.body).digest("hex")}`;
      return judge(
        answers.map(({ status }) => status).join(" and "),
        [served.status !== 200 || digest === blob.digest, "serves bytes that are not the digest's"],
        [answers.filter(({ status }) => status === 201).length <= 1, "committed both"],
      );
    },
  },
];
