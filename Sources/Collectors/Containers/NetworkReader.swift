import Primitives

/// What went through the network of a container, as its first process sees it. For one thread.
struct NetworkReader {
    /// One interface; bytes, packets, errors and dropped packets in each direction.
    struct Interface: Equatable {
        let name: String
        var received = Counts()
        var transmitted = Counts()
    }

    struct Counts: Equatable {
        var bytes = 0.0
        var packets = 0.0
        var errors = 0.0
        var dropped = 0.0

        static func + (left: Counts, right: Counts) -> Counts {
            Counts(
                bytes: left.bytes + right.bytes, packets: left.packets + right.packets, errors: left.errors + right.errors,
                dropped: left.dropped + right.dropped)
        }
    }

    /// A network namespace and what is in it.
    struct Reading: Equatable {
        /// `net:[4026532177]`; nil when we may not know.
        let namespace: String?
        let interfaces: [Interface]
        /// Those that lead to the rest of the world, whatever they are called.
        var ways: Set<String> = []

        /// What went in and out of the container: not what it sends to itself, and not once more on the bridges and ends of pairs that
        /// containers in it have. Who is root in there calls interfaces what he likes, so names decide only where something else is left.
        var outward: [Interface] {
            let all = interfaces.filter { $0.name != "lo" }
            let named = all.filter { ways.contains($0.name) || !NetworkReader.isInward($0.name) }
            return named.isEmpty ? all : named
        }
    }

    private let root: String
    private let files: KernelFileReader
    private let hostNamespace: String?
    private let hostInterfaces: [String]

    private static let inward = [
        "veth", "docker", "br-", "virbr", "cni", "podman", "flannel", "cali", "tunl", "dummy", "ifb", "lxcbr", "vnet",
    ]
    private static let interfaceLimit = 256

    private static func isInward(_ name: String) -> Bool { inward.contains { name.hasPrefix($0) } }

    init(fileSystemRoot: String, files: KernelFileReader) {
        root = fileSystemRoot
        self.files = files
        // Another user's namespace cannot be told, but our own is the host's unless we are in a container ourselves.
        let own = fileSystemRoot.isEmpty ? Files.linkTarget("/proc/self/ns/net") : nil
        hostNamespace = Files.linkTarget("\(fileSystemRoot)/proc/1/ns/net") ?? own
        hostInterfaces = Self.interfaces("\(fileSystemRoot)/proc/1/net/dev", files)?.map(\.name) ?? []
    }

    /// Nil when the process is gone, or its network is the host's.
    ///
    /// - Parameter isOwn: what the engine says; nil when nobody does.
    func read(ofProcess pid: Int, isOwn: Bool?) -> Reading? {
        if isOwn == false { return nil }
        let namespace = Files.linkTarget("\(root)/proc/\(pid)/ns/net")
        if let namespace, namespace == hostNamespace { return nil }
        guard let interfaces = Self.interfaces("\(root)/proc/\(pid)/net/dev", files) else { return nil }
        // Where namespaces cannot be compared and nobody has said, what looks like the host's is taken for it.
        if namespace == nil || hostNamespace == nil, isOwn == nil, interfaces.map(\.name) == hostInterfaces { return nil }
        let ways = interfaces.contains { Self.isInward($0.name) } ? defaultWays(pid) : []
        return Reading(namespace: namespace, interfaces: interfaces, ways: ways)
    }

    /// The interfaces of default routes: lines of `eth0 00000000 0100580A …`.
    private func defaultWays(_ pid: Int) -> Set<String> {
        files.read("\(root)/proc/\(pid)/net/route") { text in
            var text = text
            var ways: Set<String> = []
            while var line = text.nextLine(), ways.count < Self.interfaceLimit {
                guard let name = line.nextWord(), let target = line.nextWord(), target == "00000000" else { continue }
                ways.insert(name.string)
            }
            return ways
        } ?? []
    }

    private static func interfaces(_ path: String, _ files: KernelFileReader) -> [Interface]? {
        files.read(path) { text in
            var text = text
            var found: [Interface] = []
            var places: [String: Int] = [:]
            while var line = text.nextLine(), found.count < interfaceLimit {
                // Two lines of headings have no colon.
                guard var head = line.next(before: UInt8(ascii: ":")), let name = head.nextWord() else { continue }
                var values: [Double] = []
                while values.count < 16, let value = line.nextWord()?.number { values.append(Double(value)) }
                guard values.count >= 12 else { continue }
                let received = Counts(bytes: values[0], packets: values[1], errors: values[2], dropped: values[3])
                let transmitted = Counts(bytes: values[8], packets: values[9], errors: values[10], dropped: values[11])
                let text = name.string
                if let place = places[text] {
                    // A name may be any bytes, and as text those of two interfaces may be the same.
                    found[place].received = found[place].received + received
                    found[place].transmitted = found[place].transmitted + transmitted
                } else {
                    places[text] = found.count
                    found.append(Interface(name: text, received: received, transmitted: transmitted))
                }
            }
            return found
        }
    }
}
