import { randomBytes } from "node:crypto";
import { createAuthenticator, staticCredentials, withAuth } from "@reg/auth";
import { type Descriptor, digestOf, MEDIA_TYPES, memoryStore } from "@reg/content";
import { createRegistry, memoryStorage, tokenAccess } from "@reg/server";
import { compose, fetchTransport, type Transport } from "@reg/transport";
import { describe, expect, it } from "vitest";
import { RegistryClient } from "../src/index.ts";
import { collect } from "./support/scripted-registry.ts";

const HOST = "localhost:5000";
const ref = (rest: string): string => `${HOST}/demo/${rest}`;
const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** Large enough to be asked for before they are sent. */
const layers = [new Uint8Array(randomBytes(300_000)), new Uint8Array(randomBytes(300_000))];

interface World {
  /** A new client, which has no token and knows nothing of the registry. */
  connect(): RegistryClient;
  /** Requests since the last call, sorted: `GET manifests`, `POST uploads?mount`, `token`. */
  taken(): readonly string[];
}

/** The embedded registry, without a port, with or without tokens. */
function world(tokens: boolean): World {
  const users = { me: "secret" };
  const registry = createRegistry({
    storage: memoryStorage(),
    ...(tokens ? { access: tokenAccess({ users }) } : {}),
  });
  let lines: string[] = [];
  const engine = fetchTransport((input, init) => registry.fetch(new Request(input, init)));
  const counting: Transport = (request) => {
    lines.push(shortLine(request.method, request.url));
    return engine(request);
  };
  return {
    connect: () => {
      const credentials = staticCredentials({ [HOST]: { username: "me", password: "secret" } });
      const transport = tokens ? compose(counting, withAuth(createAuthenticator({ credentials }))) : counting;
      return new RegistryClient({ transport });
    },
    taken: () => {
      const taken = lines.toSorted();
      lines = [];
      return taken;
    },
  };
}

function shortLine(method: string, { pathname, searchParams }: URL): string {
  if (pathname === "/token") return "token";
  const [kind = "", next] = pathname.split("/").slice(4);
  const what = kind === "blobs" && next === "uploads" ? "uploads" : kind;
  return `${method} ${what}${searchParams.has("mount") ? "?mount" : ""}`;
}

async function pushImage(client: RegistryClient, name: string): Promise<Descriptor> {
  const config = encode({
    os: "linux",
    architecture: "amd64",
    rootfs: { type: "layers", diff_ids: layers.map((layer) => digestOf(layer)) },
  });
  const manifest = encode({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    config: await client.blobs.put(ref(name), config, { mediaType: MEDIA_TYPES.ociConfig }),
    layers: await Promise.all(
      layers.map((layer) => client.blobs.put(ref(name), layer, { mediaType: MEDIA_TYPES.ociLayer })),
    ),
  });
  return (await client.manifests.put(ref(`${name}:1.0`), manifest)).descriptor;
}

