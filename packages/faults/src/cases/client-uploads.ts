import { type FaultCase, fail, judge, type Stage, type Verdict } from "../case.ts";
import { type TestImage, testImage } from "../image.ts";
import type { Origin, RecordedRequest, Reply } from "../origin.ts";
import { errors, type Fault, goodRegistry, JSON_TYPE, route } from "../registry.ts";
import { testTls } from "../tls.ts";
import { judgeWholePull, lastLine, layoutOf, pullFrom } from "./pulling.ts";

const image = testImage(512 * 1024);

/** What registries do to uploads. */
export const uploadCases: readonly FaultCase[] = [
  uploadCase({
    id: "upload-location-relative-with-state",
    fault: "The upload's Location is relative and carries a query of the registry's own",
    expectation: "Resolve it, keep the query as it is, add the digest, and succeed.",
    reason: "distribution-spec, Pushing blobs",
    script: (request, reply) => {
      const { kind, query, repository } = route(request.target);
      if (kind === "uploads") {
        reply.send(202, { Location: `/v2/${repository}/blobs/uploads/s?_state=a%2Bb%3D%3D&x=1` });
        return true;
      }
      if (kind !== "session") return false;
      const kept = request.target.includes("_state=a%2Bb%3D%3D") && query.get("x") === "1";
      if (!kept) reply.send(400, JSON_TYPE, errors("BLOB_UPLOAD_INVALID", "the state is gone"));
      else if (request.method === "PATCH")
        reply.send(202, { Location: request.target, Range: `0-${request.body.length - 1}` });
      else if (request.method === "PUT") reply.send(201, { Location: `/v2/${repository}/blobs/x` });
      else reply.send(204);
      return true;
    },
  }),
  uploadCase({
    id: "upload-without-location",
    fault: "The POST for an upload is answered 202 without a Location",
    expectation: "Say that the registry broke the protocol; do not guess an address.",
    reason: "distribution-spec: the Location header is required",
    script: (request, reply) => {
      if (route(request.target).kind !== "uploads") return false;
      reply.send(202);
      return true;
    },
    judge: refusedPush,
  }),
  {
    id: "upload-location-in-the-clear",
    area: "client",
    fault: "An https registry answers POST with an http:// Location on its own host",
    expectation: "Refuse to upload in the clear.",
    reason: "distribution #479: a proxy that does not set X-Forwarded-Proto",
    verbs: ["pull", "push"],
    features: ["loopback-tls"],
    async run(stage) {
      const plain = await stage.origin(goodRegistry(EMPTY));
      const registry = await stage.origin(
        goodRegistry(EMPTY, (request, reply) => {
          const { kind } = route(request.target);
          if (kind === "blob" && request.method === "HEAD") reply.send(404);
          else if (kind === "uploads")
            reply.send(202, { Location: `${plain.url}/v2/demo/new/blobs/uploads/1` });
          else return false;
          return true;
        }),
        { tls: testTls() },
      );
      const outcome = await pushTo(stage, registry);
      if (typeof outcome === "string") return fail(outcome);
      const asked = registry.requests.some(({ target }) => route(target).kind === "uploads");
      return judge(
        lastLine(outcome),
        [asked, "never came to upload"],
        [plain.requests.length === 0, "uploaded in the clear"],
        [outcome.exitCode !== 0, "reported success"],
      );
    },
  },
  uploadCase({
    id: "upload-commit-answered-500-though-stored",
    fault: "The committing PUT is answered 500 once, although the blob is stored",
    expectation: "Look whether the blob is there, and succeed.",
    reason: "A lost answer is not a lost blob",
    script: once(
      (request) => request.method === "PUT" && route(request.target).kind === "session",
      (_, reply) => reply.send(500, JSON_TYPE, errors("UNKNOWN")),
      { stored: true },
    ),
    judge: (outcome) => judge("succeeded", [outcome.exitCode === 0, lastLine(outcome)]),
  }),
  uploadCase({
    id: "upload-commit-reset-though-stored",
    fault: "The committing PUT is answered with a reset once, although the blob is stored",
    expectation: "Look whether the blob is there, and succeed.",
    reason: "A lost answer is not a lost blob",
    script: once(
      (request) => request.method === "PUT" && route(request.target).kind === "session",
      (_, reply) => reply.reset(),
      { stored: true },
    ),
    judge: (outcome) => judge("succeeded", [outcome.exitCode === 0, lastLine(outcome)]),
  }),
  uploadCase({
    id: "upload-location-with-a-fragment",
    fault: "The upload's Location carries a fragment",
    expectation: "Leave the fragment out of the requests that follow, and succeed.",
    reason: "RFC 9110, section 7.1: a fragment is not part of what is sent",
    script: (request, reply) => {
      const { kind, repository } = route(request.target);
      const sent = request.target.includes("#") || request.target.includes("%23");
      if (kind === "uploads")
        reply.send(202, { Location: `/v2/${repository}/blobs/uploads/s#of-no-use`, Range: "0-0" });
      else if (kind !== "session") return false;
      else if (sent) reply.send(400, JSON_TYPE, errors("BLOB_UPLOAD_INVALID", "a fragment was sent"));
      else if (request.method === "PATCH")
        reply.send(202, { Location: request.target, Range: `0-${request.body.length - 1}` });
      else if (request.method === "PUT") reply.send(201, { Location: `/v2/${repository}/blobs/x` });
      else reply.send(204);
      return true;
    },
  }),
  uploadCase({
    id: "upload-reset-in-the-middle-once",
    fault: "The connection is reset in the middle of the first upload's bytes",
    expectation: "Ask the session where it is, or start another, and succeed.",
    reason: "distribution-spec, Resuming an upload",
    script: once(
      (request) => ["PUT", "PATCH"].includes(request.method) && request.body.length > 100_000,
      (_, reply) => reply.reset(),
    ),
    judge: (outcome) => judge("succeeded", [outcome.exitCode === 0, lastLine(outcome)]),
  }),
  uploadCase({
    id: "upload-refused-as-too-large",
    fault: "Every upload is answered 413, then the connection is reset",
    expectation: "Report the 413, not the reset.",
    reason: "Proxies answer before they have read the body",
    script: (request, reply) => {
      if (route(request.target).kind !== "session" || request.method === "GET") return false;
      reply.send(413, JSON_TYPE, errors("SIZE_INVALID", "too large for this proxy"));
      setTimeout(() => reply.reset(), 50);
      return true;
    },
    judge: (outcome) =>
      judge(
        lastLine(outcome),
        [outcome.exitCode !== 0, "reported success"],
        [/413|too large/i.test(outcome.output), `does not tell of the 413: ${lastLine(outcome)}`],
      ),
  }),
  uploadCase({
    id: "upload-chunk-minimum-of-5-gib",
    fault: "OCI-Chunk-Min-Length asks for chunks of 5 GiB",
    expectation: "Refuse, or upload in one piece; never hold such a chunk in memory.",
    reason: "regclient bounds the minimum",
    script: (request, reply) => {
      const { kind, repository } = route(request.target);
      if (kind !== "uploads") return false;
      const location = `/v2/${repository}/blobs/uploads/s`;
      reply.send(202, { Location: location, "OCI-Chunk-Min-Length": String(5 * 1024 ** 3) });
      return true;
    },
    judge: (outcome) => {
      const mebibytes = Math.round((outcome.peakMemoryBytes ?? 0) / 1024 / 1024);
      return judge(
        lastLine(outcome),
        [!outcome.timedOut, "hung"],
        [mebibytes < 512, `held ${mebibytes} MiB`],
      );
    },
  }),
];

