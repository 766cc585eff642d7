// swift-tools-version: 6.2
import PackageDescription

// The house, floor by floor (docs/architecture.md). Arrows point down only: a target may need targets of floors below;
// scripts/check-layers.py holds the package against that order.

/// What every Swift target is built with.
let house: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

/// A Debian library: a module map, nothing else.
func debian(_ name: String, package: String, pkgConfig: String) -> Target {
    .systemLibrary(
        name: name, path: "Sources/Cellar/\(name)", pkgConfig: pkgConfig, providers: [.apt([package])])
}

/// The fixed-arity doors to one C library.
func shim(_ name: String, to library: String? = nil, linking: [String] = []) -> Target {
    .target(
        name: name, dependencies: library.map { [.target(name: $0)] } ?? [], path: "Sources/Cellar/\(name)",
        cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])],
        cxxSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])],
        linkerSettings: linking.map { .linkedLibrary($0) })
}

/// A Swift module of ours.
func module(_ name: String, path: String? = nil, needs: [String], plugins: [Target.PluginUsage] = []) -> Target {
    .target(
        name: name, dependencies: needs.map { .target(name: $0) }, path: path ?? "Sources/\(name)",
        exclude: ["README.md"], swiftSettings: house, plugins: plugins)
}

/// The tests of one module.
func tests(of name: String, needs: [String] = [], exclude: [String] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: ([name] + needs).map { .target(name: $0) }, path: "Tests/\(name)Tests",
        exclude: exclude, swiftSettings: house)
}

/// A collector: its folder below Sources/Collectors, its tests, and what each of the two needs. docs/adding-a-collector.md has the steps.
struct Collector {
    let module: Target
    let tests: Target
}

/// - Parameter name: as in `NAMECollector`, the module, `NAMECollectorTests` and `NAMEDefinition`, what the program makes it by.
/// - Parameter folder: where it is not called as the collector.
func collector(_ name: String, folder: String? = nil, needs: [String], testsExclude: [String] = []) -> Collector {
    let needed = ["Primitives", "Metrics", "Settings", "Exporting"] + needs
    let shared = ["JSON", "Web", "CollectorConformance"].filter { !needed.contains($0) }
    return Collector(
        module: module("\(name)Collector", path: "Sources/Collectors/\(folder ?? name)", needs: needed),
        tests: tests(of: "\(name)Collector", needs: needed + shared, exclude: testsExclude))
}

/// The collectors of `martlet exporter`, in the order of their settings and metrics.
let collectors = [
    collector("ZFS", needs: ["JSON"], testsExclude: ["Fixtures"]),
    collector("GPU", needs: ["JSON", "Ownership", "NVMLABI", "NVMLShim"], testsExclude: ["Fixtures"]),
    collector("Container", folder: "Containers", needs: ["Ownership"], testsExclude: ["Fixtures"]),
    collector("System", needs: []),
    collector("LLM", needs: ["JSON", "Web", "LLMProbe", "Ownership"]),
    collector("Libvirt", needs: ["XML", "LibvirtAPI"], testsExclude: ["Fixtures"]),
]

/// A target for libFuzzer, which brings the main that the file has not.
func fuzzTarget(_ name: String, needs: [String]) -> Target {
    .executableTarget(
        name: "fuzz-\(name)", dependencies: (["FuzzSupport"] + needs).map { .target(name: $0) }, path: "Fuzz/\(name)", swiftSettings: house)
}

