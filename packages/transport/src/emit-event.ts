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
export function withId(request: TransportRequest): TransportRequest {
  return request.id === undefined ? { ...request, id: newId() } : request;
}

export function newId(): number {
  return nextId++;
}

/** What every event says of its request, redacted. */
export function factsOf(request: TransportRequest): RequestFacts {
  return { id: request.id ?? 0, method: request.method, url: redactUrl(request.url) };
}

/** Whether anybody listens, so that nothing is computed for nobody. */
export function isObserved(type: TransportEvent["type"], observer: TransportRequest["observe"]): boolean {
  return wants(observer, type) || channel(type)?.hasSubscribers === true;
}

/** One observer for two. */
export function bothObservers(
  first: TransportRequest["observe"],
  second: TransportRequest["observe"],
): TransportRequest["observe"] {
  if (first === undefined || second === undefined || first === second) return first ?? second;
  return (event) => {
    if (wants(first, event.type)) first(event);
    if (wants(second, event.type)) second(event);
  };
}

/** Hands an event to the request's observer and to the diagnostics channel `reg:transport:<type>`. */
export function emitEvent(event: TransportEvent, observer: TransportRequest["observe"]): void {
  if (wants(observer, event.type)) observer?.(event);
  const subscribed = channel(event.type);
  if (subscribed?.hasSubscribers === true) subscribed.publish(event);
}

function wants(observer: TransportRequest["observe"], type: TransportEvent["type"]): boolean {
  return observer !== undefined && (observer.only === undefined || observer.only.has(type));
}

function channel(type: TransportEvent["type"]): Channel | undefined {
  let known = channels.get(type);
  if (known !== undefined) return known;
  if (channelOf === null) channelOf = findChannels();
  if (channelOf === undefined) return undefined;
  known = channelOf(CHANNEL_PREFIX + type);
  channels.set(type, known);
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
