/**
 * A plugin of OpenClaw: hands `openclaw workspace-sync …` to the command `workspace-sync` of Workspace
 * Sync for AWS. It runs nothing inside the gateway. Plain JavaScript without dependencies, because
 * OpenClaw neither builds nor fetches anything for a plugin that is installed from a folder.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { handOn } from './hand-on.js';

const name = 'workspace-sync';
const description =
  'Workspace and cloud folder: status, sync, list, backup, drop (Workspace Sync for AWS)';

export default {
  id: 'workspace-sync-aws',
  name: 'Workspace Sync for AWS',
  description,
  register(api) {
    const registrar = ({ program, config, workspaceDir }) => {
      program
        .command(name)
        .description(description)
        // Every word and option is for our command, `--help` among them.
        .helpOption(false)
        .allowUnknownOption()
        .argument('[words...]')
        .action(async (words) => {
          const settings = api.pluginConfig ?? {};
          process.exitCode = await handOn(words, process.argv, settings, (agent) =>
            workspacesOf(agent ?? settings.agent, { api, config, workspaceDir }),
          );
        });
    };
    api.registerCli(registrar, { descriptors: [{ name, description, hasSubcommands: false }] });
  },
};

/** Where the status file can be: in the workspace of that agent of the gateway, or its default one. */
function workspacesOf(agent, { api, config, workspaceDir }) {
  const known = agent !== undefined && config?.agents?.entries?.[agent] !== undefined;
  const own = known ? api.runtime?.agent?.resolveAgentWorkspaceDir?.(config, agent) : undefined;
  const usual = workspaceDir ?? join(homedir(), '.openclaw', 'workspace');
  return [...new Set([own ?? usual, usual])];
}
