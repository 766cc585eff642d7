import JSON
import LibvirtAPI
import Primitives
import ProviderRPC
import ProviderTasks
import RPC

extension ImageStore {
    /// An image that is whole.
    struct Image: Sendable, Equatable {
        let pool: String
        let name: String
        /// The volume that has its bytes, mostly of the same name.
        let volume: String
        let path: String
        /// qcow2 or raw.
        let format: String
        /// What a guest sees.
        let capacityBytes: UInt64

        /// Of locks: of its place, as pools may share a folder.
        var key: String { path[..<(path.lastIndex(of: "/") ?? path.startIndex)] + "/" + name }
    }

    // MARK: names

    /// Behind the names of images that are brought. No disk of a machine is called so, and so no image can take a disk's name.
    static let ending = ".img"

    /// What an image is called that is brought. One that was asked for with credentials has a name that nobody can guess who has not got them.
    ///
    /// - Parameter targetName: empty to make a name of the URL, which then is another for another image.
    /// Errors: `invalidArgument`.
    static func name(_ wanted: VMImage, targetName: String) throws(RPCError) -> String {
        let url = wanted.url ?? ""
        let isPrivate = !wanted.headers.isEmpty || ImageURL.namesUser(url)
        guard !targetName.isEmpty else {
            let last = ImageURL.shown(url).split(separator: "/").last.map(String.init) ?? "image"
            let stem = last.split(separator: ".").first.map(String.init) ?? last
            let digest = Names.digest((isPrivate ? identity(wanted) : url) + "\n" + (wanted.checksum?.description ?? ""))
            return "\(Names.file(stem))-\(digest.prefix(isPrivate ? 32 : 12))\(ending)"
        }
        let name = Names.file(targetName)
        guard !name.hasSuffix(ImageRecord.suffix), !isPart(name) else {
            throw RPCError(.invalidArgument, "target_name: \(name) is called as what is kept beside images; choose another name")
        }
        let stem = name.hasSuffix(ending) ? String(name.dropLast(ending.count)) : name
        return isPrivate ? "\(stem)-\(identity(wanted).prefix(32))\(ending)" : stem + ending
    }

    /// SHA-256 of all that says what a server answers: the whole address, and the headers.
    static func identity(_ wanted: VMImage) -> String {
        let headers = wanted.headers.map { "\($0.key.lowercased()): \($0.value)" }.sorted()
        return Names.digest(([wanted.url ?? ""] + headers).joined(separator: "\n"))
    }

    /// The volume in which an operation brings what shall take an image's place.
    static func part(_ name: String, _ operation: String) -> String { "\(name).\(operation)" }

    /// Behind which the operation stands in a part's name: no machine, disk or image is called so.
    static let partMark = "\(ending).op-"

    /// Whether it is called as a part is, of whichever image.
    static func isPart(_ volume: String) -> Bool { volume.contains(partMark) }

    /// Whether an operation of ours has called it so, for this image. What only begins like that is somebody's.
    static func isPart(_ volume: String, of name: String) -> Bool {
        volume.hasPrefix(name + ".") && OperationID.isOne(String(volume.dropFirst(name.count + 1)))
    }

    /// The volume that a record says has the bytes.
    static func volume(_ record: ImageRecord?, _ name: String) -> String {
        guard let record, isPart(record.volume, of: name) else { return name }
        return record.volume
    }

    // MARK: looking

    static func record(_ pool: LibvirtPool, _ image: String) throws(LibvirtError) -> ImageRecord? {
        guard !pool.connection.isTestDriver, let volume = try Storage.volume(pool, image + ImageRecord.suffix) else { return nil }
        guard try volume.info().capacityBytes <= UInt64(ImageRecord.limitBytes) else { return .unreadable }
        guard var record = ImageRecord(try Storage.read(volume, limit: ImageRecord.limitBytes)) else { return nil }
        // Who has put an image there may write it again, and it has other digests then.
        if record.operation.isEmpty, let image = try Storage.volume(pool, image), try VolumeView(image).modified != record.modified {
            record.digests = [:]
        }
        return record
    }

