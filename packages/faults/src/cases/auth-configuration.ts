import { type FaultCase, judge, type Stage, type Verdict } from "../case.ts";
import { testImage } from "../image.ts";
import type { Origin } from "../origin.ts";
import { goodRegistry } from "../registry.ts";
import { judgeRefusedPull, judgeWholePull, lastLine, pullFrom } from "./pulling.ts";
import { refuse, sendToken, tokenRegistry } from "./token-registry.ts";

const image = testImage();

/** What stands in the user's own configuration file. */
export const configurationCases: readonly FaultCase[] = [
  ...(
    [
      ["in-bad-base64", "!!not*base64!!", "is not base64"],
      ["without-a-colon", base64("justauser"), "has no colon"],
      ["of-half-a-character", "QQ=Q", "is base64 with padding in the middle"],
    ] as const
  ).map(
    ([name, auth, what]): FaultCase => ({
      id: `stored-entry-${name}`,
      area: "auth",
      fault: `The \`auth\` stored for the registry ${what}`,
      expectation: "Send no guess of it, say that the entry is wrong, and do not print it.",
      reason: "docker/cli refuses such a file; lenient base64 decoders turn it into some other secret",
      verbs: ["pull"],
      async run(stage) {
        const registry = await basicRegistry(stage);
        await stage.configure({ auths: { [registry.host]: { auth } } });
        const outcome = await pullFrom(stage, registry);
        const refused = judgeRefusedPull(stage, outcome);
        const sent = registry.requests.filter(({ headers }) => headers["authorization"] !== undefined);
        return judge(
          refused.observed,
          [refused.status === "pass", refused.observed],
          [sent.length === 0, `sent ${sent[0]?.headers["authorization"] ?? ""}`],
          [!outcome.output.includes(auth), "printed the entry"],
        );
      },
    }),
  ),
  {
    id: "stored-entry-with-a-trailing-nul",
    area: "auth",
    fault: "The stored user and password end in a NUL",
    expectation: "Strip it, and sign in.",
    reason: "docker/cli trims NULs, for files of old versions have them",
    verbs: ["pull"],
    async run(stage) {
      const registry = await basicRegistry(stage);
      const { username, password } = stage.canary;
      await stage.configure({ auths: { [registry.host]: { auth: base64(`${username}:${password}\0`) } } });
      return judgeWholePull(stage, await pullFrom(stage, registry), image);
    },
  },
  {
    id: "stored-entry-broken-for-another-host",
    area: "auth",
    fault: "The entry of another registry is broken; this one's is right",
    expectation: "Use this one's: a neighbour's mistake is not this pull's business.",
    reason: "One bad line must not lock the user out everywhere",
    verbs: ["pull"],
    async run(stage) {
      const registry = await basicRegistry(stage);
      const { username, password } = stage.canary;
      const good = { auth: base64(`${username}:${password}`) };
      await stage.configure({ auths: { "other.example": { auth: "***" }, [registry.host]: good } });
      return judgeWholePull(stage, await pullFrom(stage, registry), image);
    },
  },
  {
    id: "stored-entry-under-a-url",
    area: "auth",
    fault: "The entry's key is a URL of the registry, as old versions of docker wrote it: `https://HOST/v1/`",
    expectation: "It is this registry's: sign in.",
    reason: "docker/cli takes the host out of such keys",
    verbs: ["pull"],
    async run(stage) {
      const registry = await basicRegistry(stage);
      const { username, password } = stage.canary;
      const auth = base64(`${username}:${password}`);
      await stage.configure({ auths: { [`https://${registry.host}/v1/`]: { auth } } });
      return judgeWholePull(stage, await pullFrom(stage, registry), image);
    },
  },
  {
    id: "stored-entry-of-a-host-that-goes-on",
    area: "auth",
    fault: "Entries are stored for hosts whose names this one's is the beginning of, by name and by URL",
    expectation: "They are other hosts': send nothing.",
    reason: "docker/cli looks entries up by the exact host",
    verbs: ["pull"],
    async run(stage) {
      const registry = await basicRegistry(stage);
      const auth = base64(`${stage.canary.username}:${stage.canary.password}`);
      const names = [
        `${registry.host}.evil.example`,
        `https://${registry.host}.evil.example/v1/`,
        "127.0.0.1",
      ];
      await stage.configure({ auths: Object.fromEntries(names.map((name) => [name, { auth }])) });
      const refused = judgeRefusedPull(stage, await pullFrom(stage, registry));
      const leaks = stage.leaks({ allowed: [] });
      return judge(
        refused.observed,
        [leaks.length === 0, leaks.join("; ")],
        [refused.status === "pass", refused.observed],
      );
    },
  },
  {
    id: "stored-entries-that-are-no-json",
    area: "auth",
    fault: "The configuration file is cut off in the middle of a secret",
    expectation: "Fail and name the file, or go on without it; never print what it holds.",
    reason: "Parsers like to quote the text they stumble over",
    verbs: ["pull"],
    async run(stage) {
      const registry = await basicRegistry(stage);
      await stage.configure(`{"auths":{"${registry.host}":{"password":"${stage.canary.password}","x":`);
      const refused = judgeRefusedPull(stage, await pullFrom(stage, registry));
      const leaks = stage.leaks({ allowed: [] });
      return judge(
        refused.observed,
        [refused.status === "pass", refused.observed],
        [leaks.length === 0, leaks.join("; ")],
      );
    },
  },
  identityTokenCase("stored", async (stage, host) => {
    const entry = { auth: base64("00000000-0000-0000-0000-000000000000:") };
    await stage.configure({ auths: { [host]: { ...entry, identitytoken: stage.canary.password } } });
  }),
  identityTokenCase("from-a-helper", async (stage, host) => {
    await stage.helper("canary", `cat >/dev/null; echo '${helperAnswer("<token>", stage.canary.password)}'`);
    await stage.configure({ credHelpers: { [host]: "canary" } });
  }),
  {
    id: "two-identities-side-by-side",
    area: "auth",
    fault: "Two users pull from one registry at the same moment, each a repository of their own",
    expectation: "Never show the registry one user's token for the other's repository.",
    reason: "oras-go keys its cache by identity",
    verbs: ["pull"],
    async run(stage) {
      let strays = 0;
      const { registry } = await tokenRegistry(stage, image, {
        challenge: (realm) => `Bearer realm="${realm}",service="registry"`,
        token: (request, reply) => {
          const given = request.headers["authorization"] ?? "";
          sendToken(reply, `token-of-${Buffer.from(given.slice(6), "base64").toString().split(":")[0]}`);
        },
        accepts: (authorization, { target }) => {
          const user = /^Bearer token-of-(\w+)$/.exec(authorization)?.[1];
          const owner = /^\/v2\/(\w+)\//.exec(target)?.[1];
          if (user !== undefined && owner !== undefined && user !== owner) strays += 1;
          return user !== undefined && (owner === undefined || owner === user);
        },
      });
      const outcomes = await Promise.all(
        ["alice", "bob"].map(async (user) => {
          const home = await stage.newHome();
          await stage.configure({ auths: { [registry.host]: { auth: base64(`${user}:secret`) } } }, home);
          const folder = `${stage.folder}/${user}`;
          return stage.act({ verb: "pull", reference: `${registry.host}/${user}/app:1.0`, folder }, { home });
        }),
      );
      const failed = outcomes.find(({ exitCode }) => exitCode !== 0);
      return judge(
        "each with their own token",
        [strays === 0, `${strays} requests with the other's token`],
        [failed === undefined, failed === undefined ? "" : lastLine(failed)],
      );
    },
  },
];

