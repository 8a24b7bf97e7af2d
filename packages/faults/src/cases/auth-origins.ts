import type { TLSSocket } from "node:tls";
import { type FaultCase, judge } from "../case.ts";
import { testImage } from "../image.ts";
import type { Origin, Reply } from "../origin.ts";
import { goodRegistry, route } from "../registry.ts";
import { testTls } from "../tls.ts";
import { judgeWholePull, lastLine, pullFrom } from "./pulling.ts";
import { refuse, sendToken } from "./token-registry.ts";

const image = testImage();
const [layer] = image.layers;

/** What else than a password belongs to one origin alone. */
export const originCases: readonly FaultCase[] = [
  {
    id: "custom-header-on-a-redirect",
    area: "auth",
    fault: "The user sends X-API-Key; the registry redirects to another origin",
    expectation: "Send it to the registry, and to nobody else.",
    reason: "GHSA-whvf-jp7m-59f3",
    verbs: ["request"],
    async run(stage) {
      const storage = await stage.origin((_, reply) => reply.send(200, {}, "ok"));
      const registry = await stage.origin((_, reply) =>
        reply.send(307, { Location: `${storage.url}/blob?signature=x` }),
      );
      const { exitCode } = await stage.act({
        verb: "request",
        url: `${registry.url}/v2/demo/app/blobs/sha256:${"0".repeat(64)}`,
        headers: { "X-API-Key": stage.canary.token },
      });
      const leaks = stage.leaks({ allowed: [registry] });
      return judge(
        "the header stayed",
        [leaks.length === 0, leaks.join("; ")],
        [registry.received().includes(stage.canary.token), "the registry itself never got it"],
        [exitCode === 0 && storage.requests.length === 1, "did not follow the redirect"],
      );
    },
  },
  {
    id: "custom-header-at-the-realm",
    area: "auth",
    fault: "The user sends X-API-Key; the realm of the challenge is another origin",
    expectation: "Ask for the token without it.",
    reason: "GHSA-whvf-jp7m-59f3",
    verbs: ["request"],
    async run(stage) {
      const tokens = await stage.origin((_, reply) => sendToken(reply, "good"));
      const registry = await stage.origin((request, reply) => {
        if (request.headers["authorization"] === "Bearer good") reply.send(200, {}, "ok");
        else refuse(reply, `Bearer realm="${tokens.url}/token",service="registry"`);
      });
      const { exitCode } = await stage.act({
        verb: "request",
        url: `${registry.url}/v2/demo/app/tags/list`,
        headers: { "X-API-Key": stage.canary.token },
      });
      const leaks = stage.leaks({ allowed: [registry] });
      return judge(
        "the header stayed",
        [leaks.length === 0, leaks.join("; ")],
        [exitCode === 0 && tokens.requests.length === 1, "did not get a token"],
      );
    },
  },
  {
    id: "client-certificate-asked-for-by-a-redirect-target",
    area: "auth",
    fault: "The registry redirects a blob to another origin, which asks for the client's certificate too",
    expectation: "Show it to the registry alone.",
    reason: "GHSA-h3wm-jjqf-8jm2",
    verbs: ["pull"],
    features: ["client-certificate", "loopback-tls"],
    async run(stage) {
      const tls = { ...testTls(), requestCert: true, rejectUnauthorized: false };
      const shown = new Set<string>();
      const note = (who: string, { socket }: Reply): void => {
        // The origin was started with TLS.
        if (Object.keys((socket as TLSSocket).getPeerCertificate()).length > 0) shown.add(who);
      };
      const storage = await stage.origin(
        (_, reply) => {
          note("storage", reply);
          reply.send(200, {}, layer?.bytes);
        },
        { tls },
      );
      const registry = await stage.origin(
        goodRegistry(image, async (request, reply) => {
          note("registry", reply);
          return onLayer(storage)(request, reply);
        }),
        { tls },
      );
      const clientCertificate = await stage.clientCertificate();
      const reference = `${registry.host}/demo/app:1.0`;
      const folder = `${stage.folder}/layout`;
      const outcome = await stage.act({ verb: "pull", reference, folder }, { clientCertificate });
      const whole = judgeWholePull(stage, outcome, image);
      return judge(
        "shown to the registry alone",
        [!shown.has("storage"), "showed the certificate to the redirect's target"],
        [whole.status === "pass", whole.observed],
        [shown.has("registry"), "never showed it to the registry"],
      );
    },
  },
  {
    id: "redirect-to-another-port",
    area: "auth",
    fault: "A blob is redirected to another port of the registry's own host",
    expectation: "It is another origin: follow without the Authorization header.",
    reason: "regclient; RFC 6454, section 4: scheme, host and port",
    verbs: ["pull"],
    async run(stage) {
      const storage = await stage.origin((_, reply) => reply.send(200, {}, layer?.bytes));
      const pair = Buffer.from(`${stage.canary.username}:${stage.canary.password}`).toString("base64");
      const registry = await stage.origin(
        goodRegistry(image, (request, reply) => {
          if (request.headers["authorization"] === `Basic ${pair}`) return onLayer(storage)(request, reply);
          refuse(reply, 'Basic realm="registry"');
          return true;
        }),
      );
      await stage.signIn(registry.host);
      const whole = judgeWholePull(stage, await pullFrom(stage, registry), image);
      const leaks = stage.leaks({ allowed: [registry] });
      return judge(
        whole.observed,
        [leaks.length === 0, leaks.join("; ")],
        [whole.status === "pass", whole.observed],
      );
    },
  },
  {
    id: "redirect-there-and-back",
    area: "auth",
    fault: "A blob is redirected to another origin, and from there back to the registry",
    expectation: "What was stripped stays stripped, and nothing secret goes to the other origin.",
    reason: "A stranger must not be able to make the client sign a request of the stranger's choice",
    verbs: ["pull"],
    async run(stage) {
      let signed = false;
      const pair = Buffer.from(`${stage.canary.username}:${stage.canary.password}`).toString("base64");
      const detour: Origin = await stage.origin((_, reply) =>
        reply.send(307, { Location: `${registry.url}/v2/private/secret/tags/list` }),
      );
      const registry: Origin = await stage.origin(
        goodRegistry(image, (request, reply) => {
          if (request.target.startsWith("/v2/private")) {
            signed ||= request.headers["authorization"] !== undefined;
            reply.send(404);
            return true;
          }
          if (request.headers["authorization"] === `Basic ${pair}`) return onLayer(detour)(request, reply);
          refuse(reply, 'Basic realm="registry"');
          return true;
        }),
      );
      await stage.signIn(registry.host);
      const outcome = await pullFrom(stage, registry);
      const leaks = stage.leaks({ allowed: [registry] });
      return judge(
        lastLine(outcome),
        [leaks.length === 0, leaks.join("; ")],
        [!signed, "signed a request that the other origin chose"],
        [outcome.exitCode !== 0, "reported success"],
      );
    },
  },
];

/** Sends GETs of the layer to another origin. */
function onLayer(other: Origin): NonNullable<Parameters<typeof goodRegistry>[1]> {
  return (request, reply) => {
    const { kind, name } = route(request.target);
    if (request.method !== "GET" || kind !== "blob" || name !== layer?.digest) return false;
    reply.send(307, { Location: `${other.url}/blob` });
    return true;
  };
}
