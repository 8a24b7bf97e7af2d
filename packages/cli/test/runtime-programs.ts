/**
 * What a program does all day, for other runtimes than Node. `REGISTRY` asks for the user `ada` with the password
 * `love:lace` by tokens, and has the image `demo/hello:1.0`; `DAMAGED` is the same content with a byte of each blob
 * changed on its way. Each prints `ok`.
 */
export const runtimePrograms = {
  "the neutral packages over the runtime's own fetch": `
import { createAuthenticator, staticCredentials, withAuth } from "@reg/auth";
import { RegistryClient } from "@reg/client";
import { memoryStore, verify } from "@reg/content";
import { parseReference } from "@reg/reference";
import { compose, fetchTransport, withRedirects, withRetry } from "@reg/transport";

const { REGISTRY, DAMAGED } = process.env;
const credentials = staticCredentials({ [REGISTRY]: { username: "ada", password: "love:lace" } });
const signIn = withAuth(createAuthenticator({ credentials }));
const transport = compose(fetchTransport(), signIn, withRetry(), withRedirects());
await using client = new RegistryClient({ transport });
const image = parseReference(\`\${REGISTRY}/demo/hello:1.0\`);
${everydayWork("client", "image")}
console.log("ok");
`,
  "createClient with undici as its engine, and what Node's packages read from files": `
import { readFile, mkdtemp, stat, writeFile, chmod } from "node:fs/promises";
import { join } from "node:path";
import { createClient, dockerConfigStore, fileTokenCache, memoryStore, openLayout, openOciArchive, parseReference, verify } from "@reg/sdk";

const { REGISTRY, DAMAGED, HELPER_FOLDER } = process.env;
const folder = await mkdtemp(join(HELPER_FOLDER, "work-"));
const config = join(folder, "config.json");
await writeFile(config, JSON.stringify({ credHelpers: { [REGISTRY]: "everyday" } }));
const PATH = \`\${HELPER_FOLDER}:\${process.env.PATH}\`;
const credentials = dockerConfigStore({ file: config, env: { PATH } });
const tokens = join(folder, "tokens.json");
const sent = [];
// \`family\` is honoured by undici alone: with the fetch behind it, this is refused.
await using client = createClient({
  credentials, family: 4, tokenCache: fileTokenCache(tokens), observe: ({ type }) => void sent.push(type),
});
const image = parseReference(\`\${REGISTRY}/demo/hello:1.0\`);
${everydayWork("client", "image")}
check((await stat(tokens)).mode & 0o777, 0o600);
check(sent.includes("connect"), true);
{
  await using layout = await openLayout(join(folder, "layout"), { create: true });
  await client.pull(image, layout, { as: "1.0" });
  check((await verify(layout, "1.0")).ok, true);
  await using archive = await openOciArchive(join(folder, "image.tar"), { mode: "write" });
  await client.pull(image, archive, { as: "1.0" });
  await archive.close();
}
{
  await using archive = await openOciArchive(join(folder, "image.tar"), { mode: "read" });
  check((await verify(archive, "1.0")).ok, true);
}
// Several at once wait for the lock of one index.
const several = Array.from({ length: 6 }, async (_, index) => {
  await using layout = await openLayout(join(folder, "layout"));
  await client.pull(image, layout, { as: \`copy-\${index}\` });
});
await Promise.all(several);
check(JSON.parse(await readFile(join(folder, "layout/index.json"), "utf8")).manifests.length, 7);
console.log("ok");
`,
} as const;

/** The same steps with whichever client: look, pull, compare, push, copy, and meet content that is not what it claims. */
function everydayWork(client: string, image: string): string {
  return `
function check(found, expected) {
  if (JSON.stringify(found) !== JSON.stringify(expected)) throw new Error(\`\${JSON.stringify(found)} is not \${JSON.stringify(expected)}\`);
}
const tags = [];
for await (const tag of ${client}.tags.list(${image})) tags.push(tag);
check(tags, ["1.0"]);
const manifest = await ${client}.manifests.get(${image});
check(manifest.descriptor.digest, await ${client}.manifests.digest(${image}));
const [layer] = manifest.document.layers;
const repository = \`\${REGISTRY}/demo/hello\`;
let size = 0;
for await (const chunk of await ${client}.blobs.get(\`\${repository}@\${layer.digest}\`)) size += chunk.byteLength;
check(size, layer.size);
const store = memoryStore();
const { descriptor } = await ${client}.pull(${image}, store, { as: "1.0" });
check((await verify(store, "1.0")).ok, true);
check((await ${client}.push(store, "1.0", \`\${REGISTRY}/demo/pushed:1.0\`)).descriptor, descriptor);
// An upload whose content comes piece by piece.
const parts = 48;
const piece = new Uint8Array(65_536).fill(7);
const upload = { size: parts * piece.byteLength, async *open(offset) {
  for (let at = offset; at < parts * piece.byteLength; at += piece.byteLength) yield piece;
} };
const { createHash } = await import("node:crypto");
const hash = createHash("sha256");
for (let part = 0; part < parts; part += 1) hash.update(piece);
const digest = \`sha256:\${hash.digest("hex")}\`;
await ${client}.blobs.put(\`\${REGISTRY}/demo/pushed\`, upload, { digest });
check((await ${client}.blobs.head(\`\${REGISTRY}/demo/pushed@\${digest}\`)).size, upload.size);
// What is damaged on the way is not taken, and what is not there is told apart from it.
const codeOf = (promise) => promise.then(() => "none", ({ code }) => code);
check(await codeOf(${client}.pull(\`\${DAMAGED}/demo/hello:1.0\`, memoryStore())), "DIGEST_MISMATCH");
check(await codeOf(${client}.manifests.get(\`\${repository}:absent\`)), "NOT_FOUND");
check(await codeOf(${client}.manifests.get(\`\${repository}:1.0\`, { signal: AbortSignal.abort({ code: "MINE" }) })), "MINE");
`;
}