/** A refresh token: worth more than a password, for it opens every repository of the user. */
function identityTokenCase(name: string, store: (stage: Stage, host: string) => Promise<void>): FaultCase {
  return {
    id: `identity-token-${name}`,
    area: "auth",
    fault: `What is ${name === "stored" ? "stored" : "kept by the helper"} is an identity token; the token server takes it by POST`,
    expectation: "Send it to the token server alone, in a body and never in a URL, and succeed.",
    reason: "distribution, OAuth2 token specification; containerd",
    verbs: ["pull"],
    async run(stage) {
      const { registry, tokens } = await tokenRegistry(stage, image, {
        token: (request, reply) => {
          const form = new URLSearchParams(request.body.toString());
          const right = form.get("grant_type") === "refresh_token";
          if (right && form.get("refresh_token") === stage.canary.password) sendToken(reply, "short-lived");
          else reply.send(401);
        },
        accepts: (authorization) => authorization === "Bearer short-lived",
      });
      await store(stage, registry.host);
      const whole = judgeWholePull(stage, await pullFrom(stage, registry), image);
      const leaks = stage.leaks({ allowed: [tokens] });
      const inUrl = tokens.requests.some(({ target }) =>
        target.includes(encodeURIComponent(stage.canary.password)),
      );
      return judge(
        whole.observed,
        [leaks.length === 0, leaks.join("; ")],
        [!inUrl, "put it into a URL"],
        [whole.status === "pass", whole.observed],
      );
    },
  };
}

/** What a helper prints. */
export function helperAnswer(username: string, secret: string): string {
  return JSON.stringify({ ServerURL: "", Username: username, Secret: secret });
}

/** A registry that lets the canary in by Basic. */
export async function basicRegistry(stage: Stage): Promise<Origin> {
  const expected = `Basic ${base64(`${stage.canary.username}:${stage.canary.password}`)}`;
  return stage.origin(
    goodRegistry(image, (request, reply) => {
      if (request.headers["authorization"] === expected) return false;
      refuse(reply, 'Basic realm="registry"');
      return true;
    }),
  );
}

/** For cases that end in a whole pull of this file's image. */
export async function pullsWhole(stage: Stage, registry: Origin): Promise<Verdict> {
  return judgeWholePull(stage, await pullFrom(stage, registry), image);
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
