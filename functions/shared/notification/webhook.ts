import { createHash } from 'node:crypto';
import type { Delivery } from '../contract/index.ts';
import { referencesIn, resolveReferences, type WebhookConfig } from '../config/index.ts';
import type { SecretReader } from '../secrets/reader.ts';

/** One attempt to tell an agent of some files. */
export interface Announcement {
  agent: string;
  deliveries: readonly Delivery[];
  /** When this set of files was first tried; stays the same when it is tried again. */
  startedAt: string;
}

/** A request that is ready to be posted. */
export interface WebhookRequest {
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** Which secret is used, and a digest of where: what a refusal is remembered of. */
export interface Credential {
  secretVersion: string;
  target: string;
}

/** A webhook whose references are answered. */
export interface ReadyWebhook {
  webhook: WebhookConfig;
  credential: Credential;
}

/** Answers the references of an agent's webhook from its entry in Secrets Manager, if it has any. */
export async function readyWebhook(
  agent: string,
  webhook: WebhookConfig,
  secrets: SecretReader,
): Promise<ReadyWebhook> {
  const target = digest(webhook);
  const names = referencesIn(webhook);
  if (names.length === 0) return { webhook, credential: { secretVersion: 'none', target } };
  const { values, versionId } = await secrets.read(agent, 'webhook', names);
  return {
    webhook: resolveReferences(webhook, values),
    credential: { secretVersion: versionId, target },
  };
}

/** What must not be repeated anywhere. */
export function secretsOf({ token, secret }: WebhookConfig): string[] {
  return [token, secret].filter((value) => value !== undefined);
}

/** The address may be a secret in itself, so its digest is kept. */
function digest({ mode, url }: WebhookConfig): string {
  return createHash('sha256').update(`${mode} ${url}`).digest('hex').slice(0, 16);
}
