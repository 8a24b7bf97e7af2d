import { type FaultCase, judge, type Stage } from "../case.ts";
import { content, imageOf, type TestImage, testImage } from "../image.ts";
import type { Reply } from "../origin.ts";
import { errors, goodRegistry, JSON_TYPE, route } from "../registry.ts";
import {
  judgeRefusedPull,
  judgeWholeOrRefused,
  judgeWholePull,
  lastLine,
  layoutOf,
  onBlob,
  pullFrom,
} from "./pulling.ts";
import { refuse } from "./token-registry.ts";

const image = testImage();
const other = testImage(5000);
const [layer = image.config] = image.layers;
const LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar";
const ENDLESS_BYTES = 64 * 1024 * 1024;

/** What is allowed, or nearly, and seldom thought of. */
export const surpriseCases: readonly FaultCase[] = [
  {
    id: "layer-listed-twice",
    area: "client",
    fault: "A manifest lists one layer eight times",
    expectation: "Fetch it once or eight times, and succeed: several writers of one file must not mix.",
    reason: "image-spec, manifest.md, allows it; empty layers are repeated by every builder",
    verbs: ["pull"],
    run: (stage) => pullWhole(stage, imageOf(image.config, Array<typeof layer>(8).fill(layer))),
  },
  {
    id: "layer-of-no-bytes",
    area: "client",
    fault: "A layer has no bytes at all",
    expectation: "Succeed: nothing has a digest too.",
    reason: "image-spec, descriptor.md: a size is 0 or more",
    verbs: ["pull"],
    run: (stage) => pullWhole(stage, imageOf(image.config, [content(LAYER_TYPE, "")])),
  },
  {
    id: "tag-moves-during-a-pull",
    area: "client",
    fault: "The tag is another image's at each request",
    expectation: "Pull one of them whole; never a manifest under the digest of another.",
    reason: "Tags move, and HEAD and GET are two requests",
    verbs: ["pull"],
    async run(stage) {
      const both = imageOf(image.config, [...image.layers, ...other.layers, other.config, other.manifest]);
      let turn = 0;
      const registry = await stage.origin(
        goodRegistry(both, (request, reply) => {
          const { kind, name } = route(request.target);
          if (kind !== "manifest" || name !== "1.0") {
            const known = [image.manifest, other.manifest].find(({ digest }) => digest === name);
            if (known === undefined) return false;
            sendManifest(reply, known);
            return true;
          }
          turn += 1;
          sendManifest(reply, (turn % 2 === 0 ? image : other).manifest);
          return true;
        }),
      );
      const outcome = await pullFrom(stage, registry);
      const verdicts = [image, other].map((one) => judgeWholeOrRefused(stage, outcome, one));
      return (
        verdicts.find(({ status }) => status === "pass") ?? judge("", [false, verdicts[0]?.observed ?? ""])
      );
    },
  },
  {
    id: "manifest-that-is-html",
    area: "client",
    fault: "Every path is answered 200 with a page to sign in on, as a portal on the way does",
    expectation: "Say that this is no manifest, and keep nothing of it.",
    reason: "Networks of hotels and companies",
    verbs: ["pull"],
    async run(stage) {
      const registry = await stage.origin((_, reply) =>
        reply.send(200, { "Content-Type": "text/html; charset=utf-8" }, "<html>Please sign in</html>"),
      );
      return judgeRefusedPull(stage, await pullFrom(stage, registry));
    },
  },
  {
    id: "range-nobody-asked-for",
    area: "transport",
    fault: "A whole layer is asked for, and the first half comes as 206",
    expectation: "Never take the half for the whole: fail, or ask for the rest.",
    reason: "RFC 9110, section 15.3.7: 206 answers a Range",
    verbs: ["pull"],
    async run(stage) {
      const half = layer.bytes.length / 2;
      const registry = await stage.origin(
        goodRegistry(
          image,
          onBlob(layer, (_, reply) => {
            const range = { "Content-Range": `bytes 0-${half - 1}/${layer.bytes.length}` };
            reply.send(206, range, layer.bytes.subarray(0, half));
          }),
        ),
      );
      return judgeWholeOrRefused(stage, await pullFrom(stage, registry), image);
    },
  },
  {
    id: "error-answer-without-end",
    area: "transport",
    fault: "The manifest is answered 404 with a body that never ends",
    expectation: "Stop reading at a bound far below memory, and report the 404.",
    reason: "An error's text is a few lines; whoever reads it all can be held for ever",
    verbs: ["pull"],
    async run(stage) {
      let sent = 0;
      const registry = await stage.origin(
        goodRegistry(image, (request, reply) => {
          if (route(request.target).kind !== "manifest" || request.method !== "GET") return false;
          reply.raw("HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n");
          const piece = "a".repeat(64 * 1024);
          const more = (): void => {
            if (reply.socket.destroyed || sent > ENDLESS_BYTES) return;
            reply.socket.write(piece, (error) => {
              // What could not be written was not taken.
              if (error) return;
              sent += piece.length;
              more();
            });
          };
          more();
          return true;
        }),
      );
      const refused = judgeRefusedPull(stage, await pullFrom(stage, registry));
      const mebibytes = sent / 1024 / 1024;
      return judge(
        refused.observed,
        [refused.status === "pass", refused.observed],
        [mebibytes < 16, `took ${mebibytes.toFixed(0)} MiB of an error`],
      );
    },
  },
  ...(["POST", "PUT"] as const).map(
    (method): FaultCase => ({
      id: `upload-${method.toLowerCase()}-redirected-elsewhere`,
      area: "auth",
      fault: `A registry that wants Basic answers the ${method} of an upload with 307 to another origin`,
      expectation: "Never send the credential there.",
      reason: "RFC 9110, section 15.4: a client must not follow unsafe methods blindly",
      verbs: ["pull", "push"],
      async run(stage) {
        const source = await stage.origin(goodRegistry(image));
        const pulled = judgeWholePull(stage, await pullFrom(stage, source), image);
        if (pulled.status === "fail") return pulled;
        const storage = await stage.origin(goodRegistry(EMPTY));
        const pair = Buffer.from(`${stage.canary.username}:${stage.canary.password}`).toString("base64");
        let redirected = false;
        const registry = await stage.origin(
          goodRegistry(EMPTY, (request, reply) => {
            if (request.headers["authorization"] !== `Basic ${pair}`) {
              refuse(reply, 'Basic realm="registry"');
              return true;
            }
            const { kind } = route(request.target);
            if (request.method !== method || (kind !== "uploads" && kind !== "session")) return false;
            redirected = true;
            reply.send(307, { Location: `${storage.url}${request.target}` });
            return true;
          }),
        );
        await stage.signIn(registry.host);
        const reference = `${registry.host}/demo/new:1.0`;
        const outcome = await stage.act({ verb: "push", folder: layoutOf(stage), reference });
        const leaks = stage.leaks({ allowed: [registry] });
        return judge(
          lastLine(outcome),
          [redirected, "never came to upload"],
          [leaks.length === 0, leaks.join("; ")],
          [!outcome.timedOut, "hung"],
        );
      },
    }),
  ),
  {
    id: "answered-429-without-end",
    area: "transport",
    fault: "Everything is answered 429 with Retry-After: 0, for ever",
    expectation: "Try a few times, then fail and say why.",
    reason: "RFC 6585, section 4; a retry without a bound is an attack on the registry",
    verbs: ["pull"],
    async run(stage) {
      const registry = await stage.origin((_, reply) =>
        reply.send(429, { ...JSON_TYPE, "Retry-After": "0" }, errors("TOOMANYREQUESTS")),
      );
      const refused = judgeRefusedPull(stage, await pullFrom(stage, registry));
      const tries = registry.requests.length;
      return judge(
        `${tries} requests`,
        [refused.status === "pass", refused.observed],
        [tries <= 20, `${tries} requests`],
      );
    },
  },
];

/** A registry that holds nothing of the image yet. */
const EMPTY: TestImage = { ...testImage(1), layers: [] };

async function pullWhole(stage: Stage, served: TestImage): ReturnType<FaultCase["run"]> {
  const registry = await stage.origin(goodRegistry(served));
  return judgeWholePull(stage, await pullFrom(stage, registry), served);
}

function sendManifest(reply: Reply, { mediaType, digest, bytes }: typeof layer): void {
  reply.send(200, { "Content-Type": mediaType, "Docker-Content-Digest": digest }, bytes);
}
