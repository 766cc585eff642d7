import Primitives
import Testing

/// Answers that a real Proxmox VE 9.2 gave, as the end-to-end tests replay them.
enum Recorded {
    private static let folder = #filePath.split(separator: "/").dropLast(2).map { "/\($0)" }.joined() + "/EndToEnd/recordings/"

    static func bytes(_ name: String, _ cluster: String = "pve-9.2-cluster") throws -> [UInt8] {
        try Files.read("\(folder)\(cluster)/\(name).json")
    }

    static func data(_ name: String, _ cluster: String = "pve-9.2-cluster") throws -> Tree {
        try #require(try Tree(bytes(name, cluster))["data"])
    }
}

/// What keys objects have, and what is in them, learnt from examples.
struct Shape {
    private let examples: [Tree]

    init(_ examples: [Tree]) { self.examples = examples }

    /// What is wrong with objects that should be like the examples.
    ///
    /// - Parameters:
    ///   - optional: keys that may be missing although all examples have them.
    ///   - more: keys that no example has.
    func faults(in objects: [Tree], optional: Set<String> = [], more: Set<String> = []) -> [String] {
        let known = examples.reduce(into: Set<String>()) { $0.formUnion($1.keys) }
        let required = known.filter { key in examples.allSatisfy { $0[key] != nil } }.subtracting(optional)
        var faults: Set<String> = []
        for object in objects {
            for key in required.subtracting(object.keys) { faults.insert("\(key) is missing") }
            for key in object.keys.subtracting(known).subtracting(more) { faults.insert("\(key) is not known") }
            for key in object.keys.intersection(known) {
                let samples = examples.compactMap { $0[key] }
                guard let value = object[key], !samples.contains(.null) else { continue }
                let kinds = Set(samples.map(\.roughKind))
                if !kinds.contains(value.roughKind) { faults.insert("\(key) is \(value.roughKind), not \(kinds.sorted())") }
                let parts = Shape(samples.flatMap(\.objects))
                if !parts.examples.isEmpty { faults.formUnion(parts.faults(in: value.objects, optional: optional, more: more)) }
            }
        }
        return faults.sorted()
    }
}

extension Tree {
    /// Without the difference between 1 and 1.0, which says nothing.
    fileprivate var roughKind: String { kind == "integer" ? "number" : kind }

    /// Itself, or its elements, as far as they have members.
    fileprivate var objects: [Tree] {
        switch self {
        case .object: [self]
        case .array(let elements): elements.filter { $0.kind == "object" }
        default: []
        }
    }
}
