export {
  type CredentialHelperOptions,
  credentialHelperStore,
  type WritableCredentialStore,
} from "./node/credential-helper-store.ts";
export { type DefaultCredentialOptions, defaultCredentialStore } from "./node/default-credential-store.ts";
export { type DockerConfigOptions, dockerConfigStore } from "./node/docker-config-store.ts";
