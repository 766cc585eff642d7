import Glibc
import LibvirtAPI
import Primitives
import ProviderConformance
import ProviderRPC
import ProviderTasks
import RPC
import Synchronization
import TestSupport
import Testing

@testable import LibvirtProvider

/// A libvirt with its provider, reached within the process: libvirt's own test driver, or a real hypervisor.
final class LibvirtBed: ProviderBed {
    private let settings: LibvirtProviderSettings
    private let folder = ScratchFolder()
    private let running = Mutex<LibvirtProvider?>(nil)
    /// Past the provider. The test driver's world is there as long as somebody is connected to it.
    private let connection: LibvirtConnection
    /// What machines are made from; nil for empty disks.
    private let image: VMImage?
    private let isLive: Bool
    /// A pool that a test may fill, and its folder.
    private let smallPool: String?
    private let isFull = Mutex(false)

    static func testDriver() async throws -> LibvirtBed {
        var settings = LibvirtProviderSettings(uri: "test:///default")
        settings.pool = "default-pool"
        // Its calls end with the process.
        settings.lateSeconds = 0
        return try await LibvirtBed(settings, image: nil)
    }

    static func live() async throws -> LibvirtBed {
        var settings = LibvirtProviderSettings(uri: LiveHypervisor.uri ?? "")
        settings.domainType = "qemu"
        settings.vncListen = nil
        settings.lateSeconds = 1
        settings.imageSources = ["127.0.0.0/8"]
        var image = VMImage(url: LiveHypervisor.imageURL, format: "qcow2")
        image.checksum = Checksum(.sha256, hex: LiveHypervisor.imageSHA256)
        return try await LibvirtBed(settings, image: image)
    }

    private init(_ settings: LibvirtProviderSettings, image: VMImage?) async throws {
        self.settings = settings
        isLive = image != nil
        let library = try LibvirtLibrary.load()
        connection = try LibvirtConnection.open(settings.uri, library: library)
        smallPool = isLive ? LiveHypervisor.smallFolder : nil
        guard let image else {
            self.image = nil
            try await start()
            return
        }
        // Brought once, so that no check finds an image more than before.
        let images = ImageStore(hypervisor: try Hypervisor(settings), locks: ImageLocks())
        let ready = try await images.prepare(image, pool: settings.pool, name: "conformance.img", operation: "bed") { _, _ in }
        self.image = VMImage(path: ready.path)
        try await start()
    }

    private func start() async throws {
        let provider = try await LibvirtProvider(settings, journal: TaskJournal(folder.path + "/tasks.db"))
        running.withLock { $0 = provider }
    }

    private var provider: LibvirtProvider {
        get throws {
            guard let provider = running.withLock({ $0 }) else { throw RPCError(.unavailable, "the provider does not run") }
            return provider
        }
    }

    var transport: any RPCTransport {
        get async throws {
            let provider = try provider
            return InProcessTransport([provider.rpcService(), provider.tasks.taskService()])
        }
    }

    func restart() async throws {
        try await provider.shutdown(by: .after(seconds: 10))
        try await start()
    }

    func kill() async throws {
        await (try provider).tasks.abandon()
        try await start()
    }

    func close() async {
        let old = running.withLock { provider in
            defer { provider = nil }
            return provider
        }
        await old?.tasks.abandon()
        try? setFull(false)
        // The next bed of the same hypervisor finds it empty.
        let domains = (try? connection.domains()) ?? []
        for domain in domains where (try? Hypervisor.view(domain).mark) != nil { try? Removal.remove(domain) }
        for pool in (try? connection.pools()) ?? [] {
            for volume in (try? pool.volumes()) ?? [] where !volume.name.hasPrefix("conformance.img") { try? volume.delete() }
        }
    }

    func view() async throws -> HypervisorView {
        let connection = connection
        let answer = OneAnswer<Result<HypervisorView, LibvirtError>>()
        try Thread.start("bed") {
            do throws(LibvirtError) { answer.give(.success(try Self.view(connection))) } catch { answer.give(.failure(error)) }
        }
        return try await answer.value.get()
    }

    private static func view(_ connection: LibvirtConnection) throws(LibvirtError) -> HypervisorView {
        var (machines, snapshots, used): ([HypervisorView.Machine], [String], Set<String>) = ([], [], [])
        for domain in try connection.domains() {
            let view = try Hypervisor.view(domain)
            guard view.mark != nil else { continue }
            machines.append(HypervisorView.Machine(id: domain.uuid, name: domain.name, isOn: try domain.isActive()))
            for snapshot in try domain.snapshots() { snapshots.append("\(domain.name)/\(snapshot.name)") }
            for disk in try Hypervisor.view(domain, .inactive).disks { if let path = disk.path { used.insert(path) } }
        }
        var (disks, halfMade, names): ([String], [String], Set<String>) = ([], [], [])
        for pool in try connection.pools() where try pool.isActive() {
            for volume in try pool.volumes() {
                let view = try VolumeView(volume)
                names.insert(volume.name)
                if let path = view.backingPath { used.insert(path) }
                if volume.name.hasSuffix(ImageRecord.suffix) { continue }
                disks.append(view.path)
            }
        }
        for name in names where name.hasSuffix(ImageRecord.suffix) && !names.contains(String(name.dropLast(ImageRecord.suffix.count))) {
            halfMade.append("the record \(name) of no image")
        }
        for path in disks where !used.contains(path) {
            let name = path.split(separator: "/").last.map(String.init) ?? ""
            if !names.contains(name + ImageRecord.suffix) { halfMade.append("volume \(path) of no machine") }
        }
        return HypervisorView(machines: machines, disks: disks, snapshots: snapshots, halfMade: halfMade)
    }

    func setFault(_ fault: BedFault?) async throws -> Bool {
        try setFull(fault == .poolFull)
        return fault == nil || fault == .poolFull && smallPool != nil
    }

    /// A file takes all the room that there is.
    private func setFull(_ wanted: Bool) throws {
        guard let smallPool, isFull.withLock({ $0 != wanted }) else { return }
        isFull.withLock { $0 = wanted }
        let path = smallPool + "/filling"
        guard wanted else {
            unlink(path)
            return
        }
        let file = open(path, O_WRONLY | O_CREAT, 0o600)
        defer { Glibc.close(file) }
        let piece = [UInt8](repeating: 1, count: 64 << 10)
        while write(file, piece, piece.count) > 0 {}
    }

    func machine(_ name: String) -> CreateRequest {
        let size = VMClass.DiskDefaults(sizeGiB: image == nil ? 1 : nil)
        let isFull = isFull.withLock { $0 }
        return CreateRequest(
            name: name, userData: isLive ? Array("#cloud-config\n".utf8) : [],
            classJSON: VMClass(cpu: 1, memoryMiB: isLive ? 96 : 256, diskDefaults: size).json, imageJSON: image?.json ?? "",
            disksJSON: DiskSpec.json([DiskSpec(name: "data", sizeGiB: 2)]), placementJSON: isFull ? Placement(datastore: "small").json : "")
    }

    func image(_ name: String) -> ImagePrepareRequest? {
        guard isLive else { return nil }
        let checksum = Checksum(.sha256, hex: LiveHypervisor.imageSHA256)
        return ImagePrepareRequest(
            imageJSON: VMImage(url: LiveHypervisor.imageURL, format: "qcow2", checksum: checksum).json, targetName: name)
    }
}
