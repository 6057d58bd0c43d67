import t from "tap";
import { memoryArtifactStore } from "#store/memory/memory-artifact-store.ts";
import { artifactStoreConformance } from "../../port/artifact-store.conformance.ts";

artifactStoreConformance(t, () => memoryArtifactStore());
