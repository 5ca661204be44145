/** Runs `workspace-sync` with the words of `openclaw workspace-sync`. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { readStatus, statusText } from './status-file.js';

/** What the command answers where it finds no deployment, or has no access to it. */
const unreachable = 6;
/** What shells answer where there is no such command, and where it cannot be started. */
const notFound = 127;
const notStarted = 126;

/** Words of the command that are about one agent, or can be. */
const aboutAgents = new Set([
  ...['status', 'sync', 'list', 'backup', 'drop', 'inbox'],
  ...['logs', 'history', 'doctor', 'cost', 'drop-link'],
]);

/**
 * Hands the words on and answers the exit code. `status` is answered from the file in the workspace
 * where the command is not there or the deployment is out of its reach.
 * @param {string[]} words as OpenClaw has parsed them
 * @param {string[]} argv of this process
 * @param {{ command?: string, agent?: string, deployment?: string, profile?: string, region?: string }} settings
 * @param {(agent: string | undefined) => string[]} workspaces folders in which the file can be
 */
export async function handOn(words, argv, settings, workspaces) {
  const args = argumentsFor(withEndOfOptions(words, argv), settings);
  const asksStatus = words[0] === 'status' && !['-h', '--help', '--local'].some(has(words));
  const asJson = words.includes('--json');
  const result = await run(settings.command ?? 'workspace-sync', args, {
    env: environmentFor(settings),
    // On a failure it would print a document of its own before ours.
    holdOutput: asksStatus && asJson,
  });
  const noAnswer = result.problem !== undefined || result.code === unreachable;
  if (asksStatus && noAnswer && (await answerFromFile(args, settings, asJson, workspaces, result)))
    return 0;
  process.stdout.write(result.output);
  if (result.problem) console.error(result.problem);
  return result.code;
}

const has = (words) => (word) => words.includes(word);

/**
 * OpenClaw may take away the `--` after which nothing is an option: a dropped file can be called `-y`.
 */
export function withEndOfOptions(words, argv) {
  const at = argv.indexOf('--');
  const end = words.length - (argv.length - at - 1);
  if (at === -1 || end < 0 || words[end - 1] === '--') return words;
  return [...words.slice(0, end), '--', ...words.slice(end)];
}

/** The configured agent becomes an option, unless the person names one. */
export function argumentsFor(words, { agent }) {
  if (agent === undefined || !aboutAgents.has(words[0])) return words;
  const end = words.includes('--') ? words.indexOf('--') : words.length;
  const options = words.slice(0, end);
  if (optionValue(options, '--agent', '-a') !== undefined) return words;
  return [...options, '--agent', agent, ...words.slice(end)];
}

/** What the person has said, or else the configuration. `--profile` is OpenClaw's own option. */
export function environmentFor({ deployment, profile, region }) {
  return {
    ...process.env,
    ...(deployment && { WORKSPACE_SYNC_DEPLOYMENT: deployment }),
    ...(profile && { AWS_PROFILE: profile }),
    ...(region && { AWS_REGION: region }),
  };
}

function optionValue(words, long, short) {
  for (const [index, word] of words.entries()) {
    if (word === long || word === short) return words[index + 1] ?? '';
    if (word.startsWith(`${long}=`)) return word.slice(long.length + 1);
    if (!word.startsWith('--') && word.startsWith(short)) return word.slice(short.length);
  }
  return undefined;
}

/** @returns whether there was a file that answers the question */
async function answerFromFile(args, settings, asJson, workspaces, { problem }) {
  const agent = optionValue(args, '--agent', '-a');
  const deployment = optionValue(args, '--deployment', '-d') ?? settings.deployment;
  for (const folder of workspaces(agent)) {
    const status = await readStatus(folder, { agent, deployment });
    if (!status) continue;
    if (problem) console.error(problem);
    console.error(`This is what the deployment last wrote into ${folder}:\n`);
    console.log(asJson ? JSON.stringify([status], null, 2) : statusText(status, Date.now()));
    return true;
  }
  return false;
}

/** Never through a shell: what people and agents write reaches the command as it is. */
function run(command, args, { env, holdOutput }) {
  const child = spawn(command, args, {
    env,
    stdio: ['inherit', holdOutput ? 'pipe' : 'inherit', 'inherit'],
  });
  const held = [];
  child.stdout?.on('data', (chunk) => held.push(chunk));
  const release = outliveSignals(child);
  return new Promise((resolve) => {
    const end = (code, problem) => {
      release();
      resolve({ code, problem, output: Buffer.concat(held) });
    };
    child.on('error', (error) => end(...startProblem(command, error)));
    child.on('close', (code, signal) => end(signal ? 128 + constants.signals[signal] : code));
  });
}

/** The command says when it is over: Ctrl-C detaches from a run, and tells how to follow it. */
function outliveSignals(child) {
  const handlers = ['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal) => {
    // A terminal sends SIGINT to the whole group: the child has it already.
    const handler = () => (signal === 'SIGINT' && process.stdin.isTTY) || child.kill(signal);
    process.on(signal, handler);
    return () => process.off(signal, handler);
  });
  return () => handlers.forEach((remove) => remove());
}

function startProblem(command, error) {
  if (error.code !== 'ENOENT')
    return [notStarted, `${command} cannot be started: ${error.message}`];
  return [
    notFound,
    `There is no command "${command}" here. Install it on this machine: in a clone of Workspace Sync ` +
      'for AWS run "npm run prepare-tools" and "npm link". Where it is not on the PATH of OpenClaw, ' +
      'say where it is: openclaw config set plugins.entries.workspace-sync-aws.config.command ' +
      '<clone>/cli/workspace-sync.mjs',
  ];
}
