import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { adjacencyGraphs as graphs, dictionary } from '@zxcvbn-ts/language-common';

/** zxcvbn with its dictionaries, some megabytes: to be loaded by whoever needs it, when they do. */
export const judge = new ZxcvbnFactory({ dictionary, graphs });
