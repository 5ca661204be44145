import { createHmac } from 'node:crypto';
import { WebhookSettingError } from './errors.ts';

const prefix = 'whsec_';
const base64 = /^(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/u;

/**
 * The `webhook-signature` of a Standard Webhooks request.
 * @param secret `whsec_` and the key in base64
 */
export function sign(secret: string, id: string, timestamp: string, body: string): string {
  const mac = createHmac('sha256', signingKey(secret));
  return `v1,${mac.update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}

function signingKey(secret: string): Buffer {
  const encoded = secret.startsWith(prefix) ? secret.slice(prefix.length) : '';
  if (!base64.test(encoded)) {
    throw new WebhookSettingError(
      'webhook.secret has to be "whsec_" followed by the key in base64, ' +
        'as from: echo "whsec_$(openssl rand -base64 32)"',
    );
  }
  return Buffer.from(encoded, 'base64');
}
