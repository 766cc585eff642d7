import LibvirtAPI
import Primitives
import ProviderRPC
import RPC

extension ImageStore {
    /// What there is under a name.
    private struct Found: Sendable {
        let image: Image?
        let record: ImageRecord?
    }

    private func look(_ pool: String, _ name: String) async throws(RPCError) -> Found {
        try await hypervisor.look("look for the image \(name) in pool \(pool)") { connection throws(LibvirtError) in
            let place = try Storage.filePool(connection, pool)
            let record = try Self.record(place, name)
            guard let volume = try Storage.volume(place, name) else { return Found(image: nil, record: record) }
            let view = try VolumeView(volume)
            return Found(
                image: Image(pool: pool, name: name, path: view.path, format: view.format ?? "raw", capacityBytes: view.capacityBytes),
                record: record)
        }
    }

    /// The image if it is there and whole and what is wanted; nil when it has to be brought. Reads no image, so it answers at once.
    ///
    /// Errors: `failedPrecondition` when something else has the name.
    func ready(_ wanted: VMImage, pool: String, name: String) async throws(RPCError) -> Image? {
        let found = try await look(pool, name)
        guard let image = found.image, let record = found.record, record.isReady, !wanted.force else { return nil }
        if let checksum = wanted.checksum, wanted.validatesChecksum {
            guard let known = record.digests[checksum.algorithm.rawValue] else { return nil }
            try Self.compare(known, checksum, "the image \(name) in pool \(pool)")
        } else if let url = wanted.url, record.source != ImageURL.shown(url) {
            throw Self.otherSource(name, pool, record)
        }
        return image
    }

    private static func otherSource(_ name: String, _ pool: String, _ record: ImageRecord) -> RPCError {
        let source = record.source.isEmpty ? "was put there by somebody" : "came from \(record.source)"
        return RPCError(
            .failedPrecondition, "pool \(pool) has an image \(name) that \(source); give its checksum, choose another name or say force")
    }

    /// Brings an image from its URL into a pool, unless it is there. What is not whole, or is not what was expected, does not stay.
    ///
    /// - Parameter mayBeFile: of one whose place was checked by who asks.
    func prepare(
        _ wanted: VMImage, pool: String, name: String, operation: String, mayBeFile: Bool = false, report: @escaping Report
    ) async throws(RPCError) -> Image {
        try Self.check(wanted, mayBeFile: mayBeFile)
        guard let url = wanted.url else { throw RPCError(.invalidArgument, "image: has no URL to bring it from") }
        let pool = wanted.storage ?? pool
        return try await locks.withLock("\(pool)/\(name)") { () throws(RPCError) in
            if let image = try await ready(wanted, pool: pool, name: name) { return image }
            let found = try await look(pool, name)
            if let image = found.image, found.record?.isReady != false, !wanted.force {
                // Somebody put it there, or its digest of this kind is not known yet.
                guard let checksum = wanted.checksum, wanted.validatesChecksum else {
                    throw Self.otherSource(
                        name, pool,
                        found.record ?? ImageRecord(isReady: true, operation: "", source: "", format: "", bytes: 0, digests: [:]))
                }
                try await verify(image, checksum, source: found.record?.source ?? "", report)
                return image
            }
            if let image = found.image { try await refuseUsed(image) }
            do throws(RPCError) {
                return try await bring(wanted, url, pool, name, operation, report)
            } catch {
                // In a task of its own, as this one may have been cancelled.
                await Task { try? await remove(pool: pool, name: name, ofOperation: operation) }.value
                throw error
            }
        }
    }

    /// One that disks stand upon must stay as it is.
    private func refuseUsed(_ image: Image) async throws(RPCError) {
        let users = try await hypervisor.look("look who uses the image \(image.name)", seconds: 60) { connection throws(LibvirtError) in
            try Storage.standing(connection, on: image.path)
        }
        guard users.isEmpty else {
            throw RPCError(
                .failedPrecondition,
                "\(users.count) disks stand upon the image \(image.name) (\(users.prefix(3).joined(separator: ", "))); it must stay as it is"
            )
        }
    }

    private func bring(
        _ wanted: VMImage, _ url: String, _ pool: String, _ name: String, _ operation: String, _ report: @escaping Report
    ) async throws(RPCError) -> Image {
        var record = ImageRecord(
            isReady: false, operation: operation, source: ImageURL.shown(url), format: wanted.format ?? "", bytes: 0, digests: [:])
        try await write(record, pool, name)
        let download = ImageDownload(
            hypervisor: hypervisor, url: url, headers: wanted.headers, format: wanted.format,
            algorithms: wanted.checksum.map { [$0.algorithm] } ?? [],
            pool: pool, volume: name)
        let outcome = try await download.run(report: report)
        if let checksum = wanted.checksum, wanted.validatesChecksum {
            guard let found = outcome.digests[checksum.algorithm.rawValue] else {
                throw RPCError(.unimplemented, "\(checksum.algorithm.rawValue) cannot be computed here; give sha256 or sha512")
            }
            try Self.compare(found, checksum, "the image \(ImageURL.shown(url))")
        }
        record.isReady = true
        record.format = outcome.format.name
        record.bytes = Int(clamping: outcome.bytes)
        record.digests = outcome.digests
        try await write(record, pool, name)
        guard let image = try await look(pool, name).image else {
            throw RPCError(.internal, "the image \(name) is not in pool \(pool) any more")
        }
        return Image(
            pool: pool, name: name, path: image.path, format: outcome.format.name,
            capacityBytes: max(image.capacityBytes, outcome.format.capacityBytes ?? outcome.bytes))
    }

    private func write(_ record: ImageRecord, _ pool: String, _ name: String) async throws(RPCError) {
        try await hypervisor.act("write down what is known of the image \(name) in pool \(pool)") { connection throws(LibvirtError) in
            _ = try Storage.write(connection, pool: pool, name: name + ImageRecord.suffix, record.json)
        }
    }

    /// Removes an image that an operation did not bring to its end; one that is whole stays, as others may use it.
    func remove(pool: String, name: String, ofOperation operation: String) async throws(RPCError) {
        try await hypervisor.act("remove what is left of the image \(name) in pool \(pool)") { connection throws(LibvirtError) in
            guard let record = try Self.record(connection.pool(named: pool), name), record.operation == operation, !record.isReady else {
                return
            }
            try Storage.remove(connection, pool: pool, volume: name)
            try Storage.remove(connection, pool: pool, volume: name + ImageRecord.suffix)
        }
    }
}
