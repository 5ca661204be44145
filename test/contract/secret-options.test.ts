import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { isSecretOption } from '../../functions/shared/config/secret-options.ts';
import { rcloneBinary } from '../fixtures/rclone.ts';

interface Backend {
  Name: string;
  Options: { Name: string; IsPassword: boolean; Sensitive: boolean }[];
}

const all = JSON.parse(
  execFileSync(rcloneBinary(), ['config', 'providers'], {
    env: { RCLONE_CONFIG: '/dev/null' },
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  }),
) as Backend[];

/** What rclone leaves out of a bug report, and what lets nobody in: they may stand in the file. */
const harmless: Record<string, RegExp> = {
  'names of people and accounts':
    /^(?:user|username|plex_username|email|apple_id|account|namespace|domain|tenant|tenant_domain|impersonate|impersonate_admin|cloud_name)$/,
  'ids of people, accounts, apps, devices and folders':
    /^(?:(?!session)\w+_id|client_uid|base_folder_uuid|root_folder_slug|compartment|team_drive|application_credential_name)$/,
  'addresses, in which a password is found by itself': /^(?:host|url|api_url|namenode)$/,
  'names of services': /^(?:service_principal_name|spn|project_number|user_project)$/,
  'public halves and digests': /^(?:public_key|sse_customer_key_md5)$/,
};

const isHarmless = (name: string): boolean =>
  Object.values(harmless).some((names) => names.test(name));

describe('the options that rclone keeps to itself', () => {
  it('are secret here too, or known to be harmless', () => {
    const options = all.flatMap((backend) =>
      backend.Options.map((option) => ({ ...option, at: `${backend.Name} ${option.Name}` })),
    );
    const passwords = options.filter(({ IsPassword }) => IsPassword);
    const sensitive = options.filter(({ Name, Sensitive }) => Sensitive && !isHarmless(Name));
    expect(passwords.length).toBeGreaterThan(20);
    expect(sensitive.length).toBeGreaterThan(50);
    const open = [...passwords, ...sensitive].filter(({ Name }) => !isSecretOption(Name));
    expect(open.map(({ at }) => at)).toEqual([]);
  });
});
