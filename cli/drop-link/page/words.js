/** `100 MB`: as phones and mail programs count, in thousands. */
export function bytesInWords(bytes) {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 999.5 && unit < units.length - 1; unit++) value /= 1000;
  const digits = unit === 0 || value >= 99.5 || Number.isInteger(value) ? 0 : value < 10 ? 2 : 1;
  return `${Number(value.toFixed(digits))} ${bytes === 1 ? 'byte' : units[unit]}`;
}

/** A time as the device's person writes it. */
export function timeInWords(iso) {
  return new Date(iso).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
}

/** What a link takes, fact by fact. */
export function limitsInWords({ files, maxBytes, types, expiresAt }) {
  return [
    `Up to ${files} ${files === 1 ? 'file' : 'files'}`,
    `${bytesInWords(maxBytes)}${files === 1 ? '' : ' each'}`,
    ...(types.length === 0 ? [] : [`Only ${types.join(', ')}`]),
    `Open until ${timeInWords(expiresAt)}`,
  ];
}

/** Where a file stands. */
export function stateInWords({ state, progress = 0, why, time, checked }) {
  switch (state) {
    case 'waiting':
      return 'Waiting';
    case 'reading':
      return `Reading ${percent(progress)}`;
    case 'sending':
      return `Sending ${percent(progress)}`;
    case 'sent':
      return 'Uploaded. On its way to the agent …';
    case 'arrived':
      return `✓ Arrived ${clock(time)}${checked ? ', unchanged' : ''}`;
    case 'cancelled':
      return 'Cancelled';
    case 'unsent':
      return `Not sent: ${why}`;
    case 'refused':
      return `Not delivered: ${why}`;
    default:
      return `Failed: ${why}`;
  }
}

function percent(progress) {
  return `${Math.floor(progress * 100)} %`;
}

function clock(iso) {
  return new Date(iso).toLocaleTimeString([], { timeStyle: 'short' });
}
