/** A program of about ten lines for each package: what a user would type first. Each prints `ok`. */
export const programs = {
  reference: `
import { diagnoseReference, parseReference, safeParseReference } from "@reg/reference";
const reference = parseReference("ubuntu");
const wrong = safeParseReference("Ubuntu:latest");
const warnings = diagnoseReference("ubuntu").filter(({ severity }) => severity === "warning");
const right =
  reference.toString() === "docker.io/library/ubuntu" &&
  reference.familiar() === "ubuntu" &&
  !wrong.ok && wrong.error.offset === 0 &&
  warnings.length > 0;
console.log(right ? "ok" : "wrong");
`,
  content: `
import { copy, digestOf, memoryStore, packArtifact, parsePlatform, verify } from "@reg/content";
const [from, to] = [memoryStore(), memoryStore()];
await packArtifact(from, { artifactType: "text/plain", ref: "v1" });
const { descriptor } = await copy(from, "v1", to, "v1");
const report = await verify(to, "v1");
const empty = digestOf(new TextEncoder().encode("{}"));
const right = report.ok && descriptor.digest === report.root.digest && empty.startsWith("sha256:44136fa3");
console.log(right && parsePlatform("linux/arm64").architecture === "arm64" ? "ok" : "wrong");
`,
  transport: `
import { compose, fetchTransport, withRetry } from "@reg/transport";
let asked = 0;
const flaky = async () => new Response("hello", { status: ++asked === 1 ? 503 : 200 });
const send = compose(fetchTransport(flaky), withRetry());
const response = await send({ method: "GET", url: new URL("http://registry.test/v2/"), headers: {} });
const text = new TextDecoder().decode(await response.body.bytes(100));
console.log(response.status === 200 && text === "hello" && asked === 2 ? "ok" : "wrong");
`,
  auth: `
import { createAuthenticator, parseChallenges, staticCredentials } from "@reg/auth";
const [challenge] = parseChallenges('Basic realm="registry"');
const authenticator = createAuthenticator({ credentials: staticCredentials({ "registry.test": { username: "u", password: "p" } }) });
const url = new URL("https://registry.test/v2/");
const header = await authenticator.authenticate({
  registry: "registry.test", url, scopes: [], challenges: [challenge], attempt: 1, transport: () => Promise.reject(new Error("no network")),
});
console.log(header === "Basic dTpw" ? "ok" : "wrong");
`,
  client: `
import { RegistryClient } from "@reg/client";
const body = JSON.stringify({ name: "demo/hello", tags: ["1.0", "latest"] });
const transport = async ({ url }) => ({
  status: 200, url,
  headers: { get: (name) => (name === "content-type" ? "application/json" : undefined), all: () => [], *[Symbol.iterator]() {} },
  body: {
    bytes: async () => new TextEncoder().encode(body), json: async () => JSON.parse(body), discard: async () => {},
    async *[Symbol.asyncIterator]() { yield new TextEncoder().encode(body); },
  },
});
await using client = new RegistryClient({ transport });
const tags = [];
for await (const tag of client.tags.list("registry.test/demo/hello")) tags.push(tag);
console.log(tags.join() === "1.0,latest" ? "ok" : "wrong");
`,
  layout: `
import { openLayout } from "@reg/layout";
import { mkdtemp } from "node:fs/promises";
import { packArtifact, verify } from "@reg/content";
const folder = await mkdtemp("layout-");
await using layout = await openLayout(folder, { create: true });
await packArtifact(layout, { artifactType: "text/plain", ref: "v1" });
const tags = [];
for await (const tag of layout.tags()) tags.push(tag);
console.log((await verify(layout, "v1")).ok && tags.join() === "v1" ? "ok" : "wrong");
`,
  server: `
import { createRegistry, memoryStorage, serve } from "@reg/server";
const registry = createRegistry({ storage: memoryStorage() });
const inProcess = await registry.fetch(new Request("http://localhost/v2/"));
await using listener = await serve(registry, { hostname: "127.0.0.1", port: 0 });
const overHttp = await fetch(new URL("/v2/", listener.url));
console.log(inProcess.status === 200 && overHttp.status === 200 ? "ok" : "wrong");
`,
  sdk: `
import { createClient, memoryStore, packArtifact } from "@reg/sdk";
import { createRegistry, memoryStorage, serve } from "@reg/server";
await using listener = await serve(createRegistry({ storage: memoryStorage() }), { hostname: "127.0.0.1", port: 0 });
await using client = createClient();
const store = memoryStore();
const pushed = await packArtifact(store, { artifactType: "text/plain", ref: "v1" });
const name = \`localhost:\${listener.port}/demo/artifact:v1\`;
await client.push(store, "v1", name);
console.log((await client.manifests.digest(name)) === pushed.digest ? "ok" : "wrong");
`,
  faults: `
import { cases, runCases } from "@reg/faults";
const stubborn = {
  name: "stubborn", version: "1.0.0", verbs: new Set(["tags"]),
  run: async () => ({ exitCode: 1, stdout: "", output: "I do nothing", durationMs: 0, timedOut: false }),
};
const [first] = cases.filter(({ verbs }) => verbs.includes("tags"));
const results = await runCases([first], stubborn);
console.log(results.length === 1 && results[0].case.id === first.id ? "ok" : "wrong");
`,
} as const;
