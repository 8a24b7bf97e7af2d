export * from "@reg/auth";
export * from "@reg/auth/node";
export type { ImageConfig, Limits } from "@reg/client";
export * from "@reg/client";
export * from "@reg/content";
// Names that two packages have, each for its own level.
export { type ImageConfig as ImageConfigDocument, LIMITS, type Limits as ContentLimits } from "@reg/content";
export * from "@reg/layout";
export * from "@reg/reference";
export { digestAlgorithm } from "@reg/reference";
export type { ByteSink, SinkFile } from "@reg/transport";
export * from "@reg/transport";
export { type CreateClientOptions, createClient } from "./create-client.ts";
export { createTransport, type RegistryTransport, type TransportOptions } from "./create-transport.ts";
export type { EngineOptions } from "./engine.ts";
export { type EnvironmentOptions, optionsFromEnvironment } from "./options-from-environment.ts";
