import { type FaultCase, fail, judge, type Verdict } from "../case.ts";
import { content, descriptor, imageOf, type TestImage, testImage } from "../image.ts";
import type { RecordedRequest, Reply } from "../origin.ts";
import { goodRegistry, route } from "../registry.ts";
import { judgeRefusedPull, judgeWholeOrRefused, judgeWholePull, lastLine, pullFrom } from "./pulling.ts";

const image = testImage();
const MANIFEST_TYPE = { "Content-Type": image.manifest.mediaType } as const;
const INDEX_TYPE = "application/vnd.oci.image.index.v1+json";

/** Documents that are hostile, broken, or not what they say. */
export const documentCases: readonly FaultCase[] = [
  manifestCase({
    id: "manifest-without-end",
    fault: "A manifest of 64 MiB comes in chunks, without a length",
    expectation: "Stop reading at a bound of a few MiB.",
    reason: "CVE-2020-1702",
    script: (_, reply) => {
      reply.raw(
        `HTTP/1.1 200 OK\r\nContent-Type: ${image.manifest.mediaType}\r\nConnection: close\r\n\r\n{"a":"`,
      );
      const piece = "a".repeat(256 * 1024);
      const more = (): void => {
        if (reply.socket.destroyed) return;
        if (reply.socket.bytesWritten > 64 * 1024 * 1024) reply.end();
        else reply.socket.write(piece, more);
      };
      more();
    },
    judge: (refused, { peakMemoryBytes = 0 }) => {
      if (refused.status === "fail") return refused;
      const mebibytes = Math.round(peakMemoryBytes / 1024 / 1024);
      return judge(refused.observed, [mebibytes < 192, `held ${mebibytes} MiB in memory`]);
    },
  }),
  manifestCase({
    id: "manifest-of-64-mib",
    fault: "A manifest says that it has 64 MiB, and has",
    expectation: "Refuse it by its length, without taking it.",
    reason: "CVE-2020-1702",
    script: (_, reply) => {
      const large = `{"schemaVersion":2,"annotations":{"a":"${"a".repeat(64 * 1024 * 1024)}"}}`;
      reply.send(200, MANIFEST_TYPE, large);
    },
    judge: (refused, { peakMemoryBytes = 0 }) => {
      if (refused.status === "fail") return refused;
      const mebibytes = Math.round(peakMemoryBytes / 1024 / 1024);
      return judge(refused.observed, [mebibytes < 192, `held ${mebibytes} MiB in memory`]);
    },
  }),
  ...([-1, 1.5, "5", 9e15 + 2, 1e300] as const).map((size) =>
    manifestCase({
      id: `descriptor-size-${String(size).replace(/[^\w]/g, "-")}`,
      fault: `A layer's descriptor has the size ${JSON.stringify(size)}`,
      expectation: "Refuse the document before anything is allocated or fetched.",
      reason: "image-spec, descriptor.md: size is an int64",
      script: (_, reply) => {
        const hostile = imageOf(image.config, image.layers, (document) => {
          document["layers"] = image.layers.map((layer) => ({ ...descriptor(layer), size }));
        });
        reply.send(200, MANIFEST_TYPE, hostile.manifest.bytes);
      },
    }),
  ),
  ...(
    [
      ["empty", "sha256:"],
      ["path", "sha256:../../../../tmp/reg-faults-escape"],
      ["upper-case", `sha256:${"A".repeat(64)}`],
      ["short", `sha256:${"a".repeat(63)}`],
      ["long", `sha256:${"a".repeat(65)}`],
      ["unknown-algorithm", `md5:${"a".repeat(32)}`],
    ] as const
  ).map(([name, digest]) =>
    manifestCase({
      id: `descriptor-digest-${name}`,
      fault: `A layer's digest is ${digest.slice(0, 24)}…`,
      expectation: "Refuse it before any request or path is made of it.",
      reason: "CVE-2024-3727",
      script: (_, reply) => {
        const hostile = imageOf(image.config, image.layers, (document) => {
          document["layers"] = image.layers.map((layer) => ({ ...descriptor(layer), digest }));
        });
        reply.send(200, MANIFEST_TYPE, hostile.manifest.bytes);
      },
      judge: (refused, _, requests) =>
        judge(
          refused.observed,
          [refused.status === "pass", refused.observed],
          [
            !requests.some(({ target }) => decodeURIComponent(target).endsWith(`/${digest}`)),
            "asked the registry for it",
          ],
        ),
    }),
  ),
  manifestCase({
    id: "manifest-digest-header-lies",
    fault: "Docker-Content-Digest names other bytes than the manifest's",
    expectation: "The body decides: a mismatch is an error.",
    reason: "distribution-spec, Pulling manifests: the header must match",
    script: (_, reply) =>
      reply.send(
        200,
        { ...MANIFEST_TYPE, "Docker-Content-Digest": `sha256:${"0".repeat(64)}` },
        image.manifest.bytes,
      ),
  }),
  manifestCase({
    id: "manifest-by-digest-is-another",
    byDigest: true,
    fault: "A manifest asked for by digest has other bytes",
    expectation: "Fail on the digest.",
    reason: "distribution-spec, Pulling manifests",
    script: (_, reply) => {
      const other = imageOf(image.config, [], () => {});
      reply.send(200, MANIFEST_TYPE, other.manifest.bytes);
    },
  }),
  manifestCase({
    id: "manifest-and-index-at-once",
    fault: "One document has `manifests` and `layers`",
    expectation: "Refuse it: it means one thing to one reader and another to the next.",
    reason: "CVE-2021-41190",
    script: (_, reply) => {
      const both = imageOf(image.config, image.layers, (document) => {
        document["manifests"] = [descriptor(image.manifest)];
      });
      reply.send(200, MANIFEST_TYPE, both.manifest.bytes);
    },
  }),
  manifestCase({
    id: "manifest-type-disagrees",
    fault: "Content-Type says manifest, the document's mediaType says index",
    expectation: "Refuse it.",
    reason: "CVE-2021-41190; distribution-spec: the two must match",
    script: (_, reply) => {
      const other = imageOf(image.config, image.layers, (document) => {
        document["mediaType"] = INDEX_TYPE;
      });
      reply.send(200, MANIFEST_TYPE, other.manifest.bytes);
    },
  }),
  manifestCase({
    id: "manifest-nested-200000-deep",
    fault: "A manifest is JSON nested 200,000 deep",
    expectation: "Refuse it with an error, not with a crash of the process.",
    reason: "Recursive parsers overflow their stack",
    script: (_, reply) => reply.send(200, MANIFEST_TYPE, `${'{"a":'.repeat(200_000)}1${"}".repeat(200_000)}`),
    judge: (refused, { output }) =>
      judge(
        refused.observed,
        [refused.status === "pass", refused.observed],
        [!/stack overflow|Maximum call stack|goroutine stack exceeds/.test(output), "its stack overflowed"],
      ),
  }),
  manifestCase({
    id: "manifest-content-type-with-parameters",
    fault: "The manifest's Content-Type carries a charset",
    expectation: "Ignore the parameter, and succeed.",
    reason: "Artifactory adds ISO-8859-1; RFC 9110, section 8.3",
    whole: true,
    script: (_, reply) =>
      reply.send(200, { "Content-Type": `${image.manifest.mediaType}; charset=utf-8` }, image.manifest.bytes),
  }),
  manifestCase({
    id: "manifest-content-type-text-plain",
    fault: "The manifest comes as text/plain",
    expectation: "Rely on the document's own mediaType, and succeed.",
    reason: "Static hosting of registries",
    whole: true,
    script: (_, reply) => reply.send(200, { "Content-Type": "text/plain" }, image.manifest.bytes),
  }),
  {
    id: "manifest-with-proto-and-duplicate-keys",
    area: "client",
    fault: "A manifest has a `__proto__` key, a duplicate key and odd spacing",
    expectation: "Keep the bytes as they came: the digest must not change on the way.",
    reason: "image-spec: content is addressed by its bytes",
    verbs: ["pull"],
    async run(stage) {
      const text = image.manifest.bytes.toString("utf8");
      const bytes = `${text.slice(0, -1)} , "__proto__" : {"polluted":true}, "x" : 1,\n\t"x" : 2 }`;
      const odd: TestImage = { ...image, manifest: content(image.manifest.mediaType, bytes) };
      const registry = await stage.origin(goodRegistry(odd));
      return judgeWholeOrRefused(stage, await pullFrom(stage, registry), odd);
    },
  },
  {
    id: "index-of-itself",
    area: "client",
    fault: "An index lists indexes without end: each asked for answers with a new one",
    expectation:
      "Stop at a bounded depth; an index cannot hold its own digest, so this one lies or never ends.",
    reason: "GHSA-298f-872v-2rcx",
    verbs: ["pull"],
    async run(stage) {
      const chain = [content(INDEX_TYPE, indexOf([]))];
      for (let depth = 0; depth < 400; depth++) {
        const child = chain.at(-1);
        if (child !== undefined) chain.push(content(INDEX_TYPE, indexOf([descriptor(child)])));
      }
      const byDigest = new Map(chain.map((one) => [one.digest, one]));
      const top = chain.at(-1);
      let served = 0;
      const registry = await stage.origin(
        goodRegistry(image, (request, reply) => {
          const { kind, name } = route(request.target);
          const found = kind === "manifest" ? (byDigest.get(name) ?? top) : undefined;
          if (found === undefined) return false;
          if (request.method === "GET") served += 1;
          reply.send(200, { "Content-Type": INDEX_TYPE }, found.bytes);
          return true;
        }),
      );
      const outcome = await pullFrom(stage, registry);
      return judge(
        `${served} indexes fetched; ${lastLine(outcome)}`,
        [!outcome.timedOut, "hung"],
        [served < 200, `followed ${served} nested indexes`],
      );
    },
  },
];

