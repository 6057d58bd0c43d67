/** An external signer as the configuration names it: `signer:NAME` wherever a key file is asked for. */
export type SignerCommand = {
  /** Program and arguments, without a shell: the bytes to sign on stdin, the bare signature on stdout. */
  readonly command: readonly string[];
  /** Where it runs. */
  readonly cwd: string;
  /** File with the public key, in PEM. */
  readonly publicKey: string;
  /** It is ended when it takes longer. */
  readonly timeoutMs: number;
};
