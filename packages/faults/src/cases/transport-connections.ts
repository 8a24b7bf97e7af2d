import { type FaultCase, judge, type Verdict } from "../case.ts";
import { type TestImage, testImage } from "../image.ts";
import type { RecordedRequest, Reply } from "../origin.ts";
import { goodRegistry, route, serveContent } from "../registry.ts";
import { judgeRefusedPull, judgeWholeOrRefused, judgeWholePull, onBlob, pullFrom } from "./pulling.ts";
import { sendToken, tokenRegistry } from "./token-registry.ts";

const image = testImage(256 * 1024);
const layer = image.layers[0]?.bytes ?? Buffer.alloc(0);
const half = layer.subarray(0, layer.length / 2);

/** What a connection does while nobody looks. */
export const connectionCases: readonly FaultCase[] = [
  connectionCase({
    id: "continue-nobody-asked-for",
    fault: "100 Continue comes before the answer to a GET",
    expectation: "Pass it over, and succeed.",
    reason: "RFC 9110, section 15.2: a client must be able to read 1xx at any time",
    judge: judgeWholePull,
    script: (request, reply) => {
      reply.raw("HTTP/1.1 100 Continue\r\n\r\n");
      serveLayer(request, reply);
    },
  }),
  connectionCase({
    id: "continue-nobody-asked-for-once",
    fault: "100 Continue comes before the answer to a GET, the first time",
    expectation: "Pass it over, or ask again on another connection; succeed.",
    reason: "RFC 9110, section 15.2",
    judge: judgeWholePull,
    script: (request, reply, turn) => {
      if (turn === 1) reply.raw("HTTP/1.1 100 Continue\r\n\r\n");
      serveLayer(request, reply);
    },
  }),
  connectionCase({
    id: "early-hints-and-an-answer",
    fault: "Three 103 Early Hints come before the answer",
    expectation: "Pass them over, and succeed.",
    reason: "RFC 8297",
    judge: judgeWholePull,
    script: (request, reply) => {
      reply.raw("HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n".repeat(3));
      serveLayer(request, reply);
    },
  }),
  connectionCase({
    id: "head-in-two-pieces",
    fault: "The head of an answer comes in two pieces, cut within a field, with a longer second one",
    expectation: "Read it as one, and succeed.",
    reason:
      "TCP keeps no boundaries; a client that reads into one buffer again loses the fields of the first piece",
    judge: judgeWholePull,
    script: (_, reply) => {
      reply.raw(`HTTP/1.1 200 OK\r\nContent-Length: ${layer.length}\r\nX-First: 1\r\nContent-`);
      setTimeout(() => {
        reply.raw(`Type: application/octet-stream\r\nX-Long: ${"x".repeat(400)}\r\n\r\n`);
        reply.raw(layer);
      }, 50);
    },
  }),
  connectionCase({
    id: "content-length-with-transfer-encoding",
    fault: "A layer comes with Content-Length and Transfer-Encoding at once, which disagree",
    expectation: "Treat the answer as broken, or go by Transfer-Encoding; never keep unverified bytes.",
    reason: "RFC 9112, section 6.3, item 3: it may be an attempt at smuggling",
    judge: judgeWholeOrRefused,
    script: (_, reply) => {
      reply.raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\nTransfer-Encoding: chunked\r\n\r\n");
      reply.raw(`${layer.length.toString(16)}\r\n`);
      reply.raw(layer);
      reply.raw("\r\n0\r\n\r\n");
    },
  }),
  connectionCase({
    id: "full-length-then-fin-while-the-reader-is-slow",
    fault: "A kept-alive answer of full length, then FIN at once without having said so",
    expectation: "Succeed: all bytes came.",
    reason: "The count and the digest decide, not how the connection ended",
    judge: judgeWholePull,
    script: (request, reply) => {
      serveLayer(request, reply);
      reply.end();
    },
  }),
  connectionCase({
    id: "answer-before-a-line-feed-alone",
    fault: "The answer's lines end in LF alone",
    expectation: "Read it, or refuse it; never take part of the header for the body.",
    reason: "RFC 9112, section 2.2",
    judge: judgeWholeOrRefused,
    script: (_, reply) => {
      reply.raw(`HTTP/1.1 200 OK\nContent-Length: ${layer.length}\nConnection: close\n\n`);
      reply.raw(layer);
      reply.end();
    },
  }),
  ...(["garbage", "\u0000\u0001\u0002\u0003", "HTTP/1.1 999999 Big\r\n\r\n", "HTTP/1.1 200"] as const).map(
    (bytes, index) =>
      connectionCase({
        id: `answer-that-is-no-http-${index + 1}`,
        fault: `In place of an answer come the bytes ${JSON.stringify(bytes)}, and the end`,
        expectation: "Try a few times, then fail.",
        reason: "RFC 9112, section 2.1",
        limitSeconds: 120,
        judge: judgeRefusedPull,
        script: (_, reply) => {
          reply.raw(bytes);
          reply.end();
        },
      }),
  ),
  connectionCase({
    id: "header-of-20-kib",
    fault: "The answer has a header field of 20 KiB",
    expectation: "Succeed, or refuse it clearly: no crash and nothing false.",
    reason: "Clients bound the size of a header; Node's bound is 16 KiB",
    judge: judgeWholeOrRefused,
    script: (_, reply) => reply.send(200, { "X-Large": "a".repeat(20 * 1024) }, layer),
  }),
  connectionCase({
    id: "body-at-one-byte-a-second-once",
    fault: "The layer's second half comes at one byte a second; the next answer is prompt",
    expectation: "Notice that this is no progress, ask again by Range, and succeed.",
    reason: "An idle timeout that a single byte resets is none",
    slow: true,
    limitSeconds: 300,
    judge: judgeWholePull,
    script: (request, reply, turn) => {
      if (turn > 1) return serveLayer(request, reply);
      reply.raw(`HTTP/1.1 200 OK\r\nContent-Length: ${layer.length}\r\n\r\n`);
      reply.raw(half);
      let at = half.length;
      const timer = setInterval(() => {
        if (reply.socket.destroyed) clearInterval(timer);
        else reply.raw(layer.subarray(at, ++at));
      }, 1000);
    },
  }),
  connectionCase({
    id: "body-at-one-byte-a-second-for-ever",
    fault: "The layer comes at one byte a second, on every connection, for ever",
    expectation: "Give up after a few tries; a pull that would take days is none.",
    reason: "An idle timeout that a single byte resets is none",
    slow: true,
    limitSeconds: 420,
    judge: judgeRefusedPull,
    script: (_, reply) => {
      reply.raw(`HTTP/1.1 200 OK\r\nContent-Length: ${layer.length}\r\n\r\n`);
      let at = 0;
      const timer = setInterval(() => {
        if (reply.socket.destroyed) clearInterval(timer);
        else reply.raw(layer.subarray(at, ++at));
      }, 1000);
    },
  }),
  connectionCase({
    id: "peer-vanishes-in-the-middle-once",
    fault:
      "After half of the layer nothing comes any more, and the connection stays open; the next answer is right",
    expectation: "Give the connection up at the idle timeout, ask again, and succeed.",
    reason: "A peer that loses its power sends no FIN",
    slow: true,
    limitSeconds: 300,
    judge: judgeWholePull,
    script: (request, reply, turn) => {
      if (turn > 1) return serveLayer(request, reply);
      reply.raw(`HTTP/1.1 200 OK\r\nContent-Length: ${layer.length}\r\n\r\n`);
      reply.raw(half);
    },
  }),
  ...(
    [
      ["without-content-range", {}],
      ["of-several-parts", { "Content-Type": "multipart/byteranges; boundary=x" }],
      [
        "of-another-total",
        { "Content-Range": `bytes ${half.length}-${layer.length - 1}/${layer.length + 5}` },
      ],
      ["in-another-unit", { "Content-Range": `lines ${half.length}-${layer.length - 1}/${layer.length}` }],
    ] as const
  ).map(([name, headers]) =>
    connectionCase({
      id: `range-answered-206-${name}`,
      fault: `After a cut the Range request is answered 206 ${name.replaceAll("-", " ")}, with wrong bytes`,
      expectation: "Never join the pieces: fail, or fetch it whole.",
      reason: "RFC 9110, section 15.3.7; containers/image checks Content-Range",
      judge: judgeRefusedPull,
      script: (request, reply) => {
        if (request.headers["range"] === undefined) cut(reply);
        else reply.send(206, headers, Buffer.alloc(layer.length - half.length, "x"));
      },
    }),
  ),
  connectionCase({
    id: "manifest-with-content-encoding",
    fault: "Content-Encoding: gzip stands over a manifest's own bytes, which are not compressed",
    expectation: "Never decode: take the bytes as they are, or refuse.",
    reason: "Registries behind misconfigured proxies; the digest is over what is stored",
    judge: judgeWholeOrRefused,
    everywhere: (request, reply) => {
      if (route(request.target).kind !== "manifest" || request.method !== "GET") return false;
      const headers = { "Content-Type": image.manifest.mediaType, "Content-Encoding": "gzip" };
      reply.send(200, headers, image.manifest.bytes);
      return true;
    },
  }),
  {
    id: "token-of-16-kib",
    area: "auth",
    fault: "The token has 15,000 characters",
    expectation: "Send it, and succeed.",
    reason: "Azure/acr #797: tokens grow with the claims in them",
    verbs: ["pull"],
    async run(stage) {
      const token = "x".repeat(15_000);
      const { registry } = await tokenRegistry(stage, image, {
        token: (_, reply) => sendToken(reply, token),
        accepts: (authorization) => authorization === `Bearer ${token}`,
      });
      return judgeWholePull(stage, await pullFrom(stage, registry), image);
    },
  },
  {
    id: "asks-for-no-compression",
    area: "transport",
    fault: "A registry that would compress whatever a client accepts compressed",
    expectation: "Say `Accept-Encoding: identity`, or take what was compressed on the way for what it is.",
    reason: "Harbor and others compress blobs on the way; the digest is over what is stored",
    verbs: ["pull"],
    async run(stage) {
      const registry = await stage.origin(
        goodRegistry(
          image,
          onBlob(image.layers[0], async (request, reply) => {
            const accepted = request.headers["accept-encoding"] ?? "";
            if (!accepted.includes("gzip")) return serveLayer(request, reply);
            const { gzipSync } = await import("node:zlib");
            reply.send(200, { "Content-Encoding": "gzip" }, gzipSync(layer));
          }),
        ),
      );
      const whole = judgeWholePull(stage, await pullFrom(stage, registry), image);
      return judge(whole.observed, [whole.status === "pass", whole.observed]);
    },
  },
];