describe.each([
  ["without tokens", false],
  ["with tokens", true],
])("requests to a registry %s", (_, tokens) => {
  const { connect, taken } = world(tokens);
  /** The requests of one operation of a new client. */
  async function cost(work: (client: RegistryClient) => Promise<unknown>): Promise<readonly string[]> {
    taken();
    await work(connect());
    return taken();
  }
  /** An operation's own; a registry with tokens refuses the first one, and gives a token. */
  const requests = (operation: readonly string[], first: string): readonly string[] =>
    [...operation, ...(tokens ? [first, "token"] : [])].toSorted();

  it("reading: one for a digest, tags and referrers, two to inspect an image, one a piece to pull it", async () => {
    const image = await pushImage(connect(), "read");
    const one = ref("read:1.0");
    expect(await cost((client) => client.manifests.digest(one))).toEqual(
      requests(["HEAD manifests"], "HEAD manifests"),
    );
    expect(await cost((client) => client.manifests.get(one))).toEqual(
      requests(["GET manifests"], "GET manifests"),
    );
    expect(await cost((client) => collect(client.tags.list(one)))).toEqual(
      requests(["GET tags"], "GET tags"),
    );
    expect(await cost((client) => collect(client.referrers.list(ref(`read@${image.digest}`))))).toEqual(
      requests(["GET referrers"], "GET referrers"),
    );
    expect(await cost((client) => client.images.inspect(one))).toEqual(
      requests(["GET manifests", "GET blobs"], "GET manifests"),
    );
    expect(await cost((client) => client.pull(one, memoryStore()))).toEqual(
      requests(["GET manifests", "GET blobs", "GET blobs", "GET blobs"], "GET manifests"),
    );
  });

  it("writing: two a blob and one question for a large one, one for the manifest", async () => {
    await pushImage(connect(), "source");
    const store = memoryStore();
    await connect().pull(ref("source:1.0"), store);
    const uploads = ["POST uploads", "PUT uploads"];
    const pushed = await cost((client) => client.push(store, "1.0", ref("pushed:1.0")));
    const operation = [
      // Whether all of it is there, by its digest and by its tag: side by side.
      ...["HEAD manifests", "HEAD manifests"],
      ...["HEAD blobs", "HEAD blobs"],
      ...[...uploads, ...uploads, ...uploads],
      "PUT manifests",
    ];
    expect(withoutSecondChallenge(pushed)).toEqual(requests(operation, "HEAD manifests"));
    expect(pushed.filter((line) => line === "token")).toHaveLength(tokens ? 1 : 0);
  });

  it("copying within the registry: one mount a blob, two tokens in all", async () => {
    await pushImage(connect(), "from");
    const copied = await cost((client) => client.copy(ref("from:1.0"), ref("to:1.0")));
    const operation = [
      "GET manifests",
      ...["HEAD manifests", "HEAD manifests"],
      ...["POST uploads?mount", "POST uploads?mount", "POST uploads?mount"],
      "PUT manifests",
    ];
    expect(copied.filter((line) => line === "token")).toHaveLength(tokens ? 2 : 0);
    if (!tokens) expect(copied).toEqual(operation.toSorted());
    // Each right is refused once, and twice at most where two requests set out at the same moment.
    expect(copied.length - operation.length).toBeLessThanOrEqual(tokens ? 5 : 0);
  });

  it("deleting: one for a tag, two for a manifest that may be a referrer, one for a blob", async () => {
    const image = await pushImage(connect(), "gone");
    await connect().manifests.retag(ref("gone:1.0"), ["2.0"]);
    expect(await cost((client) => client.tags.delete(ref("gone:2.0")))).toEqual(
      requests(["DELETE manifests"], "DELETE manifests"),
    );
    // The registry is known by then: for another right a token is asked for, and no refusal waited for.
    expect(await cost((client) => client.manifests.delete(ref(`gone@${image.digest}`)))).toEqual(
      [
        ...requests(["GET manifests"], "GET manifests"),
        ...(tokens ? ["token"] : []),
        "DELETE manifests",
      ].toSorted(),
    );
    const [layer = new Uint8Array()] = layers;
    expect(await cost((client) => client.blobs.delete(ref(`gone@${digestOf(layer)}`)))).toEqual(
      requests(["DELETE blobs"], "DELETE blobs"),
    );
  });

  it("once signed in: nothing beside the operation", async () => {
    await pushImage(connect(), "again");
    const client = connect();
    await client.manifests.digest(ref("again:1.0"));
    taken();
    for (let i = 0; i < 5; i += 1) await client.manifests.digest(ref("again:1.0"));
    await collect(client.tags.list(ref("again")));
    expect(taken()).toEqual(["GET tags", ...Array(5).fill("HEAD manifests")].toSorted());
  });
});

/** Two first requests that set out at the same moment are both refused; one token serves both. */
function withoutSecondChallenge(lines: readonly string[]): readonly string[] {
  const heads = lines.filter((line) => line === "HEAD manifests").length;
  if (heads < 4) return lines;
  return lines.toSpliced(lines.indexOf("HEAD manifests"), 1);
}
