/** The local issuer, and whom its tokens are for, unless the command says otherwise. */
export const LOCAL_ISSUER = "packrun:local";
export const LOCAL_AUDIENCE = "packrun";
