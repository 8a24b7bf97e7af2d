export type { TransportErrorCode, TransportErrorOptions } from "./errors.ts";
export { isTransportError, TransportError } from "./errors.ts";
export type * from "./transport.ts";
export { compose } from "./transport.ts";
