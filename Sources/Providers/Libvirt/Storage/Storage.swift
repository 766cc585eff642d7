import LibvirtAPI
import Primitives
import RPC
import XML

/// Volumes in pools, as the provider needs them. All of it blocks, and runs where `Hypervisor` runs it.
enum Storage {
    /// Of pools whose volumes are files: what the provider makes are files that stand upon each other.
    static let filePools: Set<String> = ["dir", "fs", "netfs", "vstorage"]

    struct VolumePlan: Sendable, Equatable {
        let name: String
        let capacityBytes: UInt64
        /// qcow2 or raw.
        let format: String
        var backingPath: String?
        var backingFormat: String?

        var xml: String {
            var writer = XMLWriter()
            writer.element("volume") { volume in
                volume.element("name", text: name)
                volume.element("capacity", ["unit": "bytes"], text: String(capacityBytes))
                // As little as the format needs: pools that keep room for what is promised would fill up.
                volume.element("allocation", ["unit": "bytes"], text: "0")
                volume.element("target") { target in
                    target.element("format", ["type": format])
                    // libvirt makes the version before this one, whose disks cannot grow beside snapshots.
                    if format == "qcow2" { target.element("compat", text: "1.1") }
                }
                guard let backingPath else { return }
                volume.element("backingStore") { backing in
                    backing.element("path", text: backingPath)
                    backing.element("format", ["type": backingFormat ?? "raw"])
                }
            }
            return writer.text
        }
    }

    /// The pool, which must be active. - Throws: `noStoragePool`, `invalidState`.
    static func pool(_ connection: LibvirtConnection, _ name: String) throws(LibvirtError) -> LibvirtPool {
        let pool = try connection.pool(named: name)
        guard try pool.isActive() else {
            throw LibvirtError(.invalidState, "pool \(name) is not active; start it (virsh pool-start \(name))")
        }
        return pool
    }

    /// The same for a pool whose volumes are files.
    static func filePool(_ connection: LibvirtConnection, _ name: String) throws(LibvirtError) -> LibvirtPool {
        let pool = try pool(connection, name)
        let text = try pool.xml()
        let type = (try? XMLReader.read(text, source: "pool"))?["type"] ?? ""
        guard filePools.contains(type) || connection.isTestDriver else {
            throw LibvirtError(
                .invalidState,
                "pool \(name) is of type \(type), and machines are made in pools of files (\(filePools.sorted().joined(separator: ", ")))")
        }
        return pool
    }

    /// Where the pool's files are.
    static func folder(_ pool: LibvirtPool) throws(LibvirtError) -> String {
        let text = try pool.xml()
        guard let path = (try? XMLReader.read(text, source: "pool"))?.text(at: "target/path") else {
            throw LibvirtError(.failed, "pool \(pool.name) has no folder")
        }
        return path
    }

    /// nil when there is none.
    static func volume(_ pool: LibvirtPool, _ name: String) throws(LibvirtError) -> LibvirtVolume? {
        do throws(LibvirtError) {
            return try pool.volume(named: name)
        } catch  where error.kind == .noStorageVolume {
            return nil
        }
    }

    /// Makes the volume anew: what a life before this one has left of it is removed first.
    static func remake(
        _ connection: LibvirtConnection, pool name: String, _ plan: VolumePlan, from source: LibvirtVolume? = nil
    ) throws(LibvirtError) -> VolumeView {
        let pool = try filePool(connection, name)
        if let left = try volume(pool, plan.name) { try left.delete() }
        guard let source else { return try VolumeView(pool.createVolume(plan.xml)) }
        return try VolumeView(pool.createVolume(plan.xml, from: source))
    }

    /// Whether there was one.
    @discardableResult
    static func remove(_ connection: LibvirtConnection, pool name: String, volume: String) throws(LibvirtError) -> Bool {
        do throws(LibvirtError) {
            try connection.pool(named: name).volume(named: volume).delete()
            return true
        } catch  where error.kind == .noStorageVolume || error.kind == .noStoragePool {
            return false
        }
    }

    /// Writes a small volume whole. It is read by guests as it stands, so it is raw.
    static func write(_ connection: LibvirtConnection, pool: String, name: String, _ bytes: [UInt8]) throws(LibvirtError) -> VolumeView {
        let plan = VolumePlan(name: name, capacityBytes: UInt64(bytes.count), format: "raw")
        let view = try remake(connection, pool: pool, plan)
        guard !connection.isTestDriver else { return view }
        let stream = try connection.pool(named: pool).volume(named: name).upload(length: UInt64(bytes.count))
        try stream.send(bytes)
        try stream.finish()
        return view
    }

    /// The same over what is there, where it has room: a volume that is made anew is not there for a moment, and a process may end in that.
    static func overwrite(_ connection: LibvirtConnection, pool: String, name: String, _ bytes: [UInt8]) throws(LibvirtError) {
        guard !connection.isTestDriver, let there = try volume(connection.pool(named: pool), name),
            try there.info().capacityBytes == UInt64(bytes.count)
        else {
            _ = try write(connection, pool: pool, name: name, bytes)
            return
        }
        let stream = try there.upload(length: UInt64(bytes.count))
        try stream.send(bytes)
        try stream.finish()
    }

    /// The bytes of a small volume. - Throws: `failed` when there are more.
    static func read(_ volume: LibvirtVolume, limit: Int) throws(LibvirtError) -> [UInt8] {
        let stream = try volume.download()
        var bytes: [UInt8] = []
        while true {
            let piece = try stream.receive()
            if piece.isEmpty { break }
            bytes += piece
            guard bytes.count <= limit else { throw LibvirtError(.failed, "volume \(volume.name) has more than \(limit) bytes") }
        }
        try stream.finish()
        return bytes
    }
}

extension LibvirtConnection {
    /// libvirt's test driver, whose volumes have no bytes.
    var isTestDriver: Bool { (try? driver()) == "TEST" }
}
