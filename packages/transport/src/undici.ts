export type { Lookup, Pem, ResolvedAddress, TlsSettings, UndiciTransportOptions } from "./undici/options.ts";
export { undiciTransport } from "./undici/undici-transport.ts";
