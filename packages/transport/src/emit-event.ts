import { redactUrl } from "./redact-url.ts";
import type { TransportRequest } from "./transport.ts";
import type { RequestFacts, TransportEvent } from "./transport-event.ts";

/** The part of Node's diagnostics_channel that is used; typed here, for this entry loads where there is no Node. */
interface Channel {
  readonly hasSubscribers: boolean;
  publish(message: unknown): void;
}
type ChannelOf = (name: string) => Channel;

const CHANNEL_PREFIX = "reg:transport:";

let nextId = 1;
let channelOf: ChannelOf | undefined | null = null;
const channels = new Map<string, Channel>();

/** A request that carries an id, so that the events of its attempts can be told to belong together. */
export function withId(request: TransportRequest): TransportRequest & { readonly id: number } {
  return { ...request, id: request.id ?? nextId++ };
}

/** What every event says of its request, redacted. */
export function factsOf(request: TransportRequest): RequestFacts {
  return { id: request.id ?? 0, method: request.method, url: redactUrl(request.url) };
}

/** Whether anybody listens, so that nothing is computed for nobody. */
export function isObserved(type: TransportEvent["type"], observer: TransportRequest["observe"]): boolean {
  return observer !== undefined || channel(type)?.hasSubscribers === true;
}

/** Hands an event to the request's observer and to the diagnostics channel `reg:transport:<type>`. */
export function emitEvent(event: TransportEvent, observer: TransportRequest["observe"]): void {
  observer?.(event);
  const subscribed = channel(event.type);
  if (subscribed?.hasSubscribers === true) subscribed.publish(event);
}

function channel(type: TransportEvent["type"]): Channel | undefined {
  if (channelOf === null) channelOf = findChannels();
  if (channelOf === undefined) return undefined;
  let known = channels.get(type);
  if (known === undefined) {
    known = channelOf(CHANNEL_PREFIX + type);
    channels.set(type, known);
  }
  return known;
}

function findChannels(): ChannelOf | undefined {
  // Only Node, Deno and Bun have `process`; asked for at run time, so that no bundler pulls a built-in in.
  const host: { process?: { getBuiltinModule?: (name: string) => unknown } } = globalThis as object;
  const found = host.process?.getBuiltinModule?.("node:diagnostics_channel");
  if (typeof found !== "object" || found === null || !("channel" in found)) return undefined;
  // The built-in's `channel(name)`; its shape is documented and stable since Node 16.
  return typeof found.channel === "function" ? (found.channel as ChannelOf) : undefined;
}
