import { isIP, type OnReadOpts, type Socket } from "node:net";
import type { PeerCertificate, SecureContext, TLSSocket } from "node:tls";
// The bare name is Bun's own stand-in there, which has no `dispatch`.
import { buildConnector } from "undici/index.js";
import { emitEvent, isObserved } from "../emit-event.ts";
import { TransportError } from "../errors.ts";
import { isPrivateAddress } from "../ip-address.ts";
import type { TransportObserver } from "../transport-event.ts";
import { describeConnectFailure } from "./describe-failure.ts";
import { certificateOf, describeTlsFailure, isTlsFailure } from "./describe-tls-failure.ts";
import { codeOf } from "./error-code.ts";
import type { ResolvedAddress, TlsSettings } from "./options.ts";
import { race } from "./race.ts";
import type { Resolver } from "./resolver.ts";
import { isUnknownIssuer, secureContext } from "./tls-settings.ts";

/** What all connections of one kind have in common. */
export interface ConnectorOptions {
  readonly resolver: Resolver;
  readonly connectTimeoutMs: number;
  readonly attemptDelayMs: number;
  readonly http2: boolean;
  readonly localAddress: string | undefined;
  /** Refuses private addresses, for a registry that is itself public. */
  readonly guarded: boolean;
  /** Hosts exempt from `guarded`. */
  readonly allowPrivate: (hostname: string, port: string) => boolean;
  readonly insecure: (hostname: string, port: string) => boolean;
  readonly tlsFor: (host: string) => Promise<TlsSettings>;
  readonly observe: TransportObserver | undefined;
  /** Reads are ours: see `read-through.ts` and `read-past-continue.ts`. */
  readonly prepare?: ((secured: boolean) => PreparedSocket) | undefined;
}

/** How a socket is made ready for reading in another way than Node's own. */
export interface PreparedSocket {
  readonly connectOptions: { readonly onread?: OnReadOpts };
  attach(socket: Socket): void;
}

/** undici's connector for one host, and what it was made of. */
interface Connecting {
  readonly connect: buildConnector.connector;
  readonly options: buildConnector.BuildOptions;
  /** The last TLS session of a prepared socket: undici's cache belongs to a connector, and those have one each. */
  session?: Buffer;
}

/** Hosts of one process are few; a hostile list of redirects must not fill the memory. */
const MAX_HOSTS = 256;

interface Opened {
  readonly socket: Socket;
  /** Settles when the socket can be written to: at once, or after the TLS handshake. */
  readonly ready: Promise<Socket>;
}
type ConnectOptions = buildConnector.Options;

/**
 * A connector for undici that looks the name up, judges the addresses, races them, and says what went wrong. The sockets
 * themselves, and the cache of TLS sessions, are those of undici's own connector.
 */
export function createConnector(options: ConnectorOptions): buildConnector.connector {
  const byTls = new Map<string, Promise<Connecting>>();
  let withSystem = false;

  const connectorFor = (target: ConnectOptions, host: string): Promise<Connecting> => {
    const key = target.protocol === "https:" ? `${host} ${withSystem}` : "";
    let connecting = byTls.get(key);
    if (connecting === undefined) {
      if (byTls.size >= MAX_HOSTS) byTls.clear();
      connecting = buildFor(target, host, withSystem);
      byTls.set(key, connecting);
      connecting.catch(() => byTls.delete(key));
    }
    return connecting;
  };

  const buildFor = async (target: ConnectOptions, host: string, system: boolean): Promise<Connecting> => {
    const base = { timeout: 0, allowH2: options.http2 };
    if (target.protocol !== "https:") return { connect: buildConnector(base), options: base };
    const context: SecureContext | undefined = secureContext(await options.tlsFor(host), system);
    const secured = {
      ...base,
      ...(context === undefined ? {} : { secureContext: context }),
      rejectUnauthorized: !options.insecure(target.hostname, portOf(target)),
    };
    return { connect: buildConnector(secured), options: secured };
  };

  const open = async (target: ConnectOptions, signal: AbortSignal): Promise<Socket> => {
    const port = portOf(target);
    const host = hostOf(target, port);
    const addresses = await options.resolver.addressesOf(target.hostname, port, signal);
    const allowed = options.guarded ? withoutPrivate(addresses, target, options) : addresses;
    const connecting = await connectorFor(target, host);
    const prepared = new Map<Socket, PreparedSocket>();
    const attempt = (address: ResolvedAddress, attemptSignal: AbortSignal): Promise<Opened> =>
      openSocket(connecting, target, address, host, options, prepared, attemptSignal);
    const opened = await race(allowed, attempt, { delayMs: options.attemptDelayMs, signal });
    const give = (): void => {
      opened.socket.destroy();
    };
    signal.addEventListener("abort", give, { once: true });
    try {
      const socket = await opened.ready;
      prepared.get(socket)?.attach(socket);
      return socket;
    } finally {
      signal.removeEventListener("abort", give);
    }
  };

  const connect = async (target: ConnectOptions): Promise<Socket> => {
    const startedAt = performance.now();
    const host = hostOf(target, portOf(target));
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(connectTimeout(host, options)), options.connectTimeoutMs);
    try {
      let socket: Socket;
      try {
        socket = await open(target, deadline.signal);
      } catch (error) {
        // Companies put their own authority into the system's store, which Node does not look at by itself.
        const cause = error instanceof TransportError ? error.cause : error;
        if (withSystem || !isUnknownIssuer(codeOf(cause))) throw error;
        withSystem = true;
        socket = await open(target, deadline.signal);
      }
      if (isObserved("connect", options.observe)) {
        const address = `${socket.remoteAddress ?? "?"} port ${socket.remotePort ?? "?"}`;
        const durationMs = performance.now() - startedAt;
        emitEvent({ type: "connect", host, address, durationMs }, options.observe);
      }
      return socket;
    } catch (error) {
      if (deadline.signal.aborted) throw deadline.signal.reason;
      throw describeConnectFailure(error, host);
    } finally {
      clearTimeout(timer);
    }
  };

  return (target, callback) => {
    connect(target).then(
      (socket) => callback(null, socket),
      (error: unknown) => callback(describeConnectFailure(error, target.hostname), null),
    );
  };
}

