import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Contestant, Counts, Job, Role, Stage, Turn } from "../job.ts";
import { measure } from "../measure.ts";
import { type DelayProxy, delayProxy } from "./delay-proxy.ts";
import { type BenchImage, benchImage, benchIndex, blobsOf, MIB } from "./images.ts";
import type { Peer } from "./peers.ts";
import { type BenchRegistry, type RegistryKind, startRegistry } from "./registry.ts";

/** What the jobs of the command-line clients run with. */
export interface Field {
  /** Everything a run writes lies below it. */
  readonly root: string;
  readonly registry: RegistryKind;
  /** Ourselves first. */
  readonly peers: readonly Peer[];
}

const ARCHITECTURES = ["amd64", "arm64", "386", "ppc64le", "s390x"];

const images = {
  "512m": (root: string) => benchImage(root, "512m", 8, 64 * MIB),
  "2g": (root: string) => benchImage(root, "2g", 32, 64 * MIB),
  "200": (root: string) => benchImage(root, "200", 200, 20 * 1024),
  index: (root: string) => benchIndex(root, "index", ARCHITECTURES, 6, 20 * 1024),
} satisfies Record<string, (root: string) => Promise<BenchImage>>;

type ImageName = keyof typeof images;

const OF: Readonly<Record<ImageName, string>> = {
  "512m": "8 layers of 64 MiB",
  "2g": "32 layers of 64 MiB",
  "200": "200 layers of 20 KiB",
  index: "an index of 5 platforms",
};

/** All that is asked of command-line clients. */
export function networkJobs(field: Field): Job[] {
  const own: Field = { ...field, registry: "embedded" };
  return [
    start(field),
    pull(field, "512m"),
    pull(field, "512m", { tls: true }),
    pull(field, "2g"),
    push(field, "512m"),
    // These two are for our memory alone.
    push(field, "2g"),
    copyBetween(field, "2g"),
    copyBetween(field, "512m"),
    mount(field),
    pull(field, "200", { roundTripMs: 20 }),
    push(field, "200", 20),
    pull(field, "index", { roundTripMs: 20 }),
    push(field, "index", 20),
    pull(field, "200", { roundTripMs: 80 }),
    push(field, "200", 80),
    ...(field.registry === "embedded"
      ? []
      : [pull(own, "512m"), push(own, "512m"), mount(own)].map((job) => ({
          ...job,
          name: `${job.name}-embedded`,
          what: `${job.what}; the embedded registry`,
        }))),
  ];
}

/** Small jobs are over in no time, and large ones take long. */
const ROUNDS: Readonly<Record<ImageName, (asked: number) => number>> = {
  "512m": (asked) => asked,
  "2g": (asked) => Math.ceil(asked / 2),
  "200": (asked) => asked + Math.floor(asked / 2),
  index: (asked) => asked + Math.floor(asked / 2),
};

/** One start is too short for the clock. */
const STARTS_A_TURN = 10;

function start({ peers }: Field): Job {
  const node = { name: "node", role: "beside", ask: [process.execPath, "-e", "0"] } as const;
  const starts = [...only(peers, "ours", "peer"), node];
  return {
    name: "start",
    what: "say the version; `node -e 0` beside it",
    rounds: (asked) => asked * 2,
    prepare: () =>
      Promise.resolve(
        stage(
          new AsyncDisposableStack(),
          starts.map(({ name, role, ask }) =>
            contestant(name, role, () => ({ command: ask, times: STARTS_A_TURN })),
          ),
        ),
      ),
  };
}

interface PullOptions {
  readonly roundTripMs?: number;
  readonly tls?: boolean;
}

