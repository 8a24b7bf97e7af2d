import { type FaultCase, judge, type Stage } from "../case.ts";
import { content, descriptor, imageOf, testImage } from "../image.ts";
import type { Origin, Reply } from "../origin.ts";
import { errors, goodRegistry, JSON_TYPE, route } from "../registry.ts";
import { testTls } from "../tls.ts";
import { judgeRefusedPull, judgeWholePull, lastLine, onBlob, pullFrom } from "./pulling.ts";
import { refuse, sendToken, tokenRegistry } from "./token-registry.ts";

const image = testImage();
const [layer] = image.layers;

/** Where a stored secret must not go. */
export const secretCases: readonly FaultCase[] = [
  ...(["Basic", "Bearer"] as const).map(
    (scheme): FaultCase => ({
      id: `foreign-layer-url-challenges${scheme === "Basic" ? "" : "-for-a-token"}`,
      area: "auth",
      fault: `A foreign layer's \`urls\` point at another origin, which answers 401 and asks for ${scheme}`,
      expectation: "Send nothing secret there; do not answer its challenge.",
      reason: "CVE-2020-15157",
      verbs: ["pull"],
      async run(stage) {
        const realm = await stage.origin((_, reply) => sendToken(reply, "worthless"));
        const evil = await stage.origin((_, reply) =>
          refuse(reply, `${scheme} realm="${scheme === "Basic" ? "evil" : realm.url}",service="evil"`),
        );
        const foreign = content("application/vnd.oci.image.layer.nondistributable.v1.tar", "foreign");
        const withUrls = imageOf(image.config, [foreign], (document) => {
          document["layers"] = [{ ...descriptor(foreign), urls: [`${evil.url}/x`] }];
        });
        const registry = await basicRegistry(stage, withUrls);
        await stage.signIn(registry.host);
        const outcome = await pullFrom(stage, registry);
        const leaks = stage.leaks({ allowed: [registry] });
        return judge(lastLine(outcome), [leaks.length === 0, leaks.join("; ")], [!outcome.timedOut, "hung"]);
      },
    }),
  ),
  {
    id: "redirect-target-sends-a-bearer-challenge",
    area: "auth",
    fault: "A blob is redirected to another origin, which answers 401 and names a realm of its own",
    expectation: "At most an anonymous token request there; the stored credential stays home.",
    reason: "go-containerregistry #2349, #2360",
    verbs: ["pull"],
    async run(stage) {
      const realm = await stage.origin((_, reply) => sendToken(reply, "worthless"));
      const evil = await stage.origin((_, reply) =>
        refuse(reply, `Bearer realm="${realm.url}/token",service="evil",scope="repository:demo/app:pull"`),
      );
      const registry = await basicRegistry(
        stage,
        image,
        onBlob(layer, (_, reply) => reply.send(307, { Location: `${evil.url}/blob` })),
      );
      await stage.signIn(registry.host);
      const refused = judgeRefusedPull(stage, await pullFrom(stage, registry));
      if (refused.status === "fail") return refused;
      const leaks = stage.leaks({ allowed: [registry] });
      return judge(refused.observed, [leaks.length === 0, leaks.join("; ")]);
    },
  },
  {
    id: "redirect-from-https-to-http",
    area: "auth",
    fault: "A blob of an https registry is redirected to http",
    expectation: "Refuse: no request goes out in the clear.",
    reason: "A redirect must not take away what the user asked for",
    verbs: ["pull"],
    features: ["loopback-tls"],
    async run(stage) {
      const plain = await stage.origin((_, reply) => reply.send(200, {}, layer?.bytes));
      const registry = await stage.origin(
        goodRegistry(
          image,
          onBlob(layer, (_, reply) => reply.send(307, { Location: `${plain.url}/blob` })),
        ),
        { tls: testTls() },
      );
      const refused = judgeRefusedPull(stage, await pullFrom(stage, registry));
      return judge(
        refused.observed,
        [plain.requests.length === 0, "fetched the blob in the clear"],
        [refused.status === "pass", refused.observed],
      );
    },
  },
  {
    id: "realm-in-the-clear",
    area: "auth",
    fault: "An https registry names a realm of plain http",
    expectation: "Refuse it: no request, no credential.",
    reason: "CVE-2019-10214",
    verbs: ["pull"],
    features: ["loopback-tls"],
    async run(stage) {
      const realm = await stage.origin((_, reply) => sendToken(reply, "worthless"));
      const challenge = `Bearer realm="${realm.url}/token",service="registry",scope="repository:demo/app:pull"`;
      const registry = await stage.origin((_, reply) => refuse(reply, challenge), { tls: testTls() });
      await stage.signIn(registry.host);
      const refused = judgeRefusedPull(stage, await pullFrom(stage, registry));
      const leaks = stage.leaks({ allowed: [registry] });
      return judge(
        refused.observed,
        [leaks.length === 0, leaks.join("; ")],
        [realm.requests.length === 0, "asked a realm in the clear for a token"],
        [refused.status === "pass", refused.observed],
      );
    },
  },
  {
    id: "realm-of-a-stranger",
    area: "auth",
    fault: "The realm is on an unrelated host, and a credential is stored for the registry",
    expectation: "Keep the credential home, and say which option would allow that realm.",
    reason: "distribution's client asks `realmAllowed`; nothing in the specification protects the user",
    verbs: ["pull"],
    async run(stage) {
      const realm = await stage.origin((_, reply) => sendToken(reply, "worthless"), { address: "127.0.0.2" });
      const challenge = `Bearer realm="${realm.url}/token",service="registry",scope="repository:demo/app:pull"`;
      const registry = await stage.origin((_, reply) => refuse(reply, challenge));
      await stage.signIn(registry.host);
      const outcome = await pullFrom(stage, registry);
      const leaks = stage.leaks({ allowed: [registry] });
      return judge(
        lastLine(outcome),
        [leaks.length === 0, leaks.join("; ")],
        [outcome.exitCode !== 0, "reported success"],
      );
    },
  },
  {
    id: "upload-location-elsewhere",
    area: "auth",
    fault: "The Location of an upload is on another origin",
    expectation: "Upload there without Authorization, or refuse; never with it.",
    reason: "regclient; go-containerregistry #2295",
    verbs: ["pull", "push"],
    async run(stage) {
      const source = await stage.origin(goodRegistry(image));
      const pulled = judgeWholePull(stage, await pullFrom(stage, source), image);
      if (pulled.status === "fail") return pulled;
      const storage = await stage.origin(goodRegistry(EMPTY));
      const registry = await basicRegistry(stage, EMPTY, (request, reply) => {
        const { kind } = route(request.target);
        if (kind === "blob") reply.send(404, JSON_TYPE, errors("BLOB_UNKNOWN"));
        else if (kind === "uploads")
          reply.send(202, { Location: `${storage.url}/v2/demo/app/blobs/uploads/1` });
        return kind === "blob" || kind === "uploads";
      });
      await stage.signIn(registry.host);
      const folder = `${stage.folder}/layout`;
      const outcome = await stage.act({ verb: "push", folder, reference: `${registry.host}/demo/app:1.0` });
      const leaks = stage.leaks({ allowed: [registry] });
      const asked = registry.requests.some(({ target }) => route(target).kind === "uploads");
      return judge(
        lastLine(outcome),
        [asked, "never came to upload"],
        [leaks.length === 0, leaks.join("; ")],
        [!outcome.timedOut, "hung"],
      );
    },
  },
  {
    id: "next-page-elsewhere",
    area: "auth",
    fault: "The tag list's Link to the next page is on another origin",
    expectation: "Do not go there.",
    reason: "GHSA-h7vf-4x9w-h99v",
    verbs: ["tags"],
    async run(stage) {
      const evil = await stage.origin((_, reply) =>
        reply.send(200, JSON_TYPE, '{"name":"x","tags":["evil"]}'),
      );
      const registry = await basicRegistry(stage, image, (request, reply) => {
        if (route(request.target).kind !== "tags") return false;
        const link = { Link: `<${evil.url}/v2/demo/app/tags/list?last=1.0>; rel="next"` };
        reply.send(200, { ...JSON_TYPE, ...link }, '{"name":"demo/app","tags":["1.0"]}');
        return true;
      });
      await stage.signIn(registry.host);
      const outcome = await stage.act({ verb: "tags", repository: `${registry.host}/demo/app` });
      const leaks = stage.leaks({ allowed: [registry] });
      return judge(
        lastLine(outcome),
        [leaks.length === 0, leaks.join("; ")],
        [evil.requests.length === 0, "followed the link to another origin"],
      );
    },
  },
  {
    id: "token-of-one-repository-sent-to-another",
    area: "auth",
    fault: "Two repositories of one registry, each with tokens of its own",
    expectation: "Never send the token of one for the other, unless it was asked for both.",
    reason: "containerd caches tokens by scope",
    verbs: ["copy"],
    async run(stage) {
      const scopesOf = new Map<string, string>();
      let strays = 0;
      const { registry } = await tokenRegistry(stage, image, {
        challenge: (realm, { target, method }) => {
          const actions = method === "GET" || method === "HEAD" ? "pull" : "pull,push";
          return `Bearer realm="${realm}",service="registry",scope="repository:${route(target).repository}:${actions}"`;
        },
        token: (request, reply, turn) => {
          const asked = new URL(request.target, "http://realm").searchParams.getAll("scope").join(" ");
          const form = new URLSearchParams(request.body.toString("latin1")).get("scope") ?? "";
          scopesOf.set(`Bearer token-${turn}`, `${asked} ${form}`);
          sendToken(reply, `token-${turn}`);
        },
        accepts: (authorization, { target, method }) => {
          const { kind, repository } = route(target);
          const scopes = scopesOf.get(authorization);
          if (scopes === undefined || kind === "ping") return scopes !== undefined;
          const named = scopes.includes(`repository:${repository}:`);
          if (!named) strays += 1;
          return named && (method === "GET" || method === "HEAD" || scopes.includes("push"));
        },
        fault: (request, reply) => {
          const { repository } = route(request.target);
          if (repository !== "demo/other" || request.method !== "HEAD") return false;
          reply.send(404);
          return true;
        },
      });
      const outcome = await stage.act({
        verb: "copy",
        from: `${registry.host}/demo/app:1.0`,
        to: `${registry.host}/demo/other:1.0`,
      });
      return judge(
        `${scopesOf.size} tokens, none astray`,
        [strays === 0, `${strays} requests with a token of another repository`],
        [outcome.exitCode === 0, lastLine(outcome)],
      );
    },
  },
  {
    id: "credential-of-a-prefix",
    area: "auth",
    fault: "A credential is stored for a host whose name is a prefix of this one's",
    expectation: "It is another host: send nothing.",
    reason: "docker/cli looks entries up by the exact host",
    verbs: ["pull"],
    async run(stage) {
      const registry = await basicRegistry(stage, image);
      await stage.signIn(registry.host.slice(0, -1));
      const refused = judgeRefusedPull(stage, await pullFrom(stage, registry));
      const leaks = stage.leaks({ allowed: [] });
      return judge(
        refused.observed,
        [leaks.length === 0, leaks.join("; ")],
        [refused.status === "pass", refused.observed],
      );
    },
  },
];

/** A registry that holds nothing of the image yet. */
const EMPTY: typeof image = { ...testImage(1), layers: [] };

/** A registry that lets the canary in by Basic, and nobody else. */
async function basicRegistry(
  stage: Stage,
  served: typeof image,
  fault: Parameters<typeof goodRegistry>[1] = () => false,
): Promise<Origin> {
  const pair = Buffer.from(`${stage.canary.username}:${stage.canary.password}`).toString("base64");
  const script = goodRegistry(served, fault);
  return stage.origin((request, reply: Reply) => {
    if (request.headers["authorization"] === `Basic ${pair}`) return script(request, reply);
    refuse(reply, 'Basic realm="registry"');
  });
}
