import { createHash } from "node:crypto";
import { type FaultCase, judge } from "../case.ts";
import { type Content, content, descriptor, imageOf, type TestImage, testImage } from "../image.ts";
import { type Fault, goodRegistry, JSON_TYPE, route } from "../registry.ts";
import {
  judgeRefusedPull,
  judgeWholeOrRefused,
  judgeWholePull,
  lastLine,
  onBlob,
  pullFrom,
} from "./pulling.ts";

const image = testImage();
const [layer = image.config] = image.layers;
const INDEX_TYPE = "application/vnd.oci.image.index.v1+json";

/** Digests, inline data, and what points at what. */
export const graphCases: readonly FaultCase[] = [
  {
    id: "layer-by-sha512",
    area: "client",
    fault: "A layer goes by its sha512 digest",
    expectation: "Verify it by that algorithm, and succeed.",
    reason: "image-spec, descriptor.md: sha512 is a registered algorithm",
    verbs: ["pull"],
    async run(stage) {
      const strong = imageOf(image.config, [sha512(layer)]);
      const registry = await stage.origin(goodRegistry(strong));
      return judgeWholePull(stage, await pullFrom(stage, registry), strong);
    },
  },
  {
    id: "layer-by-sha512-with-wrong-bytes",
    area: "client",
    fault: "A layer goes by its sha512 digest, and its bytes are others",
    expectation: "Fail on the digest, and leave no blob under that name.",
    reason: "image-spec, descriptor.md: an algorithm that cannot be verified must not be trusted",
    verbs: ["pull"],
    async run(stage) {
      const strong = imageOf(image.config, [sha512(layer)]);
      const wrong = Buffer.alloc(layer.bytes.length, "x");
      const registry = await stage.origin(
        goodRegistry(
          strong,
          onBlob(strong.layers[0], (_, reply) => reply.send(200, {}, wrong)),
        ),
      );
      return judgeRefusedPull(stage, await pullFrom(stage, registry));
    },
  },
  ...(
    [
      ["right", sha512(layer).digest, true],
      ["wrong", `sha512:${"0".repeat(128)}`, false],
    ] as const
  ).map(
    ([name, digest, whole]): FaultCase => ({
      id: `sha512-header-on-a-sha256-blob-${name}`,
      area: "client",
      fault: `Docker-Content-Digest of a blob asked for by sha256 is a ${name} sha512`,
      expectation: whole
        ? "Check each under its own algorithm, and succeed."
        : "Never compare digests across algorithms: succeed on the sha256 that was asked for, or refuse the header.",
      reason: "distribution-spec, Pulling blobs: the header may use another algorithm",
      verbs: ["pull"],
      async run(stage) {
        const header = { "Docker-Content-Digest": digest };
        const registry = await stage.origin(
          goodRegistry(
            image,
            onBlob(layer, (_, reply) => reply.send(200, header, layer.bytes)),
          ),
        );
        const outcome = await pullFrom(stage, registry);
        return whole ? judgeWholePull(stage, outcome, image) : judgeWholeOrRefused(stage, outcome, image);
      },
    }),
  ),
  ...(
    [
      ["of-other-bytes", Buffer.alloc(layer.bytes.length, "x").toString("base64")],
      ["of-another-length", Buffer.from("x").toString("base64")],
      ["in-bad-base64", "***"],
    ] as const
  ).map(
    ([name, data]): FaultCase => ({
      id: `inline-data-${name}`,
      area: "client",
      fault: `A layer's descriptor carries inline \`data\` ${name.replaceAll("-", " ")}`,
      expectation: "Never take it for the layer: refuse, or fetch the true bytes.",
      reason: "image-spec, descriptor.md: data must match the digest",
      verbs: ["pull"],
      async run(stage) {
        const inline = imageOf(image.config, image.layers, (document) => {
          document["layers"] = [{ ...descriptor(layer), data }];
        });
        const registry = await stage.origin(goodRegistry(inline));
        return judgeWholeOrRefused(stage, await pullFrom(stage, registry), inline);
      },
    }),
  ),
  ...(
    [
      ["with-a-byte-order-mark", (text: Buffer) => Buffer.concat([Buffer.from("\uFEFF"), text])],
      ["with-invalid-utf-8", (text: Buffer) => replaceEnd(text, Buffer.from([0x22, 0xff, 0xfe, 0x22]))],
      ["with-a-lone-surrogate", (text: Buffer) => replaceEnd(text, Buffer.from('"\\ud800"'))],
      ["with-spaces-at-its-end", (text: Buffer) => Buffer.concat([text, Buffer.from(" \n\t ")])],
    ] as const
  ).map(
    ([name, change]): FaultCase => ({
      id: `manifest-${name}`,
      area: "client",
      fault: `A manifest comes ${name.replaceAll("-", " ")}`,
      expectation: "Keep the bytes as they came, or refuse; never write it anew.",
      reason: "image-spec: content is addressed by its bytes",
      verbs: ["pull"],
      async run(stage) {
        const odd: TestImage = {
          ...image,
          manifest: content(image.manifest.mediaType, change(image.manifest.bytes)),
        };
        const registry = await stage.origin(goodRegistry(odd));
        return judgeWholeOrRefused(stage, await pullFrom(stage, registry), odd);
      },
    }),
  ),
  {
    id: "referrers-that-cycle",
    area: "client",
    fault: "Two manifests are each listed as the other's referrer",
    expectation: "Visit each once, and end.",
    reason: "GHSA-298f-872v-2rcx",
    verbs: ["tree"],
    async run(stage) {
      const other = imageOf(image.config, []).manifest;
      const registry = await stage.origin(
        goodRegistry(image, (request, reply) => {
          const { kind, name } = route(request.target);
          if (kind !== "referrers") return false;
          const listed = name === image.manifest.digest ? other : image.manifest;
          reply.send(200, { "Content-Type": INDEX_TYPE }, indexOf([entry(listed, "a/b")]));
          return true;
        }),
      );
      const reference = `${registry.host}/demo/app:1.0`;
      const outcome = await stage.act({ verb: "tree", reference });
      const asked = registry.requests.filter(({ target }) => route(target).kind === "referrers").length;
      return judge(
        `${asked} requests for referrers`,
        [!outcome.timedOut, "went round until it was killed"],
        [asked < 50, `${asked} requests for referrers`],
      );
    },
  },
  referrersCase("referrers-by-the-fallback-tag", {
    fault: "The referrers API is answered 404; the fallback tag lists one",
    expectation: "Find it by the tag.",
    reason: "distribution-spec, Unavailable Referrers API",
    fault404: true,
  }),
  referrersCase("referrers-filter-not-applied", {
    fault:
      "Referrers are asked for by artifact type; the registry ignores the filter and does not say it applied it",
    expectation: "Filter the answer, and show what was asked for alone.",
    reason: "distribution-spec, Listing Referrers: OCI-Filters-Applied",
    fault404: false,
  }),
  {
    id: "referrers-answered-with-a-page-of-html",
    area: "client",
    fault: "The referrers API is answered 200 with HTML",
    expectation: "Say that this is no list, or fall back to the tag; never report an empty list.",
    reason: "Registries behind a portal answer everything with 200",
    verbs: ["referrers"],
    async run(stage) {
      const registry = await stage.origin(
        goodRegistry(image, (request, reply) => {
          const { kind, name } = route(request.target);
          if (kind === "referrers") reply.send(200, { "Content-Type": "text/html" }, "<html>sign in</html>");
          else if (kind === "manifest" && name.startsWith("sha256-")) reply.send(404);
          else return false;
          return true;
        }),
      );
      const outcome = await stage.act({
        verb: "referrers",
        reference: `${registry.host}/demo/app@${image.manifest.digest}`,
      });
      const asked = registry.requests.some(({ target }) => route(target).name.startsWith("sha256-"));
      return judge(lastLine(outcome), [outcome.exitCode !== 0 || asked, "took it for an empty list"]);
    },
  },
];

