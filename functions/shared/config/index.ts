/**
 * The configuration: one schema for what the operator writes, what is written at synth, and what
 * the functions read.
 */
export { type AgentConfig, agentNamePattern, deploymentNamePattern } from './agent.ts';
export { type BackupConfig, backupItems } from './backup.ts';
export { backupPlace, type BackupPlace, type PlaceSettings } from './backup-place.ts';
export { type DeploymentConfig, type ObjectLock } from './deployment.ts';
export { agentsIn, loadAgentConfig, UnknownAgentError } from './load.ts';
export { parseConfig, type ParsedConfig, parseConfigText } from './parse.ts';
export { parseAgentConfig } from './parse-agent.ts';
export { ConfigError, type Notice, type Problem } from './problems.ts';
export {
  type CustomConfig,
  type DropboxConfig,
  type GdriveConfig,
  type OnedriveConfig,
  type Provider,
  providers,
  type S3Config,
} from './providers.ts';
export { referencesIn, resolveReferences, UnresolvedReferencesError } from './references.ts';
export { storeCommand } from './site.ts';
export { ingestFolder, intervalMinutes, type SyncConfig, type SyncMode } from './sync.ts';
export { type WebhookConfig, type WebhookMode } from './webhook.ts';
export { type WorkspaceConfig } from './workspace.ts';
