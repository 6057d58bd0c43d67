const ADDRESS = /^mongodb(?:\+srv)?:\/\//i;

/** Whether the name of a store is the address of a database, not a folder. */
export function isStoreAddress(store: string | undefined): store is string {
  return store !== undefined && ADDRESS.test(store);
}

/** The state folder that a store's name is; an address is none. */
export function storeFolder(store: string): string | undefined {
  return isStoreAddress(store) ? undefined : store;
}

/** How runs are kept in a store of this name: a folder that is named for once stands before a configured database. */
export function storeMode(store: string): "mongo" | "file" {
  return isStoreAddress(store) ? "mongo" : "file";
}

/** The database of an address: what stands behind the hosts in `mongodb://a:27017,b:27017/name?options`. */
export function storeDatabase(store: string): string | undefined {
  const name = isStoreAddress(store) ? (/^[^/]*\/\/[^/?]*\/([^?]*)/.exec(store)?.[1] ?? "") : "";
  return name === "" ? undefined : name;
}