    /// A volume that may be an image.
    struct Candidate {
        let pool: LibvirtPool
        let name: String
        let volume: LibvirtVolume
        let record: ImageRecord?

        /// Whether an operation of ours brought it, and not somebody else.
        var isBrought: Bool { record?.operation.isEmpty == false }

        /// Looks whether it is one: ours or of a pool that may have others, whole, of a format that is known to both us and libvirt, a file, standing upon
        /// nothing, and nobody's.
        ///
        /// - Parameter pools: whose volumes may be images although nobody brought them. A pool has backups too, and disks of machines that are gone.
        func inspected(_ use: VolumeUse, pools: [String]) throws(LibvirtError) -> (image: Image, refusal: RPCError?) {
            let view = try VolumeView(volume)
            let said = record.flatMap { $0.isReady && !$0.format.isEmpty ? $0.format : nil }
            let format = said ?? view.format ?? "raw"
            let image = Image(
                pool: pool.name, name: name, volume: volume.name, path: view.path, format: format, capacityBytes: view.capacityBytes)
            if let record, !record.isReady {
                let words =
                    record.operation.isEmpty
                    ? "the record of the image \(name) cannot be read; remove \(name)\(ImageRecord.suffix)"
                    : "the image \(name) is being brought by operation \(record.operation), and not whole yet"
                return (image, RPCError(.failedPrecondition, words))
            }
            if let refusal = use.refusal(view.path, pool: pool.name, name: volume.name) {
                return (image, RPCError(.failedPrecondition, refusal))
            }
            guard isBrought || pools.contains(pool.name) else {
                return (
                    image,
                    RPCError(
                        .permissionDenied,
                        "volume \(name) of pool \(pool.name) was put there by somebody, and is no image to make machines from; libvirt.image_pools lists the pools that have such, or give a URL"
                    )
                )
            }
            guard !view.isBlock else {
                return (
                    image,
                    RPCError(.failedPrecondition, "volume \(name) of pool \(pool.name) is a device, and no image; copy it into a file")
                )
            }
            do throws(LibvirtError) {
                guard DiskFormat.known.contains(view.format ?? "raw") else {
                    let format = view.format ?? ""
                    return (
                        image,
                        RPCError(.unimplemented, "the image \(name) is \(format); convert it to qcow2 (qemu-img convert -O qcow2)")
                    )
                }
                try DiskTrust.check(view, format: format)
            } catch  where error.kind == .invalidState {
                return (image, RPCError(.failedPrecondition, error.message))
            }
            guard !pool.connection.isTestDriver else { return (image, nil) }
            do throws(RPCError) {
                _ = try DiskFormat.detect(Storage.headBytes(volume), said: format, what: "the image \(name)")
            } catch {
                return (image, error)
            }
            return (image, nil)
        }
    }

    /// What is there under a name; nil for nothing.
    static func candidate(_ pool: LibvirtPool, _ name: String) throws(LibvirtError) -> Candidate? {
        let record = try record(pool, name)
        guard let volume = try Storage.volume(pool, volume(record, name)) else { return nil }
        return Candidate(pool: pool, name: name, volume: volume, record: record)
    }
}

extension ImageStore.Image {
    /// As it is noted by an operation that chose it.
    var json: String {
        var writer = JSONWriter()
        writer.object { object in
            object.member("pool", pool)
            object.member("name", name)
            object.member("volume", volume)
            object.member("path", path)
            object.member("format", format)
            object.member("capacity", String(capacityBytes))
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// nil for what is none.
    init?(json: String) {
        guard let document = try? JSONDocument(parsing: Array(json.utf8)) else { return nil }
        let read: Self? = document.withRoot { root in
            guard let pool = root["pool"]?.text, let name = root["name"]?.text, let volume = root["volume"]?.text,
                let path = root["path"]?.text,
                let format = root["format"]?.text, let capacity = root["capacity"]?.text.flatMap({ UInt64($0) })
            else { return nil }
            return Self(pool: pool, name: name, volume: volume, path: path, format: format, capacityBytes: capacity)
        }
        guard let read else { return nil }
        self = read
    }
}
