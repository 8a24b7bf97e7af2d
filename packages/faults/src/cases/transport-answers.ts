import { type FaultCase, judge, type Verdict } from "../case.ts";
import { testImage } from "../image.ts";
import type { Origin, RecordedRequest, Reply } from "../origin.ts";
import { goodRegistry, JSON_TYPE, route, serveContent } from "../registry.ts";
import { judgeRefusedPull, judgeWholePull, lastLine, onBlob, pullFrom } from "./pulling.ts";

const image = testImage(64 * 1024);
const [layer] = image.layers;
const bytes = layer?.bytes ?? Buffer.alloc(0);

/** Twice what any client should follow. */
const PAGES = 20_000;
/** Nobody needs to see one page so often to notice. */
const ROUNDS = 1000;

/** Redirects, headers, rate limits and connections. */
export const answerCases: readonly FaultCase[] = [
  answerCase({
    id: "redirect-loop",
    fault: "A blob is redirected to itself for ever",
    expectation: "Stop after a few hops.",
    reason: "RFC 9110, section 15.4",
    script: (request, reply) => reply.send(307, { Location: request.target }),
    judge: (refused, { requests }) => {
      const hops = requests.filter(({ target }) => route(target).name === layer?.digest).length;
      return judge(
        refused.observed,
        [refused.status === "pass", refused.observed],
        [hops <= 100, `${hops} requests`],
      );
    },
  }),
  answerCase({
    id: "redirect-of-a-hundred-hops",
    fault: "A blob is redirected a hundred times, each time elsewhere, and then served",
    expectation: "Stop after a few hops.",
    reason: "RFC 9110, section 15.4; a chain that long is no redirect but a trap",
    everywhere: () => (request, reply) => {
      const { kind, name } = route(request.target);
      if (request.method !== "GET" || (kind === "blob" ? name !== layer?.digest : kind !== "other"))
        return false;
      const hop = Number(/^\/hop\/(\d+)/.exec(request.target)?.[1] ?? 0);
      if (hop < 100) reply.send(307, { Location: `/hop/${hop + 1}` });
      else reply.send(200, {}, bytes);
      return true;
    },
  }),
  answerCase({
    id: "redirect-without-location",
    fault: "A blob is answered 307 without a Location",
    expectation: "Fail, and say so.",
    reason: "RFC 9110, section 15.4.8",
    script: (_, reply) => reply.send(307),
  }),
  answerCase({
    id: "redirect-to-a-file",
    fault: "A blob is redirected to file:///etc/passwd",
    expectation: "Refuse the scheme.",
    reason: "Redirects lead to http and https alone",
    script: (_, reply) => reply.send(307, { Location: "file:///etc/passwd" }),
  }),
  {
    id: "head-redirected-to-a-get-only-url",
    area: "transport",
    fault: "HEAD of a manifest is redirected to a presigned URL that answers 403 to anything but GET",
    expectation: "Try again with GET, and succeed.",
    reason: "moby #50065",
    verbs: ["digest"],
    async run(stage) {
      const storage = await stage.origin((request, reply) =>
        request.method === "GET" ? serveContent(request, reply, image.manifest) : reply.send(403),
      );
      const registry = await stage.origin(
        goodRegistry(image, (request, reply) => {
          if (route(request.target).kind !== "manifest") return false;
          reply.send(307, { Location: `${storage.url}/presigned?signature=get-only` });
          return true;
        }),
      );
      const outcome = await stage.act({ verb: "digest", reference: `${registry.host}/demo/app:1.0` });
      return judge(
        "found the digest by GET",
        [outcome.exitCode === 0, lastLine(outcome)],
        [outcome.stdout.includes(image.manifest.digest), `printed ${lastLine(outcome)}`],
      );
    },
  },
  answerCase({
    id: "early-hints-for-ever",
    fault: "103 Early Hints come once a second, and never a final answer",
    expectation: "Give up at the deadline for headers.",
    reason: "RFC 8297; a deadline that any byte resets is none",
    slow: true,
    limitSeconds: 240,
    script: (_, reply) => {
      const timer = setInterval(() => {
        if (reply.socket.destroyed) clearInterval(timer);
        else reply.raw("HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n");
      }, 1000);
    },
  }),
  answerCase({
    id: "headers-byte-by-byte",
    fault: "The answer's header comes at one byte a second and never ends",
    expectation: "Give up at the deadline for headers.",
    reason: "A server that trickles holds the client for ever",
    slow: true,
    limitSeconds: 240,
    script: (_, reply) => {
      reply.raw("HTTP/1.1 200 OK\r\nX-Slow: ");
      const timer = setInterval(() => {
        if (reply.socket.destroyed) clearInterval(timer);
        else reply.raw("a");
      }, 1000);
    },
  }),
  answerCase({
    id: "header-of-2-mib",
    fault: "The answer has a header field of 2 MiB",
    expectation: "Refuse it, without taking the rest.",
    reason: "Clients bound the size of a header",
    script: (_, reply) => reply.send(200, { "X-Large": "a".repeat(2 * 1024 * 1024) }, bytes),
  }),
  answerCase({
    id: "unsolicited-response-on-an-idle-connection",
    fault: "After a blob's answer, a second one nobody asked for follows on the same connection",
    expectation: "Never take it for the answer to the next request: every digest is right.",
    reason: "CVE-2026-48931",
    whole: true,
    script: (request, reply) => {
      if (layer !== undefined) serveContent(request, reply, layer);
      reply.raw("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    },
  }),
  answerCase({
    id: "kept-alive-connection-closed-as-it-is-used-again",
    fault: "The server closes each connection when the second request on it arrives",
    expectation: "Send that request again on a new connection, and succeed.",
    reason: "RFC 9112, section 9.3.1",
    whole: true,
    everywhere: () => {
      const used = new WeakSet<object>();
      return (_, reply) => {
        if (!used.has(reply.socket)) {
          used.add(reply.socket);
          return false;
        }
        reply.socket.destroy();
        return true;
      };
    },
  }),
  ...(["99999999", "-1", "1e9", "Fri, 31 Dec 1999 23:59:59 GMT", "soon"] as const).map((value) =>
    answerCase({
      id: `retry-after-${value.replace(/[^\w]+/g, "-").toLowerCase()}`,
      fault: `A blob is answered 429 once, with Retry-After: ${value}`,
      expectation: "Wait no more than a minute, and try again.",
      reason: "RFC 9110, section 10.2.3; a timer beyond 2^31-1 ms fires at once or never",
      slow: value === "99999999",
      limitSeconds: 100,
      whole: true,
      script: (request, reply, turn) => {
        if (turn === 1) reply.send(429, { ...JSON_TYPE, "Retry-After": value });
        else if (layer !== undefined) serveContent(request, reply, layer);
      },
    }),
  ),
  answerCase({
    id: "answered-503-for-ever",
    fault: "A blob is answered 503 each time",
    expectation: "Try a few times, then fail.",
    reason: "Retries are bounded",
    limitSeconds: 120,
    script: (_, reply) => reply.send(503),
    judge: (refused, { requests }) => {
      const tries = requests.filter(({ target }) => route(target).name === layer?.digest).length;
      return judge(
        `${tries} tries`,
        [refused.status === "pass", refused.observed],
        [tries <= 12, `${tries} tries`],
      );
    },
  }),
  {
    id: "tag-pages-without-end",
    area: "client",
    fault: "Every page of the tag list leads to another with one more tag, for ever",
    expectation: "Stop at a bound of pages, and say so.",
    reason: "oras-go #1214; a set of pages seen does not help here",
    verbs: ["tags"],
    slow: true,
    limitSeconds: 120,
    async run(stage) {
      let page = 0;
      const registry = await stage.origin(
        goodRegistry(image, (request, reply) => {
          if (route(request.target).kind !== "tags") return false;
          page += 1;
          // It does end, so that who would go on for ever does not keep the machine busy.
          const link = page < PAGES ? { Link: `</v2/demo/app/tags/list?last=t${page}&n=1>; rel="next"` } : {};
          reply.send(200, { ...JSON_TYPE, ...link }, `{"name":"demo/app","tags":["t${page}"]}`);
          return true;
        }),
      );
      const outcome = await stage.act({ verb: "tags", repository: `${registry.host}/demo/app` });
      return judge(
        `${page} pages`,
        [!outcome.timedOut, `went on until it was killed, after ${page} pages`],
        [page < PAGES, `followed ${page} pages`],
        [outcome.exitCode !== 0, "reported success"],
      );
    },
  },
  {
    id: "tag-pages-that-cycle",
    area: "client",
    fault: "The tag list's next page is the same page, for ever",
    expectation: "Notice, and stop.",
    reason: "oras-go #1214",
    verbs: ["tags"],
    async run(stage) {
      let rounds = 0;
      const registry = await stage.origin(
        goodRegistry(image, (request, reply) => {
          if (route(request.target).kind !== "tags") return false;
          rounds += 1;
          const link = rounds < ROUNDS ? { Link: '</v2/demo/app/tags/list?last=1.0&n=1>; rel="next"' } : {};
          reply.send(200, { ...JSON_TYPE, ...link }, '{"name":"demo/app","tags":["1.0"]}');
          return true;
        }),
      );
      const outcome = await stage.act({ verb: "tags", repository: `${registry.host}/demo/app` });
      return judge(
        `${rounds} requests`,
        [!outcome.timedOut, "hung"],
        [rounds < ROUNDS, `went round ${rounds} times, and would have gone on`],
      );
    },
  },
];

type Script = (request: RecordedRequest, reply: Reply, turn: number) => void;

interface AnswerCase
  extends Pick<FaultCase, "id" | "fault" | "expectation" | "reason" | "limitSeconds" | "slow"> {
  /** Answers GETs of the layer. */
  readonly script?: Script;
  /** Or may answer any request; made anew for each run. */
  readonly everywhere?: () => Parameters<typeof goodRegistry>[1];
  readonly whole?: boolean;
  readonly judge?: (refused: Verdict, registry: Origin) => Verdict;
}

function answerCase({ script, everywhere, whole, judge: decide, ...rest }: AnswerCase): FaultCase {
  return {
    ...rest,
    area: "transport",
    verbs: ["pull"],
    async run(stage) {
      const fault = everywhere?.() ?? onBlob(layer, script ?? (() => {}));
      const registry = await stage.origin(goodRegistry(image, fault));
      const outcome = await pullFrom(stage, registry);
      if (whole === true) return judgeWholePull(stage, outcome, image);
      const refused = judgeRefusedPull(stage, outcome);
      return decide === undefined ? refused : decide(refused, registry);
    },
  };
}