let package = Package(
    name: "martlet",
    products: [
        .executable(name: "martlet", targets: ["martlet"]), .executable(name: "martlet-manager", targets: ["martlet-manager"]),
    ],
    targets: [
        // Cellar: C libraries. One Swift module imports each shim, nothing imports the libraries.
        shim("SystemShim"),
        shim("CharConvShim"),
        debian("CMicroHTTPD", package: "libmicrohttpd-dev", pkgConfig: "libmicrohttpd"),
        shim("MicroHTTPDShim", to: "CMicroHTTPD"),
        debian("CCurl", package: "libcurl4-openssl-dev", pkgConfig: "libcurl"),
        // libssl-dev: the OpenSSL that libcurl was built with, for the one callback in which it lets us judge a certificate.
        shim("CurlShim", to: "CCurl", linking: ["ssl", "crypto"]),
        // libcrypt-dev: bcrypt. libssl-dev: the keyed hash under which results of password checks are remembered.
        shim("CryptShim", linking: ["crypt", "crypto"]),
        debian("CGnuTLS", package: "libgnutls28-dev", pkgConfig: "gnutls"),
        shim("GnuTLSShim", to: "CGnuTLS"),
        debian("CZlib", package: "zlib1g-dev", pkgConfig: "zlib"),
        shim("ZlibShim", to: "CZlib"),
        debian("CYAML", package: "libyaml-dev", pkgConfig: "yaml-0.1"),
        shim("YAMLShim", to: "CYAML"),
        // libsimdjson-dev: its pkg-config line has a flag that SwiftPM refuses, so it is linked by name.
        shim("SimdJSONShim", linking: ["simdjson"]),
        // NVIDIA's library is loaded when there is one; what is known of its binary interface is ours.
        shim("NVMLABI"),
        shim("NVMLShim", to: "NVMLABI"),
        shim("SimulatedNVMLState", to: "NVMLABI"),
        // libvirt-dev: headers only; the library is loaded when there is one.
        shim("LibvirtShim"),
        // libexpat1-dev
        shim("ExpatShim", linking: ["expat"]),
        // libsqlite3-dev
        shim("SQLiteShim", linking: ["sqlite3"]),
        // libgrpc-dev: its pkg-config line is longer than SwiftPM takes, so it is linked by name. martlet-manager alone has it. libssl-dev: to
        // look at certificates before gRPC is given them.
        shim("GRPCShim", linking: ["grpc", "gpr", "crypto"]),

        // Ground.
        module("Primitives", needs: ["SystemShim", "CharConvShim"]),

        // Floor 1.
        module("JSON", needs: ["Primitives", "SimdJSONShim"]),
        module("Metrics", needs: ["Primitives"]),
        module("Web", needs: ["Primitives", "MicroHTTPDShim", "CurlShim", "CryptShim", "GnuTLSShim", "ZlibShim"]),
        module("Settings", needs: ["Primitives", "YAMLShim"]),
        module("XML", needs: ["Primitives", "ExpatShim"]),
        module("Database", needs: ["Primitives", "SQLiteShim"]),
        module("Protobuf", needs: ["Primitives"]),
        module("RPC", needs: ["Primitives"]),

        // Floor 2.
        module("LibvirtAPI", needs: ["Primitives", "XML", "LibvirtShim"]),
        module("GRPC", needs: ["Primitives", "Web", "Protobuf", "RPC", "GRPCShim"]),
        module("ProviderRPC", needs: ["Primitives", "JSON", "Metrics", "Protobuf", "RPC"]),
        module("ProviderTasks", needs: ["Primitives", "JSON", "Database", "RPC", "ProviderRPC"]),
        module("Objects", needs: ["Primitives", "JSON"]),
        module("ObjectStore", needs: ["Primitives", "Objects"]),
        module("ObjectText", needs: ["Primitives", "Settings", "Objects"]),
        module("Boards", needs: ["Primitives", "JSON"]),
        module("WebConfiguration", needs: ["Primitives", "Settings", "Web"]),
        module("UpstreamConfiguration", needs: ["Primitives", "Settings", "Web"]),
        module("Exporting", needs: ["Primitives", "Metrics", "Settings", "Web"]),
        module("Ownership", needs: ["Primitives", "JSON", "Web"]),
        module("LLMProbe", needs: ["Primitives", "JSON", "Metrics", "Web"]),
        module("ProxmoxAPI", needs: ["Primitives", "JSON", "Web"]),
        module("ProxmoxConfiguration", needs: ["Primitives", "Settings", "Web", "Exporting", "ProxmoxAPI"]),

        // Floor 3.
        module("Reconciling", needs: ["Primitives", "Metrics", "Exporting", "Objects", "ObjectStore"]),
        module(
            "ProxmoxCollector", path: "Sources/Collectors/Proxmox",
            needs: ["Primitives", "Metrics", "Settings", "Web", "Exporting", "ProxmoxAPI", "ProxmoxConfiguration"]),
        module(
            "ProxmoxDropIn", path: "Sources/Collectors/ProxmoxDropIn",
            needs: ["Primitives", "JSON", "Metrics", "Settings", "Web", "Exporting", "ProxmoxAPI"]),

        module(
            "Discovery",
            needs: ["Primitives", "JSON", "Metrics", "Settings", "Web", "Exporting", "ProxmoxAPI", "ProxmoxConfiguration"]),

        module(
            "Logs",
            needs: [
                "Primitives", "JSON", "Metrics", "Settings", "Web", "UpstreamConfiguration", "Exporting", "Ownership",
            ]),

        module(
            "SimulatedProvider", path: "Sources/Providers/Simulated",
            needs: ["Primitives", "JSON", "Database", "Protobuf", "RPC", "ProviderRPC", "ProviderTasks"]),
        module(
            "LibvirtProvider", path: "Sources/Providers/Libvirt",
            needs: [
                "Primitives", "JSON", "XML", "Web", "Settings", "Metrics", "Protobuf", "RPC", "ProviderRPC", "ProviderTasks", "LibvirtAPI",
            ]),

        module(
            "Controllers",
            needs: ["Primitives", "JSON", "Metrics", "Exporting", "RPC", "ProviderRPC", "Objects", "ObjectStore", "Reconciling"]),
        module("ObjectAPI", needs: ["Primitives", "Web", "Objects", "ObjectText", "ObjectStore"]),
        module("KubernetesObjectStore", needs: ["Primitives", "JSON", "Web", "Settings", "Objects", "ObjectStore"]),
        module("EmbeddedObjectStore", needs: ["Primitives", "Database", "Objects", "ObjectStore"]),

        module("ObjectClient", needs: ["Primitives", "Web", "Objects", "ObjectText", "ObjectStore", "KubernetesObjectStore"]),

        // Floor 4.
        module("Serving", needs: ["Primitives", "Metrics", "Settings", "Web", "WebConfiguration", "Exporting"]),
        module(
            "ProviderHosting",
            needs: ["Primitives", "Metrics", "Settings", "Web", "Exporting", "Protobuf", "RPC", "GRPC", "ProviderRPC", "ProviderTasks"]),
        module(
            "ManagerHosting",
            needs: [
                "Primitives", "JSON", "Metrics", "Settings", "Web", "Exporting", "RPC", "GRPC", "Objects", "ObjectStore",
                "EmbeddedObjectStore",
                "KubernetesObjectStore", "ObjectAPI", "ObjectClient", "Reconciling", "Controllers",
            ]),
        module(
            "Doctor",
            needs: [
                "Primitives", "JSON", "Settings", "Web", "Exporting", "ProxmoxAPI", "ProxmoxConfiguration", "ProxmoxDropIn", "ZFSCollector",
                "GPUCollector", "ContainerCollector", "LLMCollector", "Ownership", "Discovery", "Logs",
            ]),
        module("Simulation", needs: ["Primitives", "JSON", "Web", "Boards", "SimulatedNVMLState", "NVMLABI"]),
        module("Stack", needs: ["Primitives", "JSON", "Web"], plugins: [.plugin(name: "EmbedFiles")]),
        module(
            "Viewer", needs: ["Primitives", "JSON", "Metrics", "Settings", "Web", "UpstreamConfiguration", "Exporting", "Boards"],
            plugins: [.plugin(name: "EmbedFiles")]),

        module(
            "FirstConfiguration", needs: ["Primitives", "Settings", "Web", "ProxmoxAPI", "ProxmoxConfiguration"]),

        // Roof.
        .executableTarget(
            name: "martlet",
            dependencies: [
                "Primitives", "Metrics", "Settings", "Web", "UpstreamConfiguration", "Exporting", "Serving", "ProxmoxAPI",
                "ProxmoxConfiguration", "ProxmoxCollector", "ProxmoxDropIn", "LibvirtAPI", "Ownership", "Discovery", "Doctor",
                "FirstConfiguration",
                "Logs",
                "Simulation", "Stack", "Viewer",
            ] + collectors.map { .target(name: $0.module.name) },
            exclude: ["README.md"], swiftSettings: house, plugins: [.plugin(name: "RecordRevision"), .plugin(name: "RegisterCollectors")]),

        .executableTarget(
            name: "martlet-manager",
            dependencies: [
                "Primitives", "Metrics", "Settings", "Web", "Exporting", "Serving", "RPC", "GRPC", "ProviderRPC",
                "ProviderTasks", "ProviderHosting", "SimulatedProvider", "LibvirtProvider", "Objects", "ObjectStore", "ObjectText",
                "KubernetesObjectStore", "ObjectClient", "Controllers", "Reconciling", "ManagerHosting",
            ], exclude: ["README.md"], swiftSettings: house, plugins: [.plugin(name: "RecordRevision")]),

        // Tools of the build.
        .executableTarget(name: "embed-files", path: "Plugins/embed-files", swiftSettings: house),
        .plugin(name: "EmbedFiles", capability: .buildTool(), dependencies: ["embed-files"]),
        .plugin(name: "RecordRevision", capability: .buildTool(), dependencies: ["embed-files"]),
        .plugin(name: "RegisterCollectors", capability: .buildTool(), dependencies: ["embed-files"]),

        // Tests, and what they share.
        .target(
            name: "CollectorConformance", dependencies: ["Primitives", "Metrics", "Web", "Exporting"],
            path: "Tests/Support/CollectorConformance", exclude: ["README.md"], swiftSettings: house),
        .target(
            name: "RawPeers", dependencies: ["Primitives", "Web"], path: "Tests/Support/RawPeers", exclude: ["README.md"],
            swiftSettings: house),
        .executableTarget(
            name: "rpc-peer", dependencies: ["Primitives", "JSON", "Web", "RPC", "GRPC"], path: "Tests/Support/RPCPeer",
            exclude: ["README.md"],
            swiftSettings: house),
        .executableTarget(
            name: "api-bed", dependencies: ["Primitives", "Web", "Objects", "ObjectStore", "ObjectAPI"], path: "Tests/Support/APIBed",
            exclude: ["README.md"], swiftSettings: house),
        .target(name: "TestSupport", path: "Tests/Support/TestSupport", exclude: ["README.md"], swiftSettings: house),
        .target(
            name: "ProviderConformance", dependencies: ["Primitives", "JSON", "RPC", "ProviderRPC", "ProviderTasks"],
            path: "Tests/Support/ProviderConformance", exclude: ["README.md"], swiftSettings: house),
        .executableTarget(
            name: "object-store-kill-bed", dependencies: ["Primitives", "JSON", "Objects", "ObjectStore", "EmbeddedObjectStore"],
            path: "Tests/Support/ObjectStoreKillBed", exclude: ["README.md"], swiftSettings: house),
        .target(
            name: "ObjectStoreConformance", dependencies: ["Primitives", "Objects", "ObjectStore"],
            path: "Tests/Support/ObjectStoreConformance", exclude: ["README.md"], swiftSettings: house),
        .target(
            name: "AwkwardMessages", dependencies: ["Primitives", "Protobuf", "ProviderRPC"], path: "Tests/Support/AwkwardMessages",
            exclude: ["README.md", "awkward.proto"], swiftSettings: house),
        .executableTarget(
            name: "protobuf-echo", dependencies: ["AwkwardMessages", "Primitives", "Protobuf"], path: "Tests/Support/ProtobufEcho",
            exclude: ["README.md"], swiftSettings: house),
        .executableTarget(
            name: "provider-kill-bed", dependencies: ["Primitives", "JSON", "RPC", "ProviderRPC", "ProviderTasks", "SimulatedProvider"],
            path: "Tests/Support/ProviderKillBed", exclude: ["README.md"], swiftSettings: house),
        .executableTarget(
            name: "object-store-check",
            dependencies: ["Primitives", "Objects", "ObjectStore", "ObjectStoreConformance", "KubernetesObjectStore"],
            path: "Tests/Support/ObjectStoreCheck", exclude: ["README.md"], swiftSettings: house),
        tests(of: "XML", needs: ["Primitives"]),
        tests(of: "Database", needs: ["Primitives", "TestSupport"]),
        tests(of: "Protobuf", needs: ["Primitives", "AwkwardMessages", "TestSupport"]),
        tests(of: "RPC", needs: ["Primitives", "TestSupport"]),
        tests(of: "LibvirtAPI", needs: ["Primitives", "XML", "TestSupport"], exclude: ["Fixtures"]),
        tests(of: "GRPC", needs: ["Primitives", "Web", "RPC", "TestSupport"]),
        tests(of: "ProviderRPC", needs: ["Primitives", "JSON", "Protobuf", "RPC", "AwkwardMessages"]),
        tests(of: "ProviderTasks", needs: ["Primitives", "JSON", "Database", "RPC", "ProviderRPC", "TestSupport"]),
        tests(of: "Objects", needs: ["Primitives", "JSON", "ObjectText"], exclude: ["Fixtures"]),
        tests(of: "ObjectText", needs: ["Primitives", "Objects"]),
        tests(of: "ObjectAPI", needs: ["Primitives", "Web", "Objects", "ObjectStore", "RawPeers", "TestSupport"]),
        tests(of: "ManagerHosting", needs: ["Primitives", "Objects", "ObjectStore", "TestSupport"]),
        tests(
            of: "ObjectClient", needs: ["Primitives", "Web", "Objects", "ObjectStore", "KubernetesObjectStore", "ObjectAPI", "TestSupport"]),
        tests(
            of: "EmbeddedObjectStore",
            needs: ["Primitives", "Database", "Objects", "ObjectStore", "ObjectStoreConformance", "TestSupport"]),
        tests(of: "ObjectStore", needs: ["Primitives", "Objects", "ObjectStoreConformance", "TestSupport"]),
        tests(
            of: "Controllers",
            needs: [
                "Primitives", "JSON", "Metrics", "Exporting", "RPC", "ProviderRPC", "ProviderTasks", "SimulatedProvider", "Objects",
                "ObjectStore", "Reconciling", "TestSupport",
            ]),
        tests(
            of: "Reconciling",
            needs: ["Primitives", "Metrics", "Exporting", "Objects", "ObjectStore", "CollectorConformance", "TestSupport"]),
        tests(
            of: "KubernetesObjectStore", needs: ["Primitives", "Web", "Objects", "ObjectStore", "RawPeers", "TestSupport"]),
        tests(
            of: "SimulatedProvider",
            needs: [
                "Primitives", "JSON", "Protobuf", "RPC", "GRPC", "ProviderRPC", "ProviderTasks", "ProviderConformance", "TestSupport",
            ]),
        tests(
            of: "LibvirtProvider",
            needs: [
                "Primitives", "JSON", "XML", "Settings", "RPC", "ProviderRPC", "ProviderTasks", "LibvirtAPI", "ProviderConformance",
                "TestSupport",
            ], exclude: ["Fixtures"]),
        tests(
            of: "ProviderHosting",
            needs: ["Primitives", "Metrics", "Settings", "Web", "Exporting", "RPC", "GRPC", "ProviderRPC", "ProviderTasks"]),
        tests(of: "Primitives", needs: ["TestSupport"]),
        tests(of: "JSON", needs: ["Primitives", "TestSupport"]),
        tests(of: "Boards", needs: ["Primitives", "JSON"]),
        tests(of: "Metrics", needs: ["Primitives", "TestSupport"], exclude: ["Golden", "Reading/Fixtures"]),
        tests(of: "Web", needs: ["Primitives", "RawPeers"]),
        tests(of: "Settings", needs: ["Primitives"]),
        tests(of: "Exporting", needs: ["Primitives", "Metrics", "Settings", "Web", "CollectorConformance"]),
        tests(of: "LLMProbe", needs: ["Primitives", "JSON", "Metrics", "Web", "RawPeers"]),
        tests(of: "ProxmoxAPI", needs: ["Primitives", "JSON", "Web", "TestSupport"]),
        tests(
            of: "ProxmoxConfiguration", needs: ["Primitives", "Settings", "Web", "ProxmoxAPI", "CollectorConformance"]),
        tests(of: "WebConfiguration", needs: ["Primitives", "Web"], exclude: ["Files"]),
        tests(
            of: "ProxmoxCollector",
            needs: [
                "Primitives", "Metrics", "Settings", "Web", "Exporting", "ProxmoxAPI", "ProxmoxConfiguration", "CollectorConformance",
                "TestSupport",
            ]),
        tests(
            of: "ProxmoxDropIn",
            needs: ["Primitives", "JSON", "Metrics", "Settings", "Web", "Exporting", "ProxmoxAPI", "CollectorConformance", "TestSupport"]),
        tests(of: "Ownership", needs: ["Primitives", "JSON", "Web", "CollectorConformance"], exclude: ["Fixtures"]),
        tests(
            of: "Discovery",
            needs: [
                "Primitives", "JSON", "Metrics", "Settings", "Web", "Exporting", "ProxmoxAPI", "ProxmoxConfiguration",
                "CollectorConformance",
                "TestSupport",
            ]),
        tests(
            of: "Logs",
            needs: [
                "Primitives", "JSON", "Metrics", "Settings", "Web", "UpstreamConfiguration", "Exporting", "Ownership",
                "CollectorConformance",
            ]),
        tests(
            of: "Doctor",
            needs: [
                "Primitives", "JSON", "Web", "ProxmoxAPI", "ProxmoxConfiguration", "GPUCollector", "ContainerCollector", "LLMCollector",
                "Logs", "Ownership",
            ]),
        tests(of: "Simulation", needs: ["Primitives", "JSON", "Web"]),
        tests(of: "FirstConfiguration", needs: ["Primitives", "Settings", "Web", "ProxmoxAPI", "ProxmoxConfiguration"]),
        tests(of: "Stack", needs: ["Primitives", "JSON", "Web"]),
        tests(
            of: "Viewer",
            needs: [
                "Primitives", "JSON", "Metrics", "Settings", "Web", "UpstreamConfiguration", "Exporting", "Boards", "CollectorConformance",
            ]),

        // Benchmarks; what they count with must not be in the program.
        .target(name: "AllocationCounter", path: "benchmarks/AllocationCounter"),
        .executableTarget(
            name: "encoder-benchmark", dependencies: ["Metrics", "Primitives", "AllocationCounter"], path: "benchmarks/encoder",
            swiftSettings: house),
        .executableTarget(
            name: "manager-benchmark",
            dependencies: [
                "Primitives", "JSON", "Metrics", "Protobuf", "RPC", "ProviderRPC", "Objects", "ObjectStore", "EmbeddedObjectStore",
                "Reconciling", "Controllers",
            ], path: "benchmarks/manager", swiftSettings: house),
    ] + collectors.flatMap { [$0.module, $0.tests] }
)

