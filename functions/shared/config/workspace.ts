import * as z from 'zod';
import { credentialsOf, folderInside, notes, rcloneOptions, rcloneType } from './fields.ts';
import { isFolderInside, normalFolder, staysInside } from './paths.ts';

const pathAllowed = 'a relative path without ".." or backslash, or ""';
const remotePathAllowed = 'a path without ".." or backslash, or ""';

const stateFolder = 'Folder of the agent’s OpenClaw state, `~/.openclaw`,';
const withoutState = 'Without it, snapshots hold what lies in the workspace and nothing else.';

const s3 = z.strictObject({
  kind: z
    .literal('s3')
    .meta(
      notes(
        'The deployment makes a bucket for the workspaces: `<agent>/workspace/` is the workspace, ' +
          '`<agent>/state/` the agent’s OpenClaw state, `~/.openclaw`.',
      ),
    ),
});

const efs = z.strictObject({
  kind: z.literal('efs').meta(notes('The workspace lies on an EFS file system.')),
  accessPointArn: z
    .string()
    .regex(/^arn:aws[a-z-]*:elasticfilesystem:[a-z0-9-]+:\d{12}:access-point\/fsap-[0-9a-z]+$/)
    .meta(
      notes('ARN of the access point.', {
        allowed:
          'an ARN such as "arn:aws:elasticfilesystem:eu-west-1:111122223333:access-point/fsap-0123456789abcdef0"',
      }),
    ),
  fileSystemId: z
    .string()
    .regex(/^fs-[0-9a-z]+$/)
    .meta(notes('Id of the file system.', { allowed: 'an id such as "fs-0123456789abcdef0"' })),
  vpcId: z
    .string()
    .regex(/^vpc-[0-9a-z]+$/)
    .meta(notes('VPC of the mount targets.', { allowed: 'an id such as "vpc-0123456789abcdef0"' })),
  subnetIds: z
    .array(
      z
        .string()
        .regex(/^subnet-[0-9a-z]+$/)
        .meta({ allowed: 'an id such as "subnet-0123456789abcdef0"' }),
    )
    .min(1)
    .meta(
      notes('Subnets for the functions; they need a way to the cloud folder.', {
        allowed: 'a list of at least one id such as "subnet-0123456789abcdef0"',
      }),
    ),
  securityGroupId: z
    .string()
    .regex(/^sg-[0-9a-z]+$/)
    .meta(
      notes('Security group that the mount targets let in.', {
        allowed: 'an id such as "sg-0123456789abcdef0"',
      }),
    ),
  path: folderInside
    .default('')
    .meta(notes('Folder below the access point.', { allowed: pathAllowed })),
  statePath: z
    .string()
    .refine(isFolderInside)
    .transform(normalFolder)
    .optional()
    .meta(
      notes(`${stateFolder} below the access point. ${withoutState}`, { allowed: pathAllowed }),
    ),
});

const remotePath = z.string().refine((path) => staysInside(path) && !path.includes('\\'));

const remote = z.strictObject({
  kind: z.literal('remote').meta(notes('The workspace is reached through a backend of rclone.')),
  rcloneType: rcloneType.meta(
    notes('Backend of rclone, such as sftp or webdav.', {
      allowed: 'the name of an rclone backend, such as "sftp"',
    }),
  ),
  rcloneOptions,
  credentialsOf,
  path: remotePath
    .default('')
    .meta(notes('Folder of the workspace on the remote.', { allowed: remotePathAllowed })),
  statePath: remotePath
    .optional()
    .meta(notes(`${stateFolder} on the remote. ${withoutState}`, { allowed: remotePathAllowed })),
});

/** The kinds of workspace, for the reference. */
export const workspaceKinds = { s3, efs, remote };

/** The `workspace` block: where the agent's files are. */
export const workspaceSchema = z
  .discriminatedUnion('kind', [s3, efs, remote])
  .default({ kind: 's3' })
  .meta(
    notes('Where the agent’s files are.', {
      allowed: 'an object whose "kind" is "s3", "efs" or "remote"',
      added: true,
    }),
  );

export type WorkspaceConfig = z.output<typeof workspaceSchema>;
