/** Words between back-ticks in the skill that are of the command, not of the status file. */
export const generalWords = new Set([
  ...['push', 'list', 'logs', 'doctor', 'cost', 'history', 'deploy', 'destroy'],
  ...['paused', 'reconnect', 'network', 'timeout'],
]);
