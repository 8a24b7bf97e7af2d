import { fetchTransport, type TransportEngine, TransportError, type TransportRequest } from "@reg/transport";
import type { UndiciTransportOptions } from "@reg/transport/undici";

/** What the undici engine takes, for whoever makes a client with it. */
export type EngineOptions = UndiciTransportOptions;

/**
 * The engine for the place we run in: undici where it can load, the runtime's own fetch elsewhere. Loaded at the first
 * request, so that importing the umbrella costs little and works where undici does not.
 */
export function createEngine(
  options: EngineOptions,
  load: () => Promise<UndiciModule> = loadUndici,
): TransportEngine {
  let engine: Promise<TransportEngine> | undefined;
  let loaded: TransportEngine | undefined;
  const loadAndSend = async (request: TransportRequest): ReturnType<TransportEngine> => {
    engine ??= chooseEngine(options, load);
    loaded = await engine;
    return loaded(request);
  };
  const send = (request: TransportRequest): ReturnType<TransportEngine> =>
    loaded === undefined ? loadAndSend(request) : loaded(request);
  const close = async (): Promise<void> => {
    const open = await engine?.catch(() => undefined);
    await open?.close();
  };
  return Object.assign(send, { close });
}

type UndiciModule = Pick<typeof import("@reg/transport/undici"), "undiciTransport">;

async function chooseEngine(
  options: EngineOptions,
  load: () => Promise<UndiciModule>,
): Promise<TransportEngine> {
  const loaded = await load().then(
    (undici) => ({ undici }),
    (cause: unknown) => ({ cause }),
  );
  return "undici" in loaded ? loaded.undici.undiciTransport(options) : fetchEngine(options, loaded.cause);
}

function loadUndici(): Promise<UndiciModule> {
  if (!canLoadUndici()) return Promise.reject(new Error(`undici needs ${WANTED}`));
  return import("@reg/transport/undici");
}

const WANTED = "Node 22.19 or newer, Deno or Bun";

/** Deno and Bun name the Node version that they are like: what undici 8 asks for holds there too. */
function canLoadUndici(): boolean {
  const { process } = globalThis;
  if (process?.release?.name !== "node") return false;
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  return major > 22 || (major === 22 && minor >= 19);
}

function fetchEngine(options: EngineOptions, cause: unknown): TransportEngine {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const refused = given.map(([name]) => name).filter((name) => !COMMON_OPTIONS.has(name));
  if (refused.length > 0) {
    throw new TransportError(
      "UNSUPPORTED",
      `this runtime cannot do what ${refused.join(", ")} ask${refused.length === 1 ? "s" : ""} for: only the engine ` +
        `undici can, on ${WANTED}. Leave it out, or pass a \`transport\` of your own that does it`,
      { cause },
    );
  }
  return Object.assign(fetchTransport(undefined, Object.fromEntries(given)), {
    close: () => Promise.resolve(),
  });
}

/** Options that the runtime's fetch can honour too (time and size limits), or that only make things faster. */
const COMMON_OPTIONS: ReadonlySet<string> = new Set([
  "headersTimeoutMs",
  "idleTimeoutMs",
  "minBytesPerSecond",
  "minRateWindowMs",
  "workers",
]);
