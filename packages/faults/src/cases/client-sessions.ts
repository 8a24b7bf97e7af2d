import { writeFile } from "node:fs/promises";
import { type FaultCase, judge } from "../case.ts";
import { testImage } from "../image.ts";
import { errors, type Fault, goodRegistry, JSON_TYPE, route } from "../registry.ts";
import { judgeWholePull, lastLine, layoutOf, pullFrom } from "./pulling.ts";

const image = testImage(512 * 1024);
const [layer = image.config] = image.layers;

/** Upload sessions and mounts that do not go as written. */
export const sessionCases: readonly FaultCase[] = [
  ...([202, 401, 403, 404, 405] as const).map(
    (status): FaultCase => ({
      id: `mount-answered-${status}`,
      area: "client",
      fault: `Mounting a blob from another repository is answered ${status}`,
      expectation:
        status === 202
          ? "It is an upload session: use its Location, and succeed."
          : "Upload the blob in the usual way, and succeed.",
      reason: "distribution-spec, Mounting a blob from another repository",
      verbs: ["copy"],
      async run(stage) {
        const stored = new Set<string>();
        const registry = await stage.origin(
          goodRegistry(image, (request, reply) => {
            const { kind, repository, name, query } = route(request.target);
            if (repository !== "demo/other") return false;
            if (kind === "session" && request.method === "PUT") stored.add(query.get("digest") ?? "");
            if ((kind === "blob" || kind === "manifest") && request.method === "HEAD" && !stored.has(name)) {
              reply.send(404);
              return true;
            }
            if (kind !== "uploads" || status === 202 || !query.has("mount")) return false;
            reply.send(status, JSON_TYPE, errors("DENIED", "no mounts here"));
            return true;
          }),
        );
        const outcome = await stage.act({
          verb: "copy",
          from: `${registry.host}/demo/app:1.0`,
          to: `${registry.host}/demo/other:1.0`,
        });
        return judge(
          "uploaded",
          [outcome.exitCode === 0, lastLine(outcome)],
          [stored.has(layer.digest), "reported success, but the layer was never uploaded"],
        );
      },
    }),
  ),
  sessionCase({
    id: "upload-range-says-nothing-arrived",
    fault: "PATCH is answered with Range: 0-0, whatever arrived",
    expectation: "Not loop: go on, or send it in one piece once, or fail.",
    reason: "distribution #2363: `0-0` stands for an empty session and for one byte",
    script: (request, reply) => {
      if (request.method !== "PATCH") return false;
      reply.send(202, { Location: request.target, Range: "0-0" });
      return true;
    },
  }),
  sessionCase({
    id: "upload-range-off-by-one",
    fault: "PATCH and GET of the session are answered with a Range one too large",
    expectation: "Never skip a byte: succeed with the right digest, or fail.",
    reason: "Registries count the end of the range as its length",
    script: (request, reply) => {
      if (
        request.method !== "PATCH" &&
        (request.method !== "GET" || route(request.target).kind !== "session")
      )
        return false;
      reply.send(request.method === "GET" ? 204 : 202, {
        Location: request.target,
        Range: `0-${layer.bytes.length}`,
      });
      return true;
    },
  }),
  sessionCase({
    id: "continue-nobody-asked-for-before-201",
    fault: "100 Continue comes before the answer to an upload that did not expect it",
    expectation: "Pass it over, and succeed.",
    reason: "RFC 9110, section 15.2",
    succeeds: true,
    script: (request, reply) => {
      if (request.body.length > 0) reply.raw("HTTP/1.1 100 Continue\r\n\r\n");
      return false;
    },
  }),
  sessionCase({
    id: "continue-nobody-asked-for-before-201-once",
    fault: "100 Continue comes once before the answer to an upload that did not expect it",
    expectation: "Pass it over, or look what arrived and go on; succeed.",
    reason: "RFC 9110, section 15.2",
    succeeds: true,
    script: once(
      (request) => request.body.length > 0,
      (reply) => reply.raw("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"),
    ),
  }),
  sessionCase({
    id: "upload-session-forgotten",
    fault: "The first upload session is answered 404 as soon as bytes come",
    expectation: "Start another, and succeed.",
    reason: "distribution-spec, BLOB_UPLOAD_UNKNOWN: sessions expire, and load balancers mix them up",
    succeeds: true,
    script: once(
      (request) => request.body.length > 100_000,
      (reply) => reply.send(404, JSON_TYPE, errors("BLOB_UPLOAD_UNKNOWN")),
    ),
  }),
  sessionCase({
    id: "upload-answered-429-once",
    fault: "The upload's POST is answered 429 once, with Retry-After: 1",
    expectation: "Wait, and succeed.",
    reason: "RFC 6585, section 4",
    succeeds: true,
    script: once(
      (request) => request.method === "POST",
      (reply) => reply.send(429, { ...JSON_TYPE, "Retry-After": "1" }, errors("TOOMANYREQUESTS")),
    ),
  }),
  {
    id: "source-changes-during-a-push",
    area: "client",
    fault:
      "The layer's file in the layout is replaced by other bytes of the same length once the push has begun",
    expectation: "Fail once the registry or the client has noticed, and push no manifest.",
    reason: "The digest in the manifest is a promise about what was sent",
    verbs: ["pull", "push"],
    async run(stage) {
      const source = await stage.origin(goodRegistry(image));
      const pulled = judgeWholePull(stage, await pullFrom(stage, source), image);
      if (pulled.status === "fail") return pulled;
      const file = `${layoutOf(stage)}/blobs/${layer.digest.replace(":", "/")}`;
      const manifests: string[] = [];
      // The registry looks at what it gets, as it must (DIGEST_INVALID): a client need not hash a large file twice.
      const registry = await stage.origin(
        goodRegistry(EMPTY, async (request) => {
          const { kind } = route(request.target);
          if (kind === "uploads") await writeFile(file, Buffer.alloc(layer.bytes.length, "x"));
          if (kind === "manifest" && request.method === "PUT") manifests.push(request.target);
          return false;
        }),
      );
      const reference = `${registry.host}/demo/new:1.0`;
      const outcome = await stage.act({ verb: "push", folder: layoutOf(stage), reference });
      const honest = registry.requests.some(({ body }) => body.equals(layer.bytes));
      return judge(
        lastLine(outcome),
        [!outcome.timedOut, "hung"],
        // Whoever had read the file before it changed may well send what was promised.
        [honest || outcome.exitCode !== 0, "reported success"],
        [honest || manifests.length === 0, "pushed the manifest all the same"],
      );
    },
  },
  {
    id: "source-shrinks-during-a-push",
    area: "client",
    fault: "The layer's file in the layout is cut to half its length once the push has begun",
    expectation:
      "Fail without waiting for bytes that never come, commit nothing, and give the upload up by DELETE.",
    reason: "distribution-spec, Cancelling an upload: an abandoned session holds the registry's disk",
    verbs: ["pull", "push"],
    async run(stage) {
      const source = await stage.origin(goodRegistry(image));
      const pulled = judgeWholePull(stage, await pullFrom(stage, source), image);
      if (pulled.status === "fail") return pulled;
      const file = `${layoutOf(stage)}/blobs/${layer.digest.replace(":", "/")}`;
      const registry = await stage.origin(
        goodRegistry(EMPTY, async (request) => {
          const { kind } = route(request.target);
          if (kind === "uploads") await writeFile(file, layer.bytes.subarray(0, layer.bytes.length / 2));
          return false;
        }),
      );
      const reference = `${registry.host}/demo/new:1.0`;
      const outcome = await stage.act({ verb: "push", folder: layoutOf(stage), reference });
      const honest = registry.requests.some(({ body }) => body.equals(layer.bytes));
      const wrote = registry.requests.some(
        ({ method, target }) => method === "PUT" && route(target).kind === "manifest",
      );
      const abandoned = registry.requests.some(({ method }) => method === "DELETE");
      return judge(
        lastLine(outcome),
        [!outcome.timedOut, "hung"],
        [honest || outcome.exitCode !== 0, "reported success"],
        [honest || !wrote, "pushed the manifest all the same"],
        [honest || abandoned, "left the upload session open"],
      );
    },
  },
];