interface ManifestCase extends Pick<FaultCase, "id" | "fault" | "expectation" | "reason"> {
  readonly script: (request: RecordedRequest, reply: Reply) => void;
  /** The pull must succeed; otherwise it must be refused. */
  readonly whole?: boolean;
  readonly byDigest?: boolean;
  readonly judge?: (
    refused: Verdict,
    outcome: Awaited<ReturnType<typeof pullFrom>>,
    requests: readonly RecordedRequest[],
  ) => Verdict;
}

/** A pull where every GET of the manifest is answered by the script. */
function manifestCase({ script, whole, byDigest, judge: decide, ...rest }: ManifestCase): FaultCase {
  return {
    ...rest,
    area: "client",
    verbs: ["pull"],
    async run(stage) {
      const registry = await stage.origin(
        goodRegistry(image, (request, reply) => {
          if (request.method !== "GET" || route(request.target).kind !== "manifest") return false;
          script(request, reply);
          return true;
        }),
      );
      const name = byDigest === true ? `@${image.manifest.digest}` : ":1.0";
      const outcome = await stage.act({
        verb: "pull",
        reference: `${registry.host}/demo/app${name}`,
        folder: `${stage.folder}/layout`,
      });
      if (whole === true) return judgeWholePull(stage, outcome, image);
      const refused = judgeRefusedPull(stage, outcome);
      if (decide !== undefined) return decide(refused, outcome, registry.requests);
      return refused.status === "fail" ? fail(refused.observed) : refused;
    },
  };
}

function indexOf(manifests: readonly object[]): string {
  return JSON.stringify({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests });
}
