import { type FaultCase, judge } from "../case.ts";
import { descriptor, testImage } from "../image.ts";
import { goodRegistry, JSON_TYPE, route } from "../registry.ts";
import { lastLine, onBlob, pullFrom } from "./pulling.ts";
import { refuse, tokenRegistry } from "./token-registry.ts";

const image = testImage();
const [layer] = image.layers;
/** Moves the cursor, clears the screen, sets the title, overwrites the line, and turns the reading direction round. */
const CONTROLS = "\u001b[2J\u001b]0;evil\u0007\roverwritten\u009b31m\u202egnp.exe";

/** What a client prints of what it knows and of what it was told. */
export const outputCases: readonly FaultCase[] = [
  {
    id: "debug-output-of-basic-and-presigned-urls",
    area: "command",
    fault: "With debug output on: Basic credentials, and a redirect to a URL that is signed in its query",
    expectation: "Print neither the password nor the signature.",
    reason: "GHSA-5jhf-2qmf-m8c5; debug output is pasted into issues",
    verbs: ["pull"],
    features: ["debug"],
    async run(stage) {
      const storage = await stage.origin((_, reply) => reply.send(200, {}, layer?.bytes));
      const pair = Buffer.from(`${stage.canary.username}:${stage.canary.password}`).toString("base64");
      const serve = onBlob(layer, (_, reply) =>
        reply.send(307, {
          Location: `${storage.url}/b?X-Amz-Signature=${stage.canary.token}&X-Amz-Expires=9`,
        }),
      );
      const registry = await stage.origin(
        goodRegistry(image, (request, reply) => {
          if (request.headers["authorization"] === `Basic ${pair}`) return serve(request, reply);
          refuse(reply, 'Basic realm="registry"');
          return true;
        }),
      );
      await stage.signIn(registry.host);
      const reference = `${registry.host}/demo/app:1.0`;
      const folder = `${stage.folder}/layout`;
      const outcome = await stage.act({ verb: "pull", reference, folder }, { debug: true });
      const printed = stage.leaks({ allowed: [registry, storage] });
      return judge(
        "printed no secret",
        [printed.length === 0, printed.join("; ")],
        [outcome.exitCode === 0, lastLine(outcome)],
      );
    },
  },
  {
    id: "debug-output-of-tokens-and-cookies",
    area: "command",
    fault: "With debug output on: a token by the name `Access_Token` as well, and a cookie that holds it too",
    expectation: "Print none of them.",
    reason: "GHSA-5jhf-2qmf-m8c5",
    verbs: ["pull"],
    features: ["debug"],
    async run(stage) {
      const { token } = stage.canary;
      const { registry, tokens } = await tokenRegistry(stage, image, {
        token: (_, reply) =>
          reply.send(
            200,
            { ...JSON_TYPE, "Set-Cookie": `session=${token}` },
            JSON.stringify({ token, access_token: token, Access_Token: token }),
          ),
      });
      await stage.signIn(registry.host);
      const reference = `${registry.host}/demo/app:1.0`;
      const folder = `${stage.folder}/layout`;
      const outcome = await stage.act({ verb: "pull", reference, folder }, { debug: true });
      const printed = stage.leaks({ allowed: [registry, tokens] });
      return judge(
        "printed no secret",
        [printed.length === 0, printed.join("; ")],
        [outcome.exitCode === 0, lastLine(outcome)],
      );
    },
  },
  {
    id: "control-characters-in-an-error",
    area: "command",
    fault:
      "The registry's error message holds escape sequences, a carriage return and a bidirectional override",
    expectation: "Print it escaped, or not at all.",
    reason: "GHSA-c38g-469g-cmgx",
    verbs: ["pull"],
    async run(stage) {
      const body = JSON.stringify({ errors: [{ code: "DENIED", message: CONTROLS, detail: CONTROLS }] });
      const registry = await stage.origin((_, reply) => reply.send(403, JSON_TYPE, body));
      return judgePrinted(await pullFrom(stage, registry));
    },
  },
  {
    id: "control-characters-in-a-challenge",
    area: "command",
    fault: "The token server's error holds escape sequences, and its address an escape as well",
    expectation: "Print them escaped, or not at all.",
    reason: "GHSA-c38g-469g-cmgx",
    verbs: ["pull"],
    async run(stage) {
      const { registry } = await tokenRegistry(stage, image, {
        token: (_, reply) =>
          reply.send(
            403,
            JSON_TYPE,
            JSON.stringify({ error: CONTROLS, error_description: CONTROLS, details: CONTROLS }),
          ),
      });
      return judgePrinted(await pullFrom(stage, registry));
    },
  },
  {
    id: "control-characters-in-a-tag",
    area: "command",
    fault: "The tag list holds names with escape sequences, a carriage return and a bidirectional override",
    expectation: "No such tag can be: leave it out, escape it, or fail.",
    reason: "GHSA-c38g-469g-cmgx; distribution-spec: the grammar of tags",
    verbs: ["tags"],
    async run(stage) {
      const registry = await stage.origin(
        goodRegistry(image, (request, reply) => {
          if (route(request.target).kind !== "tags") return false;
          reply.send(200, JSON_TYPE, JSON.stringify({ name: "demo/app", tags: ["1.0", CONTROLS] }));
          return true;
        }),
      );
      return judgePrinted(await stage.act({ verb: "tags", repository: `${registry.host}/demo/app` }));
    },
  },
  {
    id: "control-characters-in-a-media-type",
    area: "command",
    fault: "A manifest's media types and annotations hold escape sequences",
    expectation: "Print them escaped, or not at all, whether it is refused or not.",
    reason: "GHSA-c38g-469g-cmgx",
    verbs: ["pull"],
    async run(stage) {
      const document = { schemaVersion: 2, mediaType: CONTROLS, annotations: { [CONTROLS]: CONTROLS } };
      const registry = await stage.origin(
        goodRegistry(image, (request, reply) => {
          if (route(request.target).kind !== "manifest" || request.method !== "GET") return false;
          reply.send(200, { "Content-Type": image.manifest.mediaType }, JSON.stringify(document));
          return true;
        }),
      );
      return judgePrinted(await pullFrom(stage, registry));
    },
  },
  {
    id: "control-characters-in-a-warning",
    area: "command",
    fault:
      "Every answer has a Warning that holds the introducer of control sequences as one character (U+009B)",
    expectation: "Print it escaped, or not at all.",
    reason: "distribution-spec, Warnings: text of the registry's own on the user's terminal",
    verbs: ["pull"],
    async run(stage) {
      const serve = goodRegistry(image);
      const registry = await stage.origin((request, reply) =>
        serve(request, {
          ...reply,
          send: (status, headers, body) =>
            reply.send(status, { ...headers, Warning: '299 - "\u009b31mred\u009b2J"' }, body),
        }),
      );
      const outcome = await pullFrom(stage, registry);
      const verdict = judgePrinted(outcome);
      return judge(
        verdict.observed,
        [!/\u009b(31m|2J)/.test(outcome.output), "printed a control sequence"],
        [verdict.status === "pass", verdict.observed],
        [outcome.exitCode === 0, lastLine(outcome)],
      );
    },
  },
  {
    id: "control-characters-in-an-artifact-type",
    area: "command",
    fault: "A referrer's artifact type and annotations hold escape sequences",
    expectation: "Print them escaped, or not at all.",
    reason: "GHSA-c38g-469g-cmgx",
    verbs: ["referrers"],
    async run(stage) {
      const mediaType = "application/vnd.oci.image.index.v1+json";
      const entry = {
        ...descriptor(image.config),
        artifactType: CONTROLS,
        annotations: { [CONTROLS]: CONTROLS },
      };
      const registry = await stage.origin(
        goodRegistry(image, (request, reply) => {
          if (route(request.target).kind !== "referrers") return false;
          const index = { schemaVersion: 2, mediaType, manifests: [entry] };
          reply.send(200, { "Content-Type": mediaType }, JSON.stringify(index));
          return true;
        }),
      );
      const reference = `${registry.host}/demo/app@${image.manifest.digest}`;
      return judgePrinted(await stage.act({ verb: "referrers", reference }));
    },
  },
  {
    id: "token-server-echoes-the-password",
    area: "command",
    fault: "The token server's error repeats the password it was sent",
    expectation: "Do not print it.",
    reason: "Servers echo what they do not understand",
    verbs: ["pull"],
    async run(stage) {
      const { registry, tokens } = await tokenRegistry(stage, image, {
        challenge: (realm) => `Bearer realm="${realm}",service="registry"`,
        token: (_, reply) => {
          const details = `no such user ${stage.canary.username} with ${stage.canary.password}`;
          reply.send(
            401,
            JSON_TYPE,
            JSON.stringify({ errors: [{ code: "UNAUTHORIZED", message: details }], details }),
          );
        },
      });
      await stage.signIn(registry.host);
      const outcome = await pullFrom(stage, registry);
      const printed = stage.leaks({ allowed: [registry, tokens] });
      return judge(
        "refused without it",
        [outcome.exitCode !== 0, "reported success"],
        [printed.length === 0, printed.join("; ")],
      );
    },
  },
  {
    id: "answer-of-the-token-server-in-an-error",
    area: "command",
    fault: "The token answer is cut short in the middle of the token",
    expectation: "Say that it is no JSON, without what it holds.",
    reason: "Parsers like to quote the text they stumble over",
    verbs: ["pull"],
    async run(stage) {
      const { registry, tokens } = await tokenRegistry(stage, image, {
        token: (_, reply) => reply.send(200, JSON_TYPE, `{"expires_in":300,"token":"${stage.canary.token}`),
        accepts: () => false,
      });
      await pullFrom(stage, registry);
      const printed = stage.leaks({ allowed: [registry, tokens] });
      return judge("printed nothing of it", [printed.length === 0, printed.join("; ")]);
    },
  },
];

/** The outputs are judged as bytes: a client that escapes on a terminal alone is given the benefit for line feeds only. */
function judgePrinted({
  output,
  timedOut,
}: {
  readonly output: string;
  readonly timedOut: boolean;
}): ReturnType<typeof judge> {
  // Commands' output comes as bytes, a library's as text.
  const found = ["\u001b", "\u0007", "\rover", "\u202e", "\u00e2\u0080\u00ae"].find((each) =>
    output.includes(each),
  );
  return judge(
    "printed without them",
    [!timedOut, "hung"],
    [found === undefined, `printed ${JSON.stringify(found)} as it came`],
  );
}
