// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "planted-faults",
    targets: [
        .executableTarget(name: "planted"),
        // A file without a main: libFuzzer brings it.
        Context.environment["MARTLET_FUZZ"] == nil ? nil : .executableTarget(name: "planted-crash"),
    ].compactMap { $0 }
)
