export type { Authenticator, AuthRequest } from "./authenticator.ts";
export type { Challenge } from "./challenge.ts";
export type { Credential, CredentialKey, CredentialStore } from "./credential.ts";
