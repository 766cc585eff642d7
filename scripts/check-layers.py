"""Holds the package against the floors of the house: a target may need targets of its own floor or of floors below, by name.

Reads the JSON of `swift package dump-package` and prints the house, so that the order can be seen.
"""

import json
import sys

# From the bottom. Whoever adds a module gives it a floor here; docs/architecture.md says what each floor is.
FLOORS = [
    ("cellar", ["SystemShim", "CharConvShim", "CMicroHTTPD", "MicroHTTPDShim", "CCurl", "CurlShim", "CryptShim", "CGnuTLS", "GnuTLSShim",
                "CZlib", "ZlibShim", "CYAML", "YAMLShim", "SimdJSONShim", "NVMLABI", "NVMLShim",
                "SimulatedNVMLState", "LibvirtShim", "ExpatShim", "SQLiteShim", "GRPCShim"]),
    ("ground", ["Primitives"]),
    ("floor 1", ["JSON", "Metrics", "Web", "Settings", "XML", "Database", "Protobuf", "RPC"]),
    ("floor 2", ["Boards", "Exporting", "LLMProbe", "Ownership", "ProxmoxAPI", "ProxmoxConfiguration", "UpstreamConfiguration",
                 "WebConfiguration", "LibvirtAPI", "GRPC", "ProviderRPC", "ProviderTasks", "Objects", "ObjectText",
                 "ObjectStore"]),
    # And all that is in the folder of collectors.
    ("floor 3", ["Discovery", "Logs", "Reconciling", "Controllers", "SimulatedProvider", "LibvirtProvider", "ObjectAPI",
                 "EmbeddedObjectStore", "KubernetesObjectStore", "ObjectClient"]),
    ("floor 4", ["Doctor", "FirstConfiguration", "ManagerHosting", "ProviderHosting", "Serving", "Simulation", "Stack", "Viewer"]),
    ("roof", ["martlet", "martlet-manager"]),
]
# No module of these floors may need a sibling: collectors do not know each other, and no foundation leans on its neighbour
# except where this says so.
SIBLINGS_ALLOWED = {("floor 1", "JSON"), ("floor 2", "ProxmoxAPI"), ("floor 2", "Exporting"),
                    ("floor 2", "ProviderRPC"), ("floor 2", "Objects"), ("floor 3", "Reconciling"), ("floor 3", "KubernetesObjectStore"), ("cellar", "*")}
COLLECTORS = "Sources/Collectors/"
OUTSIDE = {"test", "plugin"}
TOOLS = {"embed-files", "CollectorConformance", "ProviderConformance", "ObjectStoreConformance", "RawPeers", "TestSupport", "AwkwardMessages", "protobuf-echo",
         "provider-kill-bed", "object-store-kill-bed", "AllocationCounter", "encoder-benchmark", "manager-benchmark", "rpc-peer", "api-bed", "object-store-check"}


def main() -> int:
    package = json.load(sys.stdin)
    modules = [target["name"] for target in package["targets"] if (target.get("path") or "").startswith(COLLECTORS)]
    next(names for floor, names in FLOORS if floor == "floor 3")[:0] = modules
    floor_of = {name: index for index, (_, names) in enumerate(FLOORS) for name in names}
    problems = []
    lines = {name: [] for name in floor_of}
    importers: dict[str, list[str]] = {}
    for target in package["targets"]:
        name = target["name"]
        if target["type"] in OUTSIDE or name in TOOLS:
            continue
        if name not in floor_of:
            problems.append(f"{name} has no floor; give it one in scripts/check-layers.py and docs/architecture.md")
            continue
        for dependency in target["dependencies"]:
            needed = next(iter(dependency.values()))[0]
            lines[name].append(needed)
            importers.setdefault(needed, []).append(name)
            here, there = floor_of[name], floor_of.get(needed)
            floor = FLOORS[here][0]
            if there is None:
                problems.append(f"{name} needs {needed}, which stands on no floor")
            elif there > here:
                problems.append(f"{name} ({floor}) needs {needed} ({FLOORS[there][0]}): arrows point down only")
            elif there == here and (floor, "*") not in SIBLINGS_ALLOWED and (floor, needed) not in SIBLINGS_ALLOWED:
                problems.append(f"{name} and {needed} stand on the same floor ({floor}) and must not need each other")
    # A header without doors, whose records both the reader and the simulation know.
    for shim in set(FLOORS[0][1]) - {"NVMLABI"}:
        keepers = [name for name in importers.get(shim, []) if floor_of[name] > 0]
        if len(keepers) > 1:
            problems.append(f"{shim} is imported by {', '.join(keepers)}; one Swift module holds the key to a C library")
    for floor, names in reversed(FLOORS):
        if floor != "cellar":
            for name in names:
                print(f"  {floor:8}  {name:18} -> {', '.join(lines[name])}")
    for problem in problems:
        print(f"check-layers: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
