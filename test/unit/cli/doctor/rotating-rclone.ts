import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A provider that takes each refresh token once, behind what is started in rclone's place. */
export interface RotatingRclone {
  /** For `RCLONE_BINARY`. */
  binary: string;
  /** `begins <refresh token>` and `ends`, in the order in which it came to them. */
  log(): string[];
}

/** Makes one in a folder. A refresh token becomes the same with a plus; a used one is refused. */
export function rotatingRclone(folder: string): RotatingRclone {
  const [binary, log] = [join(folder, 'rclone'), join(folder, 'log')];
  writeFileSync(binary, program(log), { mode: 0o700 });
  appendFileSync(log, '');
  return {
    binary,
    log: () =>
      existsSync(log)
        ? readFileSync(log, 'utf8')
            .split('\n')
            .filter((line) => line !== '')
        : [],
  };
}

const program = (log: string): string => `#!${process.execPath}
const { appendFileSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const [config, log] = [process.env.RCLONE_CONFIG, ${JSON.stringify(log)}];
const text = readFileSync(config, 'utf8');
const [line, old] = /^token = (.*)$/m.exec(text);
const token = JSON.parse(old);
const begins = 'begins ' + token.refresh_token;
if (readFileSync(log, 'utf8').split('\\n').includes(begins)) process.exit(1);
appendFileSync(log, begins + '\\n');
const next = { ...token, refresh_token: token.refresh_token + '+', expiry: '2099-01-01T00:00:00Z' };
writeFileSync(config + '.new', text.replace(line, () => 'token = ' + JSON.stringify(next)));
setTimeout(() => {
  renameSync(config + '.new', config);
  appendFileSync(log, 'ends\\n');
  console.log('[]');
}, 100);
`;
