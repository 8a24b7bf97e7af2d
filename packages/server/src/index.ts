export type { Access, AccessAction, AccessControl, Verdict } from "./access.ts";
export type { CorsOptions } from "./browser-guard.ts";
export type { RegistryHandler, RegistryReply, RegistryRequest, ReplyHeaders } from "./exchange.ts";
export type { RegistryLimits } from "./limits.ts";
export { type RegistryListener, type ServeOptions, serve } from "./listener.ts";
export { type MemoryStorageOptions, memoryStorage } from "./memory-storage.ts";
export { createRegistry, type Registry, type RegistryOptions } from "./registry.ts";
export type { BlobWriter, ByteRange, RegistryStorage, RepositoryStorage } from "./storage.ts";
