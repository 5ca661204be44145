import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { exitCodes } from '../exit-codes.ts';
import { CommandFailure } from '../failure.ts';
import type { General } from '../general.ts';
import { projectRoot } from '../root.ts';
import { expectProfile } from './profile.ts';

/** What every AWS client of the command is made with; nothing but defaults for a real account. */
export interface Target {
  client: {
    endpoint?: string;
    region?: string;
    credentials?: { accessKeyId: string; secretAccessKey: string };
  };
  /** S3 other than Amazon's has its buckets in the path. */
  forcePathStyle: boolean;
  /** What a child process needs, such as the CDK or rclone, to talk to the same place. */
  env: Record<string, string>;
  /** Of a running `npm start`, with `--local`. */
  session?: LocalSession;
}

const sessionSchema = z.object({
  url: z.string(),
  region: z.string(),
  credentials: z.object({ accessKeyId: z.string(), secretAccessKey: z.string() }),
  deployment: z.string(),
  cloudUrl: z.string(),
  cloudFolder: z.string(),
  hooksUrl: z.string(),
  /** The logins of the cloud folder and of the gateway, which a setup offers. */
  cloudUser: z.string().optional(),
  cloudPassword: z.string().optional(),
  hooksToken: z.string().optional(),
  /** Of the deployment, where there is one already. */
  configFile: z.string().optional(),
});

/** What a running `npm start` says about itself. */
export type LocalSession = z.infer<typeof sessionSchema>;

/** Where a running `npm start` says it. */
export function sessionFile(env: NodeJS.ProcessEnv): string {
  return env['WORKSPACE_SYNC_LOCAL'] ?? join(projectRoot, '.tools', 'local.json');
}

/**
 * The AWS account that is meant: the emulator with `--local`, and otherwise whatever the SDK's
 * ordinary chain of credentials finds.
 */
export function targetOf(
  { local, profile, region }: Pick<General, 'local' | 'profile' | 'region'>,
  env: NodeJS.ProcessEnv,
): Target {
  if (local) return localTarget(env);
  if (profile !== undefined) expectProfile(profile, env);
  const chosen = {
    ...(profile === undefined ? {} : { AWS_PROFILE: profile }),
    ...(region === undefined ? {} : { AWS_REGION: region }),
  };
  // The chain of credentials reads the environment of the process, and so does the CDK.
  Object.assign(env, chosen);
  return {
    client: region === undefined ? {} : { region },
    forcePathStyle:
      env['AWS_ENDPOINT_URL'] !== undefined || env['AWS_ENDPOINT_URL_S3'] !== undefined,
    env: chosen,
  };
}

function localTarget(env: NodeJS.ProcessEnv): Target {
  const session = readSession(sessionFile(env));
  const { url, region, credentials } = session;
  return {
    client: { endpoint: url, region, credentials },
    forcePathStyle: true,
    env: {
      AWS_ENDPOINT_URL: url,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
    session,
  };
}

function readSession(file: string): LocalSession {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new CommandFailure(
      'With --local the command talks to the emulator of a running "npm start", and none is running ' +
        `(there is no ${file}). Run "npm start" in another terminal first.`,
      { code: 'no-emulator', exitCode: exitCodes.unreachable },
    );
  }
  return sessionSchema.parse(JSON.parse(text));
}
