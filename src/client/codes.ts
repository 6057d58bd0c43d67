import { codeTable } from "#fault/code-table.ts";

/** What goes wrong between the command line and a server. What a server refuses has the server's own code. */
export const clientCodes = codeTable({
  SERVER_ADDRESS: {
    severity: "error",
    exitCode: 2,
    message: "the address of the server cannot be used: {problem}",
    hint: "write https://HOST[:PORT], or http://127.0.0.1:PORT for a server on this host",
    explanation: {
      cause:
        "The address is no http or https URL, holds a password, or would send the token unencrypted to another host.",
      example: "packrun runs list --server http://packrun.example.com",
      fix: "Use https. A server on this host may be reached by http on loopback, also through an SSH tunnel.",
    },
  },
  SERVER_TOKEN: {
    severity: "error",
    exitCode: 2,
    message: "there is no token for the server: {problem}",
    hint: "set PACKRUN_TOKEN, or name a file of mode 600 with --token-file; a loopback server keeps its own in .packrun/server/token",
    explanation: {
      cause:
        "No token was given, or the file that should hold it cannot be read, is readable by others, or holds none.",
      example: "packrun runs list --server https://packrun.example.com   # PACKRUN_TOKEN is not set",
      fix: "Get a token from the issuer that the server trusts, and keep it in a file that only you can read.",
    },
  },
  SERVER_OPTION: {
    severity: "error",
    exitCode: 2,
    message: "{option} cannot be used with a server: {why}",
    hint: "leave {option} away, or leave --server and PACKRUN_SERVER away to work in the local store",
    explanation: {
      cause: "The option speaks of this machine or its store, and the server would do something else.",
      example: "packrun run hello --server https://packrun.example.com --secret key=file:key",
      fix: "Leave the option away. Secrets, keys of the requester and limits are the server's.",
    },
  },
  SERVER_UNREACHABLE: {
    severity: "error",
    exitCode: 10,
    message: "{server} cannot be reached: {problem}",
    hint: "check the address, the network and the certificate; runs at the server go on meanwhile",
    explanation: {
      cause: "No connection came about, its certificate is not trusted, or it broke off and did not come back.",
      example: "the server is down, or its certificate is from an authority that this host does not know",
      fix: "Start the server, repair the way to it, or name its authority's PEM file in NODE_EXTRA_CA_CERTS.",
    },
  },
  SERVER_REDIRECT: {
    severity: "error",
    exitCode: 10,
    message: "{server} answers that it is elsewhere (status {status})",
    hint: "redirects are not followed, so that no token goes to another place; name the server's own address",
    explanation: {
      cause: "Something at that address sends clients on. The token was given for that address alone.",
      example: "a proxy that sends http to https, or asks for a log-in first",
      fix: "Name the address at which the API itself answers.",
    },
  },
  SERVER_ANSWER: {
    severity: "error",
    exitCode: 10,
    message: "{server} answers what no packrun server answers: {problem}",
    hint: "check the address, what stands between, and that server and command line are of versions that fit",
    explanation: {
      cause: "The answer has another form than the API's: something else answers there, or it was changed on the way.",
      example: "the error page of a proxy, or a server of a version that is much newer",
      fix: "Name the address of the API, and bring both to the same version.",
    },
  },
});
