import { WorkspaceSyncError } from '../errors.ts';

/** A setting or a secret of a webhook with which no request can be made. Never quotes the value. */
export class WebhookSettingError extends WorkspaceSyncError {
  constructor(message: string) {
    super(message, { code: 'webhook-setting', retryable: false });
  }
}

/** Other invocations kept writing to the agent's state. */
export class NotificationStateBusyError extends WorkspaceSyncError {
  constructor(agent: string) {
    super(`The notification state of agent "${agent}" kept changing while it was written.`, {
      code: 'notification-state-busy',
      retryable: true,
    });
  }
}
