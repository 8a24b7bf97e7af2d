export { type ContainersAuthOptions, containersAuthStore } from "./node/containers-auth-store.ts";
export {
  type CredentialHelperOptions,
  credentialHelperStore,
} from "./node/credential-helper-store.ts";
export { type DefaultCredentialOptions, defaultCredentialStore } from "./node/default-credential-store.ts";
export { type DockerAuthConfigOptions, dockerAuthConfigStore } from "./node/docker-auth-config-store.ts";
export { type DockerConfigOptions, dockerConfigStore } from "./node/docker-config-store.ts";
export { type EnvironmentOptions, environmentStore } from "./node/environment-store.ts";
export { type FileTokenCache, fileTokenCache } from "./node/file-token-cache.ts";
export { type KubernetesOptions, kubernetesStore } from "./node/kubernetes-store.ts";