interface ReferrersCase extends Pick<FaultCase, "fault" | "expectation" | "reason"> {
  readonly fault404: boolean;
}

/** One referrer of the wanted type and one of another. */
function referrersCase(id: string, { fault404, ...rest }: ReferrersCase): FaultCase {
  return {
    id,
    area: "client",
    ...rest,
    verbs: ["referrers"],
    async run(stage) {
      const wanted = content("application/vnd.oci.image.manifest.v1+json", '{"schemaVersion":2,"a":1}');
      const other = content("application/vnd.oci.image.manifest.v1+json", '{"schemaVersion":2,"b":1}');
      const list = indexOf([entry(wanted, "text/wanted"), entry(other, "text/other")]);
      const fault: Fault = (request, reply) => {
        const { kind, name } = route(request.target);
        const tag = image.manifest.digest.replace(":", "-");
        if (kind === "referrers" && fault404) reply.send(404, JSON_TYPE, "{}");
        else if (kind === "referrers" || (kind === "manifest" && name === tag))
          reply.send(200, { "Content-Type": INDEX_TYPE }, request.method === "HEAD" ? "" : list);
        else return false;
        return true;
      };
      const registry = await stage.origin(goodRegistry(image, fault));
      const reference = `${registry.host}/demo/app@${image.manifest.digest}`;
      const outcome = await stage.act({ verb: "referrers", reference, artifactType: "text/wanted" });
      return judge(
        "found the one that was asked for",
        [outcome.exitCode === 0, lastLine(outcome)],
        [outcome.stdout.includes(wanted.digest), "did not find it"],
        [!outcome.stdout.includes(other.digest), "showed one of another type"],
      );
    },
  };
}

function entry(one: Content, artifactType: string): object {
  return { ...descriptor(one), artifactType };
}

function indexOf(manifests: readonly object[]): string {
  return JSON.stringify({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests });
}

function sha512(one: Content): Content {
  return { ...one, digest: `sha512:${createHash("sha512").update(one.bytes).digest("hex")}` };
}

/** One more member at the end of an object. */
function replaceEnd(text: Buffer, value: Buffer): Buffer {
  return Buffer.concat([text.subarray(0, -1), Buffer.from(',"annotations":{"x":'), value, Buffer.from("}}")]);
}
