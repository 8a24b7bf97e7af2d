import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type DelayProxy, delayProxy } from "./delay-proxy.ts";
import { type BenchImage, benchImage, benchIndex, MIB } from "./images.ts";
import { measure } from "./measure.ts";
import type { Peer } from "./peers.ts";
import { type BenchRegistry, distribution } from "./registry.ts";

/** One job that all clients do in turn. */
export interface Scenario {
  readonly name: string;
  readonly what: string;
  /** Starts what the job needs. */
  prepare(root: string, peer: Peer): Promise<Prepared>;
  /** Measured beside the clients. */
  readonly besides?: Pick<Peer, "name" | "version" | "ask">;
}

export interface Prepared extends AsyncDisposable {
  /** The command of this turn, with an empty target. */
  command(peer: Peer, turn: number): Promise<readonly string[]>;
  /** Requests and connections of the last turn, where a proxy counted them. */
  readonly proxy?: DelayProxy;
}

const ARCHITECTURES = ["amd64", "arm64", "386", "ppc64le", "s390x"];

const images = {
  "512m": (root: string) => benchImage(root, "512m", 8, 64 * MIB),
  "2g": (root: string) => benchImage(root, "2g", 32, 64 * MIB),
  "200": (root: string) => benchImage(root, "200", 200, 20 * 1024),
  index: (root: string) => benchIndex(root, "index", ARCHITECTURES, 6, 20 * 1024),
} satisfies Record<string, (root: string) => Promise<BenchImage>>;

type ImageName = keyof typeof images;

export const scenarios: readonly Scenario[] = [
  start("start", "say the version; `node -e 0` beside it"),
  pull("pull-512m", "pull 8 layers of 64 MiB", "512m", 0),
  pull("pull-512m-tls", "pull 8 layers of 64 MiB over TLS", "512m", 0, true),
  pull("pull-2g", "pull 32 layers of 64 MiB", "2g", 0),
  push("push-512m", "push 8 layers of 64 MiB", "512m", 0),
  push("push-2g", "push 32 layers of 64 MiB", "2g", 0),
  copyBetween("copy-512m", "copy 8 layers of 64 MiB between two registries", "512m"),
  copyBetween("copy-2g", "copy 32 layers of 64 MiB between two registries", "2g"),
  mount("mount-200", "copy 200 layers across repositories of one registry"),
  pull("pull-200-at-20ms", "pull 200 layers of 20 KiB, 20 ms away", "200", 20),
  push("push-200-at-20ms", "push 200 layers of 20 KiB, 20 ms away", "200", 20),
  pull("pull-index-at-20ms", "pull an index of 5 platforms, 20 ms away", "index", 20),
  push("push-index-at-20ms", "push an index of 5 platforms, 20 ms away", "index", 20),
  pull("pull-200-at-80ms", "pull 200 layers of 20 KiB, 80 ms away", "200", 80),
  push("push-200-at-80ms", "push 200 layers of 20 KiB, 80 ms away", "200", 80),
];

function start(name: string, what: string): Scenario {
  return {
    name,
    what,
    prepare: () =>
      Promise.resolve(prepared(new AsyncDisposableStack(), undefined, ({ ask }) => Promise.resolve(ask))),
    besides: { name: "node", version: process.version, ask: [process.execPath, "-e", "0"] },
  };
}

function pull(name: string, what: string, image: ImageName, roundTripMs: number, tls = false): Scenario {
  return {
    name,
    what,
    async prepare(root, us) {
      const stack = new AsyncDisposableStack();
      const registry = stack.use(await distribution({ tls }));
      await filled(root, us, registry, image, tls);
      const proxy = roundTripMs === 0 ? undefined : stack.use(await delayProxy(registry.host, roundTripMs));
      const reference = `${proxy?.host ?? registry.host}/bench/${image}:1.0`;
      const target = join(root, "target");
      stack.defer(() => rm(target, { recursive: true, force: true }));
      return prepared(stack, proxy, async (peer) => {
        await rm(target, { recursive: true, force: true });
        return peer.pull(reference, target, tls);
      });
    },
  };
}

function push(name: string, what: string, image: ImageName, roundTripMs: number): Scenario {
  return {
    name,
    what,
    async prepare(root) {
      const stack = new AsyncDisposableStack();
      const { folder } = await images[image](root);
      // A registry that has a blob takes no second copy of it, so each turn meets an empty one.
      let turn = stack.use(new AsyncDisposableStack());
      let proxy: DelayProxy | undefined;
      return prepared(
        stack,
        { ...NO_PROXY, counts: () => proxy?.counts() ?? NO_PROXY.counts() },
        async (peer) => {
          await turn.disposeAsync();
          turn = stack.use(new AsyncDisposableStack());
          const registry = turn.use(await distribution());
          proxy = turn.use(await delayProxy(registry.host, roundTripMs));
          const host = roundTripMs === 0 ? registry.host : proxy.host;
          return peer.push(folder, `${host}/bench/pushed:1.0`);
        },
      );
    },
  };
}

function copyBetween(name: string, what: string, image: ImageName): Scenario {
  return {
    name,
    what,
    async prepare(root, us) {
      const stack = new AsyncDisposableStack();
      const source = stack.use(await distribution());
      await filled(root, us, source, image);
      let target: BenchRegistry | undefined;
      stack.defer(async () => target?.[Symbol.asyncDispose]());
      return prepared(stack, undefined, async (peer) => {
        await target?.[Symbol.asyncDispose]();
        target = await distribution();
        return peer.copy(`${source.host}/bench/${image}:1.0`, `${target.host}/bench/copied:1.0`);
      });
    },
  };
}

function mount(name: string, what: string): Scenario {
  return {
    name,
    what,
    async prepare(root, us) {
      const stack = new AsyncDisposableStack();
      const registry = stack.use(await distribution());
      await filled(root, us, registry, "200");
      return prepared(stack, undefined, (peer, turn) =>
        Promise.resolve(
          peer.copy(`${registry.host}/bench/200:1.0`, `${registry.host}/bench/${peer.name}-${turn}:1.0`),
        ),
      );
    },
  };
}

async function filled(
  root: string,
  us: Peer,
  registry: BenchRegistry,
  image: ImageName,
  tls = false,
): Promise<void> {
  const { folder } = await images[image](root);
  const command = us.push(folder, `${registry.host}/bench/${image}:1.0`);
  await measure(command.map((word) => (tls && word === "--plain-http" ? "--insecure" : word)));
}

function prepared(
  stack: AsyncDisposableStack,
  proxy: DelayProxy | undefined,
  command: Prepared["command"],
): Prepared {
  return {
    command,
    ...(proxy !== undefined && { proxy }),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const NO_PROXY: DelayProxy = {
  host: "",
  counts: () => ({ connections: 0, requests: 0 }),
  reset() {},
  [Symbol.asyncDispose]: () => Promise.resolve(),
};
