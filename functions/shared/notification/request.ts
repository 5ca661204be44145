import { createHash } from 'node:crypto';
import manifest from '../../../package.json' with { type: 'json' };
import type { WebhookConfig } from '../config/index.ts';
import { type Delivery, folders, product } from '../contract/index.ts';
import { WebhookSettingError } from './errors.ts';
import { sign } from './signature.ts';
import { byCodeUnit, notificationText } from './text.ts';
import type { Announcement, WebhookRequest } from './webhook.ts';

/** A gateway refuses more than 256 KiB; this leaves room for what stands around the files. */
const fileBytes = 200 * 1024;

/**
 * The request that announces some files. Pure: the same announcement gives the same request, but
 * for the time of the attempt in the headers of a generic one.
 * @throws WebhookSettingError where the settings or secrets do not make a request
 */
export function webhookRequest(
  webhook: WebhookConfig,
  announcement: Announcement,
  now: number,
): WebhookRequest {
  switch (webhook.mode) {
    case 'wake':
      return gatewayRequest(webhook, 'wake', {}, wakeBody(webhook, announcement));
    case 'agent':
      return gatewayRequest(
        webhook,
        'agent',
        { 'idempotency-key': announcementId(announcement) },
        agentBody(webhook, announcement),
      );
    case 'generic':
      return genericRequest(webhook, announcement, now);
  }
}

/**
 * A request that a gateway refuses for having no text, once it has taken the token: it costs no turn.
 * @throws WebhookSettingError as {@link webhookRequest}
 */
export function emptyWakeRequest(webhook: WebhookConfig): WebhookRequest {
  const body = { text: '', mode: 'next-heartbeat', agentId: webhook.agentId };
  return gatewayRequest(webhook, 'wake', {}, body);
}

/** The same for the same files of the same agent, whatever their order. */
export function announcementId({ agent, deliveries }: Announcement): string {
  const ids = deliveries.map(({ id }) => id).sort(byCodeUnit);
  const digest = createHash('sha256').update(JSON.stringify([agent, ...ids]));
  return `${product}-${digest.digest('hex').slice(0, 40)}`;
}

function wakeBody(webhook: WebhookConfig, announcement: Announcement): object {
  return { text: textOf(announcement), mode: webhook.wakeMode, agentId: webhook.agentId };
}

function agentBody(webhook: WebhookConfig, announcement: Announcement): object {
  return {
    message: textOf(announcement),
    name: webhook.name,
    agentId: webhook.agentId,
    deliver: webhook.deliver,
    wakeMode: webhook.wakeMode,
    sessionMode: 'isolated',
    model: webhook.model,
    thinking: webhook.thinking,
    timeoutSeconds: webhook.timeoutSeconds,
    channel: webhook.channel,
    to: webhook.to,
  };
}

function gatewayRequest(
  webhook: WebhookConfig,
  path: 'wake' | 'agent',
  headers: Record<string, string>,
  body: object,
): WebhookRequest {
  const url = new URL(webhook.url);
  url.pathname = `${url.pathname.replace(/\/+$/u, '')}/${path}`;
  const authorization = webhook.token === undefined ? {} : bearer(webhook.token);
  return request(url.href, { ...authorization, ...headers }, JSON.stringify(body));
}

function genericRequest(
  webhook: WebhookConfig,
  announcement: Announcement,
  now: number,
): WebhookRequest {
  const id = announcementId(announcement);
  const timestamp = String(Math.floor(now / 1000));
  const body = JSON.stringify(genericBody(announcement));
  const { secret } = webhook;
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    ...(secret === undefined ? {} : { 'webhook-signature': sign(secret, id, timestamp, body) }),
  };
  return request(webhook.url, headers, body);
}

function genericBody({ agent, deliveries, startedAt }: Announcement): object {
  return {
    type: 'workspace-sync.inbox.delivered',
    timestamp: startedAt,
    data: { agent, files: listed(deliveries), count: deliveries.length },
  };
}

/** As many files as a receiver will take; `count` beside them says how many there are. */
function listed(deliveries: readonly Delivery[]): object[] {
  const files: object[] = [];
  let bytes = 0;
  for (const { id, name, size } of deliveries) {
    const file = { name, size, receipt: `${folders.inbox}/${folders.receipts}/${id}.json` };
    bytes += Buffer.byteLength(JSON.stringify(file)) + 1;
    if (bytes > fileBytes) break;
    files.push(file);
  }
  return files;
}

function request(url: string, headers: Record<string, string>, body: string): WebhookRequest {
  return {
    url,
    headers: {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
      'user-agent': `${product}-aws/${manifest.version}`,
      ...headers,
    },
    body,
  };
}

function bearer(token: string): { authorization: string } {
  if (!/^[\x21-\x7e]+$/u.test(token)) {
    throw new WebhookSettingError(
      'webhook.token holds a space, a line end or a character that no HTTP header may carry; ' +
        'store the token alone',
    );
  }
  return { authorization: `Bearer ${token}` };
}

function textOf({ deliveries }: Announcement): string {
  return notificationText(deliveries.map(({ name }) => name));
}
