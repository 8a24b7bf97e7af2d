import { type FaultCase, judge } from "../case.ts";
import { testImage } from "../image.ts";
import type { Reply } from "../origin.ts";
import { errors, goodRegistry } from "../registry.ts";
import { judgeRefusedPull, judgeWholePull, pullFrom } from "./pulling.ts";
import { sendToken, tokenRegistry } from "./token-registry.ts";

const image = testImage();

/** How registries spell what they ask for, kindly and not. */
export const challengeCases: readonly FaultCase[] = [
  ...(
    [
      ["after-negotiate", ['Negotiate, Basic realm="r"']],
      ["after-negotiate-with-a-token", ['Negotiate YII=, Basic realm="r"']],
      ["in-a-second-header", ["Negotiate", 'Basic realm="r"']],
      ["in-lower-case", ['basic realm="r"']],
      ["in-upper-case", ['BASIC REALM="r"']],
      ["with-empty-elements", [', ,Basic realm="r",, ,charset="UTF-8"']],
      ["with-quoted-pairs-and-commas", ['Basic realm="say \\"r\\", Bearer realm=\\\\"']],
      ["without-quotes", ["Basic realm=r"]],
      ["with-spaces-round-the-equals-sign", ['Basic realm = "r"']],
    ] as const
  ).map(
    ([name, lines]): FaultCase => ({
      id: `challenge-${name}`,
      area: "auth",
      fault: `The challenge reads ${lines.map((line) => `\`${line}\``).join(" and ")}`,
      expectation: "Understand it as the grammar says, and sign in.",
      reason: "RFC 9110, sections 5.3, 5.6.1, 5.6.4, 11.3 and 11.6.1",
      verbs: ["pull"],
      async run(stage) {
        const pair = Buffer.from(`${stage.canary.username}:${stage.canary.password}`).toString("base64");
        const registry = await stage.origin(
          goodRegistry(image, (request, reply) => {
            if (request.headers["authorization"] === `Basic ${pair}`) return false;
            refuseWith(reply, lines);
            return true;
          }),
        );
        await stage.signIn(registry.host);
        return judgeWholePull(stage, await pullFrom(stage, registry), image);
      },
    }),
  ),
  ...(
    [
      [
        "without-spaces",
        (realm: string) => `Bearer realm="${realm}",service="r",scope="repository:demo/app:pull"`,
      ],
      [
        "in-another-order",
        (realm: string) => `bearer scope="repository:demo/app:pull", service="r", realm="${realm}"`,
      ],
      ["without-a-scope", (realm: string) => `Bearer realm="${realm}",service="r"`],
      ["without-a-service", (realm: string) => `Bearer realm="${realm}",scope="repository:demo/app:pull"`],
      [
        "with-an-error",
        (realm: string) =>
          `Bearer realm="${realm}",service="r",error="invalid_token",error_description="a, b"`,
      ],
      ["relative", (realm: string) => `Bearer realm="${new URL(realm).pathname}",service="r"`],
    ] as const
  ).map(
    ([name, spell]): FaultCase => ({
      id: `bearer-challenge-${name}`,
      area: "auth",
      fault: `A Bearer challenge ${name.replaceAll("-", " ")}${name === "relative" ? " in its realm: a path alone" : ""}`,
      expectation:
        name === "relative"
          ? "Resolve the realm on the registry's own address, and get the token there."
          : "Ask for a token with what is there, and succeed.",
      reason:
        name === "relative"
          ? "regclient resolves it; RFC 3986, section 4.2, is what a reader of a URL expects"
          : "distribution, token specification: only the realm is indispensable",
      verbs: ["pull"],
      async run(stage) {
        const { registry, tokens } = await tokenRegistry(stage, image, {
          challenge: spell,
          // A relative realm leads back to the registry, which plays the token server as well.
          accepts: (authorization, { target }) =>
            target.startsWith("/token") || authorization === `Bearer ${stage.canary.token}`,
          fault: ({ target }, reply) => {
            if (!target.startsWith("/token")) return false;
            sendToken(reply, stage.canary.token);
            return true;
          },
        });
        const whole = judgeWholePull(stage, await pullFrom(stage, registry), image);
        if (whole.status === "fail") return whole;
        const strays = tokens.requests.filter(({ target }) => !target.startsWith("/token"));
        return judge(whole.observed, [strays.length === 0, "asked another path for the token"]);
      },
    }),
  ),
  ...(
    [
      ["with-an-unclosed-quote", `Bearer realm="${"a".repeat(16_000)}`],
      ["of-many-parameters", `Bearer ${Array.from({ length: 1600 }, (_, i) => `p${i}="v"`).join(",")}`],
      ["of-backslashes", `Bearer realm="${'\\"'.repeat(8000)}`],
      ["of-commas", `Bearer ${",".repeat(16_000)}`],
      ["that-names-the-prototype", 'Bearer __proto__="x",constructor="y",realm="z"'],
      ["of-schemes", `${"A ".repeat(8000)}realm="x"`],
      ["without-a-realm", 'Bearer service="r",scope="repository:demo/app:pull"'],
      ["with-a-realm-that-is-no-address", 'Bearer realm="ht!tp://[",service="r"'],
    ] as const
  ).map(
    ([name, line]): FaultCase => ({
      id: `challenge-${name}`,
      area: "auth",
      fault: `A challenge of ${line.length} characters, ${name.replaceAll("-", " ")}`,
      expectation: "Read it in one pass, send the secret nowhere, and fail at once.",
      reason: "containerd fuzzes its parser; one that backtracks is a way to deny service",
      verbs: ["pull"],
      async run(stage) {
        const registry = await stage.origin((_, reply) => refuseWith(reply, [line]));
        await stage.signIn(registry.host);
        const outcome = await pullFrom(stage, registry);
        const refused = judgeRefusedPull(stage, outcome);
        const leaks = stage.leaks({ allowed: [] });
        return judge(
          refused.observed,
          [leaks.length === 0, leaks.join("; ")],
          [refused.status === "pass", refused.observed],
          [outcome.durationMs < 15_000, `took ${Math.round(outcome.durationMs)} ms`],
        );
      },
    }),
  ),
];

/** A 401 with these WWW-Authenticate fields, one a line. */
function refuseWith(reply: Reply, challenges: readonly string[]): void {
  const body = errors("UNAUTHORIZED", "sign in");
  const fields = challenges.map((challenge) => `WWW-Authenticate: ${challenge}\r\n`).join("");
  const head = `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n${fields}`;
  reply.raw(`HTTP/1.1 401 Scripted\r\n${head}\r\n${body}`);
}