function pull(field: Field, image: ImageName, { roundTripMs = 0, tls = false }: PullOptions = {}): Job {
  const { root } = field;
  const roles: Role[] = ["ours", "peer"];
  if (isNear(roundTripMs)) roles.push("limit");
  // Over TLS, that comparison is the same as without.
  if (isNear(roundTripMs) && !tls) roles.push("unsynced", "synced");
  if (roundTripMs > 0) roles.push("raised");
  return {
    name: named("pull", image, roundTripMs, tls),
    what: `pull ${OF[image]}${tls ? " over TLS" : ""}${far(roundTripMs)}`,
    rounds: isNear(roundTripMs) ? ROUNDS[image] : ROUNDS["2g"],
    async prepare() {
      await using stack = new AsyncDisposableStack();
      const registry = stack.use(await startRegistry(field.registry, { tls, root }));
      const { folder, bytes } = await filled(field, registry, image);
      const blobs = await blobsOf(folder);
      // A name that a certificate is for cannot be another port's: nothing is counted there.
      const proxy = tls ? undefined : stack.use(await delayProxy(registry.host, roundTripMs));
      const target = join(root, "target");
      stack.defer(() => rm(target, { recursive: true, force: true }));
      const contestants = only(field.peers, ...roles).flatMap(({ name, role, pull }) => {
        if (pull === undefined) return [];
        return contestant(name, role, async (turn) => {
          await rm(target, { recursive: true, force: true });
          const host = proxy !== undefined && goesByProxy(turn, roundTripMs) ? proxy.host : registry.host;
          proxy?.reset();
          return {
            command: pull({ reference: `${host}/bench/${image}:1.0`, folder: target, tls, blobs }),
            counts: countsOf(turn, roundTripMs, proxy),
          };
        });
      });
      return { ...stage(stack.move(), contestants), reads: [registry.folder], writesBytes: bytes };
    },
  };
}

function push(field: Field, image: ImageName, roundTripMs = 0): Job {
  const { root } = field;
  const roles: Role[] = image === "2g" ? ["ours"] : ["ours", "peer"];
  if (roundTripMs > 0) roles.push("raised");
  return {
    name: named("push", image, roundTripMs),
    what: `push ${OF[image]}${far(roundTripMs)}`,
    rounds: isNear(roundTripMs) ? ROUNDS[image] : ROUNDS["2g"],
    async prepare() {
      await using stack = new AsyncDisposableStack();
      const { folder, bytes } = await images[image](root);
      // A registry that has a blob takes no second copy of it, so each turn meets an empty one.
      const rooms = new Rooms(stack);
      const contestants = only(field.peers, ...roles).flatMap(({ name, role, push }) => {
        if (push === undefined) return [];
        return contestant(name, role, async (turn) => {
          const room = await rooms.next();
          const registry = room.use(await startRegistry(field.registry, { root }));
          const byProxy = goesByProxy(turn, roundTripMs);
          const proxy = byProxy ? room.use(await delayProxy(registry.host, roundTripMs)) : undefined;
          return {
            command: push(folder, `${(proxy ?? registry).host}/bench/pushed:1.0`),
            counts: countsOf(turn, roundTripMs, proxy),
          };
        });
      });
      return { ...stage(stack.move(), contestants), reads: [folder], writesBytes: bytes };
    },
  };
}

function copyBetween(field: Field, image: ImageName): Job {
  const { root } = field;
  const roles: Role[] = image === "2g" ? ["ours"] : ["ours", "peer"];
  return {
    name: `copy-${image}`,
    what: `copy ${OF[image]} between two registries`,
    rounds: ROUNDS[image],
    async prepare() {
      await using stack = new AsyncDisposableStack();
      const source = stack.use(await startRegistry(field.registry, { root }));
      const { bytes } = await filled(field, source, image);
      const rooms = new Rooms(stack);
      const contestants = only(field.peers, ...roles).flatMap(({ name, role, copy }) => {
        if (copy === undefined) return [];
        return contestant(name, role, async (turn) => {
          const room = await rooms.next();
          const target = room.use(await startRegistry(field.registry, { root }));
          const proxies =
            turn === 0
              ? [room.use(await delayProxy(source.host, 0)), room.use(await delayProxy(target.host, 0))]
              : [];
          const [from = source, to = target] = proxies;
          return {
            command: copy(`${from.host}/bench/${image}:1.0`, `${to.host}/bench/copied:1.0`),
            counts: countsOf(turn, 0, ...proxies),
          };
        });
      });
      return { ...stage(stack.move(), contestants), reads: [source.folder], writesBytes: bytes };
    },
  };
}