// Programs without a main, and with access to what is internal, would break a plain build; scripts/fuzz sets the variable. Other programs
// must not be there then, as libFuzzer takes their mains away.
if Context.environment["MARTLET_FUZZ"] != nil {
    package.products = []
    package.targets.removeAll { [.executable, .plugin, .test].contains($0.type) || ["Stack", "Viewer"].contains($0.name) }
    package.targets += [
        .target(name: "FuzzSupport", dependencies: ["Metrics", "Primitives"], path: "Fuzz/Support", swiftSettings: house),
        fuzzTarget("exposition", needs: ["Primitives", "Metrics"]),
        fuzzTarget("settings", needs: ["Primitives", "ProxmoxConfiguration", "ProxmoxDropIn", "Settings"]),
        fuzzTarget("json", needs: ["Primitives", "JSON", "Metrics", "ProxmoxAPI", "ProxmoxDropIn", "Simulation"]),
        fuzzTarget("http", needs: ["Primitives", "Exporting", "ProxmoxAPI", "ProxmoxDropIn", "Settings", "Simulation", "Web"]),
        fuzzTarget("boards", needs: ["Boards", "JSON", "Primitives"]),
        fuzzTarget("zfs", needs: ["Primitives", "Metrics", "ZFSCollector"]),
        fuzzTarget("gpu", needs: ["Primitives", "Exporting", "GPUCollector", "Metrics", "Ownership"]),
        fuzzTarget("containers", needs: ["Primitives", "ContainerCollector", "Metrics", "Ownership"]),
        fuzzTarget("llm", needs: ["Primitives", "Exporting", "JSON", "LLMCollector", "Metrics", "Ownership", "Web"]),
        fuzzTarget("probe", needs: ["LLMProbe", "Metrics", "Primitives", "Web"]),
        fuzzTarget("logs", needs: ["JSON", "Logs", "Primitives", "Web"]),
        fuzzTarget("libvirt", needs: ["Exporting", "LibvirtAPI", "LibvirtCollector", "Metrics", "Primitives", "XML"]),
        fuzzTarget("loki", needs: ["JSON", "Primitives", "Simulation", "Web"]),
        fuzzTarget("xml", needs: ["LibvirtProvider", "Primitives", "RPC", "XML"]),
        fuzzTarget("manifests", needs: ["ObjectText", "Objects", "Primitives"]),
        fuzzTarget("patches", needs: ["ObjectAPI", "ObjectStore", "Objects", "Primitives"]),
        fuzzTarget("protobuf", needs: ["AwkwardMessages", "Primitives", "Protobuf"]),
        fuzzTarget("libvirtd", needs: ["Primitives", "Simulation"]),
        fuzzTarget("web-config", needs: ["Primitives", "Settings", "Web", "WebConfiguration"]),
    ]
}

// While one works on a few modules: MARTLET_ONLY="XML LibvirtAPI" swift test builds these, their tests and what both need, and nothing else.
if let only = Context.environment["MARTLET_ONLY"] {
    var wanted = Set(only.split(separator: " ").flatMap { [String($0), "\($0)Tests"] })
    var found = 0
    while found != wanted.count {
        found = wanted.count
        for target in package.targets where wanted.contains(target.name) {
            for case .targetItem(let name, _) in target.dependencies { wanted.insert(name) }
            for case .byNameItem(let name, _) in target.dependencies { wanted.insert(name) }
            for case .plugin(let name, _) in target.plugins ?? [] { wanted.insert(name) }
        }
    }
    package.products = []
    package.targets.removeAll { !wanted.contains($0.name) }
}
