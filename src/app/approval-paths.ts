/** Where a run keeps the request of a gate, beside its ledger. */
export function requestPath(gateId: string): string {
  return `approvals/${gateId}/request.json`;
}

/** Where it keeps an accepted response, named by its payload. */
export function responsePath(gateId: string, payloadHex: string): string {
  return `approvals/${gateId}/responses/${payloadHex}.sigstore.json`;
}
