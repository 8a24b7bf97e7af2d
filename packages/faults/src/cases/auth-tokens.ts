import type { FaultCase } from "../case.ts";
import { judge } from "../case.ts";
import { content, imageOf, testImage } from "../image.ts";
import { judgeRefusedPull, judgeWholePull, lastLine, pullFrom } from "./pulling.ts";
import { sendToken, tokenRegistry } from "./token-registry.ts";

const image = testImage();
/** Enough layers that a client fetches several at once. */
const wideImage = imageOf(
  image.config,
  Array.from({ length: 24 }, (_, index) =>
    content("application/vnd.oci.image.layer.v1.tar", `layer ${index} `.repeat(64)),
  ),
);

/** How tokens are asked for, kept and given up. */
export const tokenCases: readonly FaultCase[] = [
  ...(
    [
      ["zero", { expires_in: 0 }],
      ["negative", { expires_in: -1 }],
      ["absent", { expires_in: undefined }],
      ["a-string", { expires_in: "300" }],
      ["enormous", { expires_in: 1e12 }],
      ["long-ago", { issued_at: "2001-01-01T00:00:00Z" }],
      ["in-the-future", { issued_at: "2999-01-01T00:00:00Z" }],
    ] as const
  ).map(
    ([name, lifetime]): FaultCase => ({
      id: `token-lifetime-${name}`,
      area: "auth",
      fault: `The token answer says ${JSON.stringify(lifetime)} of its lifetime`,
      expectation:
        "Use the token for at least a minute after its receipt: one token request for a whole pull.",
      reason: "distribution, token specification: at least 60 seconds; clocks differ, so count from receipt",
      verbs: ["pull"],
      async run(stage) {
        const { registry, tokens } = await tokenRegistry(stage, wideImage, {
          token: (_, reply) => sendToken(reply, stage.canary.token, lifetime),
        });
        const outcome = await pullFrom(stage, registry);
        const whole = judgeWholePull(stage, outcome, wideImage);
        if (whole.status === "fail") return whole;
        const asked = tokens.requests.length;
        return judge("one token request", [asked === 1, `${asked} token requests for one pull`]);
      },
    }),
  ),
  {
    id: "token-single-flight",
    area: "auth",
    fault: "An image of 24 layers behind a slow token server",
    expectation: "Ask for one token, not one for each layer.",
    reason: "oras-go single-flights token requests",
    verbs: ["pull"],
    async run(stage) {
      const { registry, tokens } = await tokenRegistry(stage, wideImage, {
        token: (_, reply) => void setTimeout(() => sendToken(reply, stage.canary.token), 300),
      });
      const whole = judgeWholePull(stage, await pullFrom(stage, registry), wideImage);
      if (whole.status === "fail") return whole;
      const asked = tokens.requests.length;
      return judge("one token request", [asked === 1, `${asked} token requests for one pull`]);
    },
  },
  {
    id: "token-refused-once",
    area: "auth",
    fault: "A fresh token is answered 401 the first time (the server's clock is behind)",
    expectation: "Ask once more, and succeed.",
    reason: "moby #22158",
    verbs: ["pull"],
    async run(stage) {
      let refused = false;
      const { registry } = await tokenRegistry(stage, image, {
        accepts: (authorization) => {
          if (authorization !== `Bearer ${stage.canary.token}`) return false;
          if (refused) return true;
          refused = true;
          return false;
        },
      });
      return judgeWholePull(stage, await pullFrom(stage, registry), image);
    },
  },
  {
    id: "token-refused-for-ever",
    area: "auth",
    fault: "Every token is answered 401",
    expectation: "Give up after at most two token requests, and say that it is about signing in.",
    reason: "containerd stops a 401 loop",
    verbs: ["pull"],
    async run(stage) {
      const { registry, tokens } = await tokenRegistry(stage, image, { accepts: () => false });
      const refused = judgeRefusedPull(stage, await pullFrom(stage, registry));
      if (refused.status === "fail") return refused;
      const asked = tokens.requests.length;
      return judge(refused.observed, [asked <= 2, `${asked} token requests`]);
    },
  },
  {
    id: "token-server-answers-503-once",
    area: "auth",
    fault: "The token server answers 503 the first time",
    expectation: "Ask it once more, and succeed: a failure is not remembered as an answer.",
    reason: "oras-go; RFC 9110, section 15.6.4",
    verbs: ["pull"],
    async run(stage) {
      const { registry } = await tokenRegistry(stage, wideImage, {
        token: (_, reply, turn) =>
          turn === 1 ? reply.send(503, { "Retry-After": "0" }) : sendToken(reply, stage.canary.token),
      });
      return judgeWholePull(stage, await pullFrom(stage, registry), wideImage);
    },
  },
  {
    id: "token-server-without-post",
    area: "auth",
    fault: "The token server answers 404 to POST; its tokens are to be had by GET with Basic",
    expectation: "Ask by GET, and succeed.",
    reason: "distribution, token specification: POST came later, and some servers never learnt it",
    verbs: ["pull"],
    async run(stage) {
      const pair = Buffer.from(`${stage.canary.username}:${stage.canary.password}`).toString("base64");
      const { registry, tokens } = await tokenRegistry(stage, image, {
        token: (request, reply) => {
          const right = request.method === "GET" && request.headers["authorization"] === `Basic ${pair}`;
          if (right) sendToken(reply, stage.canary.token);
          else reply.send(request.method === "GET" ? 401 : 404);
        },
      });
      await stage.signIn(registry.host);
      const whole = judgeWholePull(stage, await pullFrom(stage, registry), image);
      const inUrl = tokens.requests.some(({ target }) =>
        target.includes(encodeURIComponent(stage.canary.password)),
      );
      return judge(
        whole.observed,
        [!inUrl, "put the password into a URL"],
        [whole.status === "pass", whole.observed],
      );
    },
  },
  {
    id: "token-server-redirects-elsewhere",
    area: "auth",
    fault: "The token server redirects to another origin, which would take the password",
    expectation: "Keep the password home: follow without it, or refuse.",
    reason: "go-containerregistry #2292",
    verbs: ["pull"],
    async run(stage) {
      const evil = await stage.origin((_, reply) => sendToken(reply, "worthless"), { address: "127.0.0.2" });
      const { registry, tokens } = await tokenRegistry(stage, image, {
        token: (_, reply) => reply.send(307, { Location: `${evil.url}/token` }),
      });
      await stage.signIn(registry.host);
      const refused = judgeRefusedPull(stage, await pullFrom(stage, registry));
      const leaks = stage.leaks({ allowed: [registry, tokens] });
      return judge(
        refused.observed,
        [leaks.length === 0, leaks.join("; ")],
        [refused.status === "pass", refused.observed],
      );
    },
  },
  {
    id: "token-answer-endless",
    area: "auth",
    fault: "The token answer never ends",
    expectation: "Stop reading at a bound far below memory.",
    reason: "oras-go and go-containerregistry bound the answer",
    verbs: ["pull"],
    async run(stage) {
      let sent = 0;
      const { registry } = await tokenRegistry(stage, image, {
        token: (_, reply) => {
          reply.raw(
            'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{"token":"',
          );
          const piece = "a".repeat(64 * 1024);
          const more = (): void => {
            if (reply.socket.destroyed || sent > 64 * 1024 * 1024) return;
            reply.socket.write(piece, (error) => {
              // What could not be written was not taken.
              if (error) return;
              sent += piece.length;
              more();
            });
          };
          more();
        },
      });
      const refused = judgeRefusedPull(stage, await pullFrom(stage, registry));
      if (refused.status === "fail") return refused;
      const mebibytes = sent / 1024 / 1024;
      return judge(refused.observed, [mebibytes < 16, `took ${mebibytes.toFixed(0)} MiB of a token`]);
    },
  },
  ...(
    [
      ["line-break", "abc\r\nX-Injected: yes"],
      ["nul", "abc\u0000def"],
      ["empty", ""],
    ] as const
  ).map(
    ([name, token]): FaultCase => ({
      id: `token-with-${name}`,
      area: "auth",
      fault: `The token is ${JSON.stringify(token)}`,
      expectation: "Never send it, never print it: fail.",
      reason: "RFC 9110, section 5.5: field values hold no control characters",
      verbs: ["pull"],
      async run(stage) {
        const { registry } = await tokenRegistry(stage, image, {
          token: (_, reply) => sendToken(reply, token),
          accepts: () => false,
        });
        const outcome = await pullFrom(stage, registry);
        const refused = judgeRefusedPull(stage, outcome);
        if (refused.status === "fail") return refused;
        const sent = registry.requests.filter(({ headers }) => headers["authorization"] !== undefined).length;
        const injected = registry.requests.some(({ headers }) => headers["x-injected"] !== undefined);
        return judge(
          refused.observed,
          [!injected, "the line break made a header of its own"],
          [sent === 0, `sent as Authorization ${sent} times`],
          [!outcome.output.includes("X-Injected"), "the token was printed"],
        );
      },
    }),
  ),
  {
    id: "token-answer-without-token",
    area: "auth",
    fault: "The token answer is 200 with neither token nor access_token",
    expectation: "Fail with a word about the token server, without looping.",
    reason: "distribution, token specification",
    verbs: ["pull"],
    async run(stage) {
      const { registry, tokens } = await tokenRegistry(stage, image, {
        token: (_, reply) => reply.send(200, { "Content-Type": "application/json" }, "{}"),
      });
      const outcome = await pullFrom(stage, registry);
      const refused = judgeRefusedPull(stage, outcome);
      if (refused.status === "fail") return refused;
      return judge(lastLine(outcome), [
        tokens.requests.length <= 2,
        `${tokens.requests.length} token requests`,
      ]);
    },
  },
];