interface SessionCase extends Pick<FaultCase, "id" | "fault" | "expectation" | "reason"> {
  readonly script: Fault;
  /** Nothing but success is right. */
  readonly succeeds?: boolean;
}

/** A push to a registry that has nothing yet, and checks every digest. */
function sessionCase({ script, succeeds, ...rest }: SessionCase): FaultCase {
  return {
    ...rest,
    area: "client",
    verbs: ["pull", "push"],
    async run(stage) {
      const source = await stage.origin(goodRegistry(image));
      const pulled = judgeWholePull(stage, await pullFrom(stage, source), image);
      if (pulled.status === "fail") return pulled;
      const registry = await stage.origin(goodRegistry(EMPTY, script));
      const reference = `${registry.host}/demo/new:1.0`;
      const outcome = await stage.act({ verb: "push", folder: layoutOf(stage), reference });
      const requests = registry.requests.length;
      return judge(
        `${requests} requests; ${lastLine(outcome)}`,
        [!outcome.timedOut, "hung"],
        [requests < 100, `${requests} requests`],
        [succeeds !== true || outcome.exitCode === 0, lastLine(outcome)],
      );
    },
  };
}

/** Goes wrong the first time for each run of a case: the registry that comes after has another socket. */
function once(
  when: (request: Parameters<Fault>[0]) => boolean,
  wrong: (reply: Parameters<Fault>[1]) => void,
): Fault {
  const met = new Set<number | undefined>();
  return (request, reply) => {
    const { localPort } = reply.socket;
    if (met.has(localPort) || !when(request)) return false;
    met.add(localPort);
    wrong(reply);
    return true;
  };
}

/** A registry that holds nothing of the image yet. */
const EMPTY = { ...testImage(1), layers: [] };