type Script = (request: RecordedRequest, reply: Reply, turn: number) => void;

interface ConnectionCase
  extends Pick<FaultCase, "id" | "fault" | "expectation" | "reason" | "limitSeconds" | "slow"> {
  /** Answers GETs of the layer. */
  readonly script?: Script;
  /** Or may answer any request. */
  readonly everywhere?: NonNullable<Parameters<typeof goodRegistry>[1]>;
  readonly judge: (...observed: [...Parameters<typeof judgeRefusedPull>, image: TestImage]) => Verdict;
}

function connectionCase({ script, everywhere, judge: decide, ...rest }: ConnectionCase): FaultCase {
  return {
    ...rest,
    area: "transport",
    verbs: ["pull"],
    async run(stage) {
      const fault = everywhere ?? onBlob(image.layers[0], script ?? (() => {}));
      const registry = await stage.origin(goodRegistry(image, fault));
      return decide(stage, await pullFrom(stage, registry), image);
    },
  };
}

function serveLayer(request: RecordedRequest, reply: Reply): void {
  const [served] = image.layers;
  if (served !== undefined) serveContent(request, reply, served);
}

function cut(reply: Reply): void {
  reply.raw(`HTTP/1.1 200 OK\r\nContent-Length: ${layer.length}\r\n\r\n`);
  reply.raw(half);
  // The bytes must be out before the end overtakes them.
  setTimeout(() => reply.end(), 50);
}
