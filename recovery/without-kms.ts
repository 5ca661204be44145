/**
 * Stands in the kit for the library that asks KMS: the kit needs no account, and never gets as far as
 * here, because it never says that KMS may be asked.
 */
function leftOut(): never {
  throw new Error('The recovery kit does not ask KMS.');
}

export { leftOut as KMS, leftOut as KmsKeyringNode };
