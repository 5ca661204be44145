import { randomBytes } from 'node:crypto';
import {
  CommitmentPolicy,
  type GetCipher,
  type KeyringNode,
  NodeDefaultCryptographicMaterialsManager,
  type NodeEncryptionMaterial,
  getEncryptHelper,
} from '@aws-crypto/material-management-node';
import { serializeFactory, serializeMessageHeaderAuth } from '@aws-crypto/serialize';
import { ByteReader } from './byte-reader.ts';
import type { Context } from './context.ts';
import { asBuffer, frameAad, frameLength, suite, utf8 } from './message-format.ts';

const format = serializeFactory(utf8, { utf8Sorting: true });
const messageIdLength = 32;
const mostPieces = 64;

interface Message {
  id: Buffer;
  header: Buffer;
  getCipher: GetCipher;
}

/**
 * One message with a data key of its own: its header, then frame after frame.
 * Where the plaintext fails, so does the message before its last frame: it never looks complete.
 */
export async function* writeMessage(
  keyring: KeyringNode,
  context: Context,
  plain: AsyncIterable<Uint8Array>,
): AsyncGenerator<Buffer, void, undefined> {
  const reader = new ByteReader(plain);
  let material: NodeEncryptionMaterial | undefined;
  try {
    material = await newMaterial(keyring, context);
    const message = begin(material);
    yield message.header;
    yield* frames(message, reader);
  } finally {
    material?.zeroUnencryptedDataKey();
    await reader.close();
  }
}

/** The last frame is the one that is not full; it may be empty. */
async function* frames(message: Message, reader: ByteReader): AsyncGenerator<Buffer> {
  for (let sequenceNumber = 1; ; sequenceNumber += 1) {
    const pieces = await reader.takePieces(frameLength);
    // A frame of thousands of crumbs would cost more than to join them.
    const content = pieces.length > mostPieces ? [Buffer.concat(pieces)] : pieces;
    const contentLength = content.reduce((sum, { length }) => sum + length, 0);
    yield* frame(message, { sequenceNumber, content, contentLength });
    if (contentLength < frameLength) return;
  }
}

interface Frame {
  sequenceNumber: number;
  content: readonly Buffer[];
  contentLength: number;
}

/** In parts: to join them would copy the whole snapshot once more. */
function frame(
  { id, getCipher }: Message,
  { sequenceNumber, content, contentLength }: Frame,
): Buffer[] {
  const isFinalFrame = contentLength < frameLength;
  const iv = format.frameIv(suite.ivLength, sequenceNumber);
  const header = isFinalFrame
    ? format.finalFrameHeader(sequenceNumber, iv, contentLength)
    : format.frameHeader(sequenceNumber, iv);
  const cipher = getCipher(iv);
  cipher.setAAD(frameAad(id, { sequenceNumber, contentLength, isFinalFrame }));
  const body = content.map((piece) => cipher.update(piece));
  // In GCM it has nothing left to give; it makes the tag.
  cipher.final();
  const parts = [asBuffer(header), ...body, cipher.getAuthTag()];
  return parts.filter((part) => part.length > 0);
}

function begin(material: NodeEncryptionMaterial): Message {
  const id = randomBytes(messageIdLength);
  const { getCipher, keyCommitment } = getEncryptHelper(material).getCipherInfo(id);
  if (!keyCommitment) throw new TypeError('The algorithm suite has to commit to its key.');
  const { encryptionContext, encryptedDataKeys } = material;
  const messageHeader = format.buildMessageHeader({
    suite,
    encryptionContext,
    encryptedDataKeys,
    messageId: id,
    frameLength,
    suiteData: keyCommitment,
  });
  const bytes = asBuffer(format.serializeMessageHeader(messageHeader));
  const headerIv = format.headerAuthIv(suite.ivLength);
  const headerAuthTag = tagOf(bytes, getCipher(headerIv));
  const auth = serializeMessageHeaderAuth({ headerIv, headerAuthTag, messageHeader });
  return { id, header: Buffer.concat([bytes, auth]), getCipher };
}

function tagOf(bytes: Buffer, cipher: ReturnType<GetCipher>): Buffer {
  cipher.setAAD(bytes);
  cipher.final();
  return cipher.getAuthTag();
}

/** The default manager, never a caching one: two messages never share a data key. */
function newMaterial(keyring: KeyringNode, context: Context): Promise<NodeEncryptionMaterial> {
  return new NodeDefaultCryptographicMaterialsManager(keyring).getEncryptionMaterials({
    suite,
    encryptionContext: { ...context },
    commitmentPolicy: CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT,
  });
}
