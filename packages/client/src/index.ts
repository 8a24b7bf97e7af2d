export type { RegistryErrorCode, RegistryErrorEntry, RegistryErrorOptions } from "./errors.ts";
export { isRegistryError, RegistryError } from "./errors.ts";
