import { codeTable } from "#fault/code-table.ts";

/** Why something a step wanted of the network was refused, cut off, or could not be recorded. */
export const egressCodes = codeTable({
  EGRESS_DENIED: {
    severity: "error",
    exitCode: 1,
    message: "no egress rule allows {target}",
    hint: "add {target} to sandbox.egressAllowlist if the step needs it, or take the call out",
    explanation: {
      cause:
        "A step may reach exactly the hosts and ports of its egressAllowlist. Names are compared as they are asked for, before they are looked up; a redirect to another host is another host.",
      example: "a step that fetches https://cdn.acme.example/ where only registry.acme.example:443 is listed",
      fix: "Add `host:port` to `sandbox.egressAllowlist` and have the new plan approved, or let the step do without.",
    },
  },
  EGRESS_PROTOCOL: {
    severity: "error",
    exitCode: 1,
    message: "the egress rule for {target} does not allow {protocol}",
    hint: "use the rule's protocol, or give the rule another one (tls, http or tcp)",
    explanation: {
      cause: "A rule allows one protocol: tls unless it says http or tcp, http for port 80.",
      example: "http://registry.acme.example:443/ under the rule registry.acme.example:443",
      fix: "Write https:// in the step, or `{host: …, port: …, protocol: http}` in the list.",
    },
  },
  EGRESS_ADDRESS: {
    severity: "error",
    exitCode: 1,
    message: "{target} has only addresses that may not be reached",
    hint: "allow private addresses with `allowPrivate: true` on the rule, or list the address itself",
    explanation: {
      cause:
        "The name stands in the list, but every address it has is private, of this host, or of no single host. A name can be made to point anywhere, so such addresses are not dialled.",
      example: "a name that resolves to 127.0.0.1, 10.0.0.8 or 169.254.169.254",
      fix: "If it is meant to be internal, write `allowPrivate: true` on its rule; link-local addresses must be listed themselves.",
    },
  },
  EGRESS_DNS: {
    severity: "error",
    exitCode: 1,
    message: "the name of {target} could not be looked up",
    hint: "check the name, and that the host of the runner can resolve it",
    explanation: {
      cause: "The runner looks names up for its steps, and found no address.",
      example: "registry.acme.example without a record, or a resolver that does not answer",
      fix: "Correct the name or the resolver of the runner's host, and run again.",
    },
  },
  EGRESS_SNI: {
    severity: "error",
    exitCode: 1,
    message: "the TLS connection to {target} asks for another host, or for none",
    hint: "let the client name the host that it connects to (server name indication)",
    explanation: {
      cause:
        "The first message of TLS has to name exactly the host that the connection was asked for; only a rule for an address goes without a name.",
      example: "CONNECT a.acme.example:443 and a ClientHello for b.acme.example",
      fix: "Connect to the host under its own name. Clients that send no server name need a rule with `protocol: tcp`.",
    },
  },
  EGRESS_NOT_TLS: {
    severity: "error",
    exitCode: 1,
    message: "what was sent to {target} does not begin as TLS",
    hint: "speak TLS, or give the rule `protocol: http` or `protocol: tcp`",
    explanation: {
      cause: "A rule with protocol tls lets through connections that begin with a whole ClientHello and no others.",
      example: "ssh through the rule git.acme.example:22",
      fix: "Write `protocol: tcp` (anything) or `protocol: http` (checked HTTP) on the rule.",
    },
  },
  EGRESS_ECH: {
    severity: "error",
    exitCode: 1,
    message: "the TLS connection to {target} encrypts its ClientHello",
    hint: "switch Encrypted Client Hello off in the client",
    explanation: {
      cause: "With Encrypted Client Hello nobody can see which host a connection is for, so it is refused.",
      example: "a client with ECH, or with its GREASE form, switched on",
      fix: "Switch ECH off in the client. Where that cannot be, use a rule with `protocol: tcp`.",
    },
  },
  EGRESS_MALFORMED: {
    severity: "error",
    exitCode: 1,
    message: "the egress proxy cannot take this request to {target}: {problem}",
    hint: "send a plain CONNECT, or an HTTP request with the whole URL, that can be read in one way only",
    explanation: {
      cause:
        "The request is no valid HTTP, names its host in a form with two meanings, or its Host or length headers contradict each other.",
      example: "Content-Length together with Transfer-Encoding, or a Host that is not that of the URL",
      fix: "Use a client that speaks HTTP/1.1 to its proxy as RFC 9110 and 9112 say.",
    },
  },
  EGRESS_UPGRADE: {
    severity: "error",
    exitCode: 1,
    message: "the request to {target} asks to change the protocol",
    hint: "use plain HTTP/1.1, or a rule with `protocol: tls` or `protocol: tcp`",
    explanation: {
      cause: "After an upgrade nobody reads what is said any more, so rules with protocol http allow none.",
      example: "Upgrade: websocket, Upgrade: h2c, or CONNECT inside a connection",
      fix: "Do without the upgrade, or give the rule `protocol: tcp`.",
    },
  },
  EGRESS_QUOTA_REQUESTS: {
    severity: "error",
    exitCode: 1,
    message: "no more requests are allowed to {target}",
    hint: "raise egressQuota.requests, or maxRequests of the rule, if the run needs more",
    explanation: {
      cause:
        "The run, the step or the rule has used all requests of its quota. Quotas count over all attempts; after a crash of the runner, what was set aside counts as used.",
      example: "the 201st request of a run with egressQuota: {requests: 200, bytes: 100Mi}",
      fix: "Raise the quota in the pack and have the new plan approved, or make fewer requests.",
    },
  },
  EGRESS_QUOTA_BYTES: {
    severity: "error",
    exitCode: 1,
    message: "no more bytes are allowed to or from {target}",
    hint: "raise egressQuota.bytes, or maxBytes of the rule, if the run needs more",
    explanation: {
      cause:
        "The run, the step or the rule has used all bytes of its quota, in both directions together. Exactly the allowed bytes were passed on, then the connection was cut.",
      example: "a download of 200 MiB with egressQuota: {requests: 200, bytes: 100Mi}",
      fix: "Raise the quota in the pack and have the new plan approved, or move less data.",
    },
  },
  EGRESS_TOO_MANY: {
    severity: "error",
    exitCode: 1,
    message: "too many connections at once; the one to {target} was refused",
    hint: "let the step keep fewer connections open; {limit} at once is the most",
    explanation: {
      cause: "One attempt may have this many connections at once.",
      example: "a downloader with 100 parallel connections",
      fix: "Lower the parallelism of the client.",
    },
  },
  EGRESS_DESCRIPTORS: {
    severity: "error",
    exitCode: 1,
    message: "the runner has no descriptor left for a connection to {target}",
    hint: "let steps keep fewer connections open at once, or raise the limit on open files of the runner (ulimit -n)",
    explanation: {
      cause:
        "Each connection of a step takes two descriptors of the runner. When those of its process or its host run out, what cannot be connected is refused; nothing else is harmed.",
      example: "several downloaders with 64 connections each, and a runner started under `ulimit -n 256`",
      fix: "Raise the limit (`ulimit -n`, LimitNOFILE= of a service), lower --max-parallel, or lower the parallelism of the clients.",
    },
  },
  EGRESS_SECRET: {
    severity: "error",
    exitCode: 1,
    message: "the egress rule for {host}:{port} holds a secret",
    hint: "take the secret out of the host name, or give the step another secret; that one stands in the plan for all to read",
    explanation: {
      cause:
        "Hosts of rules stand in the plan, which everyone may read who may verify the run. A secret that is part of one is none any more, and taken out of the record it would leave a host that no rule allows.",
      example: "a rule for s3cr3tkey.hooks.acme.example:443 and a secret with the value s3cr3tkey",
      fix: "Name the host without the secret, or use a rule with `*.`, and replace the secret: it was published.",
    },
  },
  EGRESS_UPSTREAM: {
    severity: "error",
    exitCode: 1,
    message: "{target} could not be reached, or broke the connection: {problem}",
    hint: "check that the host answers from the runner's network",
    explanation: {
      cause: "The rule allows it, but the connection was refused, reset or answered with something unreadable.",
      example: "connection refused, a certificate that does not hold, an answer that is no HTTP",
      fix: "Check the host, the network of the runner, and `upstreamProxy` where one is configured. The authority of a certificate of your own is named in NODE_EXTRA_CA_CERTS.",
    },
  },
  EGRESS_TIMEOUT: {
    severity: "error",
    exitCode: 1,
    message: "the connection to {target} took too long",
    hint: "check the host; a connection must be made in time and may not stand still for long",
    explanation: {
      cause:
        "A request was not sent whole in time, the connection was not made in time, or nothing moved on it for two minutes.",
      example: "a host that swallows packets, or a client that sends half a request",
      fix: "Check the host and the client. Long silent connections need some traffic to stay open.",
    },
  },
  EGRESS_ENDED: {
    severity: "error",
    exitCode: 1,
    message: "the attempt ended while {target} was in use",
    hint: "let the step wait for its transfers before it ends",
    explanation: {
      cause: "What an attempt has open is cut when the attempt ends.",
      example: "a step that ends while a download runs in the background",
      fix: "Wait for background transfers in the step, if they matter.",
    },
  },
  EGRESS_DENIALS: {
    severity: "error",
    exitCode: 1,
    message: "further tries of this attempt were refused and only counted",
    hint: "look at the refused tries before this line; the reasons of the others are among theirs",
    explanation: {
      cause: "One attempt leaves at most 1,000 lines of refused tries; one last line counts the others.",
      example: "a client that tries a refused host again and again",
      fix: "See the reasons of the first lines in egress.jsonl of the run's evidence.",
    },
  },
  EGRESS_RECORD: {
    severity: "error",
    exitCode: 10,
    message: "the record of this run's network cannot be kept: {problem}",
    hint: "see to the store; if a file was changed or damaged, start a new run",
    explanation: {
      cause:
        "A line of egress.jsonl or egress-quota.jsonl is not one that packrun wrote, or none can be written. Without them quotas cannot be kept, so nothing leaves any more.",
      example: "egress-quota.jsonl edited by hand",
      fix: "Give the store room, restore the file from a backup, or start a new run.",
    },
  },
  EGRESS_PROXY: {
    severity: "error",
    exitCode: 8,
    message: "the configured upstream proxy cannot be used: {problem}",
    hint: "write it as http://host:port",
    explanation: {
      cause: "`sandbox.upstreamProxy` of the operator's configuration is not the URL of an HTTP proxy.",
      example: "upstreamProxy: socks5://proxy.acme.example",
      fix: "Write `http://host:port`, with `user:password@` where the proxy asks for it.",
    },
  },
});

export type EgressCode = keyof typeof egressCodes;
