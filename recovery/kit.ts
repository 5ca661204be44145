import { parseRequest, type Request } from './arguments.ts';
import { describeError, exitCodeOf, exitCodes } from './errors.ts';
import { helpText, version } from './help.ts';
import { remark, say } from './output.ts';

/** Does what the arguments ask; returns the exit code. It never throws. */
export async function run(args: readonly string[]): Promise<number> {
  try {
    return await carryOut(parseRequest(args));
  } catch (error) {
    remark(describeError(error));
    return exitCodeOf(error);
  }
}

/** Only what a command needs is loaded: `--help` answers at once. */
async function carryOut(request: Request): Promise<number> {
  switch (request.command) {
    case 'help':
      process.stdout.write(helpText());
      return exitCodes.ok;
    case 'version':
      say(version);
      return exitCodes.ok;
    case 'list':
      return (await import('./list.ts')).list(request);
    case 'verify':
      return (await import('./verify.ts')).verify(request);
    case 'restore':
      return (await import('./restore.ts')).restore(request);
  }
}
