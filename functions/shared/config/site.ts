import { secretName, type SecretScope } from '../contract/index.ts';
import type { Path } from './schema-walk.ts';

/** Where in the file one agent's blocks stand, and which secret entries belong to them. */
export interface Site {
  deployment: string;
  agent: string;
  /** The key in the file of a path within the agent: `agents.main.sync.exclude[0]`. */
  keyOf(path: Path): string;
}

/** A path as people write it. */
export function keyText(path: Path): string {
  const steps = path.map((step) =>
    typeof step === 'number' || !/^[\w$-]+$/.test(String(step))
      ? `[${typeof step === 'number' ? step : JSON.stringify(String(step).slice(0, 64))}]`
      : `.${String(step).slice(0, 64)}`,
  );
  return steps.join('').replace(/^\./, '');
}

/** A name for the secret of a key: `DROPBOX_TOKEN` of `sync.dropbox.token`. */
export function suggestedName(path: Path): string {
  const words = path.filter((step) => step !== 'rcloneOptions').slice(-2);
  const name = words.map((word) => String(word).replace(/(?<=[a-z])(?=[A-Z])/g, '_')).join('_');
  return name
    .toUpperCase()
    .replace(/^[^A-Z]+|[^A-Z0-9_]/g, '')
    .slice(0, 64);
}

/** The command that stores secrets of a block, with the shape of the file that it reads. */
export function storeCommand(
  deployment: string,
  agent: string,
  scope: SecretScope,
  names: readonly string[],
): string {
  const shape = names.map((name) => `"${name}": "…"`).join(', ');
  return (
    `aws secretsmanager create-secret --name ${secretName(deployment, agent, scope)} ` +
    `--secret-string file://secrets.json (a file with { ${shape} }; where the entry exists: ` +
    'put-secret-value --secret-id instead of create-secret --name)'
  );
}

/** How to write a secret at a path: the reference, and the command that stores what it stands for. */
export function secretFix(site: Site, path: Path): string {
  const name = suggestedName(path);
  const command = storeCommand(site.deployment, site.agent, scopeOf(path), [name]);
  return `Write "\${${name}}" and store the secret with: ${command}`;
}

/** The secret entry that answers a reference at this path. */
export function scopeOf(path: Path): SecretScope {
  const [block, key] = path;
  if (block === 'backup' && key === 'passphrase') return key;
  return block === 'backup' || block === 'webhook' || block === 'workspace' ? block : 'sync';
}
