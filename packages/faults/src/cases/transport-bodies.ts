import type { FaultCase, Verdict } from "../case.ts";
import { type TestImage, testImage } from "../image.ts";
import type { RecordedRequest, Reply } from "../origin.ts";
import { goodRegistry, serveContent } from "../registry.ts";
import { judgeRefusedPull, judgeWholeOrRefused, judgeWholePull, onBlob, pullFrom } from "./pulling.ts";

const image = testImage(256 * 1024);
const layer = image.layers[0]?.bytes ?? Buffer.alloc(0);
const half = layer.subarray(0, layer.length / 2);

/** What the wire does to the bytes of a layer. */
export const bodyCases: readonly FaultCase[] = [
  bodyCase({
    id: "body-close-delimited-cut",
    fault: "A layer without Content-Length is cut short by FIN, each time",
    expectation: "Count the bytes: fail, and leave no blob under that name.",
    reason: "RFC 9112, section 8: a close-delimited body cannot say that it is whole",
    judge: judgeRefusedPull,
    script: (_, reply) => {
      reply.raw("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
      reply.raw(half);
      reply.end();
    },
  }),
  bodyCase({
    id: "body-close-delimited-cut-once",
    fault: "A layer without Content-Length is cut short by FIN, once; the next answer is right",
    expectation: "Count the bytes against the descriptor, ask for the rest, and succeed.",
    reason: "RFC 9112, section 6.3: such a cut looks like an end",
    judge: judgeWholePull,
    script: (request, reply, turn) => {
      if (turn > 1) return serveLayer(request, reply);
      reply.raw("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
      reply.raw(half);
      reply.end();
    },
  }),
  bodyCase({
    id: "body-reset-once",
    fault: "A layer is reset in the middle once; the next answer is right",
    expectation: "Resume or start again, and succeed.",
    reason: "containerd and containers/image resume by Range",
    judge: judgeWholePull,
    script: (request, reply, turn) => (turn === 1 ? cutShort(reply, "reset") : serveLayer(request, reply)),
  }),
  bodyCase({
    id: "body-longer-than-content-length",
    fault: "Content-Length is smaller than the layer",
    expectation: "Fail on size or digest, and leave no blob under that name.",
    reason: "undici reports such a body as success; only size and digest protect",
    judge: judgeRefusedPull,
    script: (_, reply) => {
      reply.raw(`HTTP/1.1 200 OK\r\nContent-Length: ${half.length}\r\nConnection: close\r\n\r\n`);
      reply.raw(layer);
      reply.end();
    },
  }),
  bodyCase({
    id: "body-shorter-than-content-length-once",
    fault: "The connection ends before Content-Length is reached, once",
    expectation: "Resume or start again, and succeed.",
    reason: "RFC 9112, section 8: the message is incomplete",
    judge: judgeWholePull,
    script: (request, reply, turn) => (turn === 1 ? cutShort(reply, "end") : serveLayer(request, reply)),
  }),
  bodyCase({
    id: "body-always-shorter-than-content-length",
    fault: "The connection ends before Content-Length is reached, without any byte of progress, each time",
    expectation: "Give up after a few tries, and leave no blob under that name.",
    reason: "Attempts count while no progress is made",
    limitSeconds: 120,
    judge: judgeRefusedPull,
    script: (_, reply) => {
      reply.raw(`HTTP/1.1 200 OK\r\nContent-Length: ${layer.length}\r\n\r\n`);
      reply.end();
    },
  }),
  bodyCase({
    id: "body-chunked-cut-once",
    fault: "A chunked layer ends without its last chunk, once",
    expectation: "Resume or start again, and succeed.",
    reason: "RFC 9112, section 7.1",
    judge: judgeWholePull,
    script: (request, reply, turn) => {
      if (turn > 1) serveLayer(request, reply);
      else {
        reply.raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        reply.raw(`${half.length.toString(16)}\r\n`);
        reply.raw(half);
        reply.raw("\r\n");
        reply.end();
      }
    },
  }),
  bodyCase({
    id: "body-wrong-bytes",
    fault: "A layer of the right length has one byte changed, each time",
    expectation: "Fail on the digest, and leave no blob under that name.",
    reason: "distribution-spec, Pulling blobs: clients should verify the digest",
    judge: judgeRefusedPull,
    script: (_, reply) => {
      const changed = Buffer.from(layer);
      changed[1000] = (changed[1000] ?? 0) ^ 1;
      reply.send(200, { "Content-Type": "application/octet-stream" }, changed);
    },
  }),
  bodyCase({
    id: "body-two-content-lengths",
    fault: "A layer comes with two different Content-Length fields",
    expectation: "Treat the answer as broken; nothing unverified is kept.",
    reason: "RFC 9112, section 6.3: an unrecoverable error",
    judge: judgeRefusedPull,
    script: (_, reply) => {
      const lengths = `Content-Length: ${half.length}\r\nContent-Length: ${layer.length}\r\n`;
      reply.raw(`HTTP/1.1 200 OK\r\n${lengths}Connection: close\r\n\r\n`);
      reply.raw(layer);
      reply.end();
    },
  }),
  bodyCase({
    id: "body-http-1-0-without-length",
    fault: "The layer comes by HTTP/1.0 without any length, whole",
    expectation: "Succeed: size and digest are known from the descriptor.",
    reason: "RFC 9112, section 6.3, item 8",
    judge: judgeWholePull,
    script: (_, reply) => {
      reply.raw("HTTP/1.0 200 OK\r\n\r\n");
      reply.raw(layer);
      reply.end();
    },
  }),
  bodyCase({
    id: "body-connection-close-full-length",
    fault: "Connection: close, the whole layer, then FIN at once",
    expectation: "Succeed, and do not crash while the reader is slow.",
    reason: "undici #5360",
    judge: judgeWholePull,
    script: (_, reply) => {
      reply.raw(`HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${layer.length}\r\n\r\n`);
      reply.raw(layer);
      reply.end();
    },
  }),
  bodyCase({
    id: "body-content-encoding-on-a-blob",
    fault: "Content-Encoding: gzip stands over a layer's own bytes, which are not compressed again",
    expectation: "Hash the bytes as they came and never decode: succeed, or refuse without a crash.",
    reason: "Registries behind misconfigured proxies; the digest is over what is stored",
    judge: judgeWholeOrRefused,
    script: (_, reply) => reply.send(200, { "Content-Encoding": "gzip" }, layer),
  }),
  bodyCase({
    id: "body-content-encoding-of-a-thousand-layers",
    fault: "Content-Encoding names gzip a thousand times",
    expectation: "Make no decoder: succeed on the raw bytes, or refuse quickly.",
    reason: "CVE-2026-22036",
    judge: judgeWholeOrRefused,
    script: (_, reply) =>
      reply.send(200, { "Content-Encoding": Array<string>(1000).fill("gzip").join(", ") }, layer),
  }),
  bodyCase({
    id: "body-range-restarted-with-200",
    fault: "After a cut the Range request is answered 200 with everything from the start",
    expectation: "Start over, or skip what is there already, and succeed.",
    reason: "RFC 9110, section 14.2: a server may ignore Range",
    judge: judgeWholePull,
    script: (_, reply, turn) =>
      turn === 1
        ? cutShort(reply, "end")
        : reply.send(200, { "Content-Type": "application/octet-stream" }, layer),
  }),
  bodyCase({
    id: "body-range-with-wrong-start",
    fault: "After a cut the Range request is answered 206 from another byte than asked for",
    expectation: "Never join the pieces: fail, or fetch it whole.",
    reason: "containers/image checks Content-Range",
    judge: judgeRefusedPull,
    script: (_, reply, turn) => {
      if (turn === 1) cutShort(reply, "end");
      else {
        const range = { "Content-Range": `bytes 10-${layer.length - 1}/${layer.length}` };
        reply.send(206, range, layer.subarray(10));
      }
    },
  }),
];

interface BodyCase extends Pick<FaultCase, "id" | "fault" | "expectation" | "reason" | "limitSeconds"> {
  readonly script: (request: RecordedRequest, reply: Reply, turn: number) => void;
  readonly judge: (...observed: [...Parameters<typeof judgeRefusedPull>, image: TestImage]) => Verdict;
}

function bodyCase({ script, judge, ...rest }: BodyCase): FaultCase {
  return {
    ...rest,
    area: "transport",
    verbs: ["pull"],
    async run(stage) {
      const registry = await stage.origin(goodRegistry(image, onBlob(image.layers[0], script)));
      return judge(stage, await pullFrom(stage, registry), image);
    },
  };
}

function serveLayer(request: RecordedRequest, reply: Reply): void {
  const [served] = image.layers;
  if (served !== undefined) serveContent(request, reply, served);
}

function cutShort(reply: Reply, how: "end" | "reset"): void {
  reply.raw(`HTTP/1.1 200 OK\r\nContent-Length: ${layer.length}\r\n\r\n`);
  reply.raw(half);
  // The bytes must be out before the reset overtakes them.
  setTimeout(() => reply[how](), 50);
}