function mount(field: Field): Job {
  const { root } = field;
  return {
    name: "mount-200",
    what: "copy 200 layers across repositories of one registry",
    rounds: ROUNDS[200],
    async prepare() {
      await using stack = new AsyncDisposableStack();
      const registry = stack.use(await startRegistry(field.registry, { root }));
      await filled(field, registry, "200");
      const proxy = stack.use(await delayProxy(registry.host, 0));
      let copies = 0;
      const contestants = only(field.peers, "ours", "peer", "raised").flatMap(({ name, role, copy }) => {
        if (copy === undefined) return [];
        return contestant(name, role, (turn) => {
          const { host } = goesByProxy(turn, 0) ? proxy : registry;
          proxy.reset();
          copies += 1;
          return {
            command: copy(`${host}/bench/200:1.0`, `${host}/bench/copy-${copies}:1.0`),
            counts: countsOf(turn, 0, proxy),
          };
        });
      });
      return { ...stage(stack.move(), contestants), reads: [registry.folder] };
    },
  };
}

/** What a turn needs for itself: it goes when the next one comes. */
class Rooms {
  readonly #stack: AsyncDisposableStack;
  #last = new AsyncDisposableStack();

  constructor(stack: AsyncDisposableStack) {
    this.#stack = stack;
    this.#stack.defer(() => this.#last.disposeAsync());
  }

  async next(): Promise<AsyncDisposableStack> {
    await this.#last.disposeAsync();
    this.#last = new AsyncDisposableStack();
    return this.#last;
  }
}

/** Pushes an image into a registry. */
async function filled(
  { root, peers }: Field,
  registry: BenchRegistry,
  image: ImageName,
): Promise<BenchImage> {
  const made = await images[image](root);
  const [us] = peers;
  await measure(us?.push?.(made.folder, `${registry.host}/bench/${image}:1.0`) ?? []);
  return made;
}

/** Where there is no delay, the proxy only counts, and that in the turn that is not timed. */
function goesByProxy(turn: number, roundTripMs: number): boolean {
  return turn === 0 || roundTripMs > 0;
}

function countsOf(
  turn: number,
  roundTripMs: number,
  ...proxies: readonly (DelayProxy | undefined)[]
): (() => Counts) | undefined {
  const used = proxies.filter((proxy) => proxy !== undefined);
  if (!goesByProxy(turn, roundTripMs) || used.length === 0) return undefined;
  return () => {
    const counts = used.map((proxy) => proxy.counts());
    return {
      requests: counts.reduce((sum, { requests }) => sum + requests, 0),
      connections: counts.reduce((sum, { connections }) => sum + connections, 0),
    };
  };
}

/** So far away that waiting is all there is to it, syncing and hashing make no difference, and rounds are alike. */
function isNear(roundTripMs: number): boolean {
  return roundTripMs < 80;
}

function named(verb: string, image: ImageName, roundTripMs: number, tls = false): string {
  return `${verb}-${image}${tls ? "-tls" : ""}${roundTripMs > 0 ? `-at-${roundTripMs}ms` : ""}`;
}

function far(roundTripMs: number): string {
  return roundTripMs > 0 ? `, ${roundTripMs} ms away` : "";
}

function only(peers: readonly Peer[], ...roles: readonly Role[]): Peer[] {
  return peers.filter(({ role }) => roles.includes(role));
}

function contestant(name: string, role: Role, ready: (turn: number) => Turn | Promise<Turn>): Contestant {
  return { name, role, ready: async (turn) => ready(turn) };
}

function stage(stack: AsyncDisposableStack, contestants: readonly Contestant[]): Stage {
  return { contestants, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}
