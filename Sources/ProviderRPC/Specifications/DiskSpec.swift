import JSON
package import RPC

/// A disk that a machine is to have beside that of its image: an element of `disks_json`.
package struct DiskSpec: Sendable, Equatable {
    /// 1 PiB, past what hypervisors take.
    static let mostGiB = 1 << 20

    package var name: String?
    package var sizeGiB: Int
    /// thin, thick, qcow2, …: what it means is the hypervisor's.
    package var type: String?

    package init(name: String? = nil, sizeGiB: Int, type: String? = nil) {
        self.name = name
        self.sizeGiB = sizeGiB
        self.type = type
    }

    /// Errors: `invalidArgument`, with the place; also for a name that two disks have.
    package static func read(_ json: String, field: String = "disks_json") throws(RPCError) -> [DiskSpec] {
        guard let value = try SpecificationValue.parse(json, field) else { return [] }
        return try list(value)
    }

    static func list(_ value: SpecificationValue) throws(RPCError) -> [DiskSpec] {
        var disks: [DiskSpec] = []
        for element in try value.list(upTo: 64) {
            let disk = try DiskSpec(SpecificationObject(element))
            if let name = disk.name, disks.contains(where: { $0.name == name }) {
                throw RPCError(.invalidArgument, "\(element.place): a second disk has the name \"\(name)\"; give each its own")
            }
            disks.append(disk)
        }
        return disks
    }

    private init(_ object: SpecificationObject) throws(RPCError) {
        var object = object
        name = try object.text("name")
        guard let size = try object.whole("sizeGiB", upTo: Self.mostGiB) else {
            throw RPCError(.invalidArgument, "\(object.place).sizeGiB: is missing; say how large the disk is, in GiB")
        }
        sizeGiB = size
        type = try object.text("type")
        try object.end()
    }

    /// As upstream's manager writes a list of them.
    package static func json(_ disks: [DiskSpec]) -> String {
        var writer = JSONWriter()
        write(disks, &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    static func write(_ disks: [DiskSpec], _ writer: inout JSONWriter) {
        writer.array { writer in
            for disk in disks {
                writer.object { writer in
                    writer.member("SizeGiB", disk.sizeGiB)
                    if let type = disk.type { writer.member("Type", type) }
                    if let name = disk.name { writer.member("Name", name) }
                }
            }
        }
    }
}
