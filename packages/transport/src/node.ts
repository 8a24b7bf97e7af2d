export { readCertsFolders } from "./node/certs-folder.ts";
export { type HostsFolder, readHostsFolder } from "./node/hosts-toml.ts";
export {
  type RegistriesConf,
  type RegistriesConfOptions,
  readRegistriesConf,
} from "./node/registries-conf.ts";
