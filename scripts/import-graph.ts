type Edge = { readonly from: string; readonly to: string };

/** Everything that can be reached from `starts`, each with a shortest path to it. */
export function reachableFrom(
  starts: readonly string[],
  edges: readonly Edge[],
): ReadonlyMap<string, readonly string[]> {
  const next = Map.groupBy(edges, (edge) => edge.from);
  const found = new Map<string, readonly string[]>(starts.map((start) => [start, [start]]));
  // A Map goes on to entries that are added while it is walked: breadth first.
  for (const [file, path] of found) {
    for (const { to } of next.get(file) ?? []) {
      if (!found.has(to)) {
        found.set(to, [...path, to]);
      }
    }
  }
  return found;
}

/** Sets of files that import each other in a circle (strongly connected components, Tarjan), and self-imports. */
export function cyclesOf(edges: readonly Edge[]): readonly (readonly string[])[] {
  const next = Map.groupBy(edges, (edge) => edge.from);
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  const circles: (readonly string[])[] = [];
  const visit = (file: string): number => {
    const mine = order.size;
    order.set(file, mine);
    open.push(file);
    let lowest = mine;
    for (const { to } of next.get(file) ?? []) {
      if (!order.has(to)) {
        lowest = Math.min(lowest, visit(to));
      } else if (open.includes(to)) {
        lowest = Math.min(lowest, low.get(to) ?? order.get(to) ?? mine);
      }
    }
    low.set(file, lowest);
    if (lowest === mine) {
      const component = open.splice(open.indexOf(file));
      const itself = next.get(file)?.some(({ to }) => to === file) === true;
      if (component.length > 1 || itself) {
        circles.push(component.toSorted());
      }
    }
    return lowest;
  };
  for (const file of next.keys()) {
    if (!order.has(file)) {
      visit(file);
    }
  }
  return circles;
}
