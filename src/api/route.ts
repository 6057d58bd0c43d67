import type { Bearer, Service } from "#app/service/service.ts";
import type { Workplace } from "#app/workplace.ts";
import { object, type Shape } from "#canon/shape.ts";
import type { Result } from "#fault/result.ts";
import type { RequestStore } from "#port/request-store.ts";
import type { Refusal } from "./problem.ts";
import type { RunFeeds } from "./run-feed.ts";
import type { Scope } from "./scope.ts";

/** What routes stand on, the same for all requests. */
export type Desk = {
  readonly service: Service;
  readonly feeds: RunFeeds;
  readonly requests: RequestStore;
  readonly limits: Limits;
  readonly log: Log;
  /** Aborted when the server is about to end: streams end then. */
  readonly stopping: AbortSignal;
};

/** A line of the service's log. Nothing that a client sent stands in it but what was checked. */
export type Log = (
  level: "debug" | "info" | "warn" | "error",
  event: string,
  about: { readonly requestId?: string; readonly runId?: string; readonly data: Readonly<Record<string, unknown>> },
) => void;

/** Sizes in bytes, times in milliseconds. */
export type Limits = {
  readonly bodyBytes: number;
  readonly artifactBytes: number;
  readonly bundleBytes: number;
  /** For a whole JSON body; for the next part of an upload. */
  readonly bodyMs: number;
  /** How long a client may read nothing of a stream. */
  readonly unreadMs: number;
  readonly heartbeatMs: number;
  /** Requests of one bearer a minute. */
  readonly requestsPerMinute: number;
  /** Requests of one bearer that are open at a time; and uploads of one tenant. */
  readonly openRequests: number;
  readonly openUploads: number;
  /** Requests of one address a minute whose token is refused. */
  readonly refusedPerMinute: number;
};

/** A request as a route takes it: everything of it fits the route's shapes. */
export type Call<P, Q, B> = {
  readonly desk: Desk;
  readonly workplace: Workplace;
  readonly bearer: Bearer;
  /** All claims of the token; none of the token of a loopback server. */
  readonly claims: Readonly<Record<string, unknown>>;
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  /** The bytes of a body that is not JSON, with its limits kept: reading throws a `BodyError`. */
  readonly upload: AsyncIterable<Uint8Array>;
  readonly header: (name: string) => string | undefined;
  readonly isHead: boolean;
  /** Aborted when the client is gone, or the server is about to end. */
  readonly signal: AbortSignal;
};

type OpenCall = { readonly desk: Desk };

export type Answer =
  | { readonly kind: "json"; readonly status: number; readonly body: unknown; readonly headers?: Headers }
  | { readonly kind: "empty"; readonly status: number; readonly headers?: Headers }
  | {
      readonly kind: "stream";
      readonly status: number;
      readonly mediaType: string;
      readonly headers?: Headers;
      readonly length?: number;
      /** The head is sent before the first bytes are there. */
      readonly live?: true;
      readonly chunks: AsyncIterable<Uint8Array>;
    };

type Headers = Readonly<Record<string, string>>;

/** What comes with a status: JSON of a shape, bytes of media types, or nothing. */
export type AnswerForm = { readonly description: string } & (
  | { readonly shape: Shape<unknown> }
  | { readonly mediaTypes: readonly string[] }
  | { readonly none: true }
);

export type BodyForm<B> =
  | { readonly kind: "json"; readonly shape: Shape<B> }
  | { readonly kind: "bytes"; readonly mediaTypes: readonly string[]; readonly limit: "artifactBytes" | "bundleBytes" };

/** One path and method: both the server and the OpenAPI document are made from it. */
type RouteBase<P, Q, B> = {
  /** `operationId` of the OpenAPI document. */
  readonly id: string;
  readonly method: "get" | "post";
  /** As OpenAPI writes it: `/api/runs/{runId}`. */
  readonly path: string;
  /** The parameter of the path that may hold slashes. */
  readonly deep?: string;
  readonly summary: string;
  /** An object with the parameters of the path, or of the query, as members. */
  readonly params?: Shape<P>;
  readonly query?: Shape<Q>;
  readonly headers?: readonly HeaderForm[];
  readonly body?: BodyForm<B>;
  readonly answers: Readonly<Record<number, AnswerForm>>;
  /** Codes of its own refusals, for the document. */
  readonly problems: readonly string[];
};

export type HeaderForm = {
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
  readonly shape: Shape<string>;
};

export type Handled = Promise<Result<Answer, Refusal>>;

export type GuardedRoute = RouteBase<unknown, unknown, unknown> & {
  readonly scope: Scope;
  readonly handle: (call: Call<never, never, never>) => Handled;
};
export type OpenRoute = RouteBase<unknown, unknown, unknown> & {
  readonly scope?: undefined;
  readonly handle: (call: OpenCall) => Handled;
};
export type Route = GuardedRoute | OpenRoute;

/** A route for bearers of a scope, with the types of its shapes. */
export function guarded<P = NoMembers, Q = NoMembers, B = undefined>(
  route: RouteBase<P, Q, B> & { readonly scope: Scope; readonly handle: (call: Call<P, Q, B>) => Handled },
): GuardedRoute {
  return route;
}

export type NoMembers = Readonly<Record<never, never>>;
export const noMembers: Shape<NoMembers> = object({});
