export type { Authenticator, AuthRequest } from "./authenticator.ts";
export { type AzureOptions, azureCredentials } from "./azure-credentials.ts";
export { CHALLENGE_LIMIT_BYTES, type Challenge, parseChallenges } from "./challenge.ts";
export type {
  Credential,
  CredentialEntry,
  CredentialGetOptions,
  CredentialKey,
  CredentialLookup,
  CredentialStore,
  CredentialType,
  WritableCredentialStore,
} from "./credential.ts";
export { credentialType } from "./credential.ts";
export { chain, memoryCredentialStore, staticCredentials } from "./credential-stores.ts";
export {
  type EcrOptions,
  type EcrTarget,
  type EcrToken,
  ecrCredentials,
  parseEcrHost,
} from "./ecr-credentials.ts";
export { AuthError, type AuthErrorCode, type AuthErrorOptions, isAuthError } from "./errors.ts";
export type { AuthEvent } from "./events.ts";
export type { ExplainRequest, Explanation } from "./explain.ts";
export { type AccessToken, type GoogleOptions, googleCredentials } from "./google-credentials.ts";
export type { RealmAllowances, RealmRules } from "./realm.ts";
export { coversScopes, formatScope, mergeScopes, parseScope, type Scope } from "./scope.ts";
export {
  type AuthenticatorOptions,
  createAuthenticator,
  type StandardAuthenticator,
} from "./standard-authenticator.ts";
export type { CachedToken, TokenCache } from "./token-cache.ts";
export { TOKEN_ANSWER_LIMIT_BYTES } from "./token-exchange.ts";
export { withAuth } from "./with-auth.ts";
