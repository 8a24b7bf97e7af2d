/** What each operation asks of a registry: not one request more than it needs. */
import {
  createRegistry,
  memoryStorage,
  type Registry,
  type RegistryRequest,
  serve,
  tokenAccess,
} from "@reg/server";
import { expect, test } from "vitest";
import {
  type ContentTarget,
  createClient,
  type Descriptor,
  digestOf,
  MEDIA_TYPES,
  memoryStore,
  type RegistryClient,
  staticCredentials,
} from "../src/index.ts";

/** Above what is pushed without a question. */
const LARGE = 100_000;
const CONFIG = Buffer.from(
  JSON.stringify({ architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [] } }),
);

/** Three blobs and a manifest: the configuration, a small layer and a large one. */
async function image(store: ContentTarget): Promise<void> {
  const put = async (mediaType: string, bytes: Uint8Array): Promise<Descriptor> => {
    const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
    await store.push(descriptor, bytes);
    return descriptor;
  };
  const config = await put(MEDIA_TYPES.ociConfig, CONFIG);
  const layers = [
    await put(MEDIA_TYPES.ociLayer, new Uint8Array(100).fill(1)),
    await put(MEDIA_TYPES.ociLayer, new Uint8Array(LARGE).fill(2)),
  ];
  const mediaType = MEDIA_TYPES.ociManifest;
  const document = JSON.stringify({ schemaVersion: 2, mediaType, config, layers });
  await store.tag(await put(mediaType, Buffer.from(document)), "1.0");
}

interface Operation {
  readonly run: (scene: Scene) => Promise<unknown>;
  readonly requests: readonly string[];
  /** One for each set of scopes; default one. */
  readonly tokens?: number;
}

interface Scene {
  readonly client: RegistryClient;
  readonly repository: string;
  readonly other: string;
}

const operations: Readonly<Record<string, Operation>> = {
  digest: {
    run: ({ client, repository }) => client.manifests.head(`${repository}:1.0`),
    requests: ["HEAD manifest"],
  },
  "a manifest": {
    run: ({ client, repository }) => client.manifests.get(`${repository}:1.0`),
    requests: ["GET manifest"],
  },
  inspect: {
    run: ({ client, repository }) => client.images.inspect(`${repository}:1.0`),
    requests: ["GET manifest", "GET blob"],
  },
  tags: {
    run: async ({ client, repository }) => {
      for await (const tag of client.tags.list(repository)) expect(tag).toBe("1.0");
    },
    requests: ["GET tags"],
  },
  pull: {
    run: ({ client, repository }) => client.pull(`${repository}:1.0`, memoryStore()),
    requests: ["GET manifest", ...Array.from({ length: 3 }, () => "GET blob")],
  },
  "push of something new": {
    run: async ({ client, other }) => {
      const store = memoryStore();
      await image(store);
      await client.push(store, "1.0", `${other}:1.0`);
    },
    // The manifest is asked for by digest and by tag, the large layer is asked for, and each blob takes two requests.
    requests: [
      ...["HEAD manifest", "HEAD manifest", "HEAD blob"],
      ...Array.from({ length: 3 }, () => ["POST upload", "PUT upload"]).flat(),
      "PUT manifest",
    ],
  },
  "push of what is there": {
    run: async ({ client, repository }) => {
      const store = memoryStore();
      await image(store);
      await client.push(store, "1.0", `${repository}:1.0`);
    },
    requests: ["HEAD manifest", "HEAD manifest"],
  },
  "copy within a registry": {
    run: ({ client, repository, other }) => client.copy(`${repository}:1.0`, `${other}:1.0`),
    requests: [
      ...["GET manifest", "HEAD manifest", "HEAD manifest"],
      ...Array.from({ length: 3 }, () => "POST mount"),
      "PUT manifest",
    ],
    // To read the one repository, and to write the other with blobs of the first.
    tokens: 2,
  },
};

for (const [name, { run, requests, tokens = 1 }] of Object.entries(operations)) {
  test(`${name} takes ${requests.length} requests, and a token for each set of scopes where one signs in`, async () => {
    for (const signedIn of [false, true]) {
      const seen: string[] = [];
      const access = signedIn ? { access: tokenAccess({ users: { ada: "secret" } }) } : {};
      const registry = createRegistry({ storage: memoryStorage(), ...access });
      await using listener = await serve(noting(registry, seen));
      const host = `localhost:${listener.port}`;
      const credentials = staticCredentials({ [host]: { username: "ada", password: "secret" } });
      await using maker = createClient({ credentials });
      const scene = { repository: `${host}/demo/hello`, other: `${host}/demo/other` };
      await image(maker.repository(scene.repository));
      seen.length = 0;
      await using client = createClient({ credentials });
      await run({ client, ...scene });
      const refused = seen.filter((request) => request.startsWith("401 "));
      const answered = seen.filter((request) => !request.startsWith("401 "));
      expect(answered.toSorted()).toEqual(
        [...requests, ...(signedIn ? Array<string>(tokens).fill("GET token") : [])].toSorted(),
      );
      expect(refused.length).toBeLessThanOrEqual(signedIn ? 2 : 0);
    }
  });
}

function noting(registry: Registry, seen: string[]): Registry {
  return {
    ...registry,
    handle: async (request) => {
      const reply = await registry.handle(request);
      const what = `${request.method} ${kindOf(request)}`;
      seen.push(reply.status === 401 ? `401 ${what}` : what);
      return reply;
    },
  };
}

function kindOf({ path, query }: RegistryRequest): string {
  if (path === "/token") return "token";
  if (path.includes("/blobs/uploads/")) return query.has("mount") ? "mount" : "upload";
  if (path.includes("/blobs/")) return "blob";
  if (path.includes("/manifests/")) return "manifest";
  return path.endsWith("/tags/list") ? "tags" : path;
}
