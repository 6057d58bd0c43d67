import { codeTable } from "#fault/code-table.ts";

/** What the HTTP face itself refuses. */
export const apiCodes = codeTable({
  ROUTE_UNKNOWN: {
    severity: "error",
    exitCode: 2,
    message: "there is nothing at {path}",
    hint: "GET /.well-known/openapi lists every path",
    explanation: {
      cause: "The server has no such path.",
      example: "GET /runs instead of GET /api/runs",
      fix: "Compare the path with the OpenAPI document of the server.",
    },
  },
  METHOD_NOT_ALLOWED: {
    severity: "error",
    exitCode: 2,
    message: "{method} cannot be used here",
    hint: "use {allowed}",
    explanation: {
      cause: "The path is there, with other methods.",
      example: "DELETE /api/runs",
      fix: "Use a method that the header Allow names.",
    },
  },
  REQUEST_INVALID: {
    severity: "error",
    exitCode: 2,
    message: "the request cannot be used: {problem}",
    hint: "compare its path, query and headers with GET /.well-known/openapi",
    explanation: {
      cause:
        "A parameter in path, query or headers is unknown, is missing, stands twice or has a value that it cannot have.",
      example: "GET /api/runs?limit=many",
      fix: "Correct the parameter that is named.",
    },
  },
  BODY_INVALID: {
    severity: "error",
    exitCode: 3,
    message: "the body does not fit: {problem}",
    hint: "compare it with GET /.well-known/openapi; unknown members are refused",
    explanation: {
      cause:
        "The JSON body has members that are unknown, are missing, stand twice, are nested more than 128 deep or have values that they cannot have.",
      example: '{"pack": "acme/tool@1.0.0"}',
      fix: "Correct what `errors` names, each with its JSON pointer.",
    },
  },
  BODY_TYPE: {
    severity: "error",
    exitCode: 2,
    message: "a body of type {found} cannot be used here",
    hint: "send Content-Type: {expected}, without Content-Encoding",
    explanation: {
      cause: "The body has another media type than the path takes, or is compressed.",
      example: "curl -d '{…}' without -H 'Content-Type: application/json'",
      fix: "Send the media type that the OpenAPI document names.",
    },
  },
  BODY_TOO_LARGE: {
    severity: "error",
    exitCode: 2,
    message: "the body is larger than {limit} bytes",
    hint: "put large values into artifacts (POST /api/artifacts) and name them by digest",
    explanation: {
      cause: "Bodies have a limit, so that one request cannot fill the server's memory or disk.",
      example: "an input of several megabytes written into the JSON body",
      fix: "Send files as artifacts and refer to them.",
    },
  },
  BODY_SLOW: {
    severity: "error",
    exitCode: 10,
    message: "the body did not arrive in time",
    hint: "send it again, over a faster connection or in smaller parts",
    explanation: {
      cause: "The client sent nothing for too long, or took too long altogether.",
      example: "a connection that broke in the middle of an upload",
      fix: "Send the request again.",
    },
  },
  TOKEN_MISSING: {
    severity: "error",
    exitCode: 2,
    message: "the request has no bearer token",
    hint: "send Authorization: Bearer TOKEN",
    explanation: {
      cause: "Every path under /api needs a token.",
      example: "curl http://127.0.0.1:7070/api/runs",
      fix: "Send a token of a configured issuer, or the one that a loopback server keeps in its state folder.",
    },
  },
  TOKEN_INVALID: {
    severity: "error",
    exitCode: 2,
    message: "the token is refused: {problem}",
    hint: "get a new token from the issuer",
    explanation: {
      cause: "The token is not of a configured issuer, not for this audience, not valid now, or not well formed.",
      example: "a token that expired, or one of the test environment",
      fix: "Get a token from an issuer of the server's configuration, with aud, exp, sub, tenant and scope.",
    },
  },
  TOKEN_SCOPE: {
    severity: "error",
    exitCode: 2,
    message: "the token does not have the scope {scope}",
    hint: "get a token with the scope {scope}",
    explanation: {
      cause: "What a token may do stands in its claim scope.",
      example: "a token with packs.read that is to start a run",
      fix: "Ask the issuer for a token with the scope that is named.",
    },
  },
  TOKEN_KEYS: {
    severity: "error",
    exitCode: 10,
    message: "the keys of issuer {issuer} cannot be had",
    hint: "check jwksFile or jwksUrl of this issuer in packrun.config.yaml",
    explanation: {
      cause: "The server could not read the key set with which tokens of this issuer are checked.",
      example: "the issuer's server is down, or the file is no JSON Web Key Set",
      fix: "Repair the address or the file. Tokens of other issuers are not touched by it.",
    },
  },
  TENANT_MISMATCH: {
    severity: "error",
    exitCode: 2,
    message: "the body names another tenant than the token",
    hint: "leave tenantId away: the tenant is the token's",
    explanation: {
      cause: "A bearer acts for the tenant of the token alone.",
      example: '{"tenantId": "team-b", …} with a token of team-a',
      fix: "Leave tenantId away, or use a token of that tenant.",
    },
  },
  IDEMPOTENCY_KEY_REUSED: {
    severity: "error",
    exitCode: 2,
    message: "the Idempotency-Key was used for another body",
    hint: "use a key of its own for each order",
    explanation: {
      cause: "A key names one order: the same key with other content would be answered by what that order did.",
      example: "a script that sends the same key every day",
      fix: "Make a new key, such as a UUID, for every order, and repeat it only to send the very same order again.",
    },
  },
  IDEMPOTENCY_IN_FLIGHT: {
    severity: "error",
    exitCode: 10,
    message: "the request with this Idempotency-Key is still at work",
    hint: "send it again in a moment: it is then answered",
    explanation: {
      cause: "The same order came a second time before the first was answered.",
      example: "a client that gave up after a second and tried again",
      fix: "Send it again. A server that died over it holds the key for ten seconds at most; then the same key finds its run, or makes it.",
    },
  },
  ARTIFACT_UNKNOWN: {
    severity: "error",
    exitCode: 2,
    message: "the run has no artifact {id} that can be had",
    hint: "GET /api/runs/{runId}/artifacts lists them; only captured ones have bytes",
    explanation: {
      cause: "No artifact of this run has that id, or it was refused or missing when the step ended.",
      example: "the id of an artifact of another run",
      fix: "Take an id from the list of the run's artifacts.",
    },
  },
  GATE_REQUEST_UNKNOWN: {
    severity: "error",
    exitCode: 2,
    message: "gate {gate} of the run has no request",
    hint: "a gate has one from when it opens; GET /api/runs/{runId} shows which gates are open",
    explanation: {
      cause: "The run has no such gate, or has not come to it.",
      example: "the request of a gate whose steps before it still run",
      fix: "Wait until the gate is open.",
    },
  },
  RANGE_INVALID: {
    severity: "error",
    exitCode: 2,
    message: "there are no such bytes: the artifact has {size}",
    hint: "ask for a range below {size}, or for the whole",
    explanation: {
      cause: "The header Range begins behind the end of the artifact.",
      example: "Range: bytes=100- of an artifact of 50 bytes",
      fix: "Ask for bytes that are there.",
    },
  },
  HOST_REFUSED: {
    severity: "error",
    exitCode: 2,
    message: "this server is not asked under that name",
    hint: "use the address that `packrun serve` printed, or let the operator add the name to server.hosts",
    explanation: {
      cause:
        "The header Host names another server. A page of a browser could otherwise reach a server of this host under a name of its own.",
      example: "curl -H 'Host: elsewhere.example' http://127.0.0.1:7070/metrics",
      fix: "Use the server's own address; where it stands behind a proxy, list the proxy's name in `server.hosts`.",
    },
  },
  ORIGIN_REFUSED: {
    severity: "error",
    exitCode: 2,
    message: "pages of other origins cannot use this server",
    hint: "ask from a program, or from a page of this server",
    explanation: {
      cause: "The header Origin names a page that this server did not send: there is no CORS here.",
      example: "fetch('http://127.0.0.1:7070/api/runs') in a page of https://elsewhere.example",
      fix: "Let a program of your own ask, which sends no header Origin.",
    },
  },
  BEARER_BUSY: {
    severity: "error",
    exitCode: 10,
    message: "{limit} requests of this bearer are open already",
    hint: "close streams that nobody reads, or wait for uploads to end",
    explanation: {
      cause: "Streams and uploads that are open at the same time have a limit for each bearer.",
      example: "following a thousand runs with one token",
      fix: "Close what is not needed, and ask again.",
    },
  },
  RATE_LIMITED: {
    severity: "error",
    exitCode: 10,
    message: "there were too many requests",
    hint: "wait as long as Retry-After says; RateLimit tells what is left",
    explanation: {
      cause: "One bearer, or one address without a good token, asked more often than the server allows.",
      example: "a script that asks for a run's status without a pause",
      fix: "Follow the run with GET /api/runs/{runId}/logs instead of asking again and again.",
    },
  },
  SERVER_STOPPING: {
    severity: "error",
    exitCode: 10,
    message: "the server is about to end",
    hint: "send the request again in a moment, or to another server",
    explanation: {
      cause: "The server was asked to end and takes nothing new.",
      example: "a rolling update",
      fix: "Send the request again.",
    },
  },
  SERVE_LISTEN: {
    severity: "error",
    exitCode: 2,
    message: "cannot listen on {address}: {problem}",
    hint: "choose another address with --listen HOST:PORT",
    explanation: {
      cause: "The address is taken, is not one of this host, or may not be used by this user.",
      example: "two servers on the same port",
      fix: "End the other server, or listen on another port.",
    },
  },
  SERVE_UNAUTHENTICATED: {
    severity: "error",
    exitCode: 2,
    message: "no issuers of tokens are configured, so the server does not listen on {host}",
    hint: "configure server.issuers, or listen on 127.0.0.1",
    explanation: {
      cause:
        "Without issuers the server has one token, for the user who starts it; others must not be asked for that one.",
      example: "packrun serve --listen 0.0.0.0:7070   # no server.issuers in the configuration",
      fix: "Name in packrun.config.yaml whose tokens are taken. `packrun token issue` makes some for a first try.",
    },
  },
  SERVER_UNREADY: {
    severity: "error",
    exitCode: 10,
    message: "the server cannot do its work now",
    hint: "its log says what is wrong; requests go to another server meanwhile",
    explanation: {
      cause: "The store does not answer, or the trust root or a key cannot be read.",
      example: "the disk of the store is not mounted",
      fix: "Repair what the server's log names. It becomes ready by itself.",
    },
  },
  SERVER_ERROR: {
    severity: "error",
    exitCode: 1,
    message: "the server failed",
    hint: "the log of the server has this request's id with the cause; ledgers are intact",
    explanation: {
      cause: "Something happened that must not happen.",
      example: "a defect of packrun",
      fix: "Report it with the line of the server's log that has the id of the request.",
    },
  },
});
