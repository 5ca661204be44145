import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import {
  agentNamePattern,
  deploymentNamePattern,
  providers,
} from '../../functions/shared/config/index.ts';
import { wrongUsage } from '../failure.ts';

const text = z.string();

/** Everything that a setup can be told, by options or by a file; whatever is absent is asked for. */
export const answersSchema = z.strictObject({
  deployment: text.regex(deploymentNamePattern).optional(),
  agent: text.regex(agentNamePattern).optional(),
  provider: z.enum(providers).optional(),
  mode: z.enum(['mailbox', 'mirror', 'bisync']).optional(),
  remotePath: text.optional(),
  localPath: text.optional(),
  /** Seconds; 0 is only when asked. */
  interval: z.number().min(0).optional(),
  appFolder: z.boolean().optional(),
  /** Id of an OAuth app of one's own. */
  clientId: text.optional(),
  driveId: text.optional(),
  driveType: z.enum(['personal', 'business', 'sharepoint']).optional(),
  endpoint: text.optional(),
  bucket: text.optional(),
  s3Region: text.optional(),
  rcloneType: text.optional(),
  rcloneOptions: z.record(text, text).optional(),
  /** Empty: nobody is told. */
  webhookUrl: text.optional(),
  webhookMode: z.enum(['wake', 'agent', 'generic']).optional(),
  agentId: text.optional(),
  backup: z.boolean().optional(),
  alarmEmail: text.optional(),
  /** Values by the names that the configuration gives them; passwords as they are typed. */
  secrets: z.record(text, text).optional(),
  generatePassphrase: z.boolean().optional(),
  acceptWeak: z.boolean().optional(),
});

export type Answers = z.output<typeof answersSchema>;

/** Reads a file with answers. @throws CommandFailure naming every mistake, and no value. */
export async function readAnswers(file: string): Promise<Answers> {
  const parsed = answersSchema.safeParse(parseJson(await readFile(file, 'utf8'), file));
  if (parsed.success) return parsed.data;
  const mistakes = parsed.error.issues.map(
    ({ path, message }) => `  ${path.join('.') || '(the file)'}: ${message}`,
  );
  throw wrongUsage(`${file} does not hold answers for a setup:\n${mistakes.join('\n')}`);
}

function parseJson(json: string, file: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    // What the parser says quotes the text, which may hold a secret.
    throw wrongUsage(`${file} is not JSON.`);
  }
}
