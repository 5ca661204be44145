/**
 * The AWS Encryption SDK's message format, version 2, in frames, as this project writes it.
 *
 * Keys, commitment, headers and additional data come from the SDK's packages. The loops over the
 * frames, in message-writer.ts and message-reader.ts, are ours: those of `@aws-crypto/decrypt-node`
 * take a message with bytes after its end for a good one, and spend a turn of the event loop on each
 * chunk that they are given.
 */
import { AlgorithmSuiteIdentifier, NodeAlgorithmSuite } from '@aws-crypto/material-management-node';
import { ContentType, aadFactory } from '@aws-crypto/serialize';

/** AES-256-GCM under a key that the header commits to; no signature. */
export const suiteId: AlgorithmSuiteIdentifier =
  AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY;

export const suite = new NodeAlgorithmSuite(suiteId);

/** Bytes of plaintext in each frame but the last; what decrypting holds until it is verified. */
export const frameLength = 1024 * 1024;

export const tagLength = 16;

const { messageAAD, messageAADContentString } = aadFactory(utf8);

/** What binds a frame to its message, its place and its length. */
export function frameAad(
  messageId: Uint8Array,
  { sequenceNumber, contentLength, isFinalFrame }: FramePlace,
): Buffer {
  const contentType = ContentType.FRAMED_DATA;
  const kind = messageAADContentString({ contentType, isFinalFrame });
  return asBuffer(messageAAD(messageId, kind, sequenceNumber, contentLength));
}

export interface FramePlace {
  /** From 1. */
  sequenceNumber: number;
  contentLength: number;
  isFinalFrame: boolean;
}

/** The same memory as a Buffer. */
export function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

export function utf8(text: string): Buffer {
  return Buffer.from(text, 'utf8');
}