function openSocket(
  connecting: Connecting,
  target: ConnectOptions,
  address: ResolvedAddress,
  host: string,
  options: ConnectorOptions,
  prepared: Map<Socket, PreparedSocket>,
  signal: AbortSignal,
): Promise<Opened> {
  return new Promise((resolve, reject) => {
    let certificate: PeerCertificate | undefined;
    let becomeReady: (socket: Socket) => void = () => undefined;
    let fail: (reason: unknown) => void = () => undefined;
    const ready = new Promise<Socket>((resolveReady, rejectReady) => {
      becomeReady = resolveReady;
      fail = rejectReady;
    });
    // A loser of the race has nobody who waits for it.
    ready.catch(() => undefined);
    const preparation = options.prepare?.(target.protocol === "https:");
    const settings = {
      ...target,
      hostname: address.address,
      host: target.host ?? host,
      localAddress: options.localAddress ?? target.localAddress ?? null,
      // An address is no server name (RFC 6066, section 3), though undici gives a proxy's as one.
      servername: target.servername && isIP(target.servername) === 0 ? target.servername : "",
    };
    const connector =
      preparation === undefined ? connecting.connect : preparedConnector(connecting, preparation);
    const made = connector(settings, (error, socket) => {
      signal.removeEventListener("abort", abandon);
      if (error === null) {
        becomeReady(socket);
        return;
      }
      const reason = isTlsFailure(error)
        ? describeTlsFailure(error, host, certificate ?? certificateOf(error))
        : describeConnectFailure(error, `${host} (${address.address})`);
      fail(reason);
      reject(reason);
    });
    const socket = socketOf(made);
    if (preparation !== undefined) {
      prepared.set(socket, preparation);
      socket.on("session", (session: Buffer) => {
        connecting.session = session;
      });
    }
    const abandon = (): void => {
      if (!won) socket.destroy(new Error("Another address was faster"));
    };
    let won = false;
    signal.addEventListener("abort", abandon, { once: true });
    if (isSecured(socket)) rememberCertificate(socket, (seen) => (certificate = seen));
    socket.once("connect", () => {
      won = !signal.aborted;
      resolve({ socket, ready });
    });
  });
}

function preparedConnector(connecting: Connecting, preparation: PreparedSocket): buildConnector.connector {
  const { options, session } = connecting;
  return buildConnector({
    ...options,
    ...preparation.connectOptions,
    ...(session === undefined ? {} : { session }),
    allowH2: false,
  });
}

/** Known by what it can: loading `node:tls` to ask for its class would delay plain http. */
function isSecured(socket: Socket): socket is TLSSocket {
  return "getPeerCertificate" in socket;
}

/** A refused certificate can be read only until the socket is destroyed, which is what refusing it does. */
function rememberCertificate(socket: TLSSocket, remember: (certificate: PeerCertificate) => void): void {
  const destroy = socket.destroy.bind(socket);
  socket.destroy = (error?: Error) => {
    if (error !== undefined && !socket.destroyed) {
      const seen = socket.getPeerCertificate();
      // Node gives null or an object without fields where the handshake had not come so far.
      if (seen?.subject !== undefined) remember(seen);
    }
    return destroy(error);
  };
}

/** undici's connector returns the socket it is about to connect, which its types leave out. */
function socketOf(made: unknown): Socket {
  return made as Socket;
}

function withoutPrivate(
  addresses: readonly ResolvedAddress[],
  target: ConnectOptions,
  options: ConnectorOptions,
): readonly ResolvedAddress[] {
  if (options.allowPrivate(target.hostname, portOf(target))) return addresses;
  const open = addresses.filter((one) => !isPrivateAddress(one.address));
  if (open.length > 0) return open;
  const found = addresses.map((one) => one.address).join(", ");
  throw new TransportError(
    "POLICY_REFUSED",
    `A public registry sends us to ${target.hostname}, which is a private address (${found}): refused; name the host in the option \`allowPrivate\` where that is meant`,
    { neverSent: true },
  );
}

function connectTimeout(host: string, options: ConnectorOptions): TransportError {
  const message = `No connection to ${host} within ${options.connectTimeoutMs / 1_000} s`;
  return new TransportError("TIMEOUT", message, { neverSent: true });
}

function portOf(target: ConnectOptions): string {
  return target.port === "" ? (target.protocol === "https:" ? "443" : "80") : target.port;
}

function hostOf(target: ConnectOptions, port: string): string {
  // Only an IPv6 address has a colon; Node's own test of one takes milliseconds to compile.
  const bare = target.hostname.includes(":") && !target.hostname.startsWith("[");
  const name = bare ? `[${target.hostname}]` : target.hostname;
  return target.port === "" ? name : `${name}:${port}`;
}
