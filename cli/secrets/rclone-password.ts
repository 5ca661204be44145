import { runProcess } from '../../functions/shared/rclone/process.ts';
import { CommandFailure } from '../failure.ts';
import { projectRclone } from '../rclone/local.ts';

/** Whether rclone keeps an option of a backend obscured, as it says itself. */
export async function isPasswordOption(backend: string, option: string): Promise<boolean> {
  const providers = JSON.parse(await rclone(['config', 'providers'])) as {
    Name: string;
    Options: { Name: string; IsPassword: boolean }[];
  }[];
  const options = providers.find(({ Name }) => Name === backend)?.Options ?? [];
  return options.some(({ Name, IsPassword }) => Name === option && IsPassword);
}

/** A password in the form in which rclone keeps it. It goes in by standard input. */
export async function obscured(password: string): Promise<string> {
  return (await rclone(['obscure', '-'], password)).trim();
}

async function rclone(args: string[], stdin?: string): Promise<string> {
  const { exitCode, stdout } = await runProcess({
    file: await projectRclone(),
    args,
    env: { RCLONE_CONFIG: '/dev/null' },
    cwd: '/',
    ...(stdin === undefined ? {} : { stdin }),
  });
  if (exitCode === 0) return stdout;
  throw new CommandFailure(`rclone ${args[0] ?? ''} failed.`, { code: 'rclone' });
}