type Outcome = Awaited<ReturnType<Stage["act"]>>;

interface UploadCase extends Pick<FaultCase, "id" | "fault" | "expectation" | "reason"> {
  readonly script: Fault;
  readonly judge?: (outcome: Outcome) => Verdict;
}

/** A push of the small image to a registry that has none of its blobs yet. */
function uploadCase({ script, judge: decide, ...rest }: UploadCase): FaultCase {
  return {
    ...rest,
    area: "client",
    verbs: ["pull", "push"],
    async run(stage) {
      const registry = await stage.origin(goodRegistry(EMPTY, script));
      const outcome = await pushTo(stage, registry);
      if (typeof outcome === "string") return fail(outcome);
      if (decide !== undefined) return decide(outcome);
      return judge("succeeded", [outcome.exitCode === 0, lastLine(outcome)]);
    },
  };
}

/** Fetches the image from a good registry and pushes it to this one. */
async function pushTo(stage: Stage, registry: Origin): Promise<Outcome | string> {
  const source = await stage.origin(
    goodRegistry(image),
    registry.url.startsWith("https:") ? { tls: testTls() } : {},
  );
  const pulled = judgeWholePull(stage, await pullFrom(stage, source), image);
  if (pulled.status === "fail") return `could not prepare: ${pulled.observed}`;
  return stage.act({ verb: "push", folder: layoutOf(stage), reference: `${registry.host}/demo/new:1.0` });
}

function refusedPush(outcome: Outcome): Verdict {
  return judge(lastLine(outcome), [outcome.exitCode !== 0, "reported success"], [!outcome.timedOut, "hung"]);
}

/** Goes wrong the first time only; with `stored` the registry has done its work all the same. */
function once(
  when: (request: RecordedRequest) => boolean,
  wrong: (request: RecordedRequest, reply: Reply) => void,
  { stored = false } = {},
): Fault {
  let done = false;
  const digests = new Set<string>();
  return (request, reply) => {
    const { kind, name, query } = route(request.target);
    if (kind === "blob" && digests.has(name) && request.method === "HEAD") {
      reply.send(200, { "Content-Length": String(BIG_LAYER), "Docker-Content-Digest": name });
      return true;
    }
    if (done || !when(request)) return false;
    const digest = query.get("digest");
    if (stored && digest !== null) digests.add(digest);
    done = true;
    wrong(request, reply);
    return true;
  };
}

/** A registry that holds nothing yet. */
const EMPTY: TestImage = { ...testImage(1), layers: [] };
const BIG_LAYER = image.layers[0]?.bytes.length ?? 0;
